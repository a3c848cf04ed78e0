"""Scenes become grounds through real pipelines' parts; what is wrong with a row is its own fault."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

from layoutgen.config.posters import PaintSettings
from layoutgen.core.errors import AbsentError
from layoutgen.core.layout import Canvas
from layoutgen.io.storage import Storage
from layoutgen.models.base import Fault, Painted
from layoutgen.models.building import diffusion, painters
from layoutgen.models.denoising.rendering import category, control
from layoutgen.models.denoising.rendering.references import reference_fault
from layoutgen.models.denoising.rendering.words import NEGATIVE, SceneWords
from tests.models.denoising.rendering import folders
from tests.models.denoising.rendering.scenes import room, scene


def paint_settings(tiny: Path, kind="sd15", **more):
    return PaintSettings(
        engine="stable_diffusion", **{"model": str(tiny / kind), "steps": 2, "guidance": 3.0, "batch": 2} | more
    )


def build(tiny: Path, kind="sd15", **more):
    return painters.painter(paint_settings(tiny, kind, **more), Storage())


@pytest.fixture(scope="module")
def whole(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings with all there is, for SD 1.5."""
    root = tmp_path_factory.mktemp("whole")
    model = folders.unet("sd15")
    control.save(folders.noisy(control.new(model, width=8, widths=(8, 8, 16, 16))), root / "net")
    category.save(category.Categories(["Lamps", "Shoes"], 32), root / "categories")
    return {
        "rendernet": str(root / "net"),
        "categories": str(root / "categories"),
        "ip_adapter": str(tiny / "ip"),
        "ip_adapter_file": "ip-adapter-plus_sd15.safetensors",
        "lora": str(tiny / "lora-sd15"),
    }


def sha(painted) -> str:
    assert isinstance(painted, Painted), painted
    return hashlib.sha256(painted.pixels.tobytes()).hexdigest()


SCENES = [
    scene(1, category="Home > Lamps"),
    scene(2, canvas=Canvas(720, 1080), category="Shoes", reference=room(1)),
    scene(3, category="Boats", reference=room(2), strength=0.4),
    scene(4, prompt="a marble table by a window, morning light"),
]


def test_rows_of_several_canvases_are_painted_and_the_same_for_a_seed(tiny: Path, whole: dict[str, str]) -> None:
    painter, provenance = build(tiny, **whole)
    first = painter.paint(SCENES)
    assert [painted.pixels.shape for painted in first] == [(64, 64, 3), (64, 43, 3), (64, 64, 3), (64, 64, 3)]
    assert all(painted.is_shaded and painted.pixels.dtype == np.uint8 for painted in first)
    assert "category 'Lamps'" in first[0].condition
    assert "reference at 0.4" in first[2].condition
    assert "category" not in first[2].condition
    assert "marble table" in first[3].condition
    assert not any(text.text and text.text in painted.condition for painted in first for text in SCENES[0].suggestions)
    again, same = build(tiny, **whole)
    assert same == provenance
    assert list(map(sha, again.paint(SCENES))) == list(map(sha, first))
    assert sha(painter.paint([scene(9, category="Home > Lamps")])[0]) != sha(first[0])
    assert provenance.steps == 2
    assert len(str(provenance.sha)) == 64


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("inpainting", {}),
        ("inpainting", {"controlnet": "control-sd15", "control": "canny"}),
        ("sd15", {"controlnet": "control-sd15", "control": "inpaint", "control_scale": 0.5}),
        ("sdxl", {"controlnet": "control-sdxl", "guidance": 0.0, "sampler": "euler", "lora": "lora-sdxl"}),
        ("sd15", {"controlnet": "control-sd15", "sampler": "lcm", "lora": "lora-sd15", "dtype": "bfloat16"}),
    ],
)
def test_every_way_that_the_settings_know_paints(tiny: Path, kind: str, more: dict) -> None:
    paths = {name: str(tiny / more[name]) for name in ("controlnet", "lora") if name in more}
    painter, _ = build(tiny, kind, **more | paths)
    painted = painter.paint([scene(1), scene(2)])
    assert sha(painted[0]) != sha(painted[1])


def test_bad_rows_are_faults_and_their_neighbours_are_what_they_are_alone(tiny: Path, whole: dict[str, str]) -> None:
    painter, _ = build(tiny, **whole)
    text = Image.new("RGB", (200, 120), "white")
    ImageDraw.Draw(text).rectangle((20, 20, 60, 100), fill="black")
    scenes = [
        scene(1, prompt="a poster that says SALE"),
        scene(2),
        scene(3, reference=np.asarray(text)),
        scene(4, reference=room(0, 40, 40)),
        scene(5, box=(0.5, 0.5, 0.5, 0.5)),
    ]
    answers = painter.paint(scenes)
    kinds = [answer.kind if isinstance(answer, Fault) else None for answer in answers]
    assert kinds == ["prompt_not_safe", None, "reference_is_graphic", "reference_too_small", "no_product"]
    assert "'sale'" in answers[0].message
    assert sha(answers[1]) == sha(painter.paint([scene(2)])[0])


def test_without_an_adapter_a_reference_is_a_fault(tiny: Path) -> None:
    painter, _ = build(tiny, "inpainting")
    assert painter.paint([scene(1, reference=room())])[0].kind == "no_style"


def test_what_the_safety_checker_flags_is_a_fault(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny / "sd15", tmp_path / "model")
    file = folder / "safety_checker" / "model.safetensors"
    weights = load_file(file)
    weights["concept_embeds_weights"][:] = -2.0  # below any cosine
    save_file(weights, file, {"format": "pt"})
    painter, _ = build(tiny, model=str(folder), controlnet=str(tiny / "control-sd15"))
    answers = painter.paint([scene(1), scene(2)])
    assert [answer.kind for answer in answers] == ["unsafe_picture"] * 2


