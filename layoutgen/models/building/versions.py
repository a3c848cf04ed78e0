"""What makes a row be computed anew: the version of all that works in a stage, told without loading a model.

A module's `VERSION`, and a task's `PROMPT_VERSION`, rise with every change of what the module makes of the same input,
and with nothing else: its name, a dash and a number. `libraries` says which installed libraries count, and digests of
their bytes stand for files: weights, fonts, detectors.
"""

import logging
from collections.abc import Mapping, Sequence
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
    RenderSettings,
    RepairSettings,
    SaliencySettings,
)
from layoutgen.core import framing
from layoutgen.core.covers import key_elements
from layoutgen.core.errors import AbsentError
from layoutgen.core.fingerprint import COVER_COPY, Versions, digest
from layoutgen.core.metrics import judge
from layoutgen.core.placing import dressing, moves, placement
from layoutgen.core.text import lettering
from layoutgen.imaging import drawing, fonts, framed, images, outpainting, packshots, segmenting, video
from layoutgen.imaging.documents import formats
from layoutgen.io.digests import file_digest
from layoutgen.models.annotators import grounded, ocr, subject_only
from layoutgen.models.building.finders import zones
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.libraries import release
from layoutgen.models.composers import campaigns, covers, ensemble, rules
from layoutgen.models.critics import ranking
from layoutgen.models.finders import border, clips, faces
from layoutgen.models.refiners.weights import version as refiner_version

JUDGED = RepairSettings(rounds=0)
"""Layouts are judged and left as they are."""
logger = logging.getLogger("layoutgen")

_FONT = "a font file's path, or none for the embedded fonts"
_DETECTOR = "`mtcnn` or the path of a YuNet ONNX file"
_FINDER = "`net`, `border` or the path of an ONNX file"


def row_versions(
    pixels: ImagesSettings,
    annotate: AnnotateSettings,
    compose: ComposeSettings | None,
    place: PlaceSettings | None,
    seed: int = 0,
    dressed: str = "",
    repair: RepairSettings = JUDGED,
    *,
    featured: bool = False,
) -> Versions:
    """The versions of all that works in the stages, told without loading a model: settings and files that shape a row,
    and none that do not, such as sizes of pools and batches, threads, devices, folders of caches and names of files.
    `dressed` stands for the house styles (`building.styles.version`). With `featured`, rows also say their features."""
    judged = [judge.VERSION, *_repair_version(repair, place, compose), *_features_version(featured)] if place else []
    return Versions(
        fetch=digest(images.VERSION, pixels.model_dump(exclude={"pool", "ahead_mb"})),
        annotate=digest(annotator_version(annotate), saliency_version(annotate.saliency, "annotate")),
        compose=digest(_composer_version(compose, place, seed), place and [_fonts(place), *_breaks(place)], dressed)
        if compose
        else "",
        place=digest(
            placement.VERSION,
            dressing.VERSION,
            framed.VERSION,
            outpainting.VERSION,
            _placer_version(place),
            dressed,
            judged,
        )
        if place
        else "",
    )


def cover_versions(
    pixels: ImagesSettings, protect: ProtectSettings, place: CoverPlaceSettings, dressed: str = ""
) -> Versions:
    """The versions of all that works in the covers job's stages; `dressed` as `row_versions` takes it."""
    reading = annotator_version(protect.reading)
    pointing = [] if protect.engine != "vlm" else [_pointer_version(protect)]
    looking = (faces_version(protect), release("faces") if protect.faces == "mtcnn" else "")
    controls = {ratio: sorted((zone.name, zone.box) for zone in named) for ratio, named in zones(protect).items()}
    return Versions(
        fetch=digest(images.VERSION, video.VERSION, clips.VERSION, pixels.model_dump(exclude={"pool", "ahead_mb"})),
        annotate=digest(reading, saliency_version(protect.saliency, "protect"), looking, *pointing),
        place=digest(
            [covers.VERSION, rules.VERSION, dressing.VERSION, framed.VERSION],
            _placer_version(place),
            controls,
            protect.second and saliency_version(protect.second, "protect", "opinion"),
            dressed,
        ),
        copy=COVER_COPY,
    )


