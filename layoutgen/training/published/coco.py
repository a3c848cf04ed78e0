"""Reads COCO's instances: `images`, `annotations` with `bbox` (x, y, width, height) and `categories`; and CGL-Dataset
(Zhou et al., IJCAI 2022), which is of this form with annotations grouped by image.

CGL numbers its classes otherwise than PKU does: 1 logo, 2 text, 3 underlay, 4 embellishment, 5 highlighted text. What
`categories` of a file says of its numbers goes before that.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from layoutgen.training.published import labels as classes
from layoutgen.training.published.files import Files
from layoutgen.training.published.labels import Labels
from layoutgen.training.published.records import PublishedError, RawElement, Record, unusable

_TEXT_FIELDS = ("text", "transcription", "utf8_string")


def records(files: Files, labels: Labels) -> Iterator[Record]:
    """The posters of all files of this form; a class that nobody knows is a part of the picture, and counted."""
    for uri, whole in instances(files):
        yield from records_of(whole, uri, files, labels)


def cgl_records(files: Files, labels: Labels) -> Iterator[Record]:
    """CGL's posters; one with a class that is none of CGL's can't be used."""
    for uri, whole in instances(files):
        yield from records_of(whole, uri, files, labels, numbers=classes.CGL)


def instances(files: Files) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The files that hold instances. Raises PublishedError where none does."""
    there = 0
    for uri in files.with_suffix(".json"):
        whole = files.json(uri)
        if isinstance(whole, dict) and {"images", "annotations"} <= whole.keys():
            there += 1
            yield uri, whole
    if not there:
        raise PublishedError(
            f"{files.folder} has no JSON file with `images` and `annotations`; unpack the annotations there"
        )


def records_of(
    whole: Mapping[str, Any], uri: str, files: Files, labels: Labels, numbers: Mapping[str, str] | None = None
) -> Iterator[Record]:
    """The posters of one file. With `numbers`, those of the form where the file has no categories, a class that nobody
    knows makes the poster unusable."""
    own = {category.get("id"): category.get("name") for category in whole.get("categories") or ()}
    named = labels.numbered(own or numbers or {})
    by_image: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for part in whole["annotations"]:
        for annotation in part if isinstance(part, list) else [part]:
            by_image[annotation.get("image_id")].append(annotation)
    times = Counter(image.get("id") for image in whole["images"])
    for image in whole["images"]:
        name = str(image.get("file_name") or "")
        annotations = by_image.get(image.get("id"), [])
        if times[image.get("id")] > 1:
            message = f"{uri} has {times[image['id']]} images of the id {image['id']!r}; whose the boxes are is unknown"
            yield unusable(name, "duplicate_id", message)
        elif not annotations:
            yield unusable(name, "not_annotated", f"{uri} has no annotation of it")
        else:
            yield _record(name, image, annotations, files, named, numbers is not None)
    for image_id, annotations in by_image.items():
        if image_id not in times:
            message = f"{uri} has {len(annotations)} annotations of the image {image_id!r}, and no such image"
            yield unusable(f"image {image_id}", "image_missing", message)


def _record(
    name: str,
    image: Mapping[str, Any],
    annotations: Sequence[Mapping[str, Any]],
    files: Files,
    labels: Labels,
    is_strict: bool,
) -> Record:
    elements, mended = [], []
    for annotation in annotations:
        kind = labels.kind(annotation.get("category_id"))
        if kind is None and is_strict:
            message = f"the class {annotation.get('category_id')!r} has no name in the file and is none of the form's"
            return unusable(name, "unknown_role", message)
        try:
            x, y, width, height = (float(side) for side in annotation["bbox"])
        except (KeyError, TypeError, ValueError):
            message = f"the bbox is {annotation.get('bbox')!r}; give x, y, width, height"
            return unusable(name, "box_broken", message)
        element = RawElement(kind or classes.IGNORE, (x, y, x + width, y + height), _text(annotation))
        if element in elements:
            mended.append("repeated")
            continue
        elements.append(element)
        if kind is None:
            mended.append("unknown_class")
    return Record(
        name,
        files.picture(name, erased=False),
        files.picture(name, erased=True),
        float(image.get("width") or 0),
        float(image.get("height") or 0),
        tuple(elements),
        language=str(image.get("language") or ""),
        category=str(image.get("category") or ""),
        mended=tuple(mended),
    )


def _text(annotation: Mapping[str, Any]) -> str | None:
    """The text of an annotation where one of the usual fields has it."""
    attributes = annotation.get("attributes")
    for fields in (annotation, attributes if isinstance(attributes, Mapping) else {}):
        for name in _TEXT_FIELDS:
            if isinstance(fields.get(name), str):
                return str(fields[name])
    return None
