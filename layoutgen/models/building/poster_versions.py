"""What makes a poster be computed anew: the versions of what cuts out, plans and paints, and those of `versions`."""

from dataclasses import replace

from layoutgen.config.posters import PostersConfig
from layoutgen.config.stages import ProtectSettings
from layoutgen.core.fingerprint import Versions, digest
from layoutgen.core.manifest.products import APPLICATIONS
from layoutgen.core.posters import checks
from layoutgen.imaging.products import cutting, pasting
from layoutgen.models.building import painters, planners
from layoutgen.models.building.libraries import release
from layoutgen.models.building.versions import faces_version, row_versions
from layoutgen.models.painters import plain


def poster_versions(config: PostersConfig, dressed: str = "") -> dict[str, Versions]:
    """The versions of all that works on the rows of each application in jobs.posters; `dressed` stands for the house
    styles."""
    seed = config.run.seed
    shared = row_versions(
        config.images, config.annotate, config.compose, config.place, seed, dressed, featured=config.serve.variants
    )
    limits = [config.images.max_bytes, config.images.max_pixels]
    looking = ProtectSettings(faces=config.cut_out.faces)
    faces = (faces_version(looking), release("faces") if looking.faces == "mtcnn" else "")
    cut_out = digest(cutting.VERSION, config.cut_out.by_finder, faces, limits)
    # A row is composed where it keeps its photo, and planned where it does not: the key is that of both.
    plan = digest(shared.compose, planners.version(config.plan, config.place), seed)
    ground = [pasting.VERSION, checks.VERSION, plain.VERSION, config.images.side, config.images.jpeg_quality]
    paint = digest(
        painters.version(config.paint),
        config.paint.strength,
        config.paint.tries,
        config.place.min_contrast,
        ground,
        seed,
    )
    poster = replace(shared, cut_out=cut_out, compose=plan, paint=paint)
    own, marketing = config.marketing, poster
    if own.first or own.zones:
        marketing = replace(marketing, compose=digest(poster.compose, own.first, own.zones))
    if own.zones:
        marketing = replace(marketing, place=digest(poster.place, own.zones))
    return {**dict.fromkeys(APPLICATIONS, poster), "marketing": marketing}
