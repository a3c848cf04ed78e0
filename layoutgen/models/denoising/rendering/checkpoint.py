"""A Stable Diffusion checkpoint as diffusers' folder: which kind it is, whether it is whole, and its parts.

Of a folder only safetensors are read; code in it is never run. Kinds are told from model_index.json and the UNet's
configuration, not from names.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from layoutgen.core.errors import AbsentError
from layoutgen.models.headers import INDEX, check_files, check_index, read_header

Kind = Literal["sd15", "sdxl"]
INDEX_FILE = "model_index.json"

_ENCODERS = {"sd15": ("text_encoder",), "sdxl": ("text_encoder", "text_encoder_2")}
_TOKENIZERS = {"text_encoder": "tokenizer", "text_encoder_2": "tokenizer_2"}
_SINGLE = (".ckpt", ".safetensors", ".pt", ".pth", ".bin")
_ASKED = "a Stable Diffusion 1.x, its inpainting, or SDXL folder of diffusers (model_index.json, unet/, vae/, …)"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint's parts. `encoders` are tokenizers and text encoders in the order in which their tokens are joined,
    `schedule` is the configuration of its noise, `checker` (preprocessing, network) is None where it has none; `side`
    px is what it was trained at."""

    kind: Kind
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    encoders: tuple[tuple[CLIPTokenizer, Any], ...]
    schedule: dict[str, Any]
    checker: tuple[Any, Any] | None
    side: int

    @property
    def is_inpainting(self) -> bool:
        """Whether the UNet sees a masked picture besides the noisy code."""
        return self.unet.config.in_channels == 9

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.unet.device

    @property
    def dtype(self) -> torch.dtype:
        """In what its UNet computes."""
        return self.unet.dtype


def check(folder: Path, variant: str = "") -> Kind:
    """Tell a folder's kind and see that it is whole, by its configurations and its files' headers alone. Raises
    ValueError or AbsentError naming what is wrong and the mend."""
    if folder.is_file() or folder.suffix in _SINGLE[:1]:
        raise ValueError(
            f"{folder} is a single file; convert it to a folder by diffusers' from_single_file and save_pretrained, "
            "with safetensors"
        )
    kind = _kind(folder)
    parts = ["unet", "vae", *_ENCODERS[kind]]
    absent = [
        name
        for name in [*parts, *(_TOKENIZERS[name] for name in _ENCODERS[kind]), "scheduler"]
        if not (folder / name).is_dir()
    ]
    if absent:
        raise AbsentError(f"{folder} lacks {', '.join(f'{name}/' for name in absent)}; give {_ASKED}")
    for name in parts:
        weights_in(folder / name, variant)
    return kind


def load(folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32, *, variant: str = "") -> Checkpoint:
    """Read a checkpoint. Its autoencoder stays in float32 where it says that half precision overflows. Raises as
    `check` does."""
    kind = check(folder, variant)
    how: dict[str, Any] = {"use_safetensors": True, "variant": variant or None, "local_files_only": True}
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", dtype=dtype, **how)
    vae = AutoencoderKL.from_pretrained(folder / "vae", dtype=dtype, **how)
    if dtype == torch.float16 and vae.config.force_upcast:
        vae = AutoencoderKL.from_pretrained(folder / "vae", dtype=torch.float32, **how)
    encoders = []
    for name in _ENCODERS[kind]:
        form = CLIPTextModelWithProjection if name == "text_encoder_2" else CLIPTextModel
        encoder = form.from_pretrained(folder / name, dtype=dtype, **how)
        tokenizer = CLIPTokenizer.from_pretrained(folder / _TOKENIZERS[name], local_files_only=True)
        encoders.append((tokenizer, encoder.eval().requires_grad_(False).to(device)))
    return Checkpoint(
        kind,
        unet.eval().requires_grad_(False).to(device),
        vae.eval().requires_grad_(False).to(device),
        tuple(encoders),
        _json(folder / "scheduler" / "scheduler_config.json"),
        _checker(folder, device),
        int(unet.config.sample_size) * 8,
    )


def side_in(folder: Path) -> int:
    """The px that a checkpoint was trained at, from its configurations alone. Raises as `check` does."""
    _kind(folder)
    return int(_json(folder / "unet" / "config.json")["sample_size"]) * 8