def versions_by_application(config: LayoutsConfig, dressed: str = "") -> dict[str, Versions]:
    """The versions of all that works on the rows of each application in jobs.layouts; `dressed` as `row_versions` takes
    it."""
    shared = (config.images, config.annotate, config.compose, config.place, config.run.seed)
    poster = row_versions(*shared, dressed, config.repair, featured=config.serve.variants)
    own, marketing = config.marketing, poster
    if own.first or own.zones:
        marketing = replace(marketing, compose=digest(poster.compose, own.first, own.zones))
    if own.zones:
        marketing = replace(marketing, place=digest(poster.place, own.zones))
    cover = cover_versions(config.images, config.protect, cover_settings(config), dressed)
    return {"poster": poster, "marketing": marketing, "video_cover": cover}


def _repair_version(repair: RepairSettings, place: PlaceSettings, compose: ComposeSettings | None) -> list[object]:
    """What shapes the layouts that are mended; nothing where none is."""
    if not repair.rounds:
        return []
    by_network = [refiner_version()] if compose and not compose.is_by_rules else []
    by_rules = [_composer_version(ComposeSettings(), place), _fonts(place)] if repair.anew else []
    return [moves.VERSION, repair.model_dump(), by_rules, *by_network]


def _features_version(featured: bool) -> list[object]:
    """What shapes the features of rows; nothing where they have none."""
    if not featured:
        return []
    from layoutgen.models.critics.features import version

    return [version()]


def rendered(versions: Mapping[str, Versions], recipes: Mapping[str, str]) -> dict[str, Versions]:
    """The versions of a job that also makes files of its rows, by these recipes."""
    render = digest([*recipes.items()]) if recipes else ""
    return {name: replace(of_rows, render=render) for name, of_rows in versions.items()}


def with_kits(versions: Mapping[str, Versions], digests: Mapping[str, str]) -> dict[str, Versions]:
    """The versions of a job whose rows keep their brands' kits, of which these are the digests by brand."""
    return {name: replace(of_rows, kits=digests) for name, of_rows in versions.items()}


def backfilled(versions: Mapping[str, Versions], stage: str | None) -> dict[str, Versions]:
    """The versions of a run that makes a stage of known rows anew; None: of any other run."""
    return {name: replace(of_rows, backfill=stage or "") for name, of_rows in versions.items()}


def recipes(settings: RenderSettings, files: Sequence[str] = ()) -> dict[str, str]:
    """What stands for all that draws and writes a row's file, besides the row: by format, in the order of the settings.
    `files` are fonts that rows may name besides the embedded ones."""
    own = [_digest_of("font", path, _FONT) for path in files]
    drawn = [
        drawing.VERSION,
        framed.VERSION,
        outpainting.VERSION,
        packshots.VERSION,
        fonts.VERSION,
        release("measure"),
        own,
    ]
    lossy = [settings.quality, settings.max_kb, settings.max_kb and settings.least_quality]
    return {
        name: digest(formats.version(name), drawn, lossy if formats.FORMATS[name].is_raster else [])
        for name in settings.formats
    }


def own_fonts(*settings: PlaceSettings) -> tuple[str, ...]:
    """The font files that settings name, each once. Raises AbsentError for one that can't be read."""
    files: dict[str, str] = {}
    for place in settings:
        section = "cover" if isinstance(place, CoverSettings) else "place"
        for name in ("bold_font", "regular_font", "emoji_font"):
            if path := getattr(place, name):
                files[path] = _digest_of(f"{section}.{name}", path, _FONT)
    return tuple(files)


def cover_settings(config: LayoutsConfig) -> CoverSettings:
    """How jobs.layouts lays out covers: in the fonts and with the words of all others, unless covers have their own."""
    place, cover = config.place, config.cover
    names = ("regular_font", "bold_font", "emoji_font", "words")
    return cover.model_copy(update={name: getattr(cover, name) or getattr(place, name) for name in names})


def faces_version(settings: ProtectSettings) -> str:
    """The name and version of the face detector; says "none" where none can run here."""
    if settings.faces == "mtcnn":
        return faces.VERSION if faces.wheel_files() else "none: the mtcnn wheel is not installed"
    return f"yunet {_digest_of('protect.faces', settings.faces, _DETECTOR)}" if settings.faces else "none"


