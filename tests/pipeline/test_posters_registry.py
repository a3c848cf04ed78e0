"""What plans and paints posters is taken from a registry, as it serves when the run starts."""

from pathlib import Path

import pytest

from layoutgen.config.posters import PaintSettings, PlanSettings
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.scenes import checkpoint
from layoutgen.models.denoising.scenes.network import SceneSize, build
from layoutgen.runs.job import RunError
from layoutgen.training.judging.gate import Verdict
from layoutgen.training.judging.promotion import decide, rollback
from tests.pipeline.test_posters import Shop
from tests.training.tiny_networks import network_of


def promote(registry: AdapterRegistry, name: str, version: str, folder: Path) -> None:
    registry.add(name, version, folder, {"method": "full"})
    decide(registry, name, version, registry.serving(name), Verdict(True, ("better",)), force=False)


def scenes(folder: Path, seed: int) -> Path:
    checkpoint.save(build(SceneSize(width=16, depth=1, categories=2), {"jars": 1}, seed), folder)
    return folder


def test_a_night_takes_what_serves_and_makes_anew_what_a_promotion_touches_alone(tmp_path: Path) -> None:
    shop, root = Shop(tmp_path), tmp_path / "registry"
    registry = AdapterRegistry(Storage(), str(root))
    plan = {"engine": "plannet", "model": "registry:plan", "registry": str(root), "steps": 1, "candidates": 1}
    paint = {"engine": "drawn", "model": "registry:scene", "registry": str(root), "steps": 2, "tries": 1}
    with pytest.raises(RegistryError, match="serves nothing under 'plan'"):
        shop.night(plan=plan, paint=paint)
    promote(registry, "plan", "v1", network_of("plan", tmp_path / "plan"))
    promote(registry, "scene", "v1", scenes(tmp_path / "first", 1))
    shop.night(plan=plan, paint=paint)
    before = {name: row for name, row in shop.table().items() if row["cut_out"]}
    assert all(f"{root}/plan/v1" in row["composer"] for row in before.values())
    assert any(row["painter"].startswith("drawn") for row in before.values())
    assert shop.night(plan=plan, paint=paint)["unchanged"] == 6
    promote(registry, "scene", "v2", scenes(tmp_path / "second", 2))
    shop.night(plan=plan, paint=paint)
    after = shop.table()
    assert all(after[name]["product_box"] == row["product_box"] for name, row in before.items())
    shas = [{row["painter_sha"] for row in rows.values()} - {None} for rows in (before, after)]
    assert not shas[0] & shas[1]
    assert all(shas)
    rollback(registry, "scene")
    rollback(registry, "scene")
    with pytest.raises(RegistryError, match=r"paint\.model = 'registry:scene' was rolled back to nothing"):
        shop.night(plan=plan, paint=paint)
    promote(registry, "wrong", "v1", tmp_path / "plan")
    with pytest.raises(RunError, match=r"paint\.model = .*model_type is .*, not 'layoutgen-scenes-1'"):
        shop.night(plan=plan, paint=paint | {"model": "registry:wrong"})


def test_a_name_in_a_registry_needs_one() -> None:
    with pytest.raises(ValueError, match=r"plan\.model: registry:NAME needs plan\.registry"):
        PlanSettings(model="registry:plan")
    with pytest.raises(ValueError, match=r"paint\.lora: registry:NAME needs paint\.registry"):
        PaintSettings(engine="stable_diffusion", model="folder", lora="registry:lora")
