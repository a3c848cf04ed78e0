import json

import numpy as np
import pyarrow as pa
import pytest

from layoutgen.core.metrics.definitions import METRICS
from layoutgen.core.metrics.layouts import Layouts
from layoutgen.core.reports import evaluation_report
from layoutgen.core.reports.evaluation_report import Draws
from tests.core.metrics.drawn import ONE, random_layouts

DRAWS = Draws(resamples=200, level=0.95, seed=0)


def scored(count=40, *, shift=0.0, prefix="p", **columns):
    """A scored table of `count` rows, two canvases a product; every metric is a little noise, plus `shift`."""
    rng = np.random.default_rng(7)
    data = {
        "row_id": [f"{prefix}{i // 2}@{i % 2}" for i in range(count)],
        "product_id": [f"{prefix}{i // 2}" for i in range(count)],
        "canvas": [f"{100 + i % 2}x100" for i in range(count)],
        **{name: ["x"] * count for name in ("category", "application", "composer", "adapter", "created_at")},
        "own_violated": [["overlap"] if i == 3 else [] for i in range(count)],
        "brand_violated": pa.array([["tone"] if i == 3 else None for i in range(count)], pa.list_(pa.string())),
        "exclusions": [["no_copy"]] * count,
        "element_scores": [[{"role": "title", "area": 0.1, "font_px": 20, "contrast": 5.0, "occlusion": None,
                             "overflow": 0.0, "fill": 0.5}]] * count,
    }  # fmt: skip
    for name, definition in METRICS.items():
        data[name] = rng.uniform(1, 2, count) + shift
        if definition.pooled:
            data[f"{name}_weight"] = np.full(count, 2.0)
    data |= columns
    return pa.table(data)


def test_every_metric_stands_under_its_protocol_with_interval_and_counts():
    report = evaluation_report.protocols(scored(), DRAWS)
    ove = report["pku"]["metrics"]["ove"]
    assert ove["low"] < ove["value"] < ove["high"]
    assert (ove["rows"], ove["excluded"], ove["better"]) == (40, 0, "lower")
    assert sum(len(protocol["metrics"]) for protocol in report.values()) == len(METRICS)
    json.dumps(report, allow_nan=False)


def test_null_values_are_excluded_and_not_zero():
    table = scored(4, ralf_overlay=pa.array([1.0, None, 3.0, None]))
    one = evaluation_report.protocols(table, DRAWS)["ralf"]["metrics"]["overlay"]
    assert (one["value"], one["rows"], one["excluded"]) == (2.0, 2, 2)


def test_pooled_values_are_weighed():
    table = scored(2, pku_val=pa.array([1.0, 0.0]), pku_val_weight=pa.array([3.0, 1.0]))
    assert evaluation_report.protocols(table, DRAWS)["pku"]["metrics"]["val"]["value"] == 0.75


def test_groups_are_of_columns_with_more_than_one_value():
    report = evaluation_report.groups(scored(), ("category", "canvas"), DRAWS)
    assert list(report) == ["canvas"]
    assert report["canvas"]["100x100"]["rows"] == 20
    assert report["canvas"]["100x100"]["metrics"]["ralf_overlap"]["value"] is not None


def test_roles_constraints_and_exclusions_are_counted():
    table = scored()
    assert evaluation_report.roles(table)["title"]["elements"] == 40
    assert evaluation_report.roles(table)["title"]["occlusion"] is None
    assert evaluation_report.violated(table)["overlap"]["rows"] == 1
    assert evaluation_report.brands_violated(table)["tone"]["rows"] == 1
    assert evaluation_report.exclusions(table) == {"no_copy": 40}


def test_better_is_a_sentence_with_an_interval():
    report = evaluation_report.comparison(scored(shift=-0.1), scored(), DRAWS)
    found = report["metrics"]["ralf_overlap"]
    assert found["verdict"] == "better"
    assert found["difference"] == pytest.approx(-0.1)
    assert "ralf_overlap is better: lower by 0.1 (95% interval -0.1" in found["sentence"]
    assert report["metrics"]["own_contrast"]["verdict"] == "worse"
    assert report["metrics"]["own_fill"]["verdict"] == "different"
    same = evaluation_report.comparison(scored(), scored(), DRAWS)["metrics"]["ralf_overlap"]
    assert same["verdict"] == "no difference shown"