def saliency_version(settings: SaliencySettings, section: str, name: str = "saliency.model") -> str:
    """The name and version of the subject finder of a section's settings, told without loading a model; of a file, its
    bytes' digest. Raises AbsentError for one that can't be read, which `name` of the section says."""
    match settings.model:
        case "border":
            return border.VERSION
        case "net":
            from layoutgen.models.finders.network import version

            return version()
        case path:
            return f"{settings.format}-{_digest_of(f'{section}.{name}', path, _FINDER)}"


def annotator_version(settings: AnnotateSettings) -> str:
    """What tells the annotations of one annotator from those of another."""
    if settings.engine == "none":
        return subject_only.VERSION
    if settings.engine == "ocr":
        return f"{ocr.VERSION}, {release('ocr')}"
    from layoutgen.core.prompts.annotations import PROMPT_VERSION

    joined = [grounded.VERSION, ocr.VERSION, release("ocr")] if settings.engine == "grounded" else []
    return digest(PROMPT_VERSION, _checkpoint_version(settings), joined)


def _pointer_version(settings: ProtectSettings) -> list[object]:
    from layoutgen.core.prompts.covers import PROMPT_VERSION

    return [key_elements.VERSION, PROMPT_VERSION, *_checkpoint_version(settings)]


def _composer_version(settings: ComposeSettings, place: PlaceSettings | None = None, seed: int = 0) -> list[object]:
    if settings.engine == "rules":
        return [
            rules.VERSION,
            campaigns.VERSION,
            framing.VERSION,
            border.VERSION,
            release("measure"),
            place and _limits(place),
        ]
    if settings.engine == "ensemble":
        of_rules, members = _composer_version(ComposeSettings(), place), settings.networks
        drawn = [seed, *map(network_version, members)] if members else []
        return [ensemble.VERSION, of_rules, drawn, *_ranked_version(place)]
    if settings.engine in NETWORKS:
        return [border.VERSION, seed, *network_version(settings), *_ranking_version(settings, place)]
    from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION

    drawn = [settings.candidates, settings.temperature, seed, *_ranking_version(settings, place)]
    drawn = drawn if settings.candidates > 1 else []
    return [framing.VERSION, border.VERSION, PROMPT_VERSION, CODEC, *_checkpoint_version(settings), *drawn]


def _ranking_version(settings: ComposeSettings, place: PlaceSettings | None) -> list[object]:
    """What says which of several candidates is the best; nothing of one."""
    return _ranked_version(place) if settings.candidates > 1 else []


def _ranked_version(place: PlaceSettings | None) -> list[object]:
    from layoutgen.models.critics import network

    return [
        ranking.VERSION,
        network.version(),
        judge.VERSION,
        placement.VERSION,
        place and (*_limits(place), place.min_contrast),
    ]


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
    dtype = f"int8, {settings.dtype}" if settings.int8 else settings.dtype
    return [settings.engine, weights, settings.image_side, settings.max_new_tokens, dtype, *answers]


def _placer_version(settings: PlaceSettings) -> list[object]:
    apart = {"pool", "regular_font", "bold_font", "emoji_font", "words", "canvases"}
    if settings.bold_font and settings.bold_font == settings.regular_font:
        face = fonts.face(settings.bold_font, fonts.BOLD)
        if not face.has_weights:
            logger.warning("%s has no axis of weights: titles set in it are no bolder than other texts", face.path)
    return [settings.model_dump(exclude=apart), _fonts(settings), _breaks(settings), release("measure")]


def _breaks(settings: PlaceSettings) -> list[str]:
    """What says where lines break: the dictionaries, and the user's words by their bytes."""
    segmenting.user_words(settings.words)  # a file that can't be used ends a run before it begins
    words = file_digest(settings.words) if settings.words else ""
    return [segmenting.VERSION, words, *map(release, ("words", "phrases", "breaks", "hyphens"))]


def _limits(settings: PlaceSettings) -> tuple[float, float]:
    return settings.margin, settings.min_font


def _fonts(settings: PlaceSettings) -> list[tuple[str, str]]:
    """The fonts by the name that rows say and by their bytes, not by where they are."""
    face_for = FaceFor(settings)
    names = [(face.name, file_digest(face.path)) for face in (*face_for.bold, *face_for.regular)]
    return [(fonts.VERSION, lettering.VERSION), *names]


def _digest_of(setting: str, path: str, mend: str) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise AbsentError(f"{setting} = {path!r} can't be read ({error.strerror}); give {mend}") from None
