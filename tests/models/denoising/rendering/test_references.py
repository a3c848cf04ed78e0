"""Each file that jobs.references writes is eaten as it is by a pipeline of diffusers: inpainting, ControlNets,
IP-Adapter and GLIGEN; and what inpainting paints is taken back."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetPipeline,
    StableDiffusionGLIGENPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from diffusers.image_processor import IPAdapterMaskProcessor
from PIL import Image

from layoutgen.core.layout import Canvas
from layoutgen.imaging.references import folder, importing
from tests.drawn import encoded
from tests.imaging.references.test_references import reference

STEPS = 1
CONDITIONS = ("condition.png", "edges.png", "mask_keep.png", "mask_text.png", "mask_underlay.png")


@cache
def files() -> dict[str, bytes]:
    return folder.files(reference(Canvas(540, 720)))


def picture(name: str, mode: str = "RGB") -> Image.Image:
    return Image.open(io.BytesIO(files()[name])).convert(mode)


def said(name: str) -> Any:
    return json.loads(files()[name])


def asked(**more: Any) -> dict[str, Any]:
    layout, prompts = said("layout.json"), said("prompts.json")
    size = dict(zip(("width", "height"), layout["size_px"], strict=True))
    seeded = torch.Generator().manual_seed(layout["seed"])
    plain = {"prompt": prompts["prompt"], "negative_prompt": prompts["negative"], "generator": seeded, **size}
    return {**plain, "num_inference_steps": STEPS, **more}


def quiet(pipeline: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_inpainting_takes_product_and_mask_and_what_it_paints_is_taken_back(tiny: Path) -> None:
    pipeline = quiet(StableDiffusionInpaintPipeline.from_pretrained(tiny / "inpainting", use_safetensors=True))
    given = asked(image=picture("product_on_grey.png"), mask_image=picture("mask_paint.png", "L"))
    painted = pipeline(**given).images[0]
    assert list(painted.size) == said("layout.json")["size_px"]
    here = reference(Canvas(540, 720))
    try:
        page = importing.finished(files(), encoded(painted, "PNG"))
    except importing.ReferenceFault as fault:  # it is noise, which may look like the product, or hide a text
        assert fault.kind in {"product_growth", "text_contrast"}
    else:
        full = here.product.on_canvas(here.page.canvas)
        solid = full[..., 3] == 255
        assert (page.photo[solid] == full[..., :3][solid]).all()


def test_a_controlnet_takes_each_condition(tiny: Path) -> None:
    network = ControlNetModel.from_pretrained(tiny / "control-sd15", use_safetensors=True)
    whole = StableDiffusionControlNetPipeline.from_pretrained(tiny / "sd15", controlnet=network, use_safetensors=True)
    pipeline = quiet(whole)
    size = tuple(said("layout.json")["size_px"])
    shown = {name: np.asarray(pipeline(**asked(image=picture(name))).images[0]) for name in CONDITIONS}
    assert {image.shape for image in shown.values()} == {(size[1], size[0], 3)}
    assert len({image.tobytes() for image in shown.values()}) == len(CONDITIONS)


def test_an_ip_adapter_follows_the_reference_where_the_model_paints(tiny: Path) -> None:
    how = said("ip_adapter.json")
    pipeline = quiet(StableDiffusionPipeline.from_pretrained(tiny / "sd15", use_safetensors=True))
    pipeline.load_ip_adapter(tiny, subfolder="ip", weight_name="ip-adapter_sd15.safetensors")
    mask = IPAdapterMaskProcessor().preprocess([picture(how["mask"], "L")])
    given = {"ip_adapter_image": picture(how["image"]), "cross_attention_kwargs": {"ip_adapter_masks": [mask]}}
    pictures = []
    for scale in (how["scale"], 0.0):
        pipeline.set_ip_adapter_scale(scale)
        pictures.append(np.asarray(pipeline(**asked(**given)).images[0]))
    assert (pictures[0] != pictures[1]).any()


def test_gligen_takes_phrases_and_boxes(tiny: Path, tmp_path: Path) -> None:
    whole = StableDiffusionPipeline.from_pretrained(tiny / "sd15", use_safetensors=True)
    torch.manual_seed(0)
    network = UNet2DConditionModel.from_config({**whole.unet.config, "attention_type": "gated"}).eval()
    parts = {**whole.components, "unet": network, "safety_checker": None}
    parts.pop("image_encoder")
    pipeline = quiet(StableDiffusionGLIGENPipeline(**parts, requires_safety_checker=False))
    boxes = said("gligen.json")
    given = {"gligen_phrases": boxes["phrases"], "gligen_boxes": boxes["boxes"], "gligen_scheduled_sampling_beta": 1.0}
    painted = pipeline(**asked(**given)).images[0]
    assert list(painted.size) == said("layout.json")["size_px"]
