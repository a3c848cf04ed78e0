"""Instructions read by rules: `bigger price, move the logo to the top right`, `价格大一点，logo放到右上角`.

A sentence is cut where its breaks and pauses are, and where an `and` begins another thought. Each part names elements
and says what is to change of them; a part without any is of those before it. A part with a word that is not known is
refused as a whole, by those words: nothing is guessed.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from layoutgen.core.instructions.tokens import Token, tokens
from layoutgen.core.layout import Role
from layoutgen.core.refining.changes import ALL, Change, ChangeError, Name, described, joined

VERSION = "instructions-1"  # goes up with every change of what words mean
MOST_LETTERS = 500
_SCALES = {
    (1, "little"): 1.15,
    (1, ""): 1.25,
    (1, "much"): 1.5,
    (-1, "little"): 0.87,
    (-1, ""): 0.8,
    (-1, "much"): 0.65,
}
_STEPS = {"little": 0.05, "": 0.1, "much": 0.2}
_SHARES = {"left": 0.0, "top": 0.0, "centre": 0.5, "middle": 0.5, "right": 1.0, "bottom": 1.0}
_SAYING = {"larger", "times", "percent", "place", "way", "relation", "align", "same", "colour", "remove", "says", "add"}
_SUBJECTS = {"element", "elements"}
_MARKUP = re.compile(r"<[^>]*>|</|&#?\w+;|\]\(|```|\{\{|\$\{")
_SMALLEST, _LARGEST = 0.2, 4.0


class InstructionError(ValueError):
    """An instruction can't be used at all; the message names what and the fix."""


@dataclass(frozen=True)
class Parsed:
    """What an instruction comes to: changes, what was understood in plain words, and each part that was not, with the
    reason."""

    changes: tuple[Change, ...]
    understood: tuple[str, ...]
    refused: tuple[str, ...]


def parse(text: object) -> Parsed:
    """Read an instruction. Raises InstructionError for one that is empty, too long, holds markup or contradicts
    itself."""
    clean = cleaned(text)
    changes: list[Change] = []
    refused: list[str] = []
    subjects: list[Name] = []
    for part in _parts(list(tokens(clean))):
        try:
            read, subjects = _read(part, subjects)
            changes += read
        except InstructionError as error:
            refused.append(f"{_text(part)!r}: {error}")
    if not changes and not refused:
        raise InstructionError(f"the instruction {clean!r} says nothing that is to change; {HINT}")
    try:
        whole = joined(changes)
    except ChangeError as error:
        raise InstructionError(f"the instruction {clean!r} contradicts itself: {error}") from None
    return Parsed(whole, tuple(described(whole)), tuple(refused))


