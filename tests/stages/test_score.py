import numpy as np
import pyarrow as pa
import pytest

from layoutgen.config.jobs import ScoreSettings
from layoutgen.core import schema
from layoutgen.core.brands.brand import Brand, Tone
from layoutgen.core.brands.kits import BrandKit, BrandKits
from layoutgen.core.layout import Role
from layoutgen.core.metrics.definitions import METRICS
from layoutgen.io.storage import Storage
from layoutgen.models.critics.network import Critic
from layoutgen.stages.brand_checks import BrandChecks
from layoutgen.stages.score import Score
from tests.drawn import encoded, photo

FONT = "NotoSansSC-Bold"


class HalfSubject:
    """A fake finder of subjects: always the right half."""

    def saliency(self, images):
        maps = [np.zeros(image.shape[:2], np.float32) for image in images]
        for found in maps:
            found[:, found.shape[1] // 2 :] = 1
        return maps


def title(box=(0.05, 0.1, 0.45, 0.2), **changes):
    return {"role": "title", "text": "Vase", "box": list(box), "lines": ["Vase"], "font": FONT, "font_px": 40,
            "line_height_px": 52, "colour": "#1c1c1e", "alignment": "left", "opacity": 1.0, "radius_px": 0, "z": 2,
            **changes}  # fmt: skip


def row(image, *elements, **changes):
    return {"row_id": "v@600x800", "product_id": "v", "canvas": "600x800", "canvas_width": 600, "canvas_height": 800,
            "title": "Vase", "selling_points": [], "image": image, "crop": [0, 0, 1, 1], "picture": [0, 0, 1, 1],
            "backdrop": "#ffffff", "application": "poster", "elements": list(elements), **changes}  # fmt: skip


def scored(*rows, kind=schema.LAYOUTS, critic=None, **settings):
    stage = Score(Storage(attempts=1), HalfSubject(), ScoreSettings(**settings), "", critic=critic)
    return stage.add(pa.Table.from_pylist(list(rows), schema=kind)).to_pylist()


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "vase.jpg"
    path.write_bytes(encoded(photo(600, 800)))
    return str(path)


def test_a_good_layout_scores_well(image):
    (found,) = scored(row(image, title()))
    assert found["exclusions"] == []
    assert found["own_violated"] == []
    assert found["ralf_occlusion"] == found["own_product_occlusion"] == 0
    assert found["own_contrast"] > 4.5
    assert found["own_count_error"] == found["own_overflow"] == 0
    assert found["own_smallest_font"] == 40
    assert found["pku_val"] == found["pku_compat_val"] == 1


def test_text_on_the_subject_is_seen_by_all_protocols(image):
    (found,) = scored(row(image, title((0.55, 0.1, 0.95, 0.2))))
    for name in ("pku_occ", "pku_compat_occ", "ralf_occlusion", "own_product_occlusion"):
        assert found[name] == pytest.approx(1, abs=0.01), name
    assert found["element_scores"][0]["occlusion"] == pytest.approx(1, abs=0.01)


def test_the_judge_sends_back_text_on_the_subject_and_words_that_are_split(image):
    sound, on_it, split, unseen = scored(
        row(image, title()),
        row(image, title((0.55, 0.1, 0.95, 0.2))),
        row(image, title(lines=["Va", "se"])),
        row("/nowhere/gone.jpg", title()),
    )
    assert [found["own_sent_back"] for found in (sound, on_it, split, unseen)] == [0, 1, 1, None]
    assert sound["own_objections"] + 1 <= split["own_objections"] < on_it["own_objections"]
    assert unseen["own_objections"] is None


def test_the_critic_prefers_a_text_beside_the_subject_and_is_not_asked_where_there_is_no_photo(image):
    rows = row(image, title(font_px=60)), row(image, title((0.55, 0.1, 0.95, 0.2), font_px=60)), row(None, title())
    beside, on_it, unseen = scored(*rows, critic=Critic())
    assert beside["own_critic"] > on_it["own_critic"]
    assert unseen["own_critic"] is None
    assert scored(rows[0])[0]["own_critic"] is None


def test_every_row_stays_and_has_every_column(image):
    rows = [
        row(image, title()),
        row(image),
        row("/nowhere/gone.jpg", title()),
        row(None, title()),
        row(image, title(font="Unknown-Bold")),
        row(image, title((float("nan"), 0, 1, 1))),
        {"row_id": "bare"},
    ]
    found = scored(*rows)
    assert [one["row_id"] for one in found] == [one["row_id"] for one in rows]
    for one in found:
        assert set(METRICS) <= set(one)
        assert all(one[name] is None or np.isfinite(one[name]) for name in METRICS)
    assert [one["exclusions"] for one in found] == [
        [],
        [],
        ["image_not_found"],
        ["no_image"],
        ["font_unknown"],
        ["element_box_not_finite"],
        ["no_elements", "no_image", "no_copy"],
    ]
    assert found[2]["ralf_occlusion"] is None
    assert found[2]["ralf_alignment"] == 0
    assert found[1]["pku_val"] is None


def test_a_broken_image_is_an_exclusion_with_its_reason(tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"no image")
    (found,) = scored(row(str(tmp_path / "x.jpg"), title()))
    assert found["exclusions"] == ["image_not_an_image"]


def test_without_content_no_photo_is_asked_for():
    (found,) = scored(row("/nowhere/gone.jpg", title()), content=False)
    assert found["exclusions"] == []
    assert found["ralf_occlusion"] is None
    assert found["own_overflow"] == 0


def test_the_composers_boxes_are_measured_before_they_were_clamped(image):
    suggestion = [{"role": "title", "text": "Vase", "box": [-0.2, 0.1, 0.4, 0.2]}]
    (found,) = scored(row(image, title(), suggestion=suggestion))
    assert (found["own_out_of_canvas"], found["own_out_of_canvas_weight"]) == (1, 1)


def test_covers_are_measured_as_covers_with_their_acceptance(image):
    rows = [row(image, title(), application="video_cover", accepted=True), row(image, title(), accepted=True)]
    cover, poster = scored(*rows)
    assert (cover["cover_overlap"], cover["cover_accepted"]) == (0, 1)
    assert poster["cover_overlap"] is poster["cover_accepted"] is None


def test_scoring_again_replaces_the_scores(image):
    stage = Score(Storage(attempts=1), HalfSubject(), ScoreSettings(content=False), "")
    once = stage.add(pa.Table.from_pylist([row(image, title())], schema=schema.LAYOUTS))
    assert stage.add(once).equals(once)


def test_a_shard_is_written_and_reported(tmp_path, image):
    import pyarrow.parquet as pq

    rows = [row(image, title(), row_id=f"v{i}") for i in range(3)]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema.LAYOUTS), tmp_path / "in.parquet")
    stage = Score(Storage(), HalfSubject(), ScoreSettings(content=False), str(tmp_path / "scores"))
    places = pa.table({"uri": [str(tmp_path / "in.parquet")] * 2, "row": [2, 0], schema.SHARD: [4, 4]})
    (report,) = stage(places).to_pylist()
    written = pq.read_table(tmp_path / "scores" / "part-00004.parquet")
    assert written.column("row_id").to_pylist() == ["v2", "v0"]
    assert '"rows": 2' in report["report"]


