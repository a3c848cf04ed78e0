"""Reads QB-Poster (Yang et al., PosterLLaVa, 2024): posters of social media with elements of ten classes.

Two forms: the raw `annotation.json`, an object by poster with `boxes` as centre, width and height in px; and the
instruction file made of it, a list whose answers hold normalised boxes. The set's erased canvases lack the goods as
well, for these are elements there, so the posters are taken and their texts erased.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from layoutgen.training.published import labels as classes
from layoutgen.training.published.files import Files
from layoutgen.training.published.labels import Labels
from layoutgen.training.published.records import PublishedError, RawElement, Record, unusable


def records(files: Files, labels: Labels) -> Iterator[Record]:
    """The posters of all files of either form; a poster that the raw one has is not taken again from the other. Raises
    PublishedError where there is no such file."""
    wholes = [(uri, files.json(uri)) for uri in files.with_suffix(".json")]
    raw: list[tuple[str, dict[str, Any]]] = [
        (uri, whole) for uri, whole in wholes if isinstance(whole, dict) and any(map(_is_raw, whole.values()))
    ]
    answered: list[tuple[str, list[Any]]] = [
        (uri, whole) for uri, whole in wholes if isinstance(whole, list) and whole and _is_instruction(whole[0])
    ]
    if not raw and not answered:
        raise PublishedError(f"{files.folder} has no annotation.json of QB-Poster; unpack the raw files there")
    if raw:
        for uri, posters in raw:
            for name, poster in posters.items():
                yield _raw(name, poster, uri, files, labels)
        return
    before: set[str] = set()
    for uri, entries in answered:
        for entry in entries:
            name = str(entry.get("id"))
            if name in before:
                yield unusable(name, "duplicate_id", f"{uri} has it again; keep one of them")
            else:
                yield _instruction(name, entry, files, labels)
            before.add(name)


def _is_raw(poster: Any) -> bool:
    return isinstance(poster, dict) and "boxes" in poster


def _is_instruction(entry: Any) -> bool:
    return isinstance(entry, dict) and {"id", "conversations"} <= entry.keys()


def _raw(name: str, poster: Any, uri: str, files: Files, labels: Labels) -> Record:
    try:
        width, height = float(poster["width"]), float(poster["height"])
        boxes = [
            (
                part.get("label"),
                (
                    part["xc"] - part["width"] / 2,
                    part["yc"] - part["height"] / 2,
                    part["xc"] + part["width"] / 2,
                    part["yc"] + part["height"] / 2,
                ),
                part.get("text"),
            )
            for part in poster["boxes"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        return unusable(name, "box_broken", f"{uri} has it without {error!r}; give xc, yc, width and height in px")
    return _record(name, boxes, (width, height), poster, files, labels)


def _instruction(name: str, entry: Mapping[str, Any], files: Files, labels: Labels) -> Record:
    answer = str(entry["conversations"][-1].get("value") or "")
    try:
        elements = json.loads(answer[answer.index("[") : answer.rindex("]") + 1])
        boxes = [(part.get("label"), tuple(map(float, part["box"])), part.get("text")) for part in elements]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return unusable(name, "box_broken", f"its answer holds no list of labels and boxes ({error!r})")
    return _record(name, boxes, (1.0, 1.0), entry, files, labels)


def _record(
    name: str,
    boxes: Sequence[tuple[Any, tuple[float, ...], Any]],
    size: tuple[float, float],
    about: Mapping[str, Any],
    files: Files,
    labels: Labels,
) -> Record:
    kinds = [labels.kind(label) for label, _, _ in boxes]
    if not boxes:
        return unusable(name, "not_annotated", "it has no element")
    return Record(
        name,
        files.picture(f"{name}.png", erased=False),
        width=size[0],
        height=size[1],
        elements=tuple(
            RawElement(kind or classes.IGNORE, box, text if isinstance(text, str) else None)
            for kind, (_, box, text) in zip(kinds, boxes, strict=True)
        ),
        category=str(about.get("intent") or about.get("category") or ""),
        mended=tuple("unknown_class" for kind in kinds if kind is None),
    )
