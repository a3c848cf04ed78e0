"""The story of the data, told once.

    layouts:   plan ─▶ load ─▶ fetch ─▶ annotate ─▶ (ground ─▶) (prepare ─▶) compose ─▶ place ─▶ (render ─▶) write ─▶ …
      covers among them:       fetch ─▶ protect (─▶ point) ──────────────────────────▶ place covers
    posters:   plan ─▶ load ─▶ fetch ─▶ annotate ─▶ (ground ─▶) cut out ─▶ (prepare ─▶) plan ─▶ paint ─▶ …
    covers:    plan ─▶ load ─▶ fetch ─▶ protect (─▶ point) ─▶ place ─▶ (render ─▶) write ─▶ check ─▶ publish
    annotate:  plan ─▶ load ─▶ fetch ─▶ annotate ─▶ (ground ─▶) write ─▶ check ─▶ publish

`ground` asks a language model about pictures in which OCR on CPUs found text, and about no others; `point` asks what
covers are about. `prepare` draws the pictures of a vision-language composer on CPUs, so that its GPU waits for none.
With `[serve]` it also says what layouts are told apart by, and writing a shard says which variants are served.
`render` makes finished pictures of the placed rows, from the originals, where the settings name formats. The stage
`place` also judges its layouts, and mends what is objected to. Covers go
through the actors of posters where both have a stage: fetch, annotate and place. Of posters made for their product,
those whose product can't be cut out keep their photo and are composed in the stage that plans the others; a painter on
GPUs paints only, a stage `finish` on CPUs checks and stores its grounds, and `repaint` paints anew what did not pass.
A shard of the plan is one table from end to end; the write stage makes one file of it and sends back a report of a few
bytes. How a run starts, goes on after a crash and publishes is `runs.run`'s.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.config.stages import (
    AnnotateSettings,
    ComposeSettings,
    CoverPlaceSettings,
    ImagesSettings,
    ProtectSettings,
    RenderSettings,
)
from layoutgen.core.brands.kits import NO_KITS, BrandKits
from layoutgen.core.layout import Role, parse_canvas
from layoutgen.core.manifest.products import APPLICATIONS
from layoutgen.core.styles.choosing import Wardrobe
from layoutgen.imaging.documents.rasters import Encoding
from layoutgen.io.font_files import here
from layoutgen.io.storage import Storage, opened
from layoutgen.models.base import FrameChooser
from layoutgen.models.building import annotators, composers, finders, painters, planners, styles
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.kits import BrandFaces, present
from layoutgen.models.building.kits import kits as brand_kits
from layoutgen.models.building.mender import Mender
from layoutgen.models.building.painters import BuildPainter, Finishing
from layoutgen.models.building.poster_versions import poster_versions
from layoutgen.models.building.versions import (
    backfilled,
    cover_settings,
    cover_versions,
    faces_version,
    own_fonts,
    recipes,
    rendered,
    row_versions,
    versions_by_application,
    with_kits,
)
from layoutgen.models.composers import covers, rules
from layoutgen.models.critics.network import Critic
from layoutgen.runs.canary import with_canary
from layoutgen.runs.job import WHOLE, RunError, RunOptions, TableJob, Work
from layoutgen.runs.pinning import of_run, serving
from layoutgen.runs.run import run
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.compose import Compose
from layoutgen.stages.cover_refining import of_covers
from layoutgen.stages.cut_out import CutOut
from layoutgen.stages.featuring import Featured
from layoutgen.stages.fetch import Fetch
from layoutgen.stages.finish import FinishGrounds, FinishLimits
from layoutgen.stages.finishing import Finish
from layoutgen.stages.ground import Ground
from layoutgen.stages.judging import Judging
from layoutgen.stages.keep_demands import KeepDemands
from layoutgen.stages.keep_refinements import KeepRefinements
from layoutgen.stages.paint import Paint
from layoutgen.stages.place import Place
from layoutgen.stages.place_covers import PlaceCovers
from layoutgen.stages.plan import ComposePhotos, PlanPosters, has_cut_out
from layoutgen.stages.point import Point
from layoutgen.stages.poster_scenes import PosterScenes
from layoutgen.stages.prepare import Prepare
from layoutgen.stages.protect import Protect
from layoutgen.stages.refining import of_layouts
from layoutgen.stages.render import Render
from layoutgen.stages.repair import Effort, Repair
from layoutgen.stages.route import Routed, by_application
from layoutgen.stages.row_keeping import RowKeeping
from layoutgen.stages.serving import serving_of
from layoutgen.streaming import Stage, Step, Stream, stream


def run_layouts(
    config: LayoutsConfig, source: str, output: str, options: RunOptions = WHOLE, stream: Stream = stream
) -> dict[str, Any]:
    """Lay out a catalogue: returns the summary that the job prints. Raises as `runs.run.run` does."""
    storage = opened(config.storage, config.input.allowed_prefixes)

    def prepare(config: LayoutsConfig) -> tuple[LayoutsConfig, Work]:
        config = of_run(serving(config, storage), storage)
        return config, _layouts(config, storage, output, options.backfill)

    config, work = with_canary(prepare, config, storage)
    job = TableJob("layouts", work.steps, work.versions, config, storage, source, output, work.styles, work.kits)
    serve, by = serving_of(config.serve, config.run.seed, storage)
    return run(replace(job, serve=serve, served_by=by), options, stream)


def _layouts(config: LayoutsConfig, storage: Storage, output: str, backfill: str | None) -> Work:
    wardrobe = styles.wardrobe(config.style, storage)
    kits = _kits(config, wardrobe, storage)
    finish = _finish(
        config.render, storage, (*own_fonts(config.place, config.cover), *styles.font_files(wardrobe), *kits.font_files)
    )
    versions = with_kits(
        rendered(versions_by_application(config, styles.version(wardrobe)), finish.recipes), kits.digests
    )
    versions = backfilled(versions, backfill)
    fetch = partial(Fetch, storage, config.images, versions)
    annotate, *ground = _annotating(config.annotate, storage)
    compose = partial(_compose, config, storage, wardrobe, kits)
    steps = [
        _routed(Step("fetch", fetch, config.images.pool), partial(fetch, _chooser(config.images, config.protect))),
        _routed(annotate, partial(_protect, config.protect, storage)),
        *map(_routed, ground),
        *(replace(s, build=partial(by_application, None, s.build)) for s in _pointing(config.protect, storage)),
        *map(_routed, _prepare(config, storage)),
        _routed(Step("compose", compose, config.compose.pool, config.compose.is_large)),
        _routed(
            Step("place", partial(_place, config, storage, wardrobe, kits), config.place.pool),
            partial(_place_covers, cover_settings(config), config.protect, storage, wardrobe, kits),
        ),
    ]
    steps += _rendering(config.render, config.images, finish, storage, output)
    return Work(steps, versions, tuple(wardrobe.known), kits)


def run_posters(
    config: PostersConfig, source: str, output: str, options: RunOptions = WHOLE, stream: Stream = stream
) -> dict[str, Any]:
    """Make posters of a catalogue's products: returns the summary that the job prints. Raises as `runs.run.run`
    does."""
    storage = opened(config.storage, config.input.allowed_prefixes)

    def prepare(config: PostersConfig) -> tuple[PostersConfig, Work]:
        config = of_run(serving(config, storage), storage)
        try:
            plan = planners.pinned_settings(config.plan, storage)
            paint = painters.pinned_settings(config.paint, storage)
        except ValueError as error:
            raise RunError(str(error)) from None
        config = config.model_copy(update={"plan": plan, "paint": paint})
        return config, _posters(config, storage, output, options.backfill)

    config, work = with_canary(prepare, config, storage)
    job = TableJob("posters", work.steps, work.versions, config, storage, source, output, work.styles, work.kits)
    serve, by = serving_of(config.serve, config.run.seed, storage)
    return run(replace(job, serve=serve, served_by=by), options, stream)


def _posters(config: PostersConfig, storage: Storage, output: str, backfill: str | None) -> Work:
    wardrobe = styles.wardrobe(config.style, storage)
    kits = _kits(config, wardrobe, storage)
    finish = _finish(config.render, storage, (*own_fonts(config.place), *styles.font_files(wardrobe), *kits.font_files))
    versions = with_kits(rendered(poster_versions(config, styles.version(wardrobe)), finish.recipes), kits.digests)
    versions = backfilled(versions, backfill)
    limits = (config.images.max_bytes, config.images.max_pixels)
    looking = partial(finders.faces, ProtectSettings(faces=config.cut_out.faces, threads=config.cut_out.threads))
    cut_out = partial(CutOut, storage, limits, by_finder=config.cut_out.by_finder, faces=looking)
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions), config.images.pool),
        *_annotating(config.annotate, storage),
        Step("cut_out", cut_out, config.cut_out.pool),
        *(replace(step, build=partial(_of_photos, step.build)) for step in _prepare(config, storage)),
        Step("plan", partial(_plan, config, storage, wardrobe, kits), config.plan.pool, config.plans_with_checkpoint),
        *_painting(config, storage, output),
        Step("place", partial(_place, config, storage, wardrobe, kits), config.place.pool),
        *_rendering(config.render, config.images, finish, storage, output),
    ]
    return Work(steps, versions, tuple(wardrobe.known), kits)


def run_annotations(
    config: AnnotateConfig, source: str, output: str, options: RunOptions = WHOLE, stream: Stream = stream
) -> dict[str, Any]:
    """Annotate posters: returns the summary that the job prints. Raises as `runs.run.run` does."""
    storage = opened(config.storage, config.input.allowed_prefixes)

    def prepare(config: AnnotateConfig) -> tuple[AnnotateConfig, Work]:
        config = of_run(config, storage)
        versions = dict.fromkeys(APPLICATIONS, row_versions(config.images, config.annotate, None, None))
        versions = backfilled(versions, options.backfill)
        fetch = Step("fetch", partial(Fetch, storage, config.images, versions), config.images.pool)
        return config, Work([fetch, *_annotating(config.annotate, storage)], versions, (), NO_KITS)

    config, work = with_canary(prepare, config, storage)
    return run(TableJob("annotations", work.steps, work.versions, config, storage, source, output), options, stream)


def run_covers(
    config: CoversConfig, source: str, output: str, options: RunOptions = WHOLE, stream: Stream = stream
) -> dict[str, Any]:
    """Put titles on covers: returns the summary that the job prints, with the accepted rows and the face detector.
    Raises as `runs.run.run` does."""
    storage = opened(config.storage, config.input.allowed_prefixes)

    def prepare(config: CoversConfig) -> tuple[CoversConfig, Work]:
        config = of_run(config, storage)
        return config, _covers(config, storage, output, options.backfill)

    config, work = with_canary(prepare, config, storage)
    job = TableJob("covers", work.steps, work.versions, config, storage, source, output, work.styles, work.kits)
    summary = run(job, options, stream)
    none = {} if options.preflight_only else {"accepted": 0, "refused": {}}  # where no cover came so far
    return {**none, **summary, "faces": faces_version(config.protect)}


def _covers(config: CoversConfig, storage: Storage, output: str, backfill: str | None) -> Work:
    wardrobe = styles.wardrobe(config.style, storage)
    kits = _kits(config, wardrobe, storage)
    finish = _finish(config.render, storage, (*own_fonts(config.place), *styles.font_files(wardrobe), *kits.font_files))
    of_all = cover_versions(config.images, config.protect, config.place, styles.version(wardrobe))
    versions = with_kits(rendered(dict.fromkeys(APPLICATIONS, of_all), finish.recipes), kits.digests)
    versions = backfilled(versions, backfill)
    fetch = partial(Fetch, storage, config.images, versions, _chooser(config.images, config.protect))
    steps = [
        Step("fetch", fetch, config.images.pool),
        Step("protect", partial(_protect, config.protect, storage), config.protect.pool),
        *_pointing(config.protect, storage),
        Step("place", partial(_place_covers, config.place, config.protect, storage, wardrobe, kits), config.place.pool),
        *_rendering(config.render, config.images, finish, storage, output),
    ]
    return Work(steps, versions, tuple(wardrobe.known), kits)


def _routed(step: Step, covers: Callable[[], Stage] | None = None) -> Step:
    """The stage of posters and marketing and that of covers as one; without the latter, covers pass untouched."""
    return replace(step, build=partial(by_application, step.build, covers))


def _of_photos(build: Callable[[], Stage]) -> Stage:
    return Routed({"photo": build()}, has_cut_out)


def _annotating(settings: AnnotateSettings, storage: Storage) -> list[Step]:
    reads = settings.is_large and settings.engine == "internvl"
    steps = [Step("annotate", partial(_annotate, settings, storage), settings.pool, reads)]
    if settings.engine == "grounded":
        # A decoder refills its batch while there is more to answer, so it gets several batches at once.
        ground = partial(Ground, partial(annotators.grounder, settings, storage), settings.batch * 8)
        steps.append(Step("ground", ground, settings.ground, settings.is_large))
    return steps


def _pointing(settings: ProtectSettings, storage: Storage) -> list[Step]:
    if settings.engine != "vlm":
        return []
    point = partial(Point, partial(annotators.pointer, settings, storage), settings.batch * 8)  # as of ground
    return [Step("point", point, settings.point, settings.is_large)]


def _chooser(images: ImagesSettings, protect: ProtectSettings) -> Callable[[], FrameChooser]:
    return partial(finders.frame_chooser, images, protect)


def _annotate(settings: AnnotateSettings, storage: Storage) -> Annotate:
    build = partial(annotators.annotator, settings, storage)
    subject_only = partial(annotators.subject_only, settings.saliency)
    # A language model's decoder refills its batch while there is more to answer, so it gets several batches at once.
    return Annotate(build, subject_only, settings.batch * (8 if settings.engine == "internvl" else 1))


def _protect(protect: ProtectSettings, storage: Storage) -> Stage:
    return Protect(_annotate(protect.reading, storage), partial(finders.faces, protect), protect.batch)


def _place_covers(
    settings: CoverPlaceSettings, protect: ProtectSettings, storage: Storage, wardrobe: Wardrobe, kits: BrandKits
) -> Stage:
    face_for = FaceFor(settings)
    files = here((*own_fonts(settings), *styles.font_files(wardrobe), *kits.font_files), storage)
    zones, second = {"video_cover": finders.zones(protect)}, partial(finders.opinion, protect)
    composer = composers.cover_composer(settings, zones["video_cover"], face_for, files)
    brands = BrandFaces(present(kits, storage), settings) if kits else None
    refining = of_covers(settings, second, files, RowKeeping(settings.min_contrast, face_for, zones, brands))
    return KeepRefinements(PlaceCovers(composer, face_for, covers.VERSION, second, wardrobe, brands), refining)


def _plan(config: PostersConfig, storage: Storage, wardrobe: Wardrobe, kits: BrandKits) -> Stage:
    face_for = FaceFor(config.place)
    build = partial(planners.planner, config.plan, config.place, face_for, storage)
    first = {"marketing": [Role(kind) for kind in config.marketing.first]}
    zones = {"marketing": finders.named_zones(config.marketing.zones)}
    plan = PlanPosters(build, face_for, config.plan.batch, config.run.seed, first, zones)
    return Routed({"product": plan, "photo": ComposePhotos(_compose(config, storage, wardrobe, kits))}, has_cut_out)


def _painting(config: PostersConfig, storage: Storage, output: str) -> list[Step]:
    """One stage that paints, checks and stores; of a painter on GPUs three: it paints, CPUs check and store, and what
    did not pass is painted anew."""
    settings, images = config.paint, config.images
    limits = FinishLimits(settings.tries, config.place.min_contrast, settings.batch, images.side, images.jpeg_quality)
    scenes = partial(PosterScenes, storage, config.run.seed, settings.strength, (images.max_bytes, images.max_pixels))
    painter = partial(painters.painter, settings, storage)
    finishing = partial(painters.finishing, settings, config.annotate)
    finish = partial(_finish_grounds, (storage, output), scenes, limits, finishing)
    if not settings.pool.num_gpus:
        return [Step("paint", partial(finish, painter), settings.pool, settings.is_large)]
    return [
        Step("paint", partial(_paint, scenes, painter, settings.batch), settings.pool),
        Step("finish", partial(finish, None), settings.finish),
        Step("repaint", partial(finish, painter), settings.repaint),
    ]


def _paint(scenes: Callable[[], PosterScenes], painter: BuildPainter, batch: int) -> Stage:
    return Paint(scenes(), painter, batch)


def _finish_grounds(
    table: tuple[Storage, str],
    scenes: Callable[[], PosterScenes],
    limits: FinishLimits,
    finishing: Callable[[], Finishing],
    painter: BuildPainter | None,
) -> Stage:
    return FinishGrounds(*table, scenes(), limits, finishing, painter)


def _place(config: LayoutsConfig | PostersConfig, storage: Storage, wardrobe: Wardrobe, kits: BrandKits) -> Stage:
    zones = {"marketing": finders.named_zones(config.marketing.zones)}
    brands = BrandFaces(present(kits, storage), config.place) if kits else None
    face_for, least = FaceFor(config.place), config.place.min_contrast
    keeping = KeepDemands(Place(config.place, face_for, zones, wardrobe, brands), face_for)
    judging = Judging(config.place.min_font, least, config.place.words)
    files = here((*own_fonts(config.place), *styles.font_files(wardrobe), *kits.font_files), storage)
    if isinstance(config, PostersConfig):  # whose grounds are painted for where the texts are
        repair = Repair(keeping, judging)
    else:
        by_rules = config.model_copy(update={"compose": ComposeSettings()})
        effort = Effort(**config.repair.model_dump())
        mend = None if config.compose.is_by_rules else Mender()
        anew = _compose(by_rules, storage, wardrobe, kits)
        repair = Repair(keeping, judging, effort, anew, rules.VERSION, mend)
    placing = KeepRefinements(repair, of_layouts(config.place, files, RowKeeping(least, face_for, zones, brands)))
    return Featured(placing, Critic, files) if config.serve.variants else placing


def _kits(config: LayoutsConfig | PostersConfig | CoversConfig, wardrobe: Wardrobe, storage: Storage) -> BrandKits:
    """The brand kits of a run, checked for its own canvases."""
    canvases = [parse_canvas(name, config.input.short_side) for name in config.input.canvases]
    return brand_kits(config.style.brands, storage, canvases, wardrobe.known)


def _finish(settings: RenderSettings, storage: Storage, font_files: tuple[str, ...]) -> Finish:
    """What is made of placed rows. Raises RunError for a format that is not written here."""
    encoding = Encoding(settings.quality, settings.least_quality, round(1000 * settings.max_kb))
    try:
        return Finish(recipes(settings, here(font_files, storage)), encoding, font_files)
    except (ValueError, ImportError) as error:
        raise RunError(f"render.formats = {list(settings.formats)}: {error}") from None


def _rendering(
    settings: RenderSettings, images: ImagesSettings, finish: Finish, storage: Storage, output: str
) -> list[Step]:
    if not settings.formats:
        return []
    build = partial(Render, storage, output, finish, images.max_bytes, images.max_pixels)
    return [Step("render", build, settings.pool)]


def _prepare(config: LayoutsConfig | PostersConfig, storage: Storage) -> list[Step]:
    if config.compose.engine != "qwen_vl":
        return []
    build = partial(composers.preparer, config.compose, storage)
    return [Step("prepare", partial(Prepare, build), config.compose.prepare)]


def _compose(config: LayoutsConfig | PostersConfig, storage: Storage, wardrobe: Wardrobe, kits: BrandKits) -> Compose:
    face_for = FaceFor(config.place)
    build = partial(composers.composer, config.compose, config.place, face_for, config.run.seed, storage)
    # A decoder refills its batch while there is more to answer, so it gets several batches at once.
    batch = config.compose.batch * (8 if config.compose.engine == "qwen_vl" else 1)
    first = {"marketing": [Role(kind) for kind in config.marketing.first]}
    zones = {"marketing": finders.named_zones(config.marketing.zones)}
    return Compose(build, face_for, batch, first, zones, wardrobe, kits)
