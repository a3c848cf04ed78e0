"""The loop gives what diffusers' pipelines give, and rows are what they are alone."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import (
    ControlNetModel,
    DDIMScheduler,
    StableDiffusionControlNetPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from PIL import Image

from layoutgen.core.layout import Canvas
from layoutgen.models.denoising.rendering import attention, category, checkpoint, control, lora, placed, style
from layoutgen.models.denoising.rendering.frames import frame_for
from layoutgen.models.denoising.rendering.placed import place
from layoutgen.models.denoising.rendering.sampling import Encoded, Request, Sampling, encode, masked_code, sample
from tests.models.denoising.rendering.scenes import room, scene

PROMPTS, NEGATIVE = ["a lamp", "shoes on a floor"], "text"
SEEDS = [5, 6]
HOW = Sampling(steps=3, guidance=5.0)


def placements(count=2):
    frame = frame_for(Canvas(640, 640), 64)
    return [place(scene(k, box=(0.1 + 0.2 * k, 0.1, 0.6 + 0.2 * k, 0.6)), frame) for k in range(count)]


def request(model, rows=(0, 1), **more):
    return Request(
        encode(model, [PROMPTS[k] for k in rows]),
        encode(model, [NEGATIVE] * len(rows)),
        [SEEDS[k] for k in rows],
        (8, 8),
        **more,
    )


def noise():
    return torch.stack([torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(seed)) for seed in SEEDS])


def theirs(pipeline, **more):
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        prompt=PROMPTS,
        negative_prompt=[NEGATIVE] * 2,
        num_inference_steps=HOW.steps,
        guidance_scale=HOW.guidance,
        height=64,
        width=64,
        latents=noise(),
        output_type="pt",
        **more,
    ).images


def ours(model, how=HOW, **more):
    return sample(model, attention.guided(model.unet), more.pop("control", None), request(model, **more), how)[0]


@pytest.mark.parametrize(("kind", "form"), [("sd15", StableDiffusionPipeline), ("sdxl", StableDiffusionXLPipeline)])
def test_text_to_image_is_that_of_the_pipeline(tiny: Path, kind: str, form: type) -> None:
    more = {"safety_checker": None} if kind == "sd15" else {}
    pipeline = form.from_pretrained(tiny / kind, use_safetensors=True, **more)
    torch.testing.assert_close(ours(checkpoint.load(tiny / kind)), theirs(pipeline), atol=1e-4, rtol=0)


def test_inpainting_is_that_of_the_pipeline(tiny: Path) -> None:
    model = checkpoint.load(tiny / "inpainting")
    pictures, mask = placed.inpainted(placements())
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(tiny / "inpainting", use_safetensors=True)
    shown = theirs(
        pipeline, image=(pictures + 1) / 2, mask_image=mask, strength=1.0, generator=torch.Generator().manual_seed(0)
    )
    masked = masked_code(model, pictures, mask)
    torch.testing.assert_close(ours(model, masked=masked), shown, atol=1e-4, rtol=0)


def test_a_controlnet_is_that_of_the_pipeline(tiny: Path) -> None:
    model = checkpoint.load(tiny / "sd15")
    network = ControlNetModel.from_pretrained(tiny / "control-sd15", use_safetensors=True)
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        tiny / "sd15", controlnet=network, safety_checker=None, use_safetensors=True
    )
    shown = theirs(pipeline, image=placed.edges(placements()), controlnet_conditioning_scale=0.5)
    net = control.PictureControl(control.load_controlnet(tiny / "control-sd15"), "canny")
    how = replace(HOW, control=0.5)
    pictures = ours(model, how, control=net, condition=net.condition(placements()))
    torch.testing.assert_close(pictures, shown, atol=1e-4, rtol=0)
    assert (pictures - ours(model)).abs().max() > 1e-3


@pytest.mark.parametrize("name", ["ip-adapter", "ip-adapter-plus"])
def test_a_reference_is_heard_as_by_the_pipeline(tiny: Path, name: str) -> None:
    model = checkpoint.load(tiny / "sd15")
    pipeline = StableDiffusionPipeline.from_pretrained(tiny / "sd15", safety_checker=None, use_safetensors=True)
    pipeline.load_ip_adapter(
        str(tiny), subfolder="ip", weight_name=f"{name}_sd15.safetensors", image_encoder_folder="image_encoder"
    )
    pipeline.set_ip_adapter_scale(0.7)
    pipeline.feature_extractor = lambda picture, return_tensors: type(
        "Pixels", (), {"pixel_values": adapter.pictures([np.asarray(picture)])}
    )
    adapter = style.load(tiny / "ip" / f"{name}_sd15.safetensors", model.unet)
    guide = attention.guided(model.unet, adapter.keys_values)
    picture = room()
    shown = theirs(pipeline, ip_adapter_image=Image.fromarray(picture))
    asked = request(
        model, ground=torch.ones(2, 1, 8, 8), reference=adapter.tokens([picture] * 2), strength=torch.full((2,), 0.7)
    )
    pictures = sample(model, guide, None, asked, HOW)[0]
    torch.testing.assert_close(pictures, shown, atol=1e-4, rtol=0)
    assert (pictures - sample(model, guide, None, request(model), HOW)[0]).abs().max() > 1e-3


def conditioned(model, adapter, **more):
    """A request with all there is: category, reference, ground."""
    table = category.Categories(["lamps", "shoes"], 32, seed=3)
    table.table.data *= 50
    scenes = placements()
    whole = request(
        model,
        ground=torch.stack([one.ground for one in scenes]),
        identifiers=(table([1, 2]), table([0, 0])),
        reference=adapter.tokens([room(1), room(2)]),
        strength=torch.tensor([0.8, 0.4]),
    )
    return replace(whole, **more)


@pytest.fixture(scope="module")
def guided(tiny: Path):
    model = checkpoint.load(tiny / "sd15")
    adapter = style.load(tiny / "ip" / "ip-adapter_sd15.safetensors", model.unet)
    return model, adapter, attention.guided(model.unet, adapter.keys_values)


def test_a_mask_of_zero_silences_the_category(guided) -> None:
    model, adapter, guide = guided
    nowhere = torch.zeros(2, 1, 8, 8)
    other = category.Categories(["a", "b"], 32, seed=9)
    swapped = (100 * other([2, 1]), 100 * other([0, 0]))
    quiet = {"reference": None, "strength": None}

    def painted(**more):
        return sample(model, guide, None, conditioned(model, adapter, **quiet, **more), HOW)[0]

    assert (painted() - painted(identifiers=swapped)).abs().max() > 1e-3
    silent = painted(ground=nowhere)
    assert (silent - painted(ground=nowhere, identifiers=swapped)).abs().max() < 1e-5
    assert (silent - painted(identifiers=None)).abs().max() < 1e-4


def test_a_strength_of_zero_silences_the_reference_and_leaves_the_category_alone(guided) -> None:
    model, adapter, guide = guided
    alone = conditioned(model, adapter, reference=None, strength=None)
    both = conditioned(model, adapter, strength=torch.zeros(2))
    expected = sample(model, guide, None, alone, HOW)[0]
    assert torch.equal(sample(model, guide, None, both, HOW)[0], expected)
    heard = sample(model, guide, None, conditioned(model, adapter), HOW)[0]
    assert (heard - expected).abs().max() > 1e-3


def test_a_row_is_in_a_batch_what_it_is_alone(guided) -> None:
    model, adapter, guide = guided
    net = control.PictureControl(control.load_controlnet(Path(model_control(guided))), "inpaint")
    scenes = placements()
    whole = conditioned(model, adapter, condition=net.condition(scenes))
    together = sample(model, guide, net, whole, HOW)[0]
    for k in (0, 1):
        row = slice(k, k + 1)
        alone = Request(
            encode(model, [PROMPTS[k]]),
            encode(model, [NEGATIVE]),
            SEEDS[row],
            (8, 8),
            ground=whole.ground[row],
            identifiers=tuple(part[row] for part in whole.identifiers),
            reference=tuple(part[row] for part in whole.reference),
            strength=whole.strength[row],
            condition=net.condition(scenes[row]),
        )
        picture = sample(model, guide, net, alone, HOW)[0][0]
        torch.testing.assert_close(picture, together[k], atol=1e-4, rtol=0)
    assert (together[0] - together[1]).abs().max() > 0.05


def model_control(guided) -> str:
    return str(Path(guided[0].unet.config._name_or_path).parents[1] / "control-sd15")


@pytest.mark.parametrize("sampler", ["ddim", "lcm", "euler"])
def test_few_steps_with_each_sampler_are_the_same_for_a_seed(tiny: Path, sampler: str) -> None:
    model = checkpoint.load(tiny / "sd15")
    lora.melt(tiny / "lora-sd15" / "pytorch_lora_weights.safetensors", model.unet, model.kind)
    how = Sampling(steps=4, guidance=1.0, sampler=sampler)
    first, finite = sample(model, attention.guided(model.unet), None, request(model), how)
    assert finite.all()
    assert torch.equal(first, sample(model, attention.guided(model.unet), None, request(model), how)[0])
    assert (first - sample(model, attention.guided(model.unet), None, request(model, rows=(1, 0)), how)[0]).any()


@pytest.mark.parametrize("kind", ["sd15", "inpainting", "sdxl"])
def test_bfloat16_is_finite_and_near(tiny: Path, kind: str) -> None:
    pictures = []
    for dtype in (torch.float32, torch.bfloat16):
        model = checkpoint.load(tiny / kind, dtype=dtype)
        more = {}
        if model.is_inpainting:
            more = {"masked": masked_code(model, *placed.inpainted(placements()))}
        asked = request(model, **more)
        shown, finite = sample(model, attention.guided(model.unet), None, asked, Sampling(steps=2, guidance=2.0))
        assert finite.all()
        pictures.append(shown)
    assert (pictures[0] - pictures[1]).abs().mean() < 0.02


def test_what_is_not_finite_is_told_by_row(tiny: Path) -> None:
    model = checkpoint.load(tiny / "sd15")
    asked = request(model)
    asked = replace(asked, prompts=Encoded(torch.stack([asked.prompts.tokens[0], asked.prompts.tokens[1] * torch.nan])))
    pictures, finite = sample(model, attention.guided(model.unet), None, asked, Sampling(steps=1))
    assert finite.tolist() == [True, False]
    assert pictures.isfinite().all()


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_a_lora_is_added_to_the_weights_and_its_scale_counts(tiny: Path, tmp_path: Path, kind: str, form: str) -> None:
    from tests.models.denoising.rendering.folders import lora as lora_file

    file = lora_file(tmp_path / "lora.safetensors", kind, form=form)
    weights = []
    for scale in (0.0, 0.5, 1.0):
        model = checkpoint.load(tiny / kind)
        lora.melt(file, model.unet, model.kind, scale)
        layer = next(name for name, _ in model.unet.named_modules() if name.endswith("attn2.to_v"))
        weights.append(model.unet.get_submodule(layer).weight.clone())
        assert "lora" not in json.dumps(sorted(model.unet.state_dict()))
    assert (weights[2] - weights[0]).abs().max() > 0.01
    torch.testing.assert_close(weights[1] - weights[0], (weights[2] - weights[0]) / 2, atol=1e-5, rtol=1e-4)
