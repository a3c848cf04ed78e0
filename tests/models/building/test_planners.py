"""The settings name a planner, and rows say which one."""

from pathlib import Path

import numpy as np
import pytest

from layoutgen.config.posters import PlanSettings
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Canvas, Copy, Role, area, intersection
from layoutgen.io.storage import Storage
from layoutgen.models.base import Plan, PlanBrief
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.planners import planner, version
from layoutgen.models.denoising.plans import checkpoint
from tests.models.denoising.plans.drawn import network, product

PLACE = PlaceSettings()


def built(settings: PlanSettings):
    return planner(settings, PLACE, FaceFor(PLACE), Storage())


def test_a_network_is_built_from_a_folder_and_says_what_it_is(tmp_path: Path) -> None:
    checkpoint.save(network(), tmp_path)
    plans, name = built(PlanSettings(engine="plannet", model=str(tmp_path), steps=2, candidates=2))
    assert name.startswith("plannet-1 ")
    assert name.endswith("2 steps")
    (plan,) = plans.plan([PlanBrief(product(), Copy("Kettle", ("1.5 l",)), Canvas(1080, 1080))])
    assert isinstance(plan, Plan)
    assert [suggestion.text for suggestion in plan.suggestions if suggestion.text] == ["Kettle", "1.5 l"]


def test_copy_that_runs_from_right_to_left_is_planned_mirrored(tmp_path: Path) -> None:
    checkpoint.save(network(), tmp_path)
    plans, _ = built(PlanSettings(engine="plannet", model=str(tmp_path), steps=2, candidates=1))
    briefs = [PlanBrief(product(), Copy("غلاية", language=language), Canvas(1080, 1080)) for language in ("ar", "en")]
    for plan in plans.plan(briefs):
        assert isinstance(plan, Plan)
        width, height = np.array(plan.product_box[2:]) - plan.product_box[:2]
        assert width / height == pytest.approx(90 / 60)


def test_what_shapes_plans_stands_in_the_version_and_batches_and_devices_do_not(tmp_path: Path) -> None:
    folders = []
    for seed in range(2):
        folders.append(tmp_path / str(seed))
        checkpoint.save(network(seed=seed), folders[-1])
    first = PlanSettings(engine="plannet", model=str(folders[0]))
    others = [{"model": str(folders[1])}, {"steps": 9}, {"candidates": 1}]
    versions = [repr(version(first.model_copy(update=change), PLACE)) for change in ({}, *others)]
    assert len(set(versions)) == 4
    assert repr(version(first.model_copy(update={"batch": 3, "cache": "elsewhere"}), PLACE)) == versions[0]


def test_a_network_of_another_kind_is_named(tmp_path: Path) -> None:
    from layoutgen.models.denoising.boxes import checkpoint as boxes
    from tests.models.denoising.tiny import network as radm

    boxes.save(radm(), tmp_path)
    with pytest.raises(ValueError, match="layoutgen-radm-1"):
        built(PlanSettings(engine="plannet", model=str(tmp_path)))


def test_the_embedded_network_plans_with_nothing_on_the_product() -> None:
    plans, name = built(PlanSettings(engine="plannet"))
    assert " embedded " in name
    copy = Copy("Pour-over kettle", ("1.2 l", "Boils in 3 minutes", "$49"), brand="ACME")
    briefs = [PlanBrief(product(90, 120), copy, Canvas(*size)) for size in ((1080, 1080), (1080, 1440), (1920, 1080))]
    for plan in plans.plan(briefs):
        assert isinstance(plan, Plan)
        assert area(plan.product_box) > 0.03
        assert all(intersection(suggestion.box, plan.product_box) < 1e-6 for suggestion in plan.suggestions)
        roles = {suggestion.text: suggestion.role for suggestion in plan.suggestions}
        assert (roles["Pour-over kettle"], roles["$49"], roles["ACME"]) == (Role.TITLE, Role.PRICE, Role.LOGO)
