"""jobs.posters with Stable Diffusion folders of the real forms, tiny: whole nights, on the CPU."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from layoutgen.core.errors import Refusal
from layoutgen.models.denoising.rendering import category, control
from layoutgen.runs.run import RunError
from layoutgen.stages import finish as stage
from tests.chaos.quick import Crash
from tests.models.denoising.rendering import folders
from tests.models.denoising.rendering.scenes import room
from tests.pipeline.runs import dead
from tests.pipeline.test_posters import Shop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    for kind in ("sd15", "sdxl"):
        folders.folder(root / kind, kind, checked=kind == "sd15")
        small = {"width": 8, "widths": (8, 8, 16, 16)}
        control.save(folders.noisy(control.new(folders.unet(kind), **small)), root / f"net-{kind}")
        category.save(category.Categories(["Jars"], folders.CROSS[kind]), root / f"categories-{kind}")
        folders.ip_adapter(root / "ip", kind)
    return root


def paint(tiny: Path, kind="sd15", **more):
    return {
        "engine": "stable_diffusion",
        "model": str(tiny / kind),
        "rendernet": str(tiny / f"net-{kind}"),
        "categories": str(tiny / f"categories-{kind}"),
        "ip_adapter": str(tiny / "ip"),
        "ip_adapter_file": f"ip-adapter_{kind}.safetensors",
        "steps": 2,
        "tries": 1,
    } | more


def shop_of(folder: Path) -> Shop:
    folder.mkdir()
    shop = Shop(folder)
    Image.fromarray(room(1, 120, 120)).save(folder / "brand.png")
    page = np.full((120, 120, 3), 255, np.uint8)
    page[30:60, 20:100] = 0
    Image.fromarray(page).save(folder / "logo.png")
    shop.rows = [row | {"category": "Jars"} for row in shop.rows[:3]]
    shop.rows[1] |= {"reference": "brand.png"}
    return shop


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_a_night_paints_with_it_and_the_next_one_paints_nothing(tiny: Path, tmp_path: Path, kind: str) -> None:
    shop = shop_of(tmp_path / "shop")
    shop.night(paint=paint(tiny, kind))
    table = shop.table()
    assert len(table) == 3
    backgrounds = shop.files("backgrounds")
    assert len(backgrounds) == 3
    # Drawn weights may paint what doesn't pass the checks: another painter takes the place, and the row says so.
    for row in table.values():
        assert row["painter"].startswith("stable-diffusion-1") or any("ground: " in note for note in row["notes"])
    assert any(row["painter"].startswith("stable-diffusion-1") for row in table.values())
    shop.night(paint=paint(tiny, kind))
    assert shop.files("backgrounds") == backgrounds


def test_bad_rows_are_dead_letters_and_their_neighbours_are_painted(tiny: Path, tmp_path: Path) -> None:
    shop = shop_of(tmp_path / "shop")
    shop.rows[0] |= {"background_prompt": "a poster with big letters"}
    shop.rows[1] |= {"reference": "logo.png"}
    summary = shop.night(paint=paint(tiny))
    letters = {letter["product_id"]: letter["kind"] for letter in dead(str(shop.root), summary["run_id"])}
    assert letters == {"alpha-0": "prompt_not_safe", "alpha-1": "reference_is_graphic"}
    assert set(shop.table()) == {"alpha-2"}


def test_what_the_checkpoints_safety_checker_flags_is_a_dead_letter(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny / "sd15", tmp_path / "model")
    file = folder / "safety_checker" / "model.safetensors"
    weights = load_file(file)
    weights["concept_embeds_weights"][:] = -2.0  # below any cosine
    save_file(weights, file, {"format": "pt"})
    shop = shop_of(tmp_path / "shop")
    summary = shop.night(paint=paint(tiny, model=str(folder)))
    letters = dead(str(shop.root), summary["run_id"])
    assert {(row["stage"], row["kind"]) for row in letters} == {("paint", "unsafe_picture")} and len(letters) == 3


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_a_run_killed_while_it_painted_goes_on_to_the_same_bytes_painter_and_checks_apart_or_not(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    whole = shop_of(tmp_path / "whole")
    whole.night(paint=paint(tiny, kind, tries=2))
    killed = shop_of(tmp_path / "killed")
    apart = paint(tiny, kind, tries=2, pool={"num_gpus": 0.5})  # as on GPUs: one stage paints, the next ones check
    points = iter(range(100))

    def point(name: str) -> None:
        if next(points) == 1:
            raise Crash(name)

    monkeypatch.setattr(stage, "crash_point", point)
    with pytest.raises(Crash):
        killed.night(paint=apart)
    assert killed.files("backgrounds") and not (killed.root / "CURRENT").exists()
    monkeypatch.undo()
    killed.night(paint=apart)

    def by_bytes(shop: Shop) -> list[bytes]:
        return sorted(Path(file).read_bytes() for file in shop.files("backgrounds"))

    assert by_bytes(killed) == by_bytes(whole)


def test_what_can_not_paint_is_refused_before_the_night(tiny: Path, tmp_path: Path) -> None:
    shop = shop_of(tmp_path / "shop")
    with pytest.raises(RunError, match=r"is a RenderNet|ControlNet|has no model_index\.json|holds"):
        shop.night(paint=paint(tiny, model=str(tiny / "net-sd15")))
    with pytest.raises(Refusal, match=r"paint\.rendernet = .* not a folder on this machine"):
        shop.night(paint=paint(tiny, rendernet=str(tmp_path / "none")))
    assert not shop.root.exists()
