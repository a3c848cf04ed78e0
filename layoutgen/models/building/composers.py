"""Builds what proposes layouts, and what prepares pictures for it: one `match` is all that a new composer needs."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.config.stages import ComposeSettings, CoverPlaceSettings, PlaceSettings
from layoutgen.core import framing
from layoutgen.core.annotation import Annotation
from layoutgen.core.covers.acceptance import Limits
from layoutgen.core.covers.protection import Zones
from layoutgen.core.layout import Canvas, Copy, Framing
from layoutgen.imaging.grounds import panel_colour
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composer, Preparer
from layoutgen.models.building import finders
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers import ensemble, rules
from layoutgen.models.composers.campaigns import Campaign
from layoutgen.models.composers.covers import CoverComposer, Proportions
from layoutgen.models.composers.demanded import Demanded
from layoutgen.models.composers.dressed import Dressed
from layoutgen.models.composers.folded import Folded
from layoutgen.models.composers.mirrored import Mirrored
from layoutgen.models.critics.outcome import Placing
from layoutgen.models.critics.ranking import Foreseen, Rank, rough
from layoutgen.models.finders.border import BorderSaliency


def composer(
    settings: ComposeSettings, place: PlaceSettings, face_for: FaceFor, seed: int, storage: Storage
) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, and its provenance: composer, adapter, prompt_version, and seed where it draws numbers. A
    vision-language model is shown the true photo whichever way the copy runs; for others it is mirrored."""
    match settings.engine:
        case "rules":
            model: Composer = _rules(place, face_for)
            return Demanded(Campaign(Mirrored(model))), {
                "composer": rules.VERSION,
                "adapter": None,
                "prompt_version": None,
                "seed": None,
            }
        case "qwen_vl":
            from layoutgen.models.building import vlm as building_vlm

            rank = _rank(settings, place, face_for)
            model, provenance = building_vlm.composer(settings, seed, storage, frame_default, rank)
            return Demanded(Dressed(Folded(model))), provenance
        case "ensemble":
            return _ensemble(settings, place, face_for, seed, storage)
        case _:
            from layoutgen.models.building import networks as building_networks

            rank = _rank(settings, place, face_for)
            model, provenance = building_networks.composer(settings, seed, storage, frame_default, rank)
            return Demanded(Dressed(Folded(Mirrored(model)))), provenance


def _rules(place: PlaceSettings, face_for: FaceFor) -> rules.RulesComposer:
    return rules.RulesComposer(BorderSaliency(), face_for, margin=place.margin, min_font=place.min_font)


def _ensemble(
    settings: ComposeSettings, place: PlaceSettings, face_for: FaceFor, seed: int, storage: Storage
) -> tuple[Composer, dict[str, Any]]:
    """The rules and networks, and the best of what they propose."""
    members: dict[str, Composer] = {}
    names = [ensemble.VERSION, rules.VERSION]
    for network in settings.networks:
        from layoutgen.models.building import networks as building_networks

        model, provenance = building_networks.composer(network, seed, storage, frame_default)
        members[network.engine] = Folded(model)
        names.append(provenance["composer"])
    rank = Foreseen(placing(place, face_for), finders.critic(), ensemble.MERITS)
    model = ensemble.Ensemble(_rules(place, face_for), members, rank)
    provenance = {"composer": " + ".join(names), "adapter": None, "prompt_version": None}
    return Demanded(Campaign(Mirrored(model))), {**provenance, "seed": seed if members else None}


def _rank(settings: ComposeSettings, place: PlaceSettings, face_for: FaceFor) -> Rank:
    """Which of several candidates is the best: by what the place stage, so set, makes of them."""
    if settings.candidates < 2:
        return rough
    return Foreseen(placing(place, face_for), finders.critic())


def placing(place: PlaceSettings, face_for: FaceFor) -> Placing:
    """How layouts are foreseen: as the place stage, so set, will place them."""
    return Placing(face_for, place.margin, place.min_font, place.min_contrast)


def cover_composer(
    settings: CoverPlaceSettings, zones: Zones, face_for: FaceFor, font_files: tuple[str, ...] = ()
) -> CoverComposer:
    """Build the composer of covers; `font_files` are those of house styles and brand kits."""
    own = filter(None, (settings.regular_font, settings.bold_font, settings.emoji_font))
    return CoverComposer(
        Proportions(settings.margin, settings.max_font),
        Limits(
            settings.most_covered,
            settings.min_contrast,
            settings.min_font,
            settings.most_cut,
            settings.most_on_subject,
        ),
        face_for,
        zones=zones,
        font_files=(*dict.fromkeys((*own, *font_files)),),
    )


def preparer(settings: ComposeSettings, storage: Storage) -> Preparer:
    """Build what prepares pictures for the composer, on machines without its weights."""
    from layoutgen.models.vlm.canvas_painter import CanvasPainter
    from layoutgen.models.vlm.pictures import picture_kind
    from layoutgen.models.weights import fetch_config

    folder = fetch_config(settings.model, Path(settings.cache).expanduser(), storage)
    family = json.loads((folder / "config.json").read_text("utf-8"))["model_type"]
    return CanvasPainter(picture_kind(folder, family), settings.image_side, frame_default)


def frame_default(image: np.ndarray, annotation: Annotation, canvas: Canvas) -> Framing:
    """How a photo is laid on its canvas for composers that choose no framing."""
    subject = rules.subject_map(Brief(image, annotation, Copy(""), canvas), BorderSaliency())
    height, width = image.shape[:2]
    return framing.with_room(width / height, framing.subject_box(subject), canvas, panel_colour(image, subject))
