"""Builds models from settings, on the worker that uses them: one `match` a protocol is all that a new model needs."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.config.stages import (
    NETWORKS,
    AnnotateSettings,
    CheckpointSettings,
    ComposeSettings,
    CoverPlaceSettings,
    ImagesSettings,
    PlaceSettings,
    ProtectSettings,
    SaliencySettings,
)
from layoutgen.core import framing
from layoutgen.core.annotation import Annotation
from layoutgen.core.covers.acceptance import Limits
from layoutgen.core.covers.placement import VERSION as COVER_VERSION
from layoutgen.core.covers.protection import SAFE_ZONES, Zone, Zones
from layoutgen.core.covers.text import Proportions
from layoutgen.core.fingerprint import COVER_COPY, Versions, digest
from layoutgen.core.layout import Canvas, Copy, Framing, Role
from layoutgen.core.placing.placement import VERSION as PLACE_VERSION
from layoutgen.core.text.lettering import VERSION as LETTERING_VERSION
from layoutgen.core.text.lettering import choose_face
from layoutgen.core.text.typography import Face, is_wide
from layoutgen.imaging import fonts
from layoutgen.imaging.grounds import panel_colour
from layoutgen.imaging.images import VERSION as FETCH_VERSION
from layoutgen.imaging.video import VERSION as VIDEO_VERSION
from layoutgen.io.digests import file_digest
from layoutgen.io.storage import Storage
from layoutgen.models.annotators.grounded import VERSION as GROUNDED_VERSION
from layoutgen.models.annotators.grounded import GroundedAnnotator
from layoutgen.models.annotators.ocr import VERSION as OCR_VERSION
from layoutgen.models.annotators.ocr import OcrAnnotator
from layoutgen.models.annotators.strips import InParts
from layoutgen.models.base import Annotator, Brief, Composer, Faces, FrameChooser, Preparer, Saliency
from layoutgen.models.building.libraries import release
from layoutgen.models.composers.covers import CoverComposer
from layoutgen.models.composers.rules import VERSION as RULES_VERSION
from layoutgen.models.composers.rules import RulesComposer, subject_map
from layoutgen.models.finders.border import VERSION as BORDER_VERSION
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.models.finders.clips import VERSION as CLIPS_VERSION
from layoutgen.models.finders.clips import ClipFrames
from layoutgen.models.finders.faces import VERSION as FACES_VERSION
from layoutgen.models.finders.faces import detector, wheel_files

_NO_READER = "subject-1"
logger = logging.getLogger("layoutgen")


class FaceFor:
    """Which face sets a text, one for all of it: the first that has all its letters. Bold for titles and prices; the
    user's file first, then Noto Sans SC for text with Chinese characters and Noto Sans KR for other text (same Latin
    letters, but quotes and dots of Latin width), then the other embedded fonts, last the user's of the other weight.

    Raises ValueError for a file that is no font, and for two that a row could not tell apart by name."""

    def __init__(self, settings: PlaceSettings) -> None:
        own = [(settings.bold_font, fonts.BOLD), (settings.regular_font, fonts.REGULAR)]
        bold, regular = ([fonts.face(*one)] if one[0] else [] for one in own)
        if bold and regular and bold[0].name == regular[0].name and bold[0].path != regular[0].path:
            raise ValueError(
                f"place.bold_font {bold[0].path} and place.regular_font {regular[0].path} have the same name "
                f"{bold[0].name!r}, by which rows say their font; rename one file"
            )
        names = {face.name for face in (*bold, *regular)}  # a user's font hides an embedded one of the same name
        self.bold = [*bold, *(face for face in fonts.faces("", fonts.BOLD) if face.name not in names), *regular]
        self.regular = [*regular, *(face for face in fonts.faces("", fonts.REGULAR) if face.name not in names), *bold]

    def __call__(self, role: Role, text: str) -> Face:
        """Return the face for a role and text."""
        faces = self.bold if role in (Role.TITLE, Role.PRICE) else self.regular
        if not any(map(is_wide, text)):
            korean = [face for face in faces if face.path == fonts.KOREAN]
            first = 1 if faces[0].path not in fonts.EMBEDDED else 0
            faces = [*faces[:first], *korean, *(face for face in faces[first:] if face not in korean)]
        return choose_face(text, faces)


class SubjectOnly:
    """The annotator that reads no text: it finds the subject and nothing else."""

    def __init__(self, saliency: Saliency) -> None:
        self._saliency = saliency

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Any]:
        """Return annotations without lines."""
        return [Annotation((), framing.subject_box(found), found) for found in self._saliency.saliency(images)]


def versions(
    images: ImagesSettings,
    annotate: AnnotateSettings,
    compose: ComposeSettings | None,
    place: PlaceSettings | None,
    seed: int = 0,
) -> Versions:
    """The versions of all that works in the stages, told without loading a model: settings and files that shape a row,
    and none that do not, such as sizes of pools and batches, threads, devices, folders of caches and names of files."""
    return Versions(
        fetch=digest(FETCH_VERSION, images.model_dump(exclude={"pool"})),
        annotate=digest(annotator_version(annotate), saliency_version(annotate.saliency)),
        compose=digest(_composer_version(compose, place, seed), place and _fonts(place)) if compose else "",
        place=digest(PLACE_VERSION, _placer_version(place)) if place else "",
    )


def cover_versions(images: ImagesSettings, protect: ProtectSettings, place: CoverPlaceSettings) -> Versions:
    """The versions of all that works in the covers job's stages."""
    read = annotator_version(AnnotateSettings(engine=protect.engine))
    seen = (faces_version(protect), release("faces") if protect.faces == "mtcnn" else "")
    controls = {ratio: sorted((zone.name, zone.box) for zone in named) for ratio, named in zones(protect).items()}
    return Versions(
        fetch=digest(FETCH_VERSION, VIDEO_VERSION, CLIPS_VERSION, images.model_dump(exclude={"pool"})),
        annotate=digest(read, saliency_version(protect.saliency), seen),
        place=digest(COVER_VERSION, _placer_version(place), controls),
        copy=COVER_COPY,
    )


