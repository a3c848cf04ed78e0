import json

import numpy as np
import pytest

from layoutgen.core import feedback
from layoutgen.io.storage import Storage
from layoutgen.models.critics.sketch import CHANNELS, SIDE
from layoutgen.training.critic.decided import ADOPTED, EDITED, decided_pairs, pairs_of
from tests.drawn import encoded, photo

TITLE = {"role": "title", "text": "Vase", "box": [0.05, 0.1, 0.45, 0.2], "lines": ["Vase"], "font": "NotoSansSC-Bold",
         "font_px": 60, "line_height_px": 78, "colour": "#1c1c1e", "alignment": "left", "opacity": 1.0, "radius_px": 0,
         "z": 2}  # fmt: skip


class Everywhere:
    """A fake finder: the subject is all of the picture."""

    def saliency(self, images):
        return [np.ones(image.shape[:2], np.float32) for image in images]


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "vase.jpg"
    path.write_bytes(encoded(photo(600, 800)))
    return str(path)


def row(image, row_id, **changes):
    return {"row_id": row_id, "run_id": "r", "product_id": "v", "canvas_width": 600, "canvas_height": 800,
            "title": "Vase", "image": image, "crop": [0, 0, 1, 1], "picture": [0, 0, 1, 1], "backdrop": "#ffffff",
            "elements": [TITLE], **changes}  # fmt: skip


def decision(row_id, what, **more):
    words = {"row_id": row_id, "run_id": "r", "decision": what, "annotator": "Mei", "time": "2026-11-30T10:00:00Z"}
    return feedback.check(words | more)


def edit(row_id, box):
    return decision(row_id, "edit", elements=[{"role": "title", "text": "Vase", "box": box}])


def pairs(rows, *decisions):
    return pairs_of(rows, decisions, Storage(attempts=1), Everywhere())


def test_of_an_edit_the_designers_layout_is_the_better_one(image):
    (example,), dropped = pairs([row(image, "a")], edit("a", [0.3, 0.7, 0.9, 0.9]))
    assert example.damages == (EDITED,) and not dropped
    edited, ours = example.floats()
    assert edited.shape == (CHANNELS, SIDE, SIDE)
    assert edited[3, 90:115].max() > 0 and not ours[3, 90:115].any(), "the title stands below, as edited"


def test_an_adopted_layout_is_better_than_rejected_ones_of_the_same_question(image):
    rows = [row(image, "a"), row(image, "b"), row(image, "c"), row(image, "other", canvas_width=700)]
    found, dropped = pairs(
        rows, decision("a", "adopt"), decision("b", "reject"), decision("c", "reject"), decision("other", "adopt")
    )
    assert [example.damages for example in found] == [(ADOPTED, ADOPTED)]
    assert dropped == {"nothing_rejected_beside_it": 1}


def test_what_gives_no_pair_is_dropped_with_its_reason_and_its_neighbours_stay(image):
    rows = [
        row(image, "a"),
        row("/nowhere/gone.jpg", "gone"),
        row(image, "broken", elements=None),
        row(image, "disputed"),
        row(None, "bare"),
    ]
    found, dropped = pairs(
        rows,
        edit("a", [0.3, 0.7, 0.9, 0.9]),
        edit("gone", [0.3, 0.7, 0.9, 0.9]),
        edit("bare", [0.3, 0.7, 0.9, 0.9]),
        edit("nobody", [0.3, 0.7, 0.9, 0.9]),
        decision("disputed", "adopt"),
        decision("disputed", "reject", annotator="Li"),
    )
    assert len(found) == 1
    assert dropped == {"unknown_row": 1, "image_gone": 1, "not_drawable": 1, "disputed": 1}


def test_decisions_without_their_table_or_without_a_pair_are_refused(tmp_path):
    path = tmp_path / "feedback.jsonl"
    path.write_text(json.dumps({"row_id": "a"}), "utf-8")
    with pytest.raises(ValueError, match="give the table that it is about, --layouts"):
        decided_pairs("", str(path))
