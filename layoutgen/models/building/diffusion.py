"""Builds the Stable Diffusion painter; imported where settings name it."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from layoutgen.config.posters import CHECKPOINTS, PaintSettings
from layoutgen.core.errors import AbsentError
from layoutgen.io.digests import file_digest
from layoutgen.io.storage import Storage
from layoutgen.models.base import Painter
from layoutgen.models.building.libraries import release
from layoutgen.models.denoising.rendering.version import VERSION as RELEASE
from layoutgen.models.weights import fetch_tree, local, pinned, tree_identity, weights_sha

logger = logging.getLogger("layoutgen")

_CONFIGS = ("*.json", "*.txt", "*.model")


def painter(settings: PaintSettings, storage: Storage) -> tuple[Painter, str]:
    """Build the painter, and the sha256 of its weights. Raises ValueError or AbsentError with the mend."""
    import torch

    from layoutgen.models.denoising.rendering import attention, category, checkpoint, control
    from layoutgen.models.denoising.rendering.painter import StableDiffusionPainter
    from layoutgen.models.denoising.rendering.sampling import Sampling

    device, dtype = settings.device, getattr(torch, settings.dtype)
    folders = _fetch(settings, storage)
    model = checkpoint.load(folders["model"], device, dtype, variant=settings.variant)
    controls: control.Control | None = None
    if "rendernet" in folders:
        controls = control.load(folders["rendernet"], device, dtype)
        control.check_fits(controls, model.unet, folders["rendernet"])
    if "controlnet" in folders:
        network = control.load_controlnet(folders["controlnet"], device, dtype, variant=settings.variant)
        controls = control.PictureControl(network, settings.control)
        control.check_fits(controls, model.unet, folders["controlnet"])
    if controls is None and not model.is_inpainting:
        raise ValueError(
            "a text-to-image model isn't told where the product stands: give paint.controlnet or paint.rendernet, or "
            "an inpainting model"
        )
    if "lora" in folders:
        from layoutgen.models.denoising.rendering import lora

        lora.melt(_file(folders["lora"], settings.lora_file, "lora"), model.unet, model.kind, settings.lora_scale)
    categories = None
    if "categories" in folders:
        categories = category.load(folders["categories"], device, dtype)
        category.check_fits(categories, model.unet, folders["categories"])
        categories.put_into(model.unet)
    style = None
    if "ip_adapter" in folders:
        from layoutgen.models.denoising.rendering import style as styles

        file = _file(folders["ip_adapter"], settings.ip_adapter_file, "ip_adapter")
        style = styles.load(file, model.unet, encoder=folders.get("image_encoder"), where=settings.style_layers)
    model_painter = StableDiffusionPainter(
        model,
        attention.guided(model.unet, style.keys_values if style else None),
        control=controls,
        categories=categories,
        style=style,
        words=_words(settings),
        how=Sampling(settings.steps, settings.guidance, settings.sampler, settings.control_scale),
        rows=settings.batch,
    )
    shas = [(name, weights_sha(folder, tree=True)) for name, folder in folders.items()]
    return model_painter, hashlib.sha256(json.dumps(shas).encode()).hexdigest()


def check(settings: PaintSettings) -> None:
    """See that what is on this machine is whole and of the right kind; what is elsewhere was looked at when it was
    pinned. Raises ValueError or AbsentError with the mend."""
    from layoutgen.models.denoising.rendering import checkpoint

    _words(settings)
    for name in CHECKPOINTS:
        if uri := getattr(settings, name):
            if name == "model" and Path(uri).expanduser().is_file():
                checkpoint.check(Path(uri).expanduser())
            folder = local(uri)
            if folder and name == "model":
                checkpoint.check(folder, settings.variant)
            if folder and name in ("lora", "ip_adapter"):
                _file(folder, getattr(settings, f"{name}_file"), name)


def pinned_settings(settings: PaintSettings, storage: Storage) -> PaintSettings:
    """The settings with checkpoints named by what they are now. Raises ValueError or AbsentError naming the setting."""
    now = {}
    for name in CHECKPOINTS:
        if uri := getattr(settings, name):
            try:
                now[name] = pinned(uri, Path(settings.cache).expanduser(), storage, tree=True)
            except AbsentError as error:
                raise AbsentError(f"paint.{name} = {uri!r}: {error}") from None
            except ValueError as error:
                raise ValueError(f"paint.{name} = {uri!r}: {error}") from None
            if now[name] != uri:
                logger.info("paint.%s = %s is %s in this run", name, uri, now[name])
    return settings.model_copy(update=now)


def version(settings: PaintSettings) -> list[object]:
    """What tells its grounds from others', told without loading a model."""
    weights = [(name, tree_identity(uri)) for name in CHECKPOINTS if (uri := getattr(settings, name))]
    how = settings.model_dump(
        include={"variant", "control", "control_scale", "ip_adapter_file", "style_layers", "lora_file", "lora_scale"}
        | {"steps", "guidance", "sampler", "dtype"}
    )
    words = file_digest(settings.words) if settings.words else ""
    return [RELEASE, weights, sorted(how.items()), words, release("draw"), release("answer")]


def _fetch(settings: PaintSettings, storage: Storage) -> dict[str, Path]:
    """The folders of the checkpoints that the settings name; of a hub's repository what is needed alone."""
    patterns = {
        "ip_adapter": (*_CONFIGS, settings.ip_adapter_file or "*.safetensors", "*image_encoder/model.safetensors"),
        "lora": (settings.lora_file or "*.safetensors",),
    }
    return {
        name: fetch_tree(
            uri, Path(settings.cache).expanduser(), storage, patterns.get(name, files_of(settings.variant))
        )
        for name in CHECKPOINTS
        if (uri := getattr(settings, name))
    }


def files_of(variant: str) -> tuple[str, ...]:
    """Which files of a hub's repository make a checkpoint of a variant."""
    tail = f".{variant}" if variant else ""
    names = ("diffusion_pytorch_model", "model")
    return (*_CONFIGS, *(f"*{name}{tail}{end}.safetensors" for name in names for end in ("", "-0*")))


def _file(folder: Path, name: str, setting: str) -> Path:
    """The safetensors file that a setting names in a folder, or the only one there. Raises AbsentError."""
    if name:
        if (folder / name).is_file():
            return folder / name
        raise AbsentError(f"{folder} has no {name}; mend paint.{setting}_file")
    files = sorted(folder.glob("*.safetensors"))
    if len(files) != 1:
        names = ", ".join(path.name for path in files[:5]) or "none"
        raise AbsentError(f"{folder} has no single .safetensors file ({names}); name it in paint.{setting}_file")
    return files[0]


def _words(settings: PaintSettings) -> Any:
    """The words that prompts may be made of. Raises ValueError where the user's can't be read."""
    from layoutgen.models.denoising.rendering.words import SceneWords

    if not settings.words:
        return SceneWords()
    try:
        return SceneWords(Path(settings.words).expanduser().read_text("utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise ValueError(f"paint.words = {settings.words!r} can't be read ({error}); give a text file") from None
