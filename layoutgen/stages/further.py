"""A product's further photos on their way from `fetch` to `place`, in the rows that may show them: once a product and
first photo, not once a row. They are in no table."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pyarrow as pa

from layoutgen.core import collages, mirroring, rows, schema
from layoutgen.core.layout import Box, Canvas, Framing
from layoutgen.core.manifest.wishes import AUTO
from layoutgen.core.metrics import own
from layoutgen.core.pictures import likeness
from layoutgen.imaging import framed, images
from layoutgen.models.base import Still
from layoutgen.stages.travelling import map_as_png, read_map

_PACKED = pa.schema(
    [
        ("uri", pa.string()),
        ("sha256", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("jpeg", pa.large_binary()),
        ("subject_map", pa.large_binary()),
    ]
)


@dataclass(frozen=True)
class FurtherPhoto:
    """A photo as it travels: `sha256` and size (px, upright) of the original, its pixels as JPEG, and its subject map
    as PNG, None as long as nobody has looked for it."""

    uri: str
    sha256: str
    width: int
    height: int
    jpeg: bytes
    subject_map: bytes | None = None

    @property
    def still(self) -> Still:
        """Decoded, for composers."""
        subject = None if self.subject_map is None else read_map(self.subject_map)
        return Still(images.decode_jpeg(self.jpeg), subject, self.uri, self.sha256, self.width, self.height)


def are_in(table: pa.Table) -> bool:
    """Whether any row has further photos."""
    return schema.FURTHER in table.column_names


def added(table: pa.Table, photos: Mapping[int, Sequence[FurtherPhoto]]) -> pa.Table:
    """The table with the photos of its rows, by index, in a column of their own; as it is where no row has any."""
    if not photos:
        return table
    keys = {i: tuple((photo.uri, photo.sha256) for photo in of_row) for i, of_row in photos.items()}
    packed = {i: _packed(of_row) for i, of_row in photos.items()}
    return table.append_column(schema.FURTHER, rows.dictionary(packed, keys, len(table)))


def without(table: pa.Table) -> pa.Table:
    """The table without such a column."""
    return table.drop_columns([schema.FURTHER]) if are_in(table) else table


def distinct(table: pa.Table) -> tuple[list[bytes], list[int | None]]:
    """The distinct packs of photos, and each row's index in them; no packs where there is no such column."""
    return rows.distinct(table, schema.FURTHER) if are_in(table) else ([], [None] * len(table))


def unpacked(pack: bytes) -> list[FurtherPhoto]:
    """The photos of a pack, in the manifest's order."""
    return [FurtherPhoto(**row) for row in pa.ipc.open_stream(pack).read_all().to_pylist()]


def mapped(
    table: pa.Table, wanted: Collection[int], maps_of: Callable[[list[np.ndarray]], list[np.ndarray | None]]
) -> pa.Table:
    """The table with the subject maps of the further photos of some rows; each photo is looked at once."""
    packs, pack_of = distinct(table)
    used = {index for i in wanted if (index := pack_of[i]) is not None}
    photos = {index: unpacked(packs[index]) for index in sorted(used)}
    unseen = {photo.sha256: photo.jpeg for of_pack in photos.values() for photo in of_pack}
    maps = maps_of([images.decode_jpeg(jpeg) for jpeg in unseen.values()])
    pngs = {sha: map_as_png(map_) for sha, map_ in zip(unseen, maps, strict=True) if map_ is not None}
    repacked = {
        index: _packed([replace(photo, subject_map=pngs.get(photo.sha256)) for photo in of_pack])
        for index, of_pack in photos.items()
    }
    values = {i: repacked.get(index, packs[index]) for i, index in enumerate(pack_of) if index is not None}
    keys = {i: index for i, index in enumerate(pack_of) if index is not None}
    return rows.replace(table, **{schema.FURTHER: rows.dictionary(values, keys, len(table))})


@dataclass(frozen=True)
class Choice:
    """The photos that may stand on a row's collage besides its first, `uri`, and notes on the others. `kind` is the
    collage that the row asks for, or auto."""

    kind: str
    uri: str
    photos: tuple[Still, ...]
    notes: tuple[str, ...]

    def notes_on(self, framing: Framing) -> list[str]:
        """Notes on all photos that a layout does not show; none where the row leaves it open and one is shown."""
        if not framing.tiles and self.kind == AUTO:
            return []
        usable = [self.uri, *(still.uri for still in self.photos)]
        shown = [self.uri, *(tile.image for tile in framing.tiles)]
        return [*self.notes, *collages.left_out(usable, shown, self.kind)]


