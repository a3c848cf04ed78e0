"""The dashboard and the alert rules in cluster/ ask for what runs export, in queries that Prometheus understands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from layoutgen.runs.gauges import GAUGES, STATES

CLUSTER = Path(__file__).parents[1] / "cluster"
LABELS = {"table", "run", "outcome", "state"}
VALUES = {"state": {*STATES}, "outcome": set(re.findall(r"\w+", f"{GAUGES['rows']} {GAUGES['shards']}"))}


def queries() -> Iterator[tuple[str, str]]:
    dashboard = json.loads((CLUSTER / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for group in yaml.safe_load((CLUSTER / "prometheus-alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("name", "query"), queries())
def test_a_query_is_one_of_gauges_that_runs_export(name: str, query: str) -> None:
    promql_parser.parse(query)
    names = set(re.findall(r"\bray_layoutgen_(\w+)", query))
    assert names, name
    assert names <= GAUGES.keys()
    for label, values in re.findall(r'(\w+)=~?"([^"]+)"', query):
        assert label in LABELS
        assert values.startswith("$") or {*values.split("|")} <= VALUES[label]


def test_variables_of_the_dashboard_are_of_labels_that_runs_have() -> None:
    dashboard = json.loads((CLUSTER / "grafana-dashboard.json").read_text())
    assert {variable["name"] for variable in dashboard["templating"]["list"]} == {"datasource", "table", "run"}
    cells = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(cell["x"] + cell["w"] <= 24 for cell in cells)


def test_alerts_say_of_which_run_and_what_to_do() -> None:
    (group,) = yaml.safe_load((CLUSTER / "prometheus-alerts.yaml").read_text())["groups"]
    for rule in group["rules"]:
        assert "$labels.table" in rule["annotations"]["summary"], rule["alert"]
        assert rule["annotations"]["description"]
