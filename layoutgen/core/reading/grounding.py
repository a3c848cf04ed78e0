"""Joins what a vision-language model says of an image's texts with what an OCR engine read there.

A language model tells well what a text is for, and badly where it stands; an OCR engine tells where each line stands to
the pixel, and not what it is for. So each text that the model names is looked for among the read lines, by its string
and its place, and takes their tight box and exact string:

- One named text may stand on several lines, which then are joined in reading order; a read line belongs to one named
  text at most. The assignment has the greatest sum of string similarity (1 - edits / length) and nearness; where
  offers of several lines overlap it is found in rounds, the best first.
- A named text that matches no line keeps its box and string and is marked (`grounded` is False): set in letters that
  OCR cannot read, or invented.
- Lines that match no named text stay as the OCR's own rules have them, so what is printed on the product stays told
  from what a designer placed, and a placed line that the model left out is not lost. Only a title is not given twice:
  beside a title that the model names, a left-over one is a selling point.

A line that holds two named texts goes to one of them whole.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

import numpy as np

from layoutgen.core.annotation import TextLine
from layoutgen.core.layout import Box, Role, area, iou, union
from layoutgen.core.reading.text_roles import language, reading_order
from layoutgen.core.text.distance import edits, plain
from layoutgen.core.text.typography import is_wide

SIGN = "grounded-"
"""What the annotator's name of a row has whose texts a language model was asked about."""

_FAR = 0.3
"""Share of the image's sides beyond which equal strings are two texts."""

_ALIKE, _ALIKE_IN_PLACE, _IN_PLACE = 0.5, 0.2, 0.5
"""Least string similarity of a match; of one whose boxes have the IoU `_IN_PLACE`."""

_NEARNESS = 0.25
"""What nearness counts beside string similarity: it decides between equal strings."""

_MOST_LINES = 6


@dataclass(frozen=True)
class _Offer:
    """Read lines (indices in reading order) that a named text (index) could stand on."""

    named: int
    lines: tuple[int, ...]
    score: float


def ground(named: Sequence[TextLine], read: Sequence[TextLine]) -> tuple[TextLine, ...]:
    """Return an image's texts in reading order: `named` ones on the lines that were `read`, and the lines left over.

    Boxes are ltrb, normalised to the image. `grounded` is True for a named text that has its box and string from read
    lines, False for one that keeps its own, and as it was for a left-over line. Scores are those of the reading.
    """
    found = _assign([offer for i, text in enumerate(named) for offer in _offers(i, text, read)])
    merged = [
        _on_lines(text, [read[k] for k in found[i]]) if i in found else replace(text, grounded=False)
        for i, text in enumerate(named)
    ]
    taken = {k for lines in found.values() for k in lines}
    has_title = any(text.role is Role.TITLE for text in named)
    for k, line in enumerate(read):
        if k not in taken:
            again = has_title and line.role is Role.TITLE
            merged.append(replace(line, role=Role.SELLING_POINT) if again else line)
    return tuple(merged[i] for i in reading_order([text.box for text in merged]))


def _offers(index: int, text: TextLine, read: Sequence[TextLine]) -> list[_Offer]:
    """All runs of lines near a named text that read like it."""
    wanted = plain(text.text)
    near = [k for k, line in enumerate(read) if _may_be_part(wanted, text.box, line)]
    order = [near[i] for i in reading_order([read[k].box for k in near])]
    offers = []
    for first in range(len(order)):
        for last in range(first + 1, min(len(order), first + _MOST_LINES) + 1):
            run = order[first:last]
            box = union([read[k].box for k in run]) or text.box
            distance = hypot(*(a - b for a, b in zip(_centre(box), _centre(text.box), strict=True)))
            if distance > _FAR:
                continue
            string = "".join(plain(read[k].text) for k in run)
            alike = 1 - edits(wanted, string) / max(len(wanted), len(string), 1)
            if alike >= (_ALIKE_IN_PLACE if iou(box, text.box) >= _IN_PLACE else _ALIKE):
                offers.append(_Offer(index, tuple(run), alike + _NEARNESS * (1 - distance / _FAR)))
    return offers


def _may_be_part(wanted: str, box: Box, line: TextLine) -> bool:
    """Tell whether a line stands near a box and shares half of its characters with the string wanted there."""
    x, y = _centre(line.box)
    if hypot(max(box[0] - x, x - box[2], 0.0), max(box[1] - y, y - box[3], 0.0)) > _FAR:
        return False
    string = plain(line.text)
    shared = (Counter(string) & Counter(wanted)).total()
    return bool(string) and (2 * shared >= len(string) or iou(box, line.box) >= _IN_PLACE)


def _assign(offers: list[_Offer]) -> dict[int, tuple[int, ...]]:
    """Choose at most one offer a named text, no line twice."""
    from scipy.optimize import linear_sum_assignment  # half a second, and every stage reads this module

    found: dict[int, tuple[int, ...]] = {}
    free = {k for offer in offers for k in offer.lines}
    while offers:
        texts = sorted({offer.named for offer in offers})
        runs = sorted({offer.lines for offer in offers})
        gain = np.zeros((len(texts), len(runs)))
        for offer in offers:
            gain[texts.index(offer.named), runs.index(offer.lines)] = offer.score
        rows, columns = linear_sum_assignment(gain, maximize=True)
        for _, row, column in sorted(zip(-gain[rows, columns], rows, columns, strict=True)):
            if gain[row, column] > 0 and free.issuperset(runs[column]):
                found[texts[row]] = runs[column]
                free -= set(runs[column])
        offers = [offer for offer in offers if offer.named not in found and free.issuperset(offer.lines)]
    return found


def _on_lines(text: TextLine, lines: Sequence[TextLine]) -> TextLine:
    string = lines[0].text
    for line in lines[1:]:
        between = "" if is_wide(string[-1:]) or is_wide(line.text[:1]) else " "
        string += between + line.text
    largest = max(lines, key=lambda line: area(line.box))
    return replace(
        text,
        text=string,
        box=union([line.box for line in lines]) or text.box,
        language=language(string),
        colour=largest.colour,
        score=min(line.score for line in lines),
        grounded=True,
    )


def _centre(box: Box) -> tuple[float, float]:
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
