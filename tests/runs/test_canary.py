"""A canary: some products are made with other settings, each row says which, and what becomes of it later."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs import evaluate
from layoutgen.config.base import parse
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.core.arms import CANARY, arm_of
from layoutgen.core.errors import Refusal
from layoutgen.pipelines import run_annotations, run_covers
from layoutgen.runs.canary import together
from layoutgen.streaming import Step, in_process
from tests.chaos.quick import SETTINGS
from tests.drawn import encoded, photo
from tests.pipeline.runs import published, write_manifest
from tests.runs.test_run import Table

SHARE = 0.4
TRIAL = """
[input]
short_side = 320
[images]
side = 64
[annotate]
engine = "none"
[place]
margin = 0.09
"""


def trying(folder: Path, text: str = TRIAL, share: float = SHARE) -> LayoutsConfig:
    """Settings with a canary whose settings are this TOML."""
    file = folder / "trial.toml"
    file.write_text(text)
    canary = {"settings": str(file), "share": share}
    return LayoutsConfig.model_validate(SETTINGS.model_dump() | {"canary": canary})


PROMOTED = SETTINGS.model_copy(update={"place": SETTINGS.place.model_copy(update={"margin": 0.09})})


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path, 8)


def _in_canary(count: int = 8, share: float = SHARE) -> set[str]:
    return {f"p{i}" for i in range(count) if arm_of(f"p{i}", share)}


def _arms(table: Table) -> dict[str, str | None]:
    return {key: row["arm"] for key, row in table.published().items()}


def test_a_share_of_the_products_is_made_with_other_settings_and_says_so(table: Table) -> None:
    table.night(run_id="a")
    before = table.published()
    inside = _in_canary()
    assert 0 < len(inside) < 8
    done = table.night(run_id="b", config=trying(table.folder))
    assert (done["computed"], done["unchanged"]) == (len(inside), 8 - len(inside))
    assert {key for key, arm in _arms(table).items() if arm == CANARY} == inside
    after = table.published()
    assert {key for key in after if after[key]["fingerprint"]["place"] != before[key]["fingerprint"]["place"]} == inside
    assert {key: after[key] for key in after.keys() - inside} == {key: before[key] for key in after.keys() - inside}
    assert {name: (arm["published"], arm["failed"]) for name, arm in done["arms"].items()} == {
        "canary": (len(inside), 0),
        "run": (8 - len(inside), 0),
    }
    assert table.night(config=trying(table.folder))["computed"] == 0


def test_rows_of_the_canary_are_those_that_its_settings_make_for_all(table: Table, tmp_path: Path) -> None:
    table.night(config=trying(table.folder))
    other = Table(tmp_path / "other", 0)
    other.folder.mkdir()
    other.rows = [row | {"image": str(table.folder / row["image"])} for row in table.rows]
    config = PROMOTED.model_copy(
        update={"input": PROMOTED.input.model_copy(update={"allowed_prefixes": (str(table.folder),)})}
    )
    other.night(config=config)
    mine, theirs = table.published(), other.published()
    for key in _in_canary():
        for name in ("elements", "crop", "picture", "suggestion"):
            assert mine[key][name] == theirs[key][name]


def test_promoting_computes_the_others_and_rolling_back_computes_the_canary(table: Table) -> None:
    table.night(run_id="a", config=trying(table.folder))
    inside = _in_canary()
    promoted = table.night(run_id="b", config=PROMOTED)
    assert promoted["changes"]["update"] == 8
    assert set(_arms(table).values()) == {None}
    layouts = {key: row["elements"] for key, row in table.published().items()}
    table.night(run_id="c", config=trying(table.folder))
    assert {key: table.published()[key]["elements"] for key in inside} == {key: layouts[key] for key in inside}
    back = table.night(run_id="d")
    assert (back["computed"], back["unchanged"]) == (len(inside), 8 - len(inside))
    assert set(_arms(table).values()) == {None}


def test_a_larger_share_holds_the_smaller_one(table: Table) -> None:
    table.night(config=trying(table.folder))
    more = table.night(config=trying(table.folder, share=0.8))
    assert _in_canary() < _in_canary(share=0.8)
    assert more["computed"] == len(_in_canary(share=0.8)) - len(_in_canary())


def test_shares_are_what_they_say() -> None:
    inside = sum(arm_of(f"product-{i}", 0.05) is not None for i in range(20_000))
    assert 900 < inside < 1100, "five standard deviations of 20,000 draws are 154"


def test_what_fails_is_counted_by_arm(table: Table) -> None:
    for row in table.rows:
        row["image"] = "gone.jpg" if row["product_id"] in _in_canary() else row["image"]
    table.night(config=trying(table.folder))
    table.rows[0]["title"] += " new"
    done = table.night(config=trying(table.folder))
    assert done["arms"]["run"]["failed"] == 0
    assert done["arms"]["canary"] == {"published": 0, "failed": len(_in_canary()), "objections": None}


def test_an_evaluation_is_parted_by_arm(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    table.night(config=trying(table.folder))
    settings = table.folder / "evaluate.toml"
    settings.write_text("[score]\ncontent = false\n[report]\nresamples = 100\nworst = 0\n")
    output = table.folder / "evaluation"
    asked = ["--layouts", str(table.root), "--output", str(output), "--config", str(settings)]
    assert evaluate.main(asked, in_process) == 0
    capsys.readouterr()
    groups = json.loads((output / "report.json").read_text())["groups"]["arm"]
    assert {name: group["rows"] for name, group in groups.items()} == {
        "canary": len(_in_canary()),
        "(none)": 8 - len(_in_canary()),
    }


OF_COVERS = """
[input]
canvases = ["3:4"]
short_side = 320
application = "video_cover"
[images]
side = 160
[protect]
engine = "none"
saliency = { model = "border" }
"""
OF_POSTERS = """
[images]
side = 96
[annotate]
engine = "none"
saliency = { model = "border" }
"""
TRIED = {"covers": OF_COVERS + "[place]\nmargin = 0.09\n", "annotations": OF_POSTERS.replace("96", "64")}
JOBS = {
    "covers": (CoversConfig, run_covers, OF_COVERS, "place"),
    "annotations": (AnnotateConfig, run_annotations, OF_POSTERS, "annotate"),
}


@pytest.mark.parametrize("kind", JOBS)
def test_covers_and_annotations_have_canaries_too(tmp_path: Path, kind: str) -> None:
    config, run, own, stage = JOBS[kind]
    (tmp_path / "a.jpg").write_bytes(encoded(photo(96, 128)))
    image = "cover" if kind == "covers" else "image"
    rows = [{"product_id": f"p{i}", image: "a.jpg", "title": f"Vase {i}"} for i in range(8)]
    source, output = write_manifest(tmp_path, rows), str(tmp_path / "out")
    (tmp_path / "trial.toml").write_text(TRIED[kind])
    canary = f'[canary]\nsettings = "{tmp_path / "trial.toml"}"\nshare = {SHARE}\n'

    def night(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        settings = parse(config, (text + "[run]\nmax_failed_fraction = 1.0\n").encode(), "test")
        done = run(settings, source, output, stream=in_process)
        return done, {row["row_id"]: row for row in published(output)}

    _, before = night(own)
    done, after = night(own + canary)
    inside = {key for key, row in after.items() if row["arm"] == CANARY}
    assert {after[key]["product_id"] for key in inside} == _in_canary()
    assert (done["computed"], done["unchanged"]) == (len(inside), 8 - len(inside))
    assert {key for key in after if after[key]["fingerprint"][stage] != before[key]["fingerprint"][stage]} == inside
    assert done["arms"]["canary"]["published"] == len(inside)
    promoted, all_of_it = night(TRIED[kind])
    assert promoted["computed"] + promoted["unchanged"] == 8
    assert {row["arm"] for row in all_of_it.values()} == {None}
    assert [all_of_it[key]["fingerprint"] for key in inside] == [after[key]["fingerprint"] for key in inside]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRIAL.replace("short_side = 320", "short_side = 640"), "input = .*all rows of a table share"),
        (TRIAL + "[render]\nformats = ['webp']\n", r"render.formats = \('webp',\) there and \(\) in the run"),
        (TRIAL + "[style]\nvariants = 2\n", "style.variants = 2 there and 1 in the run"),
    ],
)
def test_what_all_rows_share_can_not_be_tried_on_some(table: Table, text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        table.night(config=trying(table.folder, text))


def test_a_file_that_is_none_is_refused_by_name(table: Table) -> None:
    with pytest.raises(Refusal, match=r"canary\.settings = .*trial\.toml: unknown key place\.margins"):
        table.night(config=trying(table.folder, "[place]\nmargins = 1\n"))
    with pytest.raises(Refusal, match=r"canary\.settings = 'gone\.toml': no config file at gone\.toml"):
        table.night(config=LayoutsConfig.model_validate({"canary": {"settings": "gone.toml"}}))


@pytest.mark.parametrize(
    ("own", "other", "wanted"),
    [
        ("abc", "abc", ["a", "a_canary", "b", "b_canary", "c", "c_canary"]),
        ("ac", "abc", ["a", "a_canary", "b_canary", "c", "c_canary"]),
        ("abc", "ac", ["a", "a_canary", "b", "c", "c_canary"]),
        ("ab", "abcd", ["a", "a_canary", "b", "b_canary", "c_canary", "d_canary"]),
    ],
)
def test_stages_stand_in_one_order(own: str, other: str, wanted: list[str]) -> None:
    def steps(names: str) -> list[Any]:
        return [Step(name, lambda: lambda rows: rows, SETTINGS.load.pool) for name in names]

    assert [step.name for step in together(steps(own), steps(other))] == wanted
