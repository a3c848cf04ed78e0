"""Annotation with a language model beside OCR: it sees the pictures with text alone, and the summary says how many."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageDraw, ImageFont

from layoutgen import tables
from layoutgen.config.jobs import AnnotateConfig
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.imaging import fonts
from layoutgen.models.annotators.grounded import VERSION as GROUNDED_VERSION
from layoutgen.models.annotators.grounded import GroundedAnnotator
from layoutgen.models.annotators.ocr import VERSION as OCR_VERSION
from layoutgen.models.building import annotators
from layoutgen.pipelines import run_annotations
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo

pytestmark = pytest.mark.slow

CONFIG = AnnotateConfig.model_validate(
    {"annotate": {"engine": "grounded", "model": "embedded", "image_side": 224}, "run": {"rows_per_shard": 2}}
)


class Namer:
    """A language model that calls whatever stands in a picture its title; keeps how many it saw."""

    def __init__(self) -> None:
        self.seen = 0

    def annotate(self, pictures: list[np.ndarray]) -> list[Annotation]:
        self.seen += len(pictures)
        line = TextLine("Autumn sale", (0.1, 0.1, 0.9, 0.3), Role.TITLE, "en", "#111111", 1.0, True)
        return [Annotation((line,)) for _ in pictures]


def poster(seed: int) -> bytes:
    picture = photo(320, 400, seed=seed)
    font = ImageFont.truetype(fonts.KOREAN, 44)
    ImageDraw.Draw(picture).text((30, 30), "Autumn sale", font=font, fill=(20, 20, 20))
    return encoded(picture)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    for number in range(5):
        content = poster(number) if number in (1, 3) else encoded(photo(320, 400, seed=number))
        (tmp_path / f"{number}.jpg").write_bytes(content)
    rows = [{"product_id": f"p{number}", "image": f"{number}.jpg", "title": "Vase"} for number in range(5)]
    path = tmp_path / "catalogue.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_photos_without_text_are_not_shown_to_the_model_and_the_summary_says_the_share(
    catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namer = Namer()

    def grounder(*_: Any) -> tuple[GroundedAnnotator, str]:
        return GroundedAnnotator(namer, namer), f"fake, {GROUNDED_VERSION} in {OCR_VERSION}"

    monkeypatch.setattr(annotators, "grounder", grounder)
    output = str(catalogue.parent / "out")
    summary = run_annotations(CONFIG, str(catalogue), output, stream=in_process)
    assert (summary["published"], summary["asked"], namer.seen) == (5, 0.4, 2)
    published = {row["product_id"]: row for row in tables.read(output).to_pylist()}
    asked = {product for product, row in published.items() if row["annotator"] != OCR_VERSION}
    assert asked == {"p1", "p3"}
    assert all([line["role"] for line in published[product]["text_lines"]] == ["title"] for product in asked)
    again = run_annotations(CONFIG, str(catalogue), output, stream=in_process)
    assert (again["unchanged"], again["asked"], namer.seen) == (5, 0.4, 2), "nothing is asked again"
