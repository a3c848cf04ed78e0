"""How large a styled text is set and where its lines break: in its style's size, in whole words."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from layoutgen.core.layout import Box, Role, Suggestion
from layoutgen.core.placing.units import Cell
from layoutgen.core.styles.containers import ROUND, is_held, padding
from layoutgen.core.styles.style import Style
from layoutgen.core.text.breaking import LOOSE, SOFT_HYPHEN, break_into
from layoutgen.core.text.casing import cased
from layoutgen.core.text.typography import Face, Setting, em_length, set_lines, set_text

_MOST_LINES = {Role.TITLE: 4, Role.SUBTITLE: 3, Role.SELLING_POINT: 3, Role.DISCLAIMER: 3, Role.OTHER: 3}
_WIDTHS = (0.3, 0.4, 0.55, 0.7, 0.85, 1.0)  # shares of the widest line that are tried where the asked one won't do
_ROUND_EMS = (2.7, 8.5)  # the longest text of a round container in one line, and in two


@dataclass(frozen=True, eq=False)
class Lettering:
    """What texts are set in: the faces, the style, the language, the smallest font size and the widest line, px."""

    face_for: Callable[[Role, str], Face]
    style: Style
    language: str | None
    smallest_px: int
    widest_px: float

    def size(self, role: Role, title_px: int) -> int:
        """The font size of a role beside a title of a size; a price is never smaller than its title."""
        scale = self.style.type_of(role).scale
        return max(self.smallest_px, round(title_px * (max(1.0, scale) if role is Role.PRICE else scale)))

    def words(self, suggestion: Suggestion) -> str:
        """A text as it is set."""
        return cased(suggestion.text, self.style.type_of(suggestion.role).case, self.language)

    def cell(self, index: int, suggestion: Suggestion, asked: Box, px: int, container: str) -> Cell | None:
        """A text at a font size in a container, its corner at (0, 0), about as wide as the box (px) that was asked for;
        None where no line is wide enough. A text too long for a round container gets a rounded one, one too long for
        one line in any other none."""
        kind, words = self.style.type_of(suggestion.role), self.words(suggestion)
        face = self.face_for(suggestion.role, words)
        if container in ROUND and not 0 < em_length(words) <= _ROUND_EMS[1]:
            container = "rounded"
        setting: Setting | None
        if container in ROUND and em_length(words) > _ROUND_EMS[0]:
            lines = break_into(words, 2, face, px) or [words]
            setting = set_lines(lines, face, px, 1.12)
        elif is_held(container):
            setting = set_lines([" ".join(words.split())], face, px, kind.leading)
        else:
            setting = self._lines(words, suggestion.role, asked, px, face)
        if setting is None:
            return None
        around = padding(container, suggestion.role, px, setting.width_px, setting.height_px)
        if around[0] + setting.width_px + around[2] > self.widest_px:
            if container == "none":
                return None
            return self.cell(index, suggestion, asked, px, "none")
        box = (around[0], around[1], around[0] + setting.width_px, around[1] + setting.height_px)
        outer = (0.0, 0.0, box[2] + around[2], box[3] + around[3])
        return Cell(index, suggestion.role, kind, container, box, outer, setting, face)

    def _lines(self, words: str, role: Role, asked: Box, px: int, face: Face) -> Setting | None:
        """The narrowest setting from the asked width on that is no higher than the asked box by much and parts no word;
        else the one that parts least and is lowest."""
        width, height = asked[2] - asked[0] + 0.51, asked[3] - asked[1]
        leading, most = self.style.type_of(role).leading, _MOST_LINES.get(role, 1)
        best: tuple[tuple[float, ...], Setting] | None = None
        widths = [share * self.widest_px for share in _WIDTHS]
        for room in (min(width, self.widest_px), *(wider for wider in widths if wider > width)):
            setting = set_text(words, room, face, px, leading)
            if setting is not None:
                lines = len(setting.lines)
                is_parted = parts_words(setting.lines, words, face)
                is_high = lines > 1 and setting.height_px > 1.3 * max(height, px)
                rank = (float(is_parted), float(lines > most), float(is_high) * lines)
                if best is None or rank < best[0]:
                    best = (rank, setting)
                if rank == (0.0, 0.0, 0.0):
                    break
        return best[1] if best else set_text(words, self.widest_px, face, px, leading, split=True)


@lru_cache(maxsize=8192)
def parts_words(lines: tuple[str, ...], words: str, face: Face) -> bool:
    """Tell whether lines of a text break inside a word."""
    text = " ".join(words.split())
    costs = {place.at: place.cost for place in face.breaks(text)} if len(lines) > 1 else {}
    at = 0
    for line in lines[:-1]:
        at += len(line.removesuffix(SOFT_HYPHEN))
        at += len(text[at:]) - len(text[at:].lstrip())
        if costs.get(at, 9.0) > LOOSE:
            return True
    return False


def equal(cells: list[Cell]) -> list[Cell]:
    """Cells of equals with lines and containers of one height."""
    high = max(cell.setting.line_height_px for cell in cells if cell.setting)
    return [_heightened(cell, high) for cell in cells]


def _heightened(cell: Cell, line_height_px: int) -> Cell:
    setting = cell.setting
    if setting is None or setting.line_height_px == line_height_px:
        return cell
    height = line_height_px * len(setting.lines)
    grown = height - setting.height_px
    return replace(
        cell,
        setting=replace(setting, line_height_px=line_height_px, height_px=height),
        box=(*cell.box[:3], cell.box[3] + grown),
        outer=(*cell.outer[:3], cell.outer[3] + grown),
    )
