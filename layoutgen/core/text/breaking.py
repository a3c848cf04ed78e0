"""Where a text's lines break: in the fewest lines, even in length, at the breaks that cost a reader least.

Which places there are, and what each costs, a face says of its text (`Face.breaks`): it knows the language. Costs are
in the same measure as uneven lines: a break of cost c is as bad as a line that is shorter or longer than the mean by
sqrt(c) of it. What costs more than `LOOSE` is taken where no other break fits, and what costs more than `AFFIX`, a
break inside a word, only where a caller lets words be split.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Protocol

PAUSE, WORD, LOOSE, AFFIX, HYPHEN, SPLIT = 0.0, 0.2, 0.45, 1.0, 2.0, 4.0
SOFT_HYPHEN = "\u00ad"
_MOST_PIECES = 40
_LONELY, _SHORT = 0.5, 0.15
_TRIES = 4
_NOISE = 1e-6  # px, of sums of floats


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a line may break: before character number `at` of a text, which is no space. `hyphen` where the
    line before then ends in a hyphen that the text has not."""

    at: int
    cost: float
    hyphen: bool = False


class Measured(Protocol):
    """As much of a face as breaking needs."""

    def width(self, text: str, px: int) -> float:
        """Width of one line of `text` in px at font size `px`, with the hyphen of a line that ends in a soft one."""
        ...

    def advances(self, text: str, px: int) -> Sequence[float]:
        """What each character of a line adds to its advance, px; where a line may break, they add up."""
        ...

    def breaks(self, text: str) -> Sequence[Break]:
        """Where lines of a text without doubled spaces may break, from left to right."""
        ...


@dataclass(frozen=True)
class _Pieces:
    """What lies between a text's breaks: the pieces, each's width with the spaces behind it, and as the end of a line,
    and what it costs that a line starts with it."""

    texts: list[str]
    widths: list[float]
    inked: list[float]
    costs: list[float]
    hyphens: list[bool]

    def lines(self, starts: Sequence[int]) -> list[str]:
        ends = [*starts[1:], len(self.texts)]
        joined = ["".join(self.texts[first:last]).rstrip() for first, last in zip(starts, ends, strict=True)]
        hyphens = [self.hyphens[last] if last < len(self.texts) else False for last in ends]
        return [line + SOFT_HYPHEN * hyphen for line, hyphen in zip(joined, hyphens, strict=True)]


def drawn(line: str) -> str:
    """A line as it is drawn: with a hyphen where a word was parted."""
    return f"{line[:-1]}-" if line.endswith(SOFT_HYPHEN) else line


def break_lines(text: str, width_px: float, face: Measured, px: int, *, split: bool = False) -> list[str] | None:
    """Break text into the fewest lines no wider than `width_px`; None where a piece that must stay whole is wider than
    that: a word, unless words may be `split` as their language lets them. A line that ends in a soft hyphen is drawn
    with a hyphen."""
    text = " ".join(text.split())
    if not text:
        return []
    breaks = face.breaks(text)
    room = width_px + _NOISE
    for _ in range(_TRIES):
        pieces = _opened(text, breaks, face, px, room, split)
        if max(pieces.inked) > room:
            return None
        starts = _greedy(pieces, room)
        if len(starts) > 1:
            few = len(pieces.texts) <= _MOST_PIECES
            starts = _best(pieces, room, len(starts)) if few else _balanced(pieces, room, starts)
        lines = pieces.lines(starts)
        # Shaped as a line, pieces may be a little wider than one by one.
        excess = max(face.width(line, px) for line in lines) - width_px - _NOISE if len(pieces.texts) > 1 else 0.0
        if excess <= 0:
            return lines
        room -= excess
    return None


def break_into(text: str, count: int, face: Measured, px: int, *, split: bool = False) -> list[str] | None:
    """Break text into exactly `count` lines, as even in length as `break_lines` makes them; None where it has fewer
    pieces, of words that may be `split` or not. Texts too long to try all breaks may take fewer lines. The breaks hold
    for other sizes too, since all pieces grow alike."""
    text = " ".join(text.split())
    if count < 1 or not text:
        return None
    breaks = face.breaks(text)
    tiers = (LOOSE, AFFIX, math.inf) if split else (LOOSE,)
    chosen = next((enough for tier in tiers if len(enough := _within(breaks, tier)) >= count - 1), None)
    if chosen is None:
        return None
    pieces = _pieces(text, chosen, face, px)
    if len(pieces.texts) > _MOST_PIECES:
        even = sum(pieces.widths) / count
        return pieces.lines(_balanced(pieces, 1.1 * even + max(pieces.inked), [*range(count)]))
    return pieces.lines(_best(pieces, math.inf, count) if count > 1 else [0])