def test_only_rows_that_both_have_are_compared():
    report = evaluation_report.comparison(scored(10), scored(6), DRAWS)
    assert (report["pairs"], report["only_ours"], report["only_baseline"]) == (6, 4, 0)
    none = evaluation_report.comparison(scored(4), scored(4, prefix="q"), DRAWS)
    assert none["pairs"] == 0
    assert none["metrics"]["pku_ove"]["verdict"] == "not comparable"
    json.dumps(none, allow_nan=False)


def test_rows_that_were_carried_over_are_counted_and_left_out_on_request():
    ours, theirs = scored(), scored()
    moved = [value - 0.5 if i < 10 else value for i, value in enumerate(theirs.column("ralf_overlap").to_pylist())]
    ours = ours.set_column(ours.column_names.index("ralf_overlap"), "ralf_overlap", pa.array(moved))
    every = evaluation_report.comparison(ours, theirs, DRAWS)
    changed = evaluation_report.comparison(ours, theirs, DRAWS, changed_only=True)
    assert (every["pairs"], every["differ"], every["changed_only"]) == (40, 10, False)
    assert (changed["pairs"], changed["differ"], changed["changed_only"]) == (40, 10, True)
    assert every["metrics"]["ralf_overlap"]["difference"] == pytest.approx(-0.5 / 4)
    assert changed["metrics"]["ralf_overlap"]["difference"] == pytest.approx(-0.5)
    assert (every["metrics"]["ralf_overlap"]["pairs"], changed["metrics"]["ralf_overlap"]["pairs"]) == (40, 10)
    none = evaluation_report.comparison(theirs, theirs, DRAWS, changed_only=True)
    assert (none["differ"], none["metrics"]["pku_ove"]["verdict"]) == (0, "not comparable")


def test_rows_of_one_product_have_a_difference_and_no_interval():
    found = evaluation_report.comparison(scored(2, shift=1), scored(2), DRAWS)["metrics"]["pku_ove"]
    assert found["verdict"] == "not comparable"
    assert "too few for an interval" in found["sentence"]


def test_the_worst_rows_name_what_is_bad():
    table = scored(10)
    values = table.column("ralf_overlap").to_numpy().copy()
    for name in ("ralf_overlap", "ralf_alignment", "ralf_occlusion"):
        values = table.column(name).to_numpy().copy()
        values[3] = 99
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    first, *rest = evaluation_report.worst_rows(table, 3)
    assert len(rest) == 2
    assert (first["row_id"], first["violated"]) == ("p1@1", ["overlap"])


def test_an_empty_table_has_a_report_of_nothing():
    table = scored().slice(0, 0)
    assert evaluation_report.protocols(table, DRAWS)["pku"]["metrics"]["ove"]["value"] is None
    assert evaluation_report.groups(table, ("canvas",), DRAWS) == {}
    assert evaluation_report.worst_rows(table, 5) == []
    assert evaluation_report.roles(table) == {}


def test_layouts_are_compared_with_a_reference_as_sets_and_in_pairs():
    layouts = random_layouts(30)
    keys = [str(i) for i in range(30)]
    report = evaluation_report.distributions(layouts, keys, layouts, keys)
    assert report["fid"] == pytest.approx(0, abs=1e-8)
    assert (report["docsim_pairs"], report["max_iou"]) == (30, pytest.approx(1))
    few = evaluation_report.distributions(Layouts.from_lists([ONE]), ["a"], Layouts.from_lists([ONE]), ["b"])
    assert few["fid"] is few["precision"] is few["docsim"] is None
    json.dumps(few, allow_nan=False)


def test_elements_of_a_table_become_layouts():
    layouts = evaluation_report.layouts_of([[{"role": "logo", "box": [0, 0, 1, 1]}], None])
    assert layouts.classes.tolist() == [[2], [0]]
