import pytest

from layoutgen.core.covers.protection import Zone
from layoutgen.core.gallery import rows as gallery_rows
from layoutgen.core.gallery.rows import FIELDS


def element(role="title", text="新品", **changes):
    return {"role": role, "text": text, "box": [0.1, 0.2, 0.5, 0.3], "lines": [text] if text else [],
            "font_px": 60 * bool(text), "underlay": None, "z": 1, **changes}  # fmt: skip


def row(**changes):
    return {
        "row_id": "p1@1080x1080",
        "product_id": "p1",
        "canvas": "1080x1080",
        "canvas_width": 1080,
        "canvas_height": 1080,
        "title": "新品",
        "composer": "rules-1",
        "contrast": 12.0,
        "subject_covered": 0.0,
        "status": "ok",
        "elements": [element()],
        "run_id": "r",
        **changes,
    }


def line(found, preview=True):
    return dict(zip(FIELDS, gallery_rows.line(found, ["r", "older"], preview), strict=True))


def test_a_layout_that_lacks_nothing_scores_a_hundred_and_faults_cost():
    best = gallery_rows.score(row())
    assert best == 100
    for worse in (
        row(contrast=3.5),
        row(subject_covered=0.5),
        row(elements=[element(font_px=26)]),
        row(elements=[element(font_px=10)]),
        row(title="another"),
        row(elements=[element(), element("price", "9")]),
        row(elements=[element(box=[0.5, 0.5, 1.2, 0.6])]),
    ):
        assert gallery_rows.score(worse) < best


def test_what_a_row_does_not_say_has_no_weight():
    bare = {"row_id": "x", "elements": [{"role": "other", "box": [0, 0, 0.5, 0.5], "text": ""}]}
    assert gallery_rows.score(bare) == 100
    assert gallery_rows.score({"row_id": "x", "elements": None}) is None
    assert gallery_rows.score(row(contrast=float("nan"))) == 100


def test_a_line_has_what_the_page_filters_by():
    found = line(row(elements=[element(), element("price", "￥9", box=[0.1, 0.5, 0.3, 0.6]),
                               element("underlay", "", box=[0, 0, 1, 0.4])], run_id="older"))  # fmt: skip
    assert found["roles"] == ["title", "price"]
    assert (found["elements"], found["smallest"], found["text"]) == (2, 60, "￥9")
    assert (found["status"], found["run"], found["preview"]) == ("ok", 1, True)


@pytest.mark.parametrize(("accepted", "status"), [(None, "ok"), (True, "accepted"), (False, "refused")])
def test_the_acceptance_check_is_a_status(accepted, status):
    found = line(row(accepted=accepted, reasons=["face_touched: 0.2 of a face"]))
    assert (found["status"], found["kind"]) == (status, "face_touched")


def test_a_failed_row_of_a_table_has_its_reason_and_no_preview():
    failed = row(status="failed", elements=None, error={"stage": "fetch", "kind": "not_found", "message": "gone"})
    found = line(failed)
    assert (found["status"], found["kind"], found["score"], found["preview"]) == (
        "failed",
        "fetch/not_found",
        None,
        False,
    )
    assert gallery_rows.details(failed, None) == {"message": "gone"}


def test_a_dead_letter_has_its_reason_and_what_is_known_of_its_product():
    dead = {"row_id": "p@9x16", "canvas": "9x16", "stage": "place", "kind": "no_room", "message": "too long",
            "input_row": '{"title": "花瓶"}', "run_id": "r"}  # fmt: skip
    found = dict(zip(FIELDS, gallery_rows.dead_line(dead, ["r"]), strict=True))
    assert (found["status"], found["kind"], found["title"]) == ("failed", "place/no_room", "花瓶")
    assert (found["width"], found["height"]) == (9, 16)
    assert gallery_rows.dead_details(dead) == {"message": "too long"}


def test_a_dead_letter_may_lack_everything():
    found = dict(zip(FIELDS, gallery_rows.dead_line({"input_row": "{broken"}, ["r"]), strict=True))
    assert (found["row_id"], found["title"], found["kind"], found["width"]) == ("", "", "failed", 1)