def weights_in(folder: Path, variant: str = "") -> list[Path]:
    """A part's safetensors files of a variant ("fp16", or "" for none), seen to be whole. Raises AbsentError or
    ValueError."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    check_files(str(folder), names)
    files = [name for name in names if name.endswith(".safetensors") and _variant(name) == variant]
    if not files:
        others = sorted({_variant(name) or "none" for name in names if name.endswith(".safetensors")})
        raise AbsentError(
            f"{folder} has no weights of variant {variant or 'none'!r}, only of {', '.join(others)}; set paint.variant"
        )
    for name in files:
        read_header(folder / name)
    index = INDEX if not variant else INDEX.replace(".json", f".{variant}.json")
    for name in names:
        if name.endswith(index):
            check_index(str(folder), name, (folder / name).read_bytes(), names)
    return [folder / name for name in files]


def class_in(folder: Path) -> str:
    """The class that a folder's config.json or model_index.json names; empty where there is none."""
    for name in (INDEX_FILE, "config.json"):
        about = _json(folder / name)
        if about:
            return str(about.get("_class_name") or about.get("model_type") or "")
    return ""


def _kind(folder: Path) -> Kind:
    index, name = _json(folder / INDEX_FILE), class_in(folder)
    if not index:
        if name == "ControlNetModel":
            raise ValueError(f"{folder} is a ControlNet; it goes into paint.controlnet, and paint.model is {_ASKED}")
        if name:
            raise ValueError(f"{folder} holds {name} alone; paint.model is {_ASKED}")
        if any((folder / "unet").glob("config.json")):
            raise AbsentError(f"{folder} has no {INDEX_FILE}; fetch the folder again, whole")
        raise ValueError(f"{folder} has no {INDEX_FILE}; paint.model is {_ASKED}")
    unet = _json(folder / "unet" / "config.json")
    if "transformer" in index:
        raise ValueError(f"{folder} is a {name}, which denoises with a transformer; paint.model is {_ASKED}")
    if not unet:
        raise AbsentError(f"{folder} lacks unet/config.json; fetch the folder again, whole")
    encoders, cross = unet.get("addition_embed_type"), unet.get("cross_attention_dim")
    if unet.get("in_channels") not in (4, 9):
        raise ValueError(f"{folder} has a UNet of {unet.get('in_channels')} channels in, not 4 or 9; give {_ASKED}")
    if unet.get("time_cond_proj_dim"):
        raise ValueError(f"{folder} has a UNet distilled with its guidance (LCM); give its base and the LoRA of LCM")
    if encoders == "text_time" and "text_encoder_2" in index:
        return "sdxl"
    if encoders or "text_encoder_2" in index or "text_encoder" not in index:
        raise ValueError(f"{folder} is a {name} of another kind; paint.model is {_ASKED}")
    width = _json(folder / "text_encoder" / "config.json").get("hidden_size", cross)
    predicts = _json(folder / "scheduler" / "scheduler_config.json").get("prediction_type", "epsilon")
    if cross == 1024 or width != cross or predicts == "v_prediction":
        raise ValueError(f"{folder} is Stable Diffusion 2, which was withdrawn and is not supported; give {_ASKED}")
    return "sd15"


def _checker(folder: Path, device: str) -> tuple[Any, Any] | None:
    """The safety checker with what prepares its pictures, where the folder has both; in float32, it is asked once."""
    if not (folder / "safety_checker").is_dir() or not (folder / "feature_extractor").is_dir():
        return None
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    from layoutgen.models.denoising.rendering.clip_pictures import ClipPictures

    weights = folder / "safety_checker"
    variants = {_variant(file.name) for file in weights.glob("*.safetensors")}
    variant = "fp16" if variants == {"fp16"} else ""
    weights_in(weights, variant)
    network = StableDiffusionSafetyChecker.from_pretrained(
        weights, use_safetensors=True, variant=variant or None, local_files_only=True, dtype=torch.float32
    )
    return ClipPictures.of(folder / "feature_extractor"), network.eval().requires_grad_(False).to(device)


def _variant(name: str) -> str:
    """The variant in a file's name: `diffusion_pytorch_model.fp16-00001-of-00002.safetensors` is of `fp16`."""
    parts = name.split(".")
    return parts[1].partition("-")[0] if len(parts) > 2 else ""


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
