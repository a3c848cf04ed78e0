"""The gallery: layouts as a page to filter, compare, correct and decide on, in files that need no server or network.

    index.html, *.css, *.js    the page, the same for every table (`assets/`)
    data/index.js              a line a row, to filter and sort by
    data/rows-00000.js …       the details of CHUNK rows each, loaded when one of them is looked at
    data/against.js, -00000.js rows of another table that these are compared with, likewise
    data/earlier.js, -00000.js rows as they were when somebody decided on them, and what became of it
    previews/                  pictures, drawn by `stages.preview`

Data are scripts because a page that is opened from a folder may not read other files. No string of a table ever is
markup: it is JSON here and becomes text in the page. Not the drawing of previews, and not the rows: `gallery_rows`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from layoutgen.core.covers.protection import Zones
from layoutgen.core.feedback import REASONS
from layoutgen.core.gallery import rows as gallery_rows
from layoutgen.core.layout import Role
from layoutgen.core.metrics.own import READABLE

CHUNK = 100
_FIELDS = [*gallery_rows.FIELDS, "name"]
_LINKED = re.compile(rb'<(?:script src|link rel="stylesheet" href)="([^"/]+)"')
_ENDINGS = {"": ".jpg", "ground": ".ground.jpg", "ink": ".ink.png", "map": ".map.png", "pixels": ".pixels.js"}
# JSON is nearly JavaScript, and must not end a script where somebody inlines it.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True)
class Limits:
    """What layouts keep and edits are warned about: the free edge and the smallest font, shares of the canvas's
    short side, and the least contrast ratio. `margin` is None where nobody wrote it down."""

    margin: float | None = None
    smallest: float = gallery_rows.SMALLEST
    contrast: float = READABLE


def preview_name(row_id: str, part: str = "") -> str:
    """File name of a row's picture, safe whatever the row id holds: the layout, or its `ground` (the photo without any
    element), `ink` (text and logos alone), `map` (what is protected) or `pixels` (a script: see `pixels`)."""
    name = hashlib.sha256(row_id.encode()).hexdigest()[:20]
    return f"{name}{_ENDINGS[part]}"


def pixels(row_id: str, ground: bytes, subject: bytes | None) -> bytes:
    """The script that hands a row's ground (JPEG) and the map of its subject (PNG) to the editor, which measures on
    them: a page that is opened from a folder may show the pictures beside it, and not read their pixels."""
    pictures = {"ground": _data_url("jpeg", ground)} | ({"map": _data_url("png", subject)} if subject else {})
    name = preview_name(row_id).partition(".")[0]
    return script(f"gallery.grounds.arrived({json.dumps(name)}, ", pictures)


def _data_url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True)
class OtherRows:
    """Rows of another table, `against` or `earlier`, whose previews lie in a folder of that name; `about` is what the
    page needs besides."""

    rows: Sequence[Mapping[str, Any]]
    run_id: str
    about: Mapping[str, Any]


def files(
    rows: Sequence[Mapping[str, Any]],
    dead: Sequence[Mapping[str, Any]],
    run_id: str,
    *,
    totals: tuple[int, int] | None = None,
    maps: bool = False,
    limits: Limits = Limits(),
    zones: Zones | None = None,
    others: Mapping[str, OtherRows] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """The page's files as path and content, index.html last.

    `rows` are placed rows, `dead` dead letters, `totals` how many of either there are where these are a sample;
    `maps` tells whether there are maps of what is protected; `limits` are those that the layouts keep, and `zones` the
    safe zones that were kept free. A row's `_fault` says why there is no preview of it, and its `_links` are its
    finished files, the picture first, each with format, href and bytes. `others` are rows of other tables by their
    kind.
    """
    runs = [run_id, *sorted({str(row["run_id"]) for row in [*rows, *dead] if row.get("run_id")} - {run_id})]
    lines = [gallery_rows.line(row, runs, not row.get("_fault")) for row in rows]
    lines += [gallery_rows.dead_line(row, runs) for row in dead]
    canvases = {str(row["canvas"]) for row in rows if row.get("canvas")}
    meta = {
        "run_id": run_id,
        "runs": runs,
        "totals": list(totals or (len(rows), len(dead))),
        "shown": [len(rows), len(dead)],
        "chunk": CHUNK,
        "maps": maps,
        **asdict(limits),
        "zones": {name: here for name in sorted(canvases) if (here := gallery_rows.zones(zones or {}, name))},
        "roles": [role.value for role in Role],
        "others": sorted(others or {}),
        "reasons": [{"name": name, "label": label} for name, label in REASONS.items()],
    }
    found = [gallery_rows.details(row, row.get("_fault")) for row in rows]
    found += [gallery_rows.dead_details(row) for row in dead]
    yield from _chunks("rows", found)
    for kind, other in (others or {}).items():
        yield from _other(kind, other)
    index = {**meta, "fields": _FIELDS, "rows": [*_named(lines, rows)]}
    yield "data/index.js", script("gallery.data.index(", index)
    for name in reversed(assets()):
        yield name, asset(name)


def _other(kind: str, other: OtherRows) -> Iterator[tuple[str, bytes]]:
    runs = sorted({str(row.get("run_id") or other.run_id) for row in other.rows})
    rows = [{**row, "run_id": str(row.get("run_id") or other.run_id)} for row in other.rows]
    yield from _chunks(kind, [gallery_rows.details(row, row.get("_fault")) for row in rows])
    lines = [gallery_rows.line(row, runs, not row.get("_fault")) for row in rows]
    index = {**other.about, "runs": runs, "fields": _FIELDS, "rows": [*_named(lines, rows)]}
    yield f"data/{kind}.js", script(f"gallery.data.other({json.dumps(kind)}, ", index)


def _chunks(kind: str, details: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    end = "" if kind == "rows" else f", {json.dumps(kind)}"
    for number, first in enumerate(range(0, len(details), CHUNK)):
        content = script(f"gallery.data.chunk({number}, ", details[first : first + CHUNK], end)
        yield f"data/{kind}-{number:05d}.js", content


def _named(lines: Iterable[list[Any]], rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Any]]:
    for i, line in enumerate(lines):
        yield [*line, preview_name(rows[i]["row_id"]).partition(".")[0] if i < len(rows) else None]


def script(call: str, value: object, end: str = "") -> bytes:
    """A script that hands a value to the page: `call` up to the value, then the value as JSON, and what `end`s it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"{call}{text.translate(_ESCAPES)}{end});\n".encode()


def assets() -> tuple[str, ...]:
    """The page's own files: the page, and what it loads, in its order."""
    return ("index.html", *(name.decode() for name in _LINKED.findall(asset("index.html"))))


def asset(name: str) -> bytes:
    """One of the page's own files."""
    return resources.files("layoutgen.core.gallery").joinpath("assets", name).read_bytes()
