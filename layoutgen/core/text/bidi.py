"""The Unicode bidirectional algorithm (UAX #9): in which direction each character of a line runs, and the order in
which they stand.

All rules up to L2, for one line that is a paragraph by itself: a text's base direction is its caller's to give, since a
line of a right-to-left text may hold nothing but Latin letters. Mirroring (L4) is the shaper's.
"""

import unicodedata
from collections.abc import Sequence

from layoutgen.core.text.direction import Direction

_MOST_DEPTH, _MOST_OPEN = 125, 63
_REMOVED = frozenset(("RLE", "LRE", "RLO", "LRO", "PDF", "BN"))
_INITIATORS = frozenset(("LRI", "RLI", "FSI"))
_ISOLATES = _INITIATORS | {"PDI"}
_NEUTRAL = frozenset(("B", "S", "WS", "ON")) | _ISOLATES
_TURNING = frozenset(("R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"))
_EVEN, _ODD = {"R": 1, "AN": 2, "EN": 2}, {"L": 1, "AN": 1, "EN": 1}  # rules I1 and I2
_BRACKETS = (
    "()[]{}༺༻༼༽᚛᚜⁅⁆⁽⁾₍₎⌈⌉⌊⌋⟨⟩❨❩❪❫❬❭❮❯❰❱❲❳❴❵⟅⟆⟦⟧⟪⟫⟬⟭⟮⟯⦃⦄⦅⦆⦇⦈⦉⦊⦋⦌⦍⦐⦏⦎⦑⦒⦓⦔⦕⦖⦗⦘⧘⧙⧚⧛⧼⧽⸢⸣⸤⸥⸦⸧⸨⸩"
    "⹕⹖⹗⹘⹙⹚⹛⹜〈〉《》「」『』【】〔〕〖〗〘〙〚〛﹙﹚﹛﹜﹝﹞（）［］｛｝｟｠｢｣"
)
_CLOSING_OF = {ord(a): ord(b) for a, b in zip(_BRACKETS[::2], _BRACKETS[1::2], strict=True)} | {0x2329: 0x3009}
_CLOSING = frozenset(_CLOSING_OF.values())


def levels(text: str, direction: Direction) -> list[int | None]:
    """Each character's embedding level, odd where it runs right to left; None for one that rule X9 takes out."""
    base = int(direction == "rtl")
    if text.isascii() and not base:
        return [0] * len(text)
    kinds = [unicodedata.bidirectional(character) or "L" for character in text]
    if not base and _TURNING.isdisjoint(kinds):
        return [None if kind == "BN" else 0 for kind in kinds]
    resolved, depth = _explicit(kinds, base)
    indices = [i for i, kind in enumerate(kinds) if kind not in _REMOVED]
    for sequence in _sequences(indices, kinds, depth):
        _resolve(sequence, kinds, resolved, depth, text, base, indices)
    values: list[int | None] = [None] * len(text)
    for i in indices:
        values[i] = depth[i] + (_ODD if depth[i] % 2 else _EVEN).get(resolved[i], 0)
    _reset_ends(values, kinds, base)
    return values


def order(values: Sequence[int | None]) -> list[int]:
    """Indices from left to right, by levels (rule L2); those without a level are left out."""
    indices = [i for i, level in enumerate(values) if level is not None]
    known = [level for level in values if level is not None]
    for least in range(max(known, default=0), 0, -1):
        start = 0
        while start < len(indices):
            end = start
            while end < len(indices) and (values[indices[end]] or 0) >= least:
                end += 1
            indices[start:end] = indices[start:end][::-1]
            start = end + 1
    return indices


