"""What shaped a row, stage by stage: a row whose fingerprint is the same tomorrow need not be computed tomorrow.

Each stage's key is a hash of the key before it, of what the stage reads besides, and of the version of what works there
(model, settings, prompt, fonts). So a new adapter changes `compose` and `place` but not `annotate`, a new margin
`place`, and another quality of pictures only `render`, which is empty where a run draws none. Posters have the key
`cut_out` before `compose`, which is then their plan's, and `paint` behind it. `source` is the one key
that can be told without reading an image: it stands for the stored versions of the images that are read. One that can't
be read has the version `UNREAD` while it can't, so that a row without it is not computed again each night, but is once
it can be read.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from layoutgen.core.brands.brand import folded
from layoutgen.core.layout import OFFER_ROLES

OFFER = tuple(role.value for role in OFFER_ROLES)
COPY = ("title", "selling_points", "brand", "language", *OFFER)
WISHES = ("style", "series", "variant", "framing", "constraints", "layout", "captions")
"""How a row's layout should be."""
STAGES = ("annotate", "cut_out", "compose", "paint", "place", "render")
"""The stages that have a key, in the order in which one's key is made of another's."""
COVER_COPY = ("title", "subtitle", "stickers", "brand", "language", "price", "badge")
MOST_IMAGES = 8
"""Images of one product that are read; those after them are only named."""
UNREAD = "unread"
DRAWN = (
    *("row_id", "canvas_width", "canvas_height", "image_sha256", "frame_s", "crop", "picture", "backdrop", "elements"),
    *("language", "composer", "adapter", "ground"),
)
"""What of a placed row a file of it is made of."""
_READS = ("images", "logo", "canvas_width", "canvas_height", "category", "notes")
_OF_POSTERS = ("mask", "reference", "reference_strength", "background_prompt")


@dataclass(frozen=True)
class Versions:
    """The versions of what works in each stage, made of settings and of models' and fonts' identities; and `copy`, the
    columns that a job's rows say their copy in. `render` is empty where no pictures are drawn, `cut_out` and `paint` in
    all jobs but posters'. `kits` are digests of brand kits by their brands' names, folded. `backfill` is the stage that
    a run makes anew, "" for none."""

    fetch: str
    annotate: str = ""
    compose: str = ""
    place: str = ""
    copy: tuple[str, ...] = COPY
    render: str = ""
    cut_out: str = ""
    paint: str = ""
    kits: Mapping[str, str] = field(default_factory=dict)
    backfill: str = ""


@dataclass(frozen=True)
class Keys:
    """A row's fingerprint; a stage that a job does not have leaves its key empty."""

    source: str
    annotate: str
    compose: str
    place: str
    render: str = ""
    cut_out: str = ""
    paint: str = ""


def reads(versions: Collection[Versions], table: pa.Table) -> dict[str, list[Any]]:
    """The columns of planned rows that `keys` reads under any of these versions, as Python values."""
    names = dict.fromkeys(name for application in versions for name in (*application.copy, *_READS))
    if any(application.cut_out for application in versions):
        names |= dict.fromkeys(_OF_POSTERS)
    read = {name: table.column(name).to_pylist() for name in (*names, "application") if name not in OFFER}
    read |= {name: table.column(name).to_pylist() for name in (*WISHES, "arm") if name in table.column_names}
    return read | {name: _texts(table, name) for name in names if name in OFFER}


def _texts(table: pa.Table, name: str) -> list[str | None]:
    """A column of an offer; nothing where it is the user's own, of another type, or where an older plan has none."""
    index = table.schema.get_field_index(name)
    is_text = index >= 0 and pa.types.is_string(table.schema.field(index).type)
    return list(table.column(index).to_pylist()) if is_text else [None] * len(table)


def digest(*parts: object) -> str:
    """16 hex digits that stand for values that JSON can hold."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=list)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def objects(row: Mapping[str, Any]) -> list[str]:
    """The URIs of the images, the logo, and a poster's mask and reference that are read for a planned row."""
    return [*images(row), *filter(None, (row["logo"], row.get("mask"), row.get("reference")))]


def images(row: Mapping[str, Any]) -> list[str]:
    """The URIs of the images that are read for a planned row: the first alone where it has a mask, which is of it."""
    return list((row["images"] or ())[: 1 if row.get("mask") else MOST_IMAGES])


