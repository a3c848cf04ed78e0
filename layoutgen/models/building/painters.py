"""Builds what paints grounds: one `match` is all that a new painter needs."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from layoutgen.config.posters import PaintSettings
from layoutgen.config.stages import AnnotateSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Box
from layoutgen.io.storage import Storage
from layoutgen.models.base import Annotator, Painter
from layoutgen.models.denoising.painted.version import VERSION as PAINTED
from layoutgen.models.denoising.scenes.version import VERSION as DRAWN
from layoutgen.models.painters import plain
from layoutgen.models.prefixes import split_pin
from layoutgen.models.weights import EMBEDDED, fetch_weights, identity, pinned, weights_sha


@dataclass(frozen=True)
class Provenance:
    """What rows say of their painter: name and version, sha256 of its weights (None without any), and steps. One that
    `paints_things` may paint the product once more, or letters: its grounds are searched for them."""

    painter: str
    sha: str | None = None
    steps: int | None = None
    paints_things: bool = False


BuildPainter = Callable[[], tuple[Painter, Provenance]]


@dataclass(frozen=True)
class Finishing:
    """What finishes grounds: whoever takes the painter's place where its grounds don't pass, what rows say of it, and
    what finds letters in grounds (boxes, ltrb normalised); None where nobody looks."""

    fallback: Painter
    about_fallback: Provenance
    letters: Callable[[np.ndarray], list[Box]] | None = None


def finishing(settings: PaintSettings, reading: AnnotateSettings) -> Finishing:
    """Build what finishes a painter's grounds; letters are read as `reading` says, where that is OCR on CPUs."""
    letters = None
    if paints_things(settings) and reading.engine == "ocr":
        from layoutgen.models.annotators.ocr import OcrAnnotator

        letters = partial(_letters, OcrAnnotator(threads=reading.threads))
    return Finishing(plain.GradientPainter(), Provenance(f"gradient {plain.VERSION}"), letters)


def paints_things(settings: PaintSettings) -> bool:
    """Whether a painter may paint the product once more, or letters: its grounds are searched for them. The others
    paint what the project draws, in which there is neither."""
    return settings.engine == "stable_diffusion"


def _letters(reader: Annotator, picture: np.ndarray) -> list[Box]:
    (annotation,) = reader.annotate([picture])
    return [line.box for line in annotation.lines] if isinstance(annotation, Annotation) else []


def painter(settings: PaintSettings, storage: Storage) -> tuple[Painter, Provenance]:
    """Build the painter, and what rows say of it."""
    match settings.engine:
        case "flat":
            return plain.FlatPainter(), Provenance(f"flat {plain.VERSION}")
        case "gradient":
            return plain.GradientPainter(), Provenance(f"gradient {plain.VERSION}")
        case "blurred":
            return plain.BlurredPainter(), Provenance(f"blurred {plain.VERSION}")
        case "drawn" | "painted":
            return _proposing(settings, storage)
        case "stable_diffusion":
            from layoutgen.models.building import diffusion

            with_checkpoints, sha = diffusion.painter(settings, storage)
            name = f"{diffusion.RELEASE} {split_pin(settings.model)[0]}"
            return with_checkpoints, Provenance(name, sha, settings.steps, paints_things=paints_things(settings))


def _proposing(settings: PaintSettings, storage: Storage) -> tuple[Painter, Provenance]:
    """Build a painter of proposed scenes; the sha256 of two networks' weights is that of both."""
    from layoutgen.models.denoising.scenes import checkpoint
    from layoutgen.models.denoising.scenes.proposing import Proposer

    cache = Path(settings.cache).expanduser()
    folders = {name: fetch_weights(uri, cache, storage) for name, uri in _uris(settings).items()}
    shas = [weights_sha(folder) for folder in folders.values()]
    if settings.engine == "drawn":
        from layoutgen.models.denoising.scenes.painter import DrawnPainter

        proposer = Proposer(checkpoint.load(folders["model"]), steps=settings.steps)
        return DrawnPainter(proposer), Provenance(DRAWN, shas[0], settings.steps)
    from layoutgen.models.denoising.painted import checkpoint as paintings
    from layoutgen.models.denoising.painted.painter import NetworkPainter

    proposer = Proposer(checkpoint.load(folders["scenes"]), steps=settings.steps)
    both = hashlib.sha256(" ".join(shas).encode()).hexdigest()
    return NetworkPainter(paintings.load(folders["model"]), proposer), Provenance(PAINTED, both, settings.steps)


def pinned_settings(settings: PaintSettings, storage: Storage) -> PaintSettings:
    """The settings with checkpoints named by what they are now, for a whole run; those on this machine are looked at.
    Raises ValueError or AbsentError naming the setting and the mend."""
    match settings.engine:
        case "drawn" | "painted":
            cache = Path(settings.cache).expanduser()
            now = {name: pinned(uri, cache, storage) for name, uri in _uris(settings).items()}
            others = {name: uri for name, uri in now.items() if getattr(settings, name) != EMBEDDED}
            return settings.model_copy(update=others) if others else settings
        case "stable_diffusion":
            from layoutgen.models.building import diffusion

            diffusion.check(settings)
            return diffusion.pinned_settings(settings, storage)
        case _:
            return settings


def check(settings: PaintSettings, storage: Storage) -> None:
    """See that the networks of `drawn` and `painted` are there and whole; `pinned_settings` looks at others. Raises
    ValueError or AbsentError with the mend."""
    if settings.engine in ("drawn", "painted"):
        painter(settings, storage)


def version(settings: PaintSettings) -> list[object]:
    """What tells the grounds of one painter from those of another, told without loading a model."""
    match settings.engine:
        case "flat" | "gradient" | "blurred":
            return [settings.engine, plain.VERSION]
        case "drawn" | "painted":
            release = DRAWN if settings.engine == "drawn" else PAINTED
            return [settings.engine, release, *map(identity, _uris(settings).values()), settings.steps]
        case "stable_diffusion":
            from layoutgen.models.building import diffusion

            return diffusion.version(settings)


def _uris(settings: PaintSettings) -> dict[str, str]:
    """Where the networks of `drawn` and `painted` are, by the settings that name them: `scenes` propose, for `drawn`
    by the name of `model`."""
    kinds = {"model": "scenes"} if settings.engine == "drawn" else {"scenes": "scenes", "model": "painted"}
    named = {name: getattr(settings, name) for name in kinds}
    return {name: f"{EMBEDDED}/{kinds[name]}" if uri == EMBEDDED else uri for name, uri in named.items()}
