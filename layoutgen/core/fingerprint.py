"""What shaped a row, stage by stage: a row whose fingerprint is the same tomorrow need not be computed tomorrow.

Each stage's key is a hash of the key before it, of what the stage reads besides, and of the version of what works there
(model, settings, prompt, fonts). So a new adapter changes `compose` and `place` but not `annotate`, and a new margin
only `place`. `source` is the one key that can be told without reading an image: it stands for the stored versions of
the images that are read. One that can't be read has the version `UNREAD` while it can't, so that a row without it is
not computed again each night, but is once it can be read.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

COPY = ("title", "selling_points", "brand", "language")
COVER_COPY = ("title", "subtitle", "stickers", "language")
MOST_IMAGES = 8
"""Images of one product that are read; those after them are only named."""
UNREAD = "unread"
_READS = ("images", "logo", "canvas_width", "canvas_height", "notes")


@dataclass(frozen=True)
class Versions:
    """The versions of what works in each stage, made of settings and of models' and fonts' identities; and `copy`, the
    columns that a job's rows say their copy in."""

    fetch: str
    annotate: str = ""
    compose: str = ""
    place: str = ""
    copy: tuple[str, ...] = COPY


@dataclass(frozen=True)
class Keys:
    """A row's fingerprint; a stage that a job does not have leaves its key empty."""

    source: str
    annotate: str
    compose: str
    place: str


def reads(versions: Iterable[Versions], table: pa.Table) -> dict[str, list[Any]]:
    """The columns of planned rows that `keys` reads under any of these versions, as Python values."""
    names = dict.fromkeys(name for application in versions for name in (*application.copy, *_READS))
    return {name: table.column(name).to_pylist() for name in (*names, "application")}


def digest(*parts: object) -> str:
    """16 hex digits that stand for values that JSON can hold."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=list)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def objects(row: Mapping[str, Any]) -> list[str]:
    """The URIs of the images and the logo that are read for a planned row."""
    return [*(row["images"] or ())[:MOST_IMAGES], *([row["logo"]] if row["logo"] else ())]


def source(row: Mapping[str, Any], stored: Mapping[str, str | None]) -> str:
    """Key of what is read for a row as it is stored: URI to version, none for what can't be read."""
    return digest("source", [(uri, stored.get(uri) or UNREAD) for uri in objects(row)])


def keys(row: Mapping[str, Any], image: str, stored: Mapping[str, str | None], versions: Versions) -> Keys:
    """The fingerprint of a planned row that shows the image with sha256 `image`; `stored` as `source` takes it."""
    annotate = digest("annotate", image, versions.fetch, versions.annotate)
    copy = {name: row[name] for name in versions.copy}
    canvas = (row["canvas_width"], row["canvas_height"])
    logo = row["logo"] and (row["logo"], stored.get(row["logo"]) or UNREAD)
    compose = digest("compose", annotate, copy, canvas, logo, versions.compose)
    # Notes of planning are published with those of the placer, the last to note anything.
    place = digest("place", compose, list(row["notes"] or ()), versions.place)
    return Keys(source(row, stored), annotate, compose, place)


def sum_of_ids(row_ids: list[str]) -> str:
    """A digest of a set of keys that does not depend on their order: the sum of their 128-bit hashes, and behind a `-`
    how many they are, each counted once."""
    total, distinct = 0, set(row_ids)
    for row_id in distinct:
        total += int.from_bytes(
            hashlib.blake2b(row_id.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "big"
        )
    return f"{total % (1 << 128):032x}-{len(distinct)}"
