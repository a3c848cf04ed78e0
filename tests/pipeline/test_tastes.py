"""The loop of tastes: nights that serve variants, what is said of them, a head, the gate, and the nights after."""

import json
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import adapters, evaluate, taste
from layoutgen.core.arms import arm_of
from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.core.manifest.keys import first_variant
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition, Fault
from tests.chaos import quick
from tests.drawn import encoded, photo
from tests.pipeline.runs import published, write_manifest

TOPS = (0.05, 0.4, 0.75)
"""Where the title of each variant stands."""


class Heights:
    """A composer whose variants have their title at other heights."""

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return a composition for each brief."""
        return [self._one(brief) for brief in briefs]

    def _one(self, brief: Brief) -> Composition:
        top = TOPS[brief.variant]
        title = Suggestion(Role.TITLE, (0.1, top, 0.9, top + 0.15), brief.copy.title)
        return Composition(Framing(picture=(0.4, 0.4, 0.6, 0.6), backdrop="#ddeeff"), (title,))


def heights(*_: Any) -> tuple[Heights, dict[str, Any]]:
    """What `composers.composer` returns."""
    return Heights(), {"composer": "heights-1", "adapter": None, "prompt_version": None, "seed": 0}


class Shop:
    """A shop of two brands: Aria likes titles at the top, Bold at the bottom."""

    def __init__(self, folder: Path, products: int = 16) -> None:
        self.folder, self.output, self.heads = folder, str(folder / "layouts"), str(folder / "heads")
        self.likes = {"Aria": 0, "Bold": 2}
        folder.mkdir(exist_ok=True)
        (folder / "a.jpg").write_bytes(encoded(photo(48, 64)))
        self.goods = [
            {"product_id": f"{brand}{n}", "image": "a.jpg", "title": "Vase", "brand": brand}
            for brand in ("Aria", "Bold") for n in range(products)
        ]  # fmt: skip

    def night(self, **serve: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        config = quick.SETTINGS.model_copy(
            update={
                "style": quick.SETTINGS.style.model_copy(update={"variants": len(TOPS), "use": "plain"}),
                "repair": quick.SETTINGS.repair.model_copy(update={"rounds": 0}),
                "serve": quick.SETTINGS.serve.model_copy(update={"variants": True, "registry": self.heads, **serve}),
            }
        )
        summary = quick.night(write_manifest(self.folder, self.goods), self.output, config=config, composer=heights)
        return summary, published(self.output)

    def rows(self) -> list[dict[str, Any]]:
        from layoutgen.io.tables import published_runs

        return list(published_runs.read(Storage(), self.output).to_pylist())

    def decide(self, name: str = "feedback.jsonl") -> str:
        lines = [
            {
                "row_id": row["row_id"], "run_id": row["run_id"], "annotator": row["brand"],
                "decision": "adopt" if row["variant"] == self.likes[row["brand"]] else "reject",
                "time": "2026-01-01T00:00:00Z",
            }
            for row in self.rows()
        ]  # fmt: skip
        lines.append({**lines[0], "row_id": "nobody@320x320"})
        path = self.folder / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return str(path)

    def learn(self, *more: str) -> int:
        return taste.main(["--layouts", self.output, "--registry", self.heads, "--feedback", self.decide(), *more])


def served(rows: list[dict[str, Any]]) -> dict[str, list[int]]:
    """By brand, the variants that are served; of each canvas one is, and its propensities sum to 1."""
    canvases: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        canvases[first_variant(row["row_id"])].append(row)
    found = defaultdict(list)
    for of_canvas in canvases.values():
        assert sum(row["propensity"] for row in of_canvas) == pytest.approx(1)
        (one,) = [row for row in of_canvas if row["served"]]
        found[one["brand"]].append(one["variant"])
    return found


def summary_of(capsys) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out.strip().splitlines()[-1]))


def test_what_brands_prefer_is_served_the_next_night_and_a_rollback_takes_it_back(tmp_path, capsys) -> None:
    shop = Shop(tmp_path)
    _, first = shop.night()
    assert {row["served_by"] for row in first} == {"even"}
    assert set(served(first)["Aria"]) == {0, 1, 2}
    capsys.readouterr()
    assert shop.learn() == 0
    learnt = summary_of(capsys)
    assert learnt["promoted"]
    assert (learnt["evidence"], learnt["dropped"]) == ({"decision": len(first)}, {"unknown_row": 1})

    summary, second = shop.night(head="registry:taste")
    assert (summary["computed"], summary["unchanged"]) == (0, len(first)), "rows are served anew, not computed anew"
    variants = served(second)
    assert variants["Aria"].count(0) >= 12
    assert variants["Bold"].count(2) >= 12
    assert {row["served_by"] for row in second} == {learnt["version"]}
    again, third = shop.night(head="registry:taste")
    assert third == second, "the same head serves the same variants"
    assert again["changes"]["update"] == 0

    assert shop.learn() == 0, "the same evidence is the same head, which serves already"
    shop.goods.append({"product_id": "new", "image": "a.jpg", "title": "Vase", "brand": "Newcomer"})
    _, fourth = shop.night(head="registry:taste")
    by = {row["served_by"] for row in fourth if row["brand"] == "Newcomer"}
    assert by == {f"{learnt['version']} (common)"}, "a brand that nothing was learnt of is served by the common head"

    _, fifth = shop.night(head="registry:taste", canary=learnt["version"], canary_share=0.5)
    assert served(fifth) == served(fourth), "a canary of the same head serves the same"
    with pytest.raises(RegistryError, match="has no version 'unknown' of 'taste'"):
        shop.night(head="registry:taste", canary="unknown", canary_share=0.5)
    assert adapters.main(["--registry", shop.heads, "rollback", "taste"]) == 0
    assert AdapterRegistry(Storage(), shop.heads).serving("taste").version is None
    _, sixth = shop.night(head="registry:taste")
    assert {row["served_by"] for row in sixth} == {"even"}


def test_a_canary_of_another_head_serves_its_share_of_products_otherwise(tmp_path, capsys) -> None:
    shop, other = Shop(tmp_path), Shop(tmp_path / "other")
    shop.night()
    assert shop.learn() == 0
    own = summary_of(capsys)["version"]
    other.night()
    other.likes = {"Aria": 2, "Bold": 0}
    assert other.learn() == 0
    head = summary_of(capsys)["head"]
    summary, rows = shop.night(head="registry:taste", canary=head, canary_share=0.5)
    assert summary["computed"] == 0, "rows are served anew, not computed anew"
    inside = [row for row in rows if arm_of(row["product_id"], 0.5)]
    outside = [row for row in rows if not arm_of(row["product_id"], 0.5)]
    assert {row["served_by"] for row in outside} == {own}
    assert len({row["served_by"] for row in inside}) == 1 and own not in {row["served_by"] for row in inside}
    tops, bottoms = served(outside), served(inside)
    assert tops["Aria"].count(0) > len(tops["Aria"]) / 2 and tops["Bold"].count(2) > len(tops["Bold"]) / 2
    assert bottoms["Aria"].count(2) > len(bottoms["Aria"]) / 2 and bottoms["Bold"].count(0) > len(bottoms["Bold"]) / 2
    _, again = shop.night(head="registry:taste")
    assert {row["served_by"] for row in again} == {own}, "without the canary its products are served as all others"


def test_outcomes_say_what_a_head_would_have_earned_before_it_serves(tmp_path, capsys) -> None:
    shop = Shop(tmp_path)
    shop.night()
    shop.learn()
    head = summary_of(capsys)["head"]
    rows = [row for row in shop.rows() if row["served"]]
    outcomes = pa.table(
        {
            "row_id": [row["row_id"] for row in rows],
            "variant": [row["variant"] for row in rows],
            "impressions": [200] * len(rows),
            "clicks": [20 if row["variant"] == (0 if row["brand"] == "Aria" else 2) else 4 for row in rows],
            "propensity": [row["propensity"] for row in rows],
        }
    )
    outcomes = pa.concat_tables([outcomes, outcomes.slice(0, 1)])  # a row twice
    path = str(tmp_path / "outcomes.parquet")
    pq.write_table(outcomes, path)
    ask = ["--task", "outcomes", "--layouts", shop.output, "--outcomes", path, "--output", str(tmp_path / "report")]
    assert evaluate.main([*ask, "--head", head]) == 0
    found = summary_of(capsys)
    assert found["problems"] == {"unreadable": 1}
    assert found["counted"] == len(rows)
    for name in ("ips", "snips", "dr"):
        assert found["gains"][name]["low"] > 0, name
    assert found["values"]["dr"]["low"] < 0.09 < found["values"]["dr"]["high"] + 0.02
    assert "would have earned" in (tmp_path / "report" / "report.html").read_text("utf-8")
    even = partial(evaluate.main, [*ask])
    assert even() == 0
    assert summary_of(capsys)["gains"]["ips"]["value"] == pytest.approx(0, abs=1e-9)
    learn = ["--layouts", shop.output, "--registry", str(tmp_path / "others"), "--outcomes", path]
    assert taste.main(learn) in (0, 1)
    assert summary_of(capsys)["evidence"] == {"outcome": len(rows)}


def test_what_teaches_nothing_changes_nothing(tmp_path, capsys) -> None:
    shop = Shop(tmp_path, 2)
    shop.night()
    assert shop.learn() == 1, "few products are no ground for a promotion"
    assert "gate.least" in summary_of(capsys)["reasons"][0]
    alike = Path(shop.decide())
    alike.write_text(alike.read_text("utf-8").replace('"adopt"', '"reject"'), encoding="utf-8")
    learn = ["--layouts", shop.output, "--registry", str(tmp_path / "none"), "--feedback", str(alike)]
    assert taste.main(learn) == 2
    assert "observations say the same" in capsys.readouterr().err
    assert not AdapterRegistry(Storage(), str(tmp_path / "none")).versions("taste")
