"""Grounds checked and stored, in one stage with the painter and in three, and painted anew where they don't pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from layoutgen.core import schema
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.models.base import Fault, Painted
from layoutgen.models.building.painters import Finishing, Provenance
from layoutgen.models.painters.plain import BlurredPainter, GradientPainter
from layoutgen.stages.finish import FinishGrounds, FinishLimits
from layoutgen.stages.paint import Paint
from layoutgen.stages.poster_scenes import PosterScenes, cleared, seed_of
from layoutgen.stages.travelling import map_as_png

SIDE = 120
GREY, ABOUT = 120, Provenance("scripted 1", "abc", 4)


class Scripted:
    """Paints the row `a` the next of its grounds: a level of grey, the product once more, or a fault."""

    def __init__(self, *grounds: int | str) -> None:
        self._grounds = grounds

    def paint(self, scenes: list[Any]) -> list[Painted | Fault]:
        return [self._ground(scene.seed - seed_of(7, "a@120x120")) for scene in scenes]

    def _ground(self, number: int) -> Painted | Fault:
        ground = self._grounds[number]
        if ground == "fault":
            return Fault("unsafe_picture", "flagged; change the prompt")
        pixels = np.full((SIDE, SIDE, 3), GREY if ground == "twice" else ground, np.uint8)
        if ground == "twice":
            pixels[10:40, 60:110] = (200, 30, 20)
        return Painted(pixels, condition=f"{ground}")


def planned(*row_ids: str) -> pa.Table:
    """Rows as the plan stage gives them: a red block below a title."""
    product = np.full((40, 60, 4), 255, np.uint8)
    product[..., :3] = (200, 30, 20)
    rows = [
        {
            "row_id": row_id, "status": "ok", "canvas_width": SIDE, "canvas_height": SIDE, "cut_out": "alpha",
            "product_box": [0.25, 0.6, 0.75, 0.933],
            "suggestion": [{"role": "title", "text": "Jar", "box": [0.1, 0.05, 0.4, 0.3]}],
        }
        for row_id in row_ids
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, pa.schema([*schema.PRODUCT_PLANNED, *schema.POSTER_INPUT]))
    indices = pa.array([0] * len(rows), pa.int32())
    values = {
        "pixels": images.encode_jpeg(np.full((30, 30, 3), 90, np.uint8), 90),
        "subject_map": map_as_png(np.zeros((8, 8), np.float32)),
    }
    for name, value in values.items():
        column = pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.large_binary()))
        table = table.set_column(table.schema.get_field_index(name), name, column)
    png = pa.DictionaryArray.from_arrays(indices, pa.array([images.encode_png(product)], pa.large_binary()))
    return table.append_column(schema.PRODUCT, png)


def finished(
    folder: Path, painter: Any, table: pa.Table, *, split: bool = False, about: Provenance = ABOUT
) -> pa.Table:
    scenes = PosterScenes(Storage(), 7, 0.8, (10**7, 10**7))
    limits = FinishLimits(tries=3, contrast=7, batch=2, side=SIDE, quality=92)

    def finish(build: Any) -> FinishGrounds:
        other = Finishing(GradientPainter(), Provenance("gradient"))
        return FinishGrounds(Storage(), str(folder), scenes, limits, lambda: other, build)

    def build() -> Any:
        return painter, about

    if split:
        table = finish(None)(Paint(scenes, build, 2)(table))
    return finish(build)(table)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize(
    ("grounds", "condition", "note"),
    [
        ((255,), "255", None),
        ((GREY, 255), "255", "painted 2 times: text_contrast"),
        ((100, "fault", "fault"), "100", "painted 3 times: text_contrast"),  # what was good enough is kept
        ((GREY, 100, GREY), "100", "painted 3 times: text_contrast"),  # the best of those that will need a panel
        (("twice", "fault", 255), "255", "painted 3 times: product_growth"),
        (("twice", "fault", "twice"), "wall and floor", "gradient in place of scripted 1, of which 3 grounds"),
    ],
)
def test_the_first_ground_that_passes_is_taken_else_the_best_else_a_gradient(
    tmp_path: Path, split: bool, grounds: tuple[Any, ...], condition: str, note: str | None
) -> None:
    about = Provenance("scripted 1", "abc", 4, paints_things="twice" in grounds)
    table = finished(tmp_path, Scripted(*grounds), planned("a@120x120"), split=split, about=about)
    (row,) = table.drop_columns(["pixels", "subject_map"]).to_pylist()
    assert row["status"] == "ok" and row["condition"].startswith(condition)
    of_ground = [text for text in row["notes"] or () if "painted" in text or "in place of" in text]
    assert [note is not None and note in text for text in of_ground] == [True] * (note is not None)
    assert Path(row["background"]["uri"]).exists()
    assert (row["painter"], row["painter_sha"], row["steps"]) == (
        ("gradient", None, None) if condition.startswith("wall") else ("scripted 1", "abc", 4)
    )
    assert not {schema.PRODUCT, schema.UNSEEN} & set(table.column_names)


@pytest.mark.parametrize("split", [False, True])
def test_who_can_not_be_painted_at_all_is_failed_and_its_neighbours_are_not(tmp_path: Path, split: bool) -> None:
    class Once(Scripted):
        def paint(self, scenes: list[Any]) -> list[Painted | Fault]:
            bad = seed_of(7, "b@120x120")
            return [
                Fault("no_scene", "no") if s.seed == bad else Painted(np.full((9, 9, 3), 255, np.uint8)) for s in scenes
            ]

    table = finished(tmp_path, Once(255), planned("a@120x120", "b@120x120", "c@120x120"), split=split)
    rows = table.drop_columns(["pixels", "subject_map"]).to_pylist()
    assert [row["status"] for row in rows] == ["ok", "failed", "ok"]
    assert (rows[1]["error"]["stage"], rows[1]["error"]["kind"]) == ("paint", "no_scene")
    assert [row["background"] is None for row in rows] == [False, True, False]


def test_a_stage_without_a_painter_leaves_what_does_not_pass_and_takes_no_product(tmp_path: Path) -> None:
    scenes = PosterScenes(Storage(), 7, 0.8, (10**7, 10**7))
    limits = FinishLimits(tries=3, contrast=7, batch=2, side=SIDE, quality=92)
    painted = Paint(scenes, lambda: (Scripted(GREY), ABOUT), 2)(planned("a@120x120"))
    other = Finishing(GradientPainter(), Provenance("gradient"))
    table = FinishGrounds(Storage(), str(tmp_path), scenes, limits, lambda: other, None)(painted)
    assert table.column("background").null_count == 1 and table.column(schema.UNSEEN).null_count == 0
    assert schema.PRODUCT in table.column_names


def test_a_photo_is_decoded_for_painters_that_look_at_it_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    decoded: list[int] = []
    decode = images.decode_jpeg
    monkeypatch.setattr(images, "decode_jpeg", lambda data: decoded.append(1) or decode(data))
    finished(tmp_path, Scripted(255), planned("a@120x120"))
    assert not decoded
    finished(tmp_path, BlurredPainter(), planned("a@120x120"))
    assert decoded


def test_rows_that_keep_their_photo_have_null_columns() -> None:
    table = planned("a@120x120")
    table = table.set_column(table.schema.get_field_index("cut_out"), "cut_out", pa.nulls(1, pa.string()))
    assert cleared(table).column("background").null_count == 1
