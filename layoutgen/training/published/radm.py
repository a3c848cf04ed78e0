"""Reads CGL-Dataset v2, the data of RADM (Li et al., CIKM 2023): CGL's annotations, erased canvases, and what the texts
say.

`texts/train.txt` has a Python literal a line: `image`, whose number is the image's place in `annotations/train.json`,
and `data` with a string and its outline in px. Lines of the form `FILE<tab>{"blc_text": [...]}`, those of the test,
have strings without places: they are set into the text boxes by their lengths where there are as many boxes. Text
features, pickled tensors of another text encoder, are left alone.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from layoutgen.core.layout import Box, area, intersection
from layoutgen.core.text.typography import em_length
from layoutgen.training.published import labels as classes
from layoutgen.training.published.coco import instances, records_of
from layoutgen.training.published.files import Files
from layoutgen.training.published.labels import Labels
from layoutgen.training.published.posters import joined
from layoutgen.training.published.records import PublishedError, RawElement, Record, unusable

_SHARED = 0.5  # of a text's outline that lies in an element's box
_LISTS = ("productDetailHighlightWord", "blc_text", "adv_sellpoint")
_Placed = tuple[Box, str]


def records(files: Files, labels: Labels) -> Iterator[Record]:
    """The posters of all annotation files, with their texts where the set tells them."""
    tables = {PurePosixPath(uri).stem: uri for uri in files.with_suffix(".txt") if "/texts/" in f"/{uri}"}
    for uri, whole in instances(files):
        table = tables.get(PurePosixPath(uri).stem)
        placed, listed = _texts(files, table, whole["images"]) if table else ({}, {})
        for record in records_of(whole, uri, files, labels, numbers=classes.CGL):
            if record.poster_id in placed and not record.reason:
                yield replace(record, elements=with_texts(record.elements, placed[record.poster_id]))
            elif record.poster_id in listed and not record.reason:
                yield _with_words(record, listed[record.poster_id])
            else:
                yield record


def _texts(
    files: Files, uri: str, images: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, list[_Placed]], dict[str, list[str]]]:
    """Of images by name: texts with their places, and texts alone. Raises PublishedError at a line that is neither."""
    placed: dict[str, list[_Placed]] = {}
    listed: dict[str, list[str]] = {}
    for number, line in enumerate(files.text(uri).splitlines(), 1):
        if not line.strip():
            continue
        name, tab, rest = line.partition("\t")
        try:
            fields = ast.literal_eval(rest if tab else line)
            if tab:
                listed[name] = [word for key in _LISTS for word in fields.get(key) or ()]
            else:
                image = images[int(PurePosixPath(fields["image"]).stem)]
                placed[str(image["file_name"])] = [_placed(entry) for entry in fields["data"]]
        except (ValueError, SyntaxError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise PublishedError(
                f"line {number} of {uri} is no text annotation ({error!r}); unpack the set again"
            ) from None
    return placed, listed


def _placed(entry: Mapping[str, Any]) -> _Placed:
    """A text's outline's bounds, px, and what it says."""
    across = [float(point["x"]) for point in entry["points"]]
    down = [float(point["y"]) for point in entry["points"]]
    return (min(across), min(down), max(across), max(down)), str(entry["userSelectedValue"]["name"])


def with_texts(elements: Sequence[RawElement], texts: Sequence[_Placed]) -> tuple[RawElement, ...]:
    """The elements with what the texts say that lie in their boxes, several in reading order; boxes in one unit."""
    of_element: dict[int, list[_Placed]] = defaultdict(list)
    for box, text in texts:
        shares = [
            intersection(box, _sorted(element.box)) / max(area(box), 1e-9)
            if element.kind == classes.TEXT and len(element.box) == 4
            else 0.0
            for element in elements
        ]
        if shares and max(shares) >= _SHARED:
            of_element[int(np.argmax(shares))].append((box, text))
    return tuple(
        replace(element, text=joined(of_element[number])) if number in of_element else element
        for number, element in enumerate(elements)
    )


def _with_words(record: Record, words: Sequence[str]) -> Record:
    """A poster whose text boxes get words without a place: those of like proportions."""
    texts = [number for number, element in enumerate(record.elements) if element.kind == classes.TEXT]
    if len(texts) != len(words):
        message = f"it has {len(texts)} text boxes and {len(words)} texts without a place; which is which is unknown"
        return unusable(record.poster_id, "text_unknown", message)
    boxes = [_sorted(record.elements[number].box) for number in texts]
    wide = np.log([(box[2] - box[0] + 1) / (box[3] - box[1] + 1) for box in boxes])
    long = np.log([max(em_length(word), 0.5) for word in words])
    rows, columns = linear_sum_assignment(np.abs(wide[:, None] - long[None, :]))
    word_of = {texts[row]: words[column] for row, column in zip(rows, columns, strict=True)}
    elements = tuple(
        replace(element, text=word_of.get(number, element.text)) for number, element in enumerate(record.elements)
    )
    return replace(record, elements=elements)


def _sorted(box: Sequence[float]) -> Box:
    left, right = sorted((box[0], box[2]))
    top, bottom = sorted((box[1], box[3]))
    return left, top, right, bottom