class Collages:
    """The choices of a table's rows."""

    def __init__(self, table: pa.Table) -> None:
        self._packs, self._pack_of = distinct(table)
        if self._packs:
            self._pixels, self._pixels_of = rows.distinct(table, "pixels")
            self._uris, self._kinds = table.column("image").to_pylist(), table.column("layout").to_pylist()
        self._known: dict[tuple[int, str, str], Choice] = {}

    def of(self, i: int) -> Choice | None:
        """The choice of a row; None where it shows one photo."""
        pack = self._pack_of[i]
        if pack is None or not self._kinds[i]:
            return None
        key = (pack, self._kinds[i], self._uris[i])
        if key not in self._known:
            self._known = {key: self._choice(i, pack)}  # rows of one product are neighbours
        return self._known[key]

    def _choice(self, i: int, pack: int) -> Choice:
        first, kind = self._uris[i], self._kinds[i]
        stills = {photo.uri: photo.still for photo in unpacked(self._packs[pack])}
        pixels = {first: images.decode_jpeg(self._pixels[self._pixels_of[i] or 0])}
        pixels |= {uri: still.image for uri, still in stills.items()}
        taken, notes = collages.chosen({uri: _hash(image) for uri, image in pixels.items()}, kind)
        return Choice(kind, first, tuple(stills[uri] for uri in taken[1:]), tuple(notes))


@dataclass(frozen=True, eq=False)
class Photos:
    """How a row's photos lie on its canvas: the first one and its subject's map, and those of the framing's tiles.
    They are equal where they are of the same arrays, framed alike."""

    framing: Framing
    image: np.ndarray
    subject: np.ndarray
    tiles: tuple[Still, ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Photos):
            return NotImplemented
        are_same = self.image is other.image and self.subject is other.subject
        return are_same and (self.framing, self.tiles) == (other.framing, other.tiles)

    def __hash__(self) -> int:
        return hash((id(self.image), id(self.subject), self.framing, self.tiles))

    @property
    def mirrored(self) -> "Photos":
        """The same turned over."""
        image, subject = mirroring.pixels(self.image), mirroring.pixels(self.subject)
        return Photos(mirroring.framing(self.framing), image, subject, tuple(still.mirrored for still in self.tiles))

    @property
    def _tile_maps(self) -> list[np.ndarray]:
        return [
            np.zeros(still.image.shape[:2], np.float32) if still.subject_map is None else still.subject_map
            for still in self.tiles
        ]

    @property
    def tile_boxes(self) -> tuple[Box, ...]:
        """Where a collage's photos lie, which no text goes over; () of one photo."""
        return tuple(part.picture for part in self.framing.parts) if self.tiles else ()

    def cut(self, least: float) -> float:
        """The share of the subject, where its map is above `least`, that the framing cuts off; of a collage's subjects,
        of that which it cuts most."""
        maps = [self.subject, *self._tile_maps]
        return max(
            own.subject_cut(np.where(subject > least, subject, 0), part)
            for subject, part in zip(maps, self.framing.parts, strict=True)
        )

    def on(self, canvas: Canvas, side: int) -> tuple[np.ndarray, np.ndarray]:
        """The canvas without elements, its longer side of `side` px, and where the subjects are on it."""
        images_of = [still.image for still in self.tiles]
        return (
            framed.draw(self.image, self.framing, canvas, side, images_of),
            framed.draw(self.subject, self.framing, canvas, side, self._tile_maps),
        )


class Packs:
    """The further photos of a table's rows, of which the last ones that were asked for stay decoded."""

    def __init__(self, table: pa.Table) -> None:
        self._packs, self._pack_of = distinct(table)
        self._known: dict[int, dict[str, Still]] = {}

    def shown(self, i: int, image: np.ndarray, subject: np.ndarray, framing: Framing) -> Photos:
        """The photos of a row whose first one is `image`."""
        pack = self._pack_of[i]
        if pack is None or not framing.tiles:
            return Photos(framing, image, subject)
        if pack not in self._known:
            self._known = {pack: {photo.uri: photo.still for photo in unpacked(self._packs[pack])}}
        return Photos(framing, image, subject, tuple(self._known[pack][tile.image] for tile in framing.tiles))


def _hash(image: np.ndarray) -> int:
    small = cv2.resize(image, (likeness.SIDE, likeness.SIDE), interpolation=cv2.INTER_AREA)
    return likeness.perceptual_hash(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))


def _packed(photos: Sequence[FurtherPhoto]) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist([vars(photo) for photo in photos], schema=_PACKED)
    with pa.ipc.new_stream(sink, _PACKED) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