def cleaned(text: object) -> str:
    """An instruction as plain text in one form of letters. Raises InstructionError."""
    if not isinstance(text, str) or not text.strip():
        raise InstructionError(f"the instruction is {text!r}; say what is to change, such as 'bigger price'")
    if len(text) > MOST_LETTERS:
        raise InstructionError(f"the instruction has {len(text)} letters, {MOST_LETTERS} are the most; shorten it")
    if markup := _MARKUP.search(text):
        raise InstructionError(f"the instruction holds the markup {markup[0][:40]!r}; write plain words")
    plain = unicodedata.normalize("NFC", text).strip()
    if strange := next(
        (c for c in plain if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") and c not in "\n\t"), ""
    ):
        raise InstructionError(f"the instruction holds the invisible character {strange!r}; type it anew")
    return plain


def _parts(all_tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each thought."""
    parts: list[list[Token]] = [[]]
    for at, token in enumerate(all_tokens):
        rest = _until(all_tokens[at + 1 :], {"break", "pause", "and"})
        begins = token.kind == "break"
        if token.kind in ("pause", "and"):
            is_whole = _has(parts[-1], _SAYING) and _has(parts[-1], _SUBJECTS)
            begins = (token.kind == "pause" and is_whole) or (
                is_whole and _has(rest, _SAYING) and _has(rest, _SUBJECTS)
            )
        if begins:
            parts.append([])
        elif token.kind in ("and", "pause"):
            parts[-1].append(Token("and", None, token.text))
        else:
            parts[-1].append(token)
    return [part for part in parts if any(token.kind not in ("nothing", "and") for token in part)]


def _until(of: Sequence[Token], kinds: set[str]) -> list[Token]:
    end = next((i for i, token in enumerate(of) if token.kind in kinds), len(of))
    return list(of[:end])


def _read(part: Sequence[Token], before: Sequence[Name]) -> tuple[list[Change], list[Name]]:
    """The changes of a thought, and the elements that it is of. Raises InstructionError."""
    unknown = [token.text for token in part if token.kind == "unknown"]
    if unknown:
        joint = "" if all(len(word) == 1 and not word.isascii() for word in unknown) else " "
        raise InstructionError(f"{joint.join(unknown)!r} is not understood")
    names = _names(part)
    if _has(part, {"add"}):
        return _added(part, names), []
    subjects = names or list(before)
    if not subjects:
        raise InstructionError("it says of no element what is to change")
    for kind, read in _READERS.items():
        if _has(part, {kind}):
            return [*read(part, subjects), *_rest(part, kind, subjects)], subjects
    changes = _rest(part, "", subjects)
    if not changes:
        raise InstructionError(f"it does not say what is to change of {subjects[0]}")
    return changes, subjects


HINT = (
    "known are sizes, places, above, below and beside, alignment, colours, quoted words, adding and leaving out, of a "
    "title, price, logo, button, badge, selling point or disclaimer"
)
"""What may be said, for who said something else."""


def _names(part: Sequence[Token]) -> list[Name]:
    """The elements that are named, with the ordinals before them: `first and second selling point` are two."""
    names: list[Name] = []
    ordinals: list[int] = []
    for token in part:
        if token.kind == "ordinal":
            assert isinstance(token.value, int)
            ordinals.append(token.value)
        elif token.kind in _SUBJECTS:
            assert isinstance(token.value, Role)
            is_many = token.kind == "elements" or (token.value is Role.SELLING_POINT and not token.text.isascii())
            names += [Name(token.value, nth) for nth in ordinals or [ALL if is_many else 1]]
            ordinals = []
    if ordinals:
        raise InstructionError("it counts something, and does not say what; name it, such as 'second selling point'")
    return list(dict.fromkeys(names))


def _added(part: Sequence[Token], names: Sequence[Name]) -> list[Change]:
    role = names[0].role if names else Role.SELLING_POINT
    if role is Role.LOGO:
        raise InstructionError("a logo is an image of the row; put it back in the editor")
    return [Change(Name(role), add=True, say=_quoted(part))]


def _quoted(part: Sequence[Token]) -> str:
    quotes = [str(token.value) for token in part if token.kind == "quote"]
    if len(quotes) != 1 or not quotes[0]:
        raise InstructionError(f"it has {len(quotes) or 'no'} quoted words; put what the element shall say into quotes")
    return quotes[0]


def _removed(part: Sequence[Token], subjects: Sequence[Name]) -> list[Change]:
    return [Change(name, remove=True) for name in subjects]


def _same(part: Sequence[Token], subjects: Sequence[Name]) -> list[Change]:
    if len(subjects) < 2:
        raise InstructionError("it names one element; name the one that it is to be as large as, too")
    return [Change(name, relations=(("same_size", subjects[-1]),)) for name in subjects[:-1]]


def _aligned(part: Sequence[Token], subjects: Sequence[Name]) -> list[Change]:
    sides = [str(token.value) for token in part if token.kind == "align" and token.value]
    for token in part:
        if token.kind == "place" and isinstance(token.value, tuple):
            sides += [side for side in token.value if side != "-"]
        elif token.kind == "way":
            sides.append({(-1.0, 0.0): "left", (1.0, 0.0): "right"}.get(token.value, "top"))  # type: ignore[call-overload]  # a pair
    if len(set(sides)) != 1:
        raise InstructionError("it does not say on which side; say left, center, right, top or bottom")
    side = sides[0].replace("centre", "center")
    if len(subjects) > 1:
        return [Change(name, relations=((f"align_{side}", subjects[-1]),)) for name in subjects[:-1]]
    if side not in ("left", "center", "right"):
        raise InstructionError(f"lines can't be aligned at the {side}; say left, center or right")
    return [Change(name, alignment=side) for name in subjects]


def _related(part: Sequence[Token], subjects: Sequence[Name]) -> list[Change]:
    kinds = list(dict.fromkeys(str(token.value) for token in part if token.kind == "relation"))
    if len(subjects) < 2:
        place = {"above": (None, 0.0), "below": (None, 1.0), "left_of": (0.0, None), "right_of": (1.0, None)}
        if len(kinds) == 1:
            return [Change(name, at=place[kinds[0]]) for name in subjects]
        raise InstructionError(f"it names {subjects[0]} alone; name what it is to be {kinds[0].replace('_', ' ')}, too")
    *first, other = subjects
    return [Change(name, relations=tuple((kind, other) for kind in kinds)) for name in first]


_READERS: dict[str, Callable[[Sequence[Token], Sequence[Name]], list[Change]]] = {
    "remove": _removed,
    "same": _same,
    "align": _aligned,
    "relation": _related,
}


def _rest(part: Sequence[Token], read: str, subjects: Sequence[Name]) -> list[Change]:
    """What a thought says besides what was `read`: sizes, places, ways, colours, words."""
    targets = subjects[:1] if read in ("relation", "same") else subjects
    changes: list[Change] = []
    strength = next((token.kind for token in part if token.kind in ("little", "much")), "")
    sizes = [token for token in part if token.kind == "larger"]
    scale = _scale(part, sizes, strength) if read != "same" else 1.0
    if scale != 1:
        if not _SMALLEST <= scale <= _LARGEST:
            raise InstructionError(f"{scale:g} times is no size; say {_SMALLEST:g} to {_LARGEST:g} times")
        changes += [Change(name, scale=scale) for name in targets]
    for token in part if read != "align" else ():
        if token.kind == "place" and isinstance(token.value, tuple):
            across, down = (_SHARES.get(side) for side in token.value)
            changes += [Change(name, at=(across, down)) for name in targets]
        elif token.kind == "way" and isinstance(token.value, tuple):
            step = _STEPS[strength]
            changes += [Change(name, shift=(token.value[0] * step, token.value[1] * step)) for name in targets]
    colours = list(dict.fromkeys(str(token.value) for token in part if token.kind == "colour"))
    if len(colours) > 1:
        raise InstructionError(f"it names {len(colours)} colours; name one")
    changes += [Change(name, colour=each) for each in colours for name in targets]
    if _has(part, {"quote"}) or (_has(part, {"says"}) and not changes and not read):
        if len(targets) != 1 or targets[0].nth == ALL:
            raise InstructionError("it gives several elements one text; name one of them")
        changes.append(Change(targets[0], say=_quoted(part)))
    return changes


def _scale(part: Sequence[Token], sizes: Sequence[Token], strength: str) -> float:
    """How many times as large: as a word of size, a factor or a percentage says."""
    ways = {int(str(token.value)) for token in sizes}
    factors = [float(str(token.value)) for token in part if token.kind == "times"]
    shares = [float(str(token.value)) for token in part if token.kind == "percent"]
    if len(ways) > 1 or len(factors) + len(shares) > 1:
        raise InstructionError("it says two sizes; say one")
    if factors:
        return 1 / factors[0] if ways == {-1} and factors[0] > 1 else factors[0]
    if shares:
        if not ways:
            raise InstructionError("it says a percentage, and not whether larger or smaller")
        return round(1 + shares[0] * ways.pop(), 4)
    return _SCALES[ways.pop(), strength] if ways else 1.0


def _has(part: Sequence[Token], kinds: set[str]) -> bool:
    return any(token.kind in kinds for token in part)


def _text(part: Sequence[Token]) -> str:
    out = ""
    for token in part:
        joint = " " if out and out[-1].isascii() and token.text[0].isascii() else ""
        out += joint + token.text
    return out