def _explicit(kinds: list[str], base: int) -> tuple[list[str], list[int]]:  # noqa: PLR0912 - a rule a branch
    """Rules X1 to X8: types with overrides applied, and levels."""
    resolved, depth = [*kinds], [base] * len(kinds)
    matching = _matching(kinds)
    stack: list[tuple[int, str, bool]] = [(base, "", False)]
    over_isolates = over_embeddings = isolates = 0
    for i, kind in enumerate(kinds):
        level, override, _ = stack[-1]
        depth[i] = level
        if kind in ("RLE", "LRE", "RLO", "LRO"):
            new = _next(level, rtl=kind[0] == "R")
            if new <= _MOST_DEPTH and not over_isolates and not over_embeddings:
                stack.append((new, kind[0] if kind[2] == "O" else "", False))
            elif not over_isolates:
                over_embeddings += 1
        elif kind in _INITIATORS:
            resolved[i] = override or kind
            rtl = kind == "RLI" or (kind == "FSI" and _first_strong(kinds, i + 1, matching.get(i, len(kinds))) == "rtl")
            new = _next(level, rtl=rtl)
            if new <= _MOST_DEPTH and not over_isolates and not over_embeddings:
                isolates += 1
                stack.append((new, "", True))
            else:
                over_isolates += 1
        elif kind == "PDI":
            if over_isolates:
                over_isolates -= 1
            elif isolates:
                over_embeddings = 0
                while not stack[-1][2]:
                    stack.pop()
                stack.pop()
                isolates -= 1
            level, override, _ = stack[-1]
            depth[i], resolved[i] = level, override or kind
        elif kind == "PDF":
            if not over_isolates:
                if over_embeddings:
                    over_embeddings -= 1
                elif len(stack) > 1 and not stack[-1][2]:
                    stack.pop()
        elif kind == "B":
            depth[i] = base
        elif kind != "BN":
            resolved[i] = override or kind
    return resolved, depth


def _next(level: int, *, rtl: bool) -> int:
    """The least odd (or even) level above a level."""
    return (level + 1) | 1 if rtl else (level + 2) & ~1


def _matching(kinds: list[str]) -> dict[int, int]:
    """Each isolate initiator's PDI."""
    pairs, opened = {}, []
    for i, kind in enumerate(kinds):
        if kind in _INITIATORS:
            opened.append(i)
        elif kind == "PDI" and opened:
            pairs[opened.pop()] = i
    return pairs


def _first_strong(kinds: list[str], start: int, end: int) -> Direction:
    inner = 0
    for kind in kinds[start:end]:
        if kind in _INITIATORS:
            inner += 1
        elif kind == "PDI":
            inner -= 1
        elif not inner and kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def _sequences(indices: list[int], kinds: list[str], depth: list[int]) -> list[list[int]]:
    """The isolating run sequences (BD13): level runs, joined where an isolate parts them."""
    runs: list[list[int]] = []
    for i in indices:
        if runs and depth[runs[-1][-1]] == depth[i]:
            runs[-1].append(i)
        else:
            runs.append([i])
    closes = {closing: opening for opening, closing in _matching(kinds).items()}
    matching = {opening: closing for closing, opening in closes.items()}
    starting = {run[0]: run for run in runs}
    sequences = []
    for run in runs:
        if kinds[run[0]] == "PDI" and run[0] in closes:
            continue
        whole = [*run]
        while kinds[whole[-1]] in _INITIATORS and matching.get(whole[-1]) in starting:
            whole += starting[matching[whole[-1]]]
        sequences.append(whole)
    return sequences


def _resolve(
    sequence: list[int],
    kinds: list[str],
    resolved: list[str],
    depth: list[int],
    text: str,
    base: int,
    indices: list[int],
) -> None:
    """Rules W1 to N2 on one sequence, written into `resolved`."""
    level = depth[sequence[0]]
    place = {index: k for k, index in enumerate(indices)}
    before, after = place[sequence[0]] - 1, place[sequence[-1]] + 1
    is_open = kinds[sequence[-1]] in _INITIATORS
    left = depth[indices[before]] if before >= 0 else base
    right = depth[indices[after]] if after < len(indices) and not is_open else base
    start, end = ("R" if max(level, other) % 2 else "L" for other in (left, right))
    types = [resolved[i] for i in sequence]
    _weak(types, start)
    _brackets(types, [ord(text[i]) for i in sequence], [kinds[i] for i in sequence], "R" if level % 2 else "L", start)
    _neutral(types, "R" if level % 2 else "L", start, end)
    for i, kind in zip(sequence, types, strict=True):
        resolved[i] = kind