def faces_version(settings: ProtectSettings) -> str:
    """The name and version of the face detector; says "none" where none can run here."""
    if settings.faces == "mtcnn":
        return FACES_VERSION if wheel_files() else "none: the mtcnn wheel is not installed"
    return f"yunet {_digest_of(settings.faces, 'a face detector', '`mtcnn`')}" if settings.faces else "none"


def _digest_of(path: str, what: str, others: str) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise ValueError(
            f"{path}, which is to be {what}, can't be read ({error.strerror}); give {others} or an ONNX file's path"
        ) from None


def frame_chooser(images: ImagesSettings, protect: ProtectSettings) -> FrameChooser:
    """Build what chooses a clip's frame."""
    return ClipFrames(saliency(protect.saliency), images.side)


def _composer_version(settings: ComposeSettings, place: PlaceSettings | None = None, seed: int = 0) -> list[object]:
    if settings.engine == "rules":
        return [RULES_VERSION, framing.VERSION, BORDER_VERSION, release("measure"), place and _limits(place)]
    if settings.engine in NETWORKS:
        from layoutgen.models.building import networks as building_networks

        return [BORDER_VERSION, seed, *building_networks.version(settings)]
    from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION

    drawn = [settings.candidates, settings.temperature, seed] if settings.candidates > 1 else []
    return [framing.VERSION, BORDER_VERSION, PROMPT_VERSION, CODEC, *_checkpoint_version(settings), *drawn]


def _checkpoint_version(settings: CheckpointSettings) -> list[object]:
    """What tells checkpoints apart: what they hold, wherever it is, and how they answer."""
    from layoutgen.models.weights import identity

    held = [identity(uri) for uri in (settings.model, settings.adapter) if uri]
    answers = [release("answer"), *([release("vllm")] if settings.decoder == "vllm" else [])]
    return [settings.engine, held, settings.image_side, settings.max_new_tokens, settings.dtype, *answers]


def _placer_version(settings: PlaceSettings) -> list[object]:
    apart = {"pool", "regular_font", "bold_font"}
    if settings.bold_font and settings.bold_font == settings.regular_font:
        face = fonts.face(settings.bold_font, fonts.BOLD)
        if not face.has_weights:
            logger.warning("%s has no axis of weights: titles set in it are no bolder than other texts", face.path)
    return [settings.model_dump(exclude=apart), _fonts(settings), release("measure")]


def _limits(settings: PlaceSettings) -> tuple[float, float]:
    return settings.margin, settings.min_font


def _fonts(settings: PlaceSettings) -> list[tuple[str, str]]:
    """The fonts by the name that rows say and by their bytes, not by where they are."""
    face_for = FaceFor(settings)
    names = [(face.name, file_digest(face.path)) for face in (*face_for.bold, *face_for.regular)]
    return [(fonts.VERSION, LETTERING_VERSION), *names]


def annotator_version(settings: AnnotateSettings) -> str:
    """What tells the annotations of one annotator from those of another."""
    if settings.engine == "none":
        return _NO_READER
    if settings.engine == "ocr":
        return f"{OCR_VERSION}, {release('ocr')}"
    from layoutgen.core.prompts.annotations import PROMPT_VERSION

    joined = [GROUNDED_VERSION, OCR_VERSION, release("ocr")] if settings.engine == "grounded" else []
    return digest(PROMPT_VERSION, _checkpoint_version(settings), joined)