def test_the_subject_stands_where_the_photo_lies_on_the_canvas():
    framing = {"crop": [0.0, 0.0, 0.5, 1.0], "picture": [0.5, 0.0, 1.0, 1.0]}
    assert gallery_rows.on_canvas([0.25, 0.5, 1.0, 1.0], framing) == [0.75, 0.5, 1.0, 1.0]
    assert gallery_rows.on_canvas([0.6, 0.0, 1.0, 1.0], framing) is None
    assert gallery_rows.on_canvas(None, framing) is None
    found = gallery_rows.protected({**framing, "subject_box": [0.0, 0.0, 0.5, 1.0], "faces": [[0.1, 0.0, 0.2, 0.5]],
                                    "text_lines": [{"box": [0.7, 0.0, 0.9, 1.0]}]})  # fmt: skip
    assert found == [
        {"kind": "subject", "box": [0.5, 0.0, 1.0, 1.0]},
        {"kind": "face", "box": [0.6, 0.0, 0.7, 0.5]},
    ]


def test_safe_zones_are_those_of_the_canvas():
    badge, strip = Zone("badge", (0.8, 0.9, 1, 1)), Zone("strip", (0.9, 0.4, 1, 0.8))
    zones = {"1:1": (badge,), "9:16": (badge, strip)}
    assert [one["name"] for one in gallery_rows.zones(zones, "1080x1920")] == ["badge", "strip"]
    assert gallery_rows.zones(zones, "1080x1080") == [{"name": "badge", "box": [0.8, 0.9, 1, 1]}]
    assert gallery_rows.zones(zones, "odd") == gallery_rows.zones({}, "1080x1080") == []


def test_details_keep_what_is_drawn_and_drop_what_is_not_there():
    found = gallery_rows.details(
        row(suggestion=[{"role": "title", "text": "新品", "box": [0, 0, 1, 1]}, {"role": "logo", "box": [0, 0, None]}],
            safe_zones=[{"name": "avatar", "box": [0.8, 0, 1, 1]}, [0, 0, 0.1, 0.1], "?"], notes=["no 🔥"]),
        "no object",
    )  # fmt: skip
    assert [one["box"] for one in found["suggestion"]] == [[0, 0, 1, 1]]
    assert found["zones"] == [{"name": "avatar", "box": [0.8, 0, 1, 1]}, {"name": "", "box": [0, 0, 0.1, 0.1]}]
    assert (found["notes"], found["fault"]) == (["no 🔥"], "no object")
    assert "reasons" not in found
    assert "underlay" not in found["elements"][0]


def test_underlays_in_shapes_come_with_their_outline_and_what_can_not_be_drawn_without():
    burst = element("underlay", "", box=[0.1, 0.1, 0.5, 0.3], shape="burst", gradient="#ff0000", gradient_angle=90)
    plain = element("underlay", "", box=[0, 0, 1, 1], shape="rounded", gradient="", tracking=0.0, strike=False)
    odd = element("underlay", "", box=[0, 0, 1, 1], shape="cloud")
    ground = {"kind": "cut_out", "edge": "straight", "blend": "cut_out", "scrims": []}
    details = gallery_rows.details(row(elements=[burst, plain, odd], ground=ground, style_used="bold_sale"), None)
    shaped, rounded, unknown = details["elements"]
    assert shaped["path"].startswith("M") and shaped["path"].endswith("Z")
    assert shaped["gradient_line"] == [324.0, 108.0, 324.0, 324.0]
    assert {"path", "shape", "gradient", "tracking", "strike"}.isdisjoint(rounded)
    assert "path" not in unknown
    assert (details["ground"], details["style"]) == ("cut out", "bold_sale")


def test_a_layout_is_known_again_by_its_digest_whatever_run_and_name_it_has():
    digest = gallery_rows.digest(row())
    assert len(digest) == 12
    assert gallery_rows.digest(row(run_id="another", row_id="x", notes=["n"], score=1)) == digest
    assert gallery_rows.digest(row(canvas_width=999)) != digest
    assert gallery_rows.digest(row(elements=[element(box=[0.1, 0.1, 0.2, 0.2])])) != digest