def _weak(types: list[str], start: str) -> None:  # noqa: PLR0912 - a rule a branch
    """Rules W1 to W7."""
    before, strong = start, start
    for i, kind in enumerate(types):
        if kind == "NSM":
            types[i] = "ON" if before in _ISOLATES else before
        elif kind == "EN" and strong == "AL":
            types[i] = "AN"
        before = types[i]
        if before in ("L", "R", "AL"):
            strong = before
    types[:] = ["R" if kind == "AL" else kind for kind in types]
    for i in range(1, len(types) - 1):
        around = (types[i - 1], types[i + 1])
        if (types[i] == "ES" and around == ("EN", "EN")) or (
            types[i] == "CS" and around in (("EN", "EN"), ("AN", "AN"))
        ):
            types[i] = around[0]
    i = 0
    while i < len(types):
        if types[i] != "ET":
            i += 1
            continue
        end = i
        while end < len(types) and types[end] == "ET":
            end += 1
        if (i > 0 and types[i - 1] == "EN") or (end < len(types) and types[end] == "EN"):
            types[i:end] = ["EN"] * (end - i)
        i = end
    strong = start
    for i, kind in enumerate(types):
        if kind in ("ES", "ET", "CS"):
            types[i] = "ON"
        elif kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            types[i] = "L"


def _brackets(types: list[str], points: list[int], kinds: list[str], embedding: str, start: str) -> None:
    """Rule N0: both brackets of a pair take one direction."""

    def strong(kind: str) -> str:
        return "R" if kind in ("EN", "AN") else kind if kind in ("L", "R") else ""

    for opening, closing in _pairs(types, points):
        inside = {strong(kind) for kind in types[opening + 1 : closing]} - {""}
        if not inside:
            continue
        chosen = embedding
        if embedding not in inside:
            context = next((strong(kind) for kind in reversed(types[:opening]) if strong(kind)), start)
            chosen = context if context in inside else embedding
        for at in (opening, closing):
            types[at] = chosen
            for i in range(at + 1, len(types)):
                if kinds[i] != "NSM":
                    break
                types[i] = chosen


def _pairs(types: list[str], points: list[int]) -> list[tuple[int, int]]:
    """Bracket pairs (BD16) by where they open."""
    points = [0x3009 if point == 0x232A else point for point in points]
    opened: list[tuple[int, int]] = []
    pairs = []
    for i, (kind, point) in enumerate(zip(types, points, strict=True)):
        if kind != "ON":
            continue
        if point in _CLOSING_OF:
            if len(opened) == _MOST_OPEN:
                break
            opened.append((_CLOSING_OF[point], i))
        elif point in _CLOSING:
            for k in range(len(opened) - 1, -1, -1):
                if opened[k][0] == point:
                    pairs.append((opened[k][1], i))
                    del opened[k:]
                    break
    return sorted(pairs)


def _neutral(types: list[str], embedding: str, start: str, end: str) -> None:
    """Rules N1 and N2."""
    i = 0
    while i < len(types):
        if types[i] not in _NEUTRAL:
            i += 1
            continue
        stop = i
        while stop < len(types) and types[stop] in _NEUTRAL:
            stop += 1
        left = start if i == 0 else "R" if types[i - 1] in ("EN", "AN") else types[i - 1]
        right = end if stop == len(types) else "R" if types[stop] in ("EN", "AN") else types[stop]
        types[i:stop] = [left if left == right else embedding] * (stop - i)
        i = stop


def _reset_ends(values: list[int | None], kinds: list[str], base: int) -> None:
    """Rule L1: separators, and spaces before them and at the line's end, take the base level."""
    ending = True
    for i in range(len(kinds) - 1, -1, -1):
        if kinds[i] in ("S", "B"):
            values[i], ending = base, True
        elif kinds[i] == "WS" or kinds[i] in _ISOLATES:
            if ending:
                values[i] = base
        elif kinds[i] not in _REMOVED:
            ending = False
