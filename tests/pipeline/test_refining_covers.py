"""jobs.refine over a table of covers: edits kept, carried to other ratios within the acceptance check, and nights that
keep them."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs import refine
from layoutgen import tables
from layoutgen.config.base import Pool
from layoutgen.core.covers.protection import SAFE_ZONES
from layoutgen.core.layout import intersection
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.evaluation.review_room import open_room
from layoutgen.io.storage import Storage
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import write_manifest
from tests.pipeline.test_covers import run_covers, settings

pytestmark = pytest.mark.slow
RATIOS = {"3:4": "540x720", "16:9": "960x540", "9:16": "540x960"}
WHO = {"annotator": "Mei", "time": "2026-11-30T12:00:00Z"}


class Shop:
    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, str(folder / "covers")
        (folder / "wide.jpg").write_bytes(encoded(photo(1200, 600)))
        self.rows = [
            {"product_id": p, "cover": "wide.jpg", "title": f"Seven vases {p}", "subtitle": "For spring",
             "ratios": [*RATIOS]} for p in "ab"
        ]  # fmt: skip
        self.night()

    def night(self) -> dict[str, Any]:
        return run_covers(settings(), write_manifest(self.folder, self.rows), self.root)

    def table(self) -> dict[str, dict[str, Any]]:
        return {row["row_id"]: row for row in tables.read(self.root).to_pylist()}

    def refine(self, capsys: pytest.CaptureFixture[str], *decisions: dict[str, Any]) -> dict[str, Any]:
        before = self.table()
        lines = [{**WHO, "run_id": before[each["row_id"]]["run_id"], **each} for each in decisions]
        file = self.folder / "feedback.jsonl"
        file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
        capsys.readouterr()
        assert refine.main(["--layouts", self.root, "--feedback", str(file)], in_process) == 0
        return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def elements_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": e["role"], "text": e["text"], "was": i, "box": e["box"]} for i, e in enumerate(row["elements"])]


def zones(row: dict[str, Any]) -> list[Any]:
    ratio = next(ratio for ratio, canvas in RATIOS.items() if row["canvas"] == canvas)
    return [zone.box for zone in SAFE_ZONES[ratio]]


def test_an_instruction_is_carried_to_the_other_ratios_within_the_check_and_nights_keep_it(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    before = shop.table()
    asked = {"row_id": f"a@{RATIOS['3:4']}", "decision": "reject", "instruction": "标题小一点, subtitle in blue"}
    summary = shop.refine(capsys, asked)
    after = shop.table()
    assert summary["refined"] == 3 and summary["refused"] == {}
    for row_id, row in after.items():
        if row_id[0] == "b":
            assert row == before[row_id]
            continue
        assert (row["accepted"], row["reasons"]) == (True, []), row["notes"]
        assert row["elements"] != before[row_id]["elements"] and row["notes"][-1].startswith("refined")
        assert not any(intersection(e["box"], zone) > 1e-6 for e in row["elements"] for zone in zones(row))
    assert shop.night()["unchanged"] == 6 and shop.table() == after
    shop.rows[0]["title"] = "Eight vases a"
    assert shop.night()["computed"] == 3
    anew = shop.table()
    for row_id in (row_id for row_id in anew if row_id[0] == "a"):
        assert anew[row_id]["refinement"] == after[row_id]["refinement"] and anew[row_id]["accepted"]
        assert any(note.startswith("refined") for note in anew[row_id]["notes"])


def test_an_edit_is_kept_exactly_with_the_checks_verdict_and_spoils_no_other_cover(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    before = shop.table()
    own = before[f"a@{RATIOS['16:9']}"]
    play = next(zone.box for zone in SAFE_ZONES["16:9"] if zone.name == "play_button")
    middle = (play[0] + play[2]) / 2, (play[1] + play[3]) / 2
    elements = elements_of(own)
    title = next(e for e in elements if e["role"] == "title")
    half = [(title["box"][k + 2] - title["box"][k]) / 2 for k in (0, 1)]
    title["box"] = [middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1]]
    shop.refine(capsys, {"row_id": own["row_id"], "decision": "edit", "elements": elements})
    after = shop.table()
    edited = after[own["row_id"]]
    placed = next(e for e in edited["elements"] if e["role"] == "title")
    assert placed["box"] == pytest.approx(title["box"], abs=1e-6)
    assert not edited["accepted"] and any(reason.startswith("safe_zone") for reason in edited["reasons"])
    assert any("though it does not keep zone play_button" in note for note in edited["notes"])
    others = [after[row_id] for row_id in after if row_id != own["row_id"]]
    assert all(row["accepted"] for row in others)


def test_a_served_gallery_shows_them(shop: Shop) -> None:
    page = str(shop.folder / "page")
    drawn = {"run_id": None, "limit": 9, "side": 200, "font_files": (), "pool": Pool()}
    run_gallery(Storage(), shop.root, page, **drawn, stream=in_process)
    files = (f"{page}/feedback.jsonl", f"{page}/preferences.jsonl")
    room = open_room(Storage(), shop.root, page, *files, run_id=None, limit=9)
    row, words = shop.table()[f"a@{RATIOS['3:4']}"], "subtitle at the bottom"
    of = {"row_id": row["row_id"], "run_id": row["run_id"]}
    room.write({"decisions": [{**WHO, **of, "decision": "reject", "instruction": words}]})
    keys = room.carried({"annotator": "Mei"})["rows"]
    assert keys.keys() == {f"a@{canvas}" for canvas in RATIOS.values()}
    assert room.carried_picture(row["row_id"], keys[row["row_id"]], "100")[:4] == b"\x89PNG"
    answer = room.refine({"row_id": row["row_id"], "instruction": words, "elements": elements_of(row)})
    assert answer["done"] == ["subtitle to the bottom"]