def test_settings_that_can_paint_nothing_are_refused(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs paint\.model"):
        PaintSettings(engine="stable_diffusion")
    with pytest.raises(ValueError, match="give one of them"):
        paint_settings(tiny, controlnet="a", rendernet="b")
    with pytest.raises(ValueError, match=r"isn't told where the product stands"):
        build(tiny)
    with pytest.raises(AbsentError, match=r"ip has no single \.safetensors file .*paint\.ip_adapter_file"):
        build(tiny, "inpainting", ip_adapter=str(tiny / "ip"))
    with pytest.raises(AbsentError, match=r"lora-sd15 has no other\.safetensors; mend paint\.lora_file"):
        diffusion.check(paint_settings(tiny, lora=str(tiny / "lora-sd15"), lora_file="other.safetensors"))
    with pytest.raises(ValueError, match=r"is a ControlNet; it goes into"):
        diffusion.check(paint_settings(tiny, model=str(tiny / "control-sd15")))
    single = tmp_path / "v1-5-pruned.ckpt"
    single.write_bytes(b"pickle")
    with pytest.raises(ValueError, match=r"is a single file; convert it"):
        diffusion.check(paint_settings(tiny, model=str(single)))
    with pytest.raises(AbsentError, match=r"it is a file; give a folder"):
        build(tiny, model=str(single))
    with pytest.raises(ValueError, match=r"paint\.words = .* can't be read"):
        diffusion.check(paint_settings(tiny, words=str(tmp_path / "none.txt")))


SHAPE = {
    "variant": "fp16",
    "control": "canny",
    "control_scale": 0.5,
    "ip_adapter_file": "ip-adapter_sd15.safetensors",
    "style_layers": "style",
    "lora_file": "pytorch_lora_weights.safetensors",
    "lora_scale": 0.5,
    "steps": 3,
    "guidance": 1.0,
    "sampler": "lcm",
    "dtype": "bfloat16",
}
DONT = {"registry": "elsewhere", "tries": 1, "strength": 0.1, "batch": 7, "device": "cuda", "cache": "/tmp"}


def test_every_setting_of_the_painter_shapes_grounds_or_does_not(tiny: Path, whole: dict, tmp_path: Path) -> None:
    settings = paint_settings(tiny, **whole)
    before = painters.version(settings)
    words = tmp_path / "words.txt"
    words.write_text("zeppelin\n", "utf-8")
    others = {"model": str(tiny / "inpainting"), "words": str(words), "lora": "", "categories": "", "rendernet": ""}
    others |= {"ip_adapter": str(tiny / "control-sd15"), "image_encoder": str(tiny / "control-sd15")}
    for name, value in (SHAPE | others).items():
        assert painters.version(settings.model_copy(update={name: value})) != before, name
    bare = settings.model_copy(update={"rendernet": ""})
    assert painters.version(bare.model_copy(update={"controlnet": str(tiny / "control-sd15")})) != painters.version(
        bare
    )
    for name, value in (DONT | {"scenes": str(tiny / "inpainting")}).items():
        assert painters.version(settings.model_copy(update={name: value})) == before, name
    known = {*SHAPE, *others, *DONT, "scenes", "engine", "controlnet", "pool", "finish", "repaint"}
    assert known == set(PaintSettings.model_fields)


def test_the_same_files_elsewhere_are_the_same_and_others_are_not(tiny: Path, tmp_path: Path) -> None:
    before = painters.version(paint_settings(tiny))
    copy = shutil.copytree(tiny / "sd15", tmp_path / "copy")
    assert painters.version(paint_settings(tiny, model=str(copy))) == before
    merges = copy / "tokenizer" / "merges.txt"
    merges.write_text(f"{merges.read_text('utf-8')}a b\n", "utf-8")
    assert painters.version(paint_settings(tiny, model=str(copy))) != before


def test_prompts_are_of_words_of_scenes_alone() -> None:
    words = SceneWords()
    assert "a lamp" in words.prompt("灯具", None)
    assert "a lamp" in words.prompt("Home > Lamps", "a wooden table")
    assert "a product" in words.prompt(None, None)
    for wish in ("text on a wall", "a naked body", "big letters", "50% off", "Nike", "促销", "a hand", "x" * 301):
        assert words.prompt("lamps", wish).kind == "prompt_not_safe", wish
    assert "zeppelin" in SceneWords(["zeppelin"]).prompt(None, "a zeppelin in the sky")
    for name in ("text", "letters", "logo", "watermark", "price tag", "hands", "people", "second product"):
        assert name in NEGATIVE


@given(st.text(max_size=320), st.text(max_size=30))
def test_any_wish_and_category_is_a_prompt_or_a_fault(wish: str, name: str) -> None:
    answer = SceneWords().prompt(name, wish)
    assert isinstance(answer, Fault | str)
    if isinstance(answer, str):
        assert answer.isascii()


def test_scenes_are_references_and_logos_and_texts_are_not() -> None:
    for seed in range(6):
        assert reference_fault(room(seed, 200, 160)) is None
    assert reference_fault(np.full((100, 100, 3), 230, np.uint8)) is None
    logo = Image.new("RGB", (300, 300), "#e4002b")
    ImageDraw.Draw(logo).ellipse((60, 60, 240, 240), fill="white")
    assert reference_fault(np.asarray(logo)).kind == "reference_is_graphic"
    page = Image.new("RGB", (600, 400), "white")
    for line in range(12):
        ImageDraw.Draw(page).text((20, 20 + 30 * line), "Free delivery on all orders today " * 2, fill="black")
    assert reference_fault(np.asarray(page)).kind == "reference_is_graphic"
