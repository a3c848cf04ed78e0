"""A brand's posters to a proposed kit and house style: read by the annotator, measured, and shown on a page."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from layoutgen.config.stages import AnnotateSettings
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.brands.form import NAME
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Role
from layoutgen.core.learning import observed, proposal
from layoutgen.core.learning.observed import Poster, Text
from layoutgen.core.learning.proposal import Learnt
from layoutgen.imaging import fonts, images
from layoutgen.imaging.image_faults import ImageFault
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.storage import Storage
from layoutgen.models.base import Annotator
from layoutgen.models.building import annotators
from layoutgen.pages import learning as learning_page

LEAST, MOST = 5, 50
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff")
_SIDE = 1280  # px of the longer side that is read
_SHOWN = 420  # px of the longer side of a poster on the page
_SURE = 0.6  # confidence of a line that counts
_LATIN, _WIDE = "NotoSansKR-Regular", "NotoSansSC-Regular"


def read_posters(storage: Storage, folder: str) -> tuple[list[tuple[str, np.ndarray]], list[str]]:
    """The pictures in a folder or prefix, by name, and why others could not be read. Raises Refusal for fewer than
    `LEAST` or more than `MOST`."""
    uris = [uri for uri in storage.list(folder) if uri.lower().endswith(_SUFFIXES)]
    if not LEAST <= len(uris) <= MOST:
        raise Refusal(
            f"{folder} has {len(uris)} pictures; a style is learnt from {LEAST} to {MOST} posters of one brand"
        )
    pictures, faults = [], []
    for uri in uris:
        name = uri.rsplit("/", 1)[-1]
        try:
            data = storage.read(uri)
            pictures.append((name, images.decode(data, side=_SIDE, min_side=64, max_pixels=120_000_000).pixels))
        except ImageFault as fault:
            faults.append(f"{name}: {fault}")
    if len(pictures) < LEAST:
        raise Refusal(
            f"{folder}: only {len(pictures)} pictures can be read ({'; '.join(faults)}); give {LEAST} at least"
        )
    return pictures, faults


def annotator(storage: Storage) -> Annotator:
    """What reads posters: the embedded reader of text."""
    return annotators.annotator(AnnotateSettings(engine="ocr"), storage)[0]


def observe(name: str, pixels: np.ndarray, annotation: Annotation) -> Poster:
    """One poster as it is measured: only lines that a designer placed count."""
    height, width = pixels.shape[:2]
    lines = [line for line in annotation.lines if line.placed and line.score >= _SURE]
    texts = proposal.refined([_text(line, pixels) for line in lines])
    boxes = [box for text in texts for box in (text.box, *([text.container.box] if text.container else []))]
    family, grounds = observed.ground_of(pixels, [_padded(box, 0.006) for box in boxes])
    return Poster(name, width, height, texts, family, grounds)


def _text(line: TextLine, pixels: np.ndarray) -> Text:
    em = em_px(line.text, (line.box[3] - line.box[1]) * pixels.shape[0])
    container = observed.container_of(pixels, line.box, em, line.colour)
    return Text(line.role, line.text, line.box, em, line.colour, container)


def em_px(text: str, height_px: float) -> float:
    """The font size of a line whose ink is so high: ink of the same letters in a common sans-serif, whose proportions
    other typefaces share to within some percent."""
    face = fonts.typeface(_WIDE if any(ord(letter) > 0x2E80 for letter in text) else _LATIN)
    above, below = face.heights(text, 100)
    return 100 * height_px / max(above + below, 20.0)


def _padded(box: tuple[float, float, float, float], pad: float) -> tuple[float, float, float, float]:
    return max(0.0, box[0] - pad), max(0.0, box[1] - pad), min(1.0, box[2] + pad), min(1.0, box[3] + pad)


def learn(storage: Storage, folder: str, output: str) -> dict[str, Any]:
    """Read posters, and write the proposal below `output`: `brand.json`, `styles/NAME.toml`, `report.json`, and
    `index.html`, which shows what was read and what follows. Returns what was found in short."""
    pictures, faults = read_posters(storage, folder)
    reader = annotator(storage)
    posters = []
    for name, pixels in pictures:
        (annotation,) = reader.annotate([pixels])
        if isinstance(annotation, Annotation):
            posters.append(observe(name, pixels, annotation))
        else:
            faults.append(f"{name}: {annotation.message}")
    learnt = proposal.learn(posters)
    if learnt.counts.get(Role.TITLE, 0) < LEAST:
        raise Refusal(f"{folder}: text was read on {learnt.counts.get(Role.TITLE, 0)} posters; give {LEAST} with text")
    name = _identity(output)
    kit, style = proposal.kit_of(learnt, name), proposal.style_of(learnt, name)
    toml = f"# Learnt from {learnt.posters} posters; look at index.html before it is used.\n{proposal.toml(style)}"
    report = _report(learnt, posters, faults)
    page = learning_page.page(name, report, kit, toml, {n: _data_uri(pixels) for n, pixels in pictures})
    for path, text in (
        (NAME, json.dumps(kit, ensure_ascii=False, indent=1)),
        (f"styles/{name}.toml", toml),
        ("report.json", json.dumps(report, ensure_ascii=False, indent=1)),
        ("index.html", page),
    ):
        storage.write(storage.join(output, path), text.encode("utf-8"))
    return {
        "output": output,
        "name": name,
        **{key: report[key] for key in ("posters", "scales", "alignments", "families")},
    }


def _identity(output: str) -> str:
    last = output.rstrip("/").rsplit("/", 1)[-1]
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in last.lower()).strip("_")
    return name if name and name[0].isalpha() else f"brand_{name}".rstrip("_")


def _report(learnt: Learnt, posters: Sequence[Poster], faults: Sequence[str]) -> dict[str, Any]:
    """What was read and what follows, as plain values."""
    return {
        "posters": learnt.posters,
        "faults": [*faults],
        "scales": {role.value: scale for role, scale in learnt.scales.items()},
        "counts": {role.value: count for role, count in learnt.counts.items()},
        "title": [round(size, 4) for size in learnt.title],
        "inks": [{"colour": ink.colour, "posters": ink.posters, "uses": [*ink.uses]} for ink in learnt.inks],
        "alignments": dict(learnt.alignments),
        "families": dict(learnt.families),
        "containers": {role.value: dict(counts) for role, counts in learnt.containers.items()},
        "read": [
            {
                "name": poster.name,
                "alignment": poster.alignment,
                "family": poster.family,
                "grounds": [*poster.grounds],
                "texts": [
                    {
                        "role": text.role.value,
                        "words": text.words,
                        "box": [*text.box],
                        "em_px": round(text.em_px, 1),
                        "colour": text.colour,
                        "container": text.container and {"colour": text.container.colour, "box": [*text.container.box],
                                                         "shape": text.container.shape},
                    }
                    for text in poster.texts
                ],
            }
            for poster in posters
        ],
    }  # fmt: skip


def _data_uri(pixels: np.ndarray) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(images.encode_jpeg(shrink(pixels, _SHOWN), 84)).decode()