def _within(breaks: Sequence[Break], tier: float) -> list[Break]:
    return [place for place in breaks if place.cost <= tier]


def _opened(text: str, breaks: Sequence[Break], face: Measured, px: int, room: float, split: bool) -> _Pieces:
    """A text in pieces: at its good breaks, and at dearer ones where a piece is wider than there is room."""
    chosen = _within(breaks, LOOSE)
    pieces = _pieces(text, chosen, face, px)
    for tier in (AFFIX, math.inf) if split else (AFFIX,):
        if max(pieces.inked) <= room or len(chosen) == len(breaks):
            break
        at, wide = 0, []
        for piece, inked in zip(pieces.texts, pieces.inked, strict=True):
            if inked > room:
                wide.append((at, at + len(piece)))
            at += len(piece)
        known = {place.at for place in chosen}
        chosen = [
            place
            for place in breaks
            if place.at in known or (place.cost <= tier and any(start < place.at < end for start, end in wide))
        ]
        pieces = _pieces(text, chosen, face, px)
    return pieces


def _pieces(text: str, breaks: Sequence[Break], face: Measured, px: int) -> _Pieces:
    starts = [0, *(place.at for place in breaks)]
    texts = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    hyphens = [False, *(place.hyphen for place in breaks)]
    at = [0.0, *accumulate(face.advances(text, px))]
    widths = [at[end] - at[start] for start, end in pairwise([*starts, len(text)])]
    ends = [*hyphens[1:], False]
    inked = [face.width(piece.rstrip() + SOFT_HYPHEN * end, px) for piece, end in zip(texts, ends, strict=True)]
    return _Pieces(texts, widths, inked, [0.0, *(place.cost for place in breaks)], hyphens)


def _greedy(pieces: _Pieces, room: float) -> list[int]:
    """Numbers of the pieces that start a line when each line takes all it can."""
    starts, used = [0], 0.0
    for i, (width, inked) in enumerate(zip(pieces.widths, pieces.inked, strict=True)):
        if used + inked > room and used > 0:
            starts.append(i)
            used = 0.0
        used += width
    return starts


def _balanced(pieces: _Pieces, room: float, starts: list[int]) -> list[int]:
    """The greedy breaks at the narrowest measure that needs no more lines: for texts too long to try all breaks."""
    low, high, best = max(pieces.inked), room, starts
    for _ in range(7):
        middle = (low + high) / 2
        tried = _greedy(pieces, middle)
        if len(tried) <= len(starts):
            best, high = tried, middle
        else:
            low = middle
    return best


def _best(pieces: _Pieces, room: float, count: int) -> list[int]:
    """The breaks into `count` lines of least cost: squared deviation from even lengths, what each break costs, and more
    for a last line of one character or a short word. Dynamic programming over the pieces."""
    total = [0.0]
    for width in pieces.widths:
        total.append(total[-1] + width)
    ideal, size = max(total[-1] / count, 1e-9), len(pieces.texts)
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for line in range(count):
        is_last = line == count - 1
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        for first, (before, starts) in best.items():
            here = before + pieces.costs[first]
            last = size - (count - 1 - line)  # a piece at least for each line to come
            for end in range(size if is_last else first + 1, last + 1):
                width = total[end - 1] - total[first] + pieces.inked[end - 1]
                if width > room:
                    break
                cost = here + ((width - ideal) / ideal) ** 2
                if is_last:
                    cost += _orphan(pieces.texts[first:end]) + 0.02 * (width > ideal)
                if end not in following or cost < following[end][0] - 1e-12:
                    following[end] = (cost, (*starts, first))
        best = following
    return list(best[size][1])


def _orphan(last: list[str]) -> float:
    """What a last line costs that is one character, or one short word."""
    size = len("".join(last))
    return _LONELY if size == 1 else _SHORT if len(last) == 1 and size <= 4 else 0.0