def test_rows_are_held_against_their_brands_kits_and_others_are_not(image):
    brand = Brand("nordlys", ("Nordlys",), colours={"text": ("#0b1f3a",)}, tone=Tone({Role.TITLE: "upper"}))
    checks = BrandChecks(Storage(attempts=1), BrandKits.of((BrandKit(brand),)))
    stage = Score(Storage(attempts=1), HalfSubject(), ScoreSettings(content=False), "", checks)
    rows = [
        row(image, title(), brand="Nordlys"),
        row(image, title(text="VASE", lines=["VASE"], colour="#0b1f3a"), brand="nord lys"),
        row(image, title(), brand="Haus"),
        row(image, brand="nordlys") | {"elements": None},
    ]
    found = stage.add(pa.Table.from_pylist(rows, schema=schema.LAYOUTS)).to_pylist()
    assert [each["brand_violated"] for each in found] == [["colour", "tone"], [], None, None]
    assert [each["own_brand_violations"] for each in found] == [1.0, 0.0, None, None]
    assert [each["own_brand_violations_weight"] for each in found] == [2, 2, 0, 0]


def test_the_held_out_judge_looks_at_the_photo_and_objects_to_other_things(image):
    sound, faint, unseen = scored(
        row(image, title()), row(image, title(colour="#e6e6e6")), row("/nowhere/gone.jpg", title())
    )
    assert sound["own_second_objections"] < 2
    assert faint["own_second_objections"] > sound["own_second_objections"] + 1
    assert unseen["own_second_objections"] is None
    assert sound["own_hierarchy"] is not None
