"""What makes a row be computed anew: the version of all that works in a stage, told without loading a model.

A module's `VERSION`, and a task's `PROMPT_VERSION`, rise with every change of what the module makes of the same input,
and with nothing else: its name, a dash and a number. `libraries` says which installed libraries count, and digests of
their bytes stand for files: weights, fonts, detectors.
"""

import logging
from dataclasses import replace

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.stages import (
    NETWORKS,
    AnnotateSettings,
    CheckpointSettings,
    ComposeSettings,
    CoverPlaceSettings,
    CoverSettings,
    ImagesSettings,
    PlaceSettings,
    ProtectSettings,
    SaliencySettings,
)
from layoutgen.core import framing
from layoutgen.core.covers import placement as cover_placement
from layoutgen.core.fingerprint import COVER_COPY, Versions, digest
from layoutgen.core.placing import placement
from layoutgen.core.proposals import ranking
from layoutgen.core.text import lettering
from layoutgen.imaging import fonts, images, video
from layoutgen.io.digests import file_digest
from layoutgen.models.annotators import grounded, ocr, subject_only
from layoutgen.models.building.finders import zones
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.libraries import release
from layoutgen.models.composers import rules
from layoutgen.models.finders import border, clips, faces

logger = logging.getLogger("layoutgen")


def row_versions(
    pixels: ImagesSettings,
    annotate: AnnotateSettings,
    compose: ComposeSettings | None,
    place: PlaceSettings | None,
    seed: int = 0,
) -> Versions:
    """The versions of all that works in the stages, told without loading a model: settings and files that shape a row,
    and none that do not, such as sizes of pools and batches, threads, devices, folders of caches and names of files."""
    return Versions(
        fetch=digest(images.VERSION, pixels.model_dump(exclude={"pool"})),
        annotate=digest(annotator_version(annotate), saliency_version(annotate.saliency)),
        compose=digest(_composer_version(compose, place, seed), place and _fonts(place)) if compose else "",
        place=digest(placement.VERSION, _placer_version(place)) if place else "",
    )


def cover_versions(pixels: ImagesSettings, protect: ProtectSettings, place: CoverPlaceSettings) -> Versions:
    """The versions of all that works in the covers job's stages."""
    reading = annotator_version(AnnotateSettings(engine=protect.engine))
    looking = (faces_version(protect), release("faces") if protect.faces == "mtcnn" else "")
    controls = {ratio: sorted((zone.name, zone.box) for zone in named) for ratio, named in zones(protect).items()}
    return Versions(
        fetch=digest(images.VERSION, video.VERSION, clips.VERSION, pixels.model_dump(exclude={"pool"})),
        annotate=digest(reading, saliency_version(protect.saliency), looking),
        place=digest(cover_placement.VERSION, _placer_version(place), controls),
        copy=COVER_COPY,
    )


def versions_by_application(config: LayoutsConfig) -> dict[str, Versions]:
    """The versions of all that works on the rows of each application in jobs.layouts."""
    poster = row_versions(config.images, config.annotate, config.compose, config.place, config.run.seed)
    own, marketing = config.marketing, poster
    if own.first or own.zones:
        marketing = replace(marketing, compose=digest(poster.compose, own.first, own.zones))
    if own.zones:
        marketing = replace(marketing, place=digest(poster.place, own.zones))
    cover = cover_versions(config.images, config.protect, cover_settings(config))
    return {"poster": poster, "marketing": marketing, "video_cover": cover}


def cover_settings(config: LayoutsConfig) -> CoverSettings:
    """How jobs.layouts lays out covers: in the fonts of all others, unless covers have their own."""
    place, cover = config.place, config.cover
    regular, bold = cover.regular_font or place.regular_font, cover.bold_font or place.bold_font
    return cover.model_copy(update={"regular_font": regular, "bold_font": bold})


def faces_version(settings: ProtectSettings) -> str:
    """The name and version of the face detector; says "none" where none can run here."""
    if settings.faces == "mtcnn":
        return faces.VERSION if faces.wheel_files() else "none: the mtcnn wheel is not installed"
    return f"yunet {_digest_of(settings.faces, 'a face detector', '`mtcnn`')}" if settings.faces else "none"


def saliency_version(settings: SaliencySettings) -> str:
    """The name and version of the subject finder, told without loading a model; of a file, its bytes' digest."""
    match settings.model:
        case "border":
            return border.VERSION
        case "net":
            from layoutgen.models.finders.network import version

            return version()
        case path:
            return f"{settings.format}-{_digest_of(path, 'a subject finder', '`net`, `border`')}"


def annotator_version(settings: AnnotateSettings) -> str:
    """What tells the annotations of one annotator from those of another."""
    if settings.engine == "none":
        return subject_only.VERSION
    if settings.engine == "ocr":
        return f"{ocr.VERSION}, {release('ocr')}"
    from layoutgen.core.prompts.annotations import PROMPT_VERSION

    joined = [grounded.VERSION, ocr.VERSION, release("ocr")] if settings.engine == "grounded" else []
    return digest(PROMPT_VERSION, _checkpoint_version(settings), joined)


def _composer_version(settings: ComposeSettings, place: PlaceSettings | None = None, seed: int = 0) -> list[object]:
    if settings.engine == "rules":
        return [rules.VERSION, framing.VERSION, border.VERSION, release("measure"), place and _limits(place)]
    if settings.engine in NETWORKS:
        return [border.VERSION, seed, *network_version(settings)]
    from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION

    drawn = [ranking.VERSION, settings.candidates, settings.temperature, seed] if settings.candidates > 1 else []
    return [framing.VERSION, border.VERSION, PROMPT_VERSION, CODEC, *_checkpoint_version(settings), *drawn]


def network_version(settings: ComposeSettings) -> list[object]:
    """What shapes the layouts of a network that denoises, the noise apart."""
    from layoutgen.models.building.networks import weights_uri
    from layoutgen.models.denoising.networks import FAMILIES
    from layoutgen.models.weights import identity

    family = FAMILIES[settings.engine]
    library = release(family.library) if family.library else ""
    weights = identity(weights_uri(settings))
    return [family.version, framing.VERSION, weights, settings.steps, settings.candidates, library]


def _checkpoint_version(settings: CheckpointSettings) -> list[object]:
    """What tells checkpoints apart: what they hold, wherever it is, and how they answer."""
    from layoutgen.models.weights import identity

    weights = [identity(uri) for uri in (settings.model, settings.adapter) if uri]
    answers = [release("answer"), *([release("vllm")] if settings.decoder == "vllm" else [])]
    return [settings.engine, weights, settings.image_side, settings.max_new_tokens, settings.dtype, *answers]


def _placer_version(settings: PlaceSettings) -> list[object]:
    apart = {"pool", "regular_font", "bold_font", "canvases"}
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
    return [(fonts.VERSION, lettering.VERSION), *names]


def _digest_of(path: str, what: str, others: str) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise ValueError(
            f"{path}, which is to be {what}, can't be read ({error.strerror}); give {others} or an ONNX file's path"
        ) from None