def source(row: Mapping[str, Any], stored: Mapping[str, str | None]) -> str:
    """Key of what is read for a row as it is stored: URI to version, none for what can't be read."""
    return digest("source", [(uri, stored.get(uri) or UNREAD) for uri in objects(row)])


def keys(
    row: Mapping[str, Any],
    image: str,
    stored: Mapping[str, str | None],
    versions: Versions,
    was: Mapping[str, str | None] | None = None,
) -> Keys:
    """The fingerprint of a planned row that shows the image with sha256 `image`; `stored` as `source` takes it. In a
    run that makes a stage anew (`versions.backfill`), a row with the source that it `was` published with keeps the keys
    of the stages before, as it keeps their results."""
    earlier: Mapping[str, str | None] = {}
    if versions.backfill and was and was.get("source") == source(row, stored):
        earlier = {stage: was.get(stage) for stage in STAGES[: STAGES.index(versions.backfill)]}

    def read(name: str) -> Any:
        """An object that a column names, as it is stored."""
        return row[name] and (row[name], stored.get(row[name]) or UNREAD)

    annotate = earlier.get("annotate") or digest("annotate", image, versions.fetch, versions.annotate)
    copy = {name: row.get(name) for name in versions.copy}
    canvas = (row["canvas_width"], row["canvas_height"])
    logo = read("logo")
    kit = versions.kits.get(folded(row.get("brand") or ""))
    branded = [kit] if kit else []
    wishes: dict[str, Any] = {name: row[name] for name in WISHES if row.get(name)}
    if row.get("layout"):  # all images may be on it
        wishes["images"] = [(uri, stored.get(uri) or UNREAD) for uri in images(row)]
    if not versions.cut_out:
        compose = earlier.get("compose") or digest(
            "compose", annotate, copy, canvas, logo, row.get("category"), versions.compose, wishes, *branded
        )
        cut_out, paint = "", ""
    else:
        cut_out = earlier.get("cut_out") or digest("cut_out", annotate, read("mask"), versions.cut_out)
        compose = earlier.get("compose") or digest(
            "compose", cut_out, copy, canvas, logo, row["category"], versions.compose, wishes, *branded
        )
        style = (read("reference"), row["reference_strength"], row["background_prompt"])
        paint = earlier.get("paint") or digest("paint", compose, style, versions.paint)
    # Notes of planning are published with those of the placer, the last to note anything.
    place = earlier.get("place") or digest("place", paint or compose, list(row["notes"] or ()), versions.place)
    render = digest("render", place, versions.render) if versions.render else ""
    return Keys(source(row, stored), annotate, compose, place, render, cut_out, paint)


def same(now: Keys, was: Mapping[str, str | None]) -> bool:
    """Tell whether a row that was published with the fingerprint `was` need not be computed again. A run that draws no
    pictures leaves those of such rows as they are; earlier releases wrote no `render`."""
    return all((was.get(name) or "") == key for name, key in vars(now).items() if name != "render" or key)


def sum_of_ids(row_ids: list[str]) -> str:
    """A digest of a set of keys that does not depend on their order: the sum of their 128-bit hashes, and behind a `-`
    how many they are, each counted once."""
    total, distinct = 0, set(row_ids)
    for row_id in distinct:
        total += int.from_bytes(
            hashlib.blake2b(row_id.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "big"
        )
    return f"{total % (1 << 128):032x}-{len(distinct)}"


def file_name(row: Mapping[str, Any], logo: str | None, recipe: str) -> str:
    """64 hex digits that stand for all that a file of a placed row is made of: what of the row is drawn, or said in the
    file; the sha256 of its logo; and a recipe: versions of what draws and writes, fonts, settings."""
    painter = painted_by(row)
    drawn = {name: row.get(name) for name in DRAWN}
    ground = drawn["ground"]
    if isinstance(ground, Mapping) and not ground.get("tiles"):  # as it was named before there were any
        drawn["ground"] = {name: value for name, value in ground.items() if name != "tiles"}
    made_of = [recipe, logo, list(drawn.values()), *([painter] if painter else [])]
    text = json.dumps(made_of, ensure_ascii=False, default=list)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def painted_by(row: Mapping[str, Any]) -> str | None:
    """The trained model that painted a row's ground; None where a program or nobody did."""
    return row.get("painter") if row.get("painter_sha") else None
