"""Builds models from settings, on the worker that uses them: one `match` a protocol is all that a new model needs."""

from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.config import Annotate, Compose, Place
from layoutgen.core import framing
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Framing, Role
from layoutgen.core.typography import Face, choose_face, is_wide
from layoutgen.io import fonts
from layoutgen.io.storage import Storage
from layoutgen.models.base import Annotator, Brief, Composer, Saliency
from layoutgen.models.frame import frame
from layoutgen.models.rules import VERSION as RULES_VERSION
from layoutgen.models.rules import RulesComposer, panel_colour, subject_map
from layoutgen.models.saliency import BorderSaliency


class FaceFor:
    """Which face sets a text: bold for titles and prices; of that weight the user's, then Noto Sans SC for text with
    Chinese characters and Noto Sans KR for other text (same Latin letters, but quotes and dots of Latin width)."""

    def __init__(self, settings: Place) -> None:
        self.bold = fonts.faces(settings.bold_font, fonts.BOLD)
        self.regular = fonts.faces(settings.regular_font, fonts.REGULAR)

    def __call__(self, role: Role, text: str) -> Face:
        """Return the face for a role and text."""
        faces = self.bold if role in (Role.TITLE, Role.PRICE) else self.regular
        if not any(map(is_wide, text)):
            faces = [*faces[:-2], *reversed(faces[-2:])]
        return choose_face(text, faces)


class SubjectOnly:
    """The annotator that reads no text: it finds the subject and nothing else."""

    def __init__(self, saliency: Saliency) -> None:
        self._saliency = saliency

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Any]:
        """Return annotations without lines."""
        return [Annotation((), framing.subject_box(found), found) for found in self._saliency.saliency(images)]


def annotator(settings: Annotate) -> tuple[Annotator, str]:
    """Build the annotator, and say its name and version."""
    saliency = BorderSaliency()
    match settings.engine:
        case "ocr":
            from layoutgen.models.ocr import VERSION, OcrAnnotator

            return OcrAnnotator(threads=settings.threads, saliency=saliency), VERSION
        case "none":
            return SubjectOnly(saliency), "subject-1"


def composer(
    settings: Compose, place: Place, face_for: FaceFor, seed: int, storage: Storage
) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, and its provenance: composer, adapter, prompt_version, seed."""
    match settings.engine:
        case "rules":
            model = RulesComposer(BorderSaliency(), face_for, margin=place.margin, min_font=place.min_font)
            return model, {"composer": RULES_VERSION, "adapter": None, "prompt_version": None, "seed": seed}
        case "qwen_vl":
            return _qwen_vl(settings, seed, storage)


def _qwen_vl(settings: Compose, seed: int, storage: Storage) -> tuple[Composer, dict[str, Any]]:
    from layoutgen.models.qwen_vl import QwenVlComposer
    from layoutgen.models.weights import fetch_weights

    cache = Path(settings.cache).expanduser()
    saliency = BorderSaliency()

    def frame_default(brief: Brief) -> Framing:
        found = subject_map(brief, saliency)
        height, width = brief.image.shape[:2]
        panel = panel_colour(brief.image, found)
        return framing.default(width / height, framing.subject_box(found), brief.canvas, panel)

    model = QwenVlComposer(
        fetch_weights(settings.model, cache, storage),
        fetch_weights(settings.adapter, cache, storage) if settings.adapter else None,
        frame=frame_default,
        render=frame,
        device=settings.device,
        dtype=settings.dtype,
        max_side=settings.image_side,
        max_new_tokens=settings.max_new_tokens,
        batch_size=settings.batch,
    )
    known = model.identity
    return model, {
        "composer": f"{known['family']} {settings.model} {known['weights_sha'][:12]}",
        "adapter": f"{settings.adapter} {known['adapter_sha'][:12]}" if settings.adapter else None,
        "prompt_version": known["prompt_version"],
        "seed": seed,
    }
