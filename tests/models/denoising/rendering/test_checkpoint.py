"""Each wrong kind of checkpoint is refused by its name, with the mend."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from layoutgen.core.errors import AbsentError
from layoutgen.models.denoising.rendering import attention, category, checkpoint, control, lora, style
from tests.models.denoising.rendering import folders


def edited(file: Path, **values: object) -> None:
    about = json.loads(file.read_text("utf-8"))
    about |= values
    file.write_text(json.dumps({name: value for name, value in about.items() if value is not None}), "utf-8")


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: shutil.rmtree(folder / name)


def cut_short(folder: Path) -> None:
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])


def pickled(folder: Path) -> None:
    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".bin"))


def sd2(folder: Path) -> None:
    edited(folder / "unet" / "config.json", cross_attention_dim=1024)
    edited(folder / "text_encoder" / "config.json", hidden_size=1024)


WRONG = {
    "no vae": (without("vae"), r"lacks vae/"),
    "no tokenizer": (without("tokenizer"), r"lacks tokenizer/"),
    "no scheduler": (without("scheduler"), r"lacks scheduler/"),
    "no UNet": (without("unet"), r"lacks unet/config\.json"),
    "no index": (lambda folder: (folder / "model_index.json").unlink(), r"has no model_index\.json; fetch"),
    "cut short": (cut_short, r"bytes where its header asks for"),
    "pickles": (pickled, r"only pickled weights .*convert them to safetensors"),
    "Stable Diffusion 2": (sd2, r"is Stable Diffusion 2, which was withdrawn"),
    "SD 2 by its prediction": (
        lambda folder: edited(folder / "scheduler" / "scheduler_config.json", prediction_type="v_prediction"),
        r"is Stable Diffusion 2",
    ),
    "a distilled UNet": (
        lambda folder: edited(folder / "unet" / "config.json", time_cond_proj_dim=256),
        r"distilled with its guidance",
    ),
    "instruct-pix2pix": (
        lambda folder: edited(folder / "unet" / "config.json", in_channels=8),
        r"UNet of 8 channels in, not 4 or 9",
    ),
    "SD 3": (
        lambda folder: edited(
            folder / "model_index.json", _class_name="StableDiffusion3Pipeline", transformer=["diffusers", "x"]
        ),
        r"is a StableDiffusion3Pipeline, which denoises with a transformer",
    ),
    "SDXL's refiner": (
        lambda folder: edited(folder / "unet" / "config.json", addition_embed_type="text_time"),
        r"of another kind",
    ),
}


@pytest.mark.parametrize("wrong", list(WRONG))
def test_a_folder_that_is_not_whole_or_of_another_kind_is_refused(tiny: Path, tmp_path: Path, wrong: str) -> None:
    spoil, message = WRONG[wrong]
    folder = shutil.copytree(tiny / "sd15", tmp_path / "model")
    spoil(folder)
    with pytest.raises((ValueError, AbsentError), match=message):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("control-sd15", r"is a ControlNet; it goes into paint\.controlnet"),
        ("sd15/unet", r"holds UNet2DConditionModel alone"),
        ("ip", r"has no model_index\.json; paint\.model is a Stable Diffusion"),
        ("lora-sd15", r"has no model_index\.json; paint\.model is a Stable Diffusion"),
        ("ip/image_encoder", r"holds .* alone"),
        ("lora-sd15/pytorch_lora_weights.safetensors", r"is a single file; convert it to a folder by diffusers'"),
    ],
)
def test_other_parts_are_no_models(tiny: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checkpoint.check(tiny / name)


def test_variants_and_shards_are_read(tmp_path: Path) -> None:
    folder = folders.folder(tmp_path / "half", variant="fp16", shard="30KB")
    assert list((folder / "unet").glob("*.fp16-00001-of-*.safetensors"))
    with pytest.raises(AbsentError, match=r"no weights of variant 'none', only of fp16; set paint\.variant"):
        checkpoint.check(folder)
    model = checkpoint.load(folder, dtype=torch.bfloat16, variant="fp16")
    assert model.dtype == torch.bfloat16
    whole = checkpoint.load(folders.folder(tmp_path / "whole"))
    assert torch.equal(model.unet.conv_in.weight.float(), whole.unet.conv_in.weight.bfloat16().float())
    next((folder / "unet").glob("*.fp16-00002-of-*.safetensors")).unlink()
    with pytest.raises(AbsentError, match=r"unet lacks diffusion_pytorch_model\.fp16-00002"):
        checkpoint.check(folder, "fp16")


def test_an_autoencoder_that_overflows_stays_in_float32(tiny: Path) -> None:
    model = checkpoint.load(tiny / "sdxl", dtype=torch.float16)
    assert model.unet.dtype == torch.float16
    assert model.vae.dtype == torch.float32


def test_controls_are_asked_for_their_own_kind(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds StableDiffusionPipeline, where a ControlNetModel"):
        control.load_controlnet(tiny / "sd15")
    four = folders.controlnet(tmp_path / "four", channels=4)
    with pytest.raises(ValueError, match=r"conditions of 4 channels, not 3; a RenderNet's goes into paint\.rendernet"):
        control.load_controlnet(four)
    torch.manual_seed(0)
    net = control.new(folders.unet("sd15"), width=8, widths=(8, 8, 16, 16))
    control.save(net, tmp_path / "net")
    with pytest.raises(ValueError, match="holds a ControlNet; name its controlnet/"):
        control.load_controlnet(tmp_path / "net")
    with pytest.raises(ValueError, match="describes no network of this kind"):
        control.load(tiny / "control-sd15")
    for loaded in (
        control.load(tmp_path / "net"),
        control.PictureControl(control.load_controlnet(tiny / "control-sd15"), "canny"),
    ):
        with pytest.raises(ValueError, match=r"for another model: its cross_attention_dim is 32, the model's 64"):
            control.check_fits(loaded, folders.unet("sdxl"), tiny / "control-sd15")


def test_adapters_are_asked_for_their_own_kind(tiny: Path, tmp_path: Path) -> None:
    sd15, sdxl = folders.unet("sd15"), folders.unet("sdxl")
    file = tiny / "ip" / "ip-adapter_sd15.safetensors"
    with pytest.raises(ValueError, match=r"another model: its layer 1 has \(16, 32\), the model's \(32, 64\)"):
        style.load(file, sdxl)
    with pytest.raises(ValueError, match=r"is no IP-Adapter .*paint\.lora"):
        style.load(tiny / "lora-sd15" / "pytorch_lora_weights.safetensors", sd15)
    with pytest.raises(AbsentError, match=r"image_encoder, the image encoder of .*, is not there"):
        style.load(Path(shutil.copy(file, tmp_path)), sd15)
    with pytest.raises(ValueError, match="known for SDXL alone"):
        style.load(file, sd15, where="style")
    folders.image_encoder(tmp_path / "image_encoder", projection=24)
    with pytest.raises(ValueError, match=r"takes embeddings of 16 numbers, .* makes 24: adapters named \*_vit-h"):
        style.load(tmp_path / file.name, sd15)
    with pytest.raises(ValueError, match=r"no safetensors file"):
        style.load(tmp_path / "ip-adapter_sd15.bin", sd15)
    with pytest.raises(ValueError, match=r"holds no LoRA .*paint\.ip_adapter"):
        lora.melt(file, sd15, "sd15")
    with pytest.raises(ValueError, match=r"is no LoRA for this model"):
        lora.melt(tiny / "lora-sdxl" / "pytorch_lora_weights.safetensors", sd15, "sd15")


def test_the_layers_that_say_style_are_some_of_sdxls(tiny: Path) -> None:
    model = folders.unet("sdxl")
    adapter = style.load(tiny / "ip" / "ip-adapter_sdxl.safetensors", model)
    assert len(adapter.keys_values) == len(attention.cross_layers(model))
    some = style.load(tiny / "ip" / "ip-adapter_sdxl.safetensors", model, where="style")
    assert some.keys_values
    assert all(name.startswith("up_blocks.0.attentions.1.") for name in some.keys_values)
    assert len(some.keys_values) < len(adapter.keys_values)


def test_categories_fall_back_to_parents_and_then_to_none(tmp_path: Path) -> None:
    table = category.Categories(["Home", "Lamps"], 32, tokens=2, parents={"Desk lamps": "Lamps", "loop": "loop"})
    rows = {
        "Lamps": 2,
        " lamps ": 2,
        "Desk lamps": 2,
        "Home > Chairs": 1,
        "Home/Lamps": 2,
        "loop": 0,
        "Cars": 0,
        "": 0,
        None: 0,
    }
    assert {name: table.row(name) for name in rows} == rows
    assert table([0, 2]).shape == (2, 2, 32)
    category.save(table, tmp_path)
    again = category.load(tmp_path)
    assert torch.equal(again([0, 1, 2]), table([0, 1, 2]))
    assert again.row("desk lamps") == 2
    with pytest.raises(ValueError, match="identifiers of 32 numbers, the model reads 64"):
        category.check_fits(again, folders.unet("sdxl"), tmp_path)


def test_learnt_keys_and_values_travel_with_the_table(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = folders.unet("sd15")
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    table = category.Categories(["Lamps"], 32, layers=category.layers_of(model))
    for layer in table.layers:
        model.get_submodule(f"{layer}.to_v").weight.data += 0.5
    table.take_from(model, before)
    category.save(table, tmp_path)
    fresh = folders.unet("sd15")
    fresh.load_state_dict(before)
    category.load(tmp_path).put_into(fresh)
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(fresh.state_dict()[name], weight)
    with pytest.raises(ValueError, match="another model's; give their own model"):
        category.load(tmp_path).put_into(folders.unet("sdxl"))