def saliency(settings: SaliencySettings) -> Saliency:
    """Build the subject finder."""
    match settings.model:
        case "border":
            return BorderSaliency()
        case "net":
            from layoutgen.models.finders.network import NetSaliency

            return NetSaliency(settings.threads)
        case path:
            from layoutgen.models.finders.files import FileSaliency

            return FileSaliency(path, settings.format, settings.threads)


def saliency_version(settings: SaliencySettings) -> str:
    """The name and version of the subject finder, told without loading a model; of a file, its bytes' digest."""
    match settings.model:
        case "border":
            return BORDER_VERSION
        case "net":
            from layoutgen.models.finders.network import version

            return version()
        case path:
            return f"{settings.format}-{_digest_of(path, 'a subject finder', '`net`, `border`')}"


def faces(settings: ProtectSettings) -> Faces | None:
    """Build the face detector; None where there is none, which the summary then says."""
    return detector(settings.faces, settings.saliency.threads)


def zones(settings: ProtectSettings) -> Zones:
    """The player's controls: those of the settings, else the shipped ones."""
    if settings.zones is None:
        return SAFE_ZONES
    return {
        ratio: tuple(Zone(name, box) for name, box in sorted(named.items())) for ratio, named in settings.zones.items()
    }


def subject_only(settings: SaliencySettings) -> Annotator:
    """The annotator for images whose text is known already."""
    return SubjectOnly(saliency(settings))


def annotator(settings: AnnotateSettings, storage: Storage) -> tuple[Annotator, str]:
    """Build the annotator, and its name and version as rows say it."""
    match settings.engine:
        case "ocr":
            return OcrAnnotator(threads=settings.threads, saliency=saliency(settings.saliency)), OCR_VERSION
        case "none":
            return subject_only(settings.saliency), _NO_READER
        case "internvl":
            from layoutgen.models.building import vlm as building_vlm

            model, name = building_vlm.annotator(settings, storage, saliency(settings.saliency))
            return InParts(model, subject_only(settings.saliency), settings.batch), name
        case "grounded":
            from layoutgen.models.building import vlm as building_vlm

            namer, name = building_vlm.annotator(settings, storage, None)
            reader = OcrAnnotator(threads=settings.threads, saliency=saliency(settings.saliency))
            both = InParts(GroundedAnnotator(namer, reader), subject_only(settings.saliency), settings.batch)
            return both, f"{name}, {GROUNDED_VERSION} in {OCR_VERSION}"


def composer(
    settings: ComposeSettings, place: PlaceSettings, face_for: FaceFor, seed: int, storage: Storage
) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, and its provenance: composer, adapter, prompt_version, and seed where it draws lots."""
    match settings.engine:
        case "rules":
            model = RulesComposer(BorderSaliency(), face_for, margin=place.margin, min_font=place.min_font)
            return model, {"composer": RULES_VERSION, "adapter": None, "prompt_version": None, "seed": None}
        case "qwen_vl":
            from layoutgen.models.building import vlm as building_vlm

            return building_vlm.composer(settings, seed, storage, frame_default)
        case "radm" | "layout_image":
            from layoutgen.models.building import networks as building_networks

            return building_networks.composer(settings, seed, storage, frame_default)


def cover_composer(settings: CoverPlaceSettings, zones: Zones, face_for: FaceFor) -> CoverComposer:
    """Build the composer of covers."""
    return CoverComposer(
        Proportions(settings.margin, settings.max_font, settings.most_lines),
        Limits(settings.most_covered, settings.min_contrast, settings.min_font),
        face_for,
        zones=zones,
        font_files=tuple(filter(None, (settings.regular_font, settings.bold_font))),
    )


def preparer(settings: ComposeSettings, storage: Storage) -> Preparer:
    """Build what prepares pictures for the composer, on machines without its weights."""
    import json

    from layoutgen.models.vlm.canvas_painter import CanvasPainter
    from layoutgen.models.vlm.pictures import picture_kind
    from layoutgen.models.weights import fetch_config

    folder = fetch_config(settings.model, Path(settings.cache).expanduser(), storage)
    family = json.loads((folder / "config.json").read_text("utf-8"))["model_type"]
    return CanvasPainter(picture_kind(folder, family), settings.image_side, frame_default)


def frame_default(image: np.ndarray, annotation: Annotation, canvas: Canvas) -> Framing:
    """How a photo is laid on its canvas for composers that choose no framing."""
    found = subject_map(Brief(image, annotation, Copy(""), canvas), BorderSaliency())
    height, width = image.shape[:2]
    return framing.with_room(width / height, framing.subject_box(found), canvas, panel_colour(image, found))
