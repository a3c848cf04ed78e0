"""finish: grounds in; the pictures that posters' elements lie on out: checked, stored, and named by the rows.

A ground that does not pass the checks is painted anew with the next seed, a few times; then `gradient`, which needs no
model, takes its place, and the row says so. The picture is stored without loss, named by its bytes, under
OUTPUT/backgrounds; from here on it is the row's picture: it travels as `pixels`, and the product's opacity as its
subject map. Rows that keep their photo pass untouched.

A painter on CPUs works in this stage, from the first ground on. One on a GPU has a stage before it, `paint`, for the
first grounds, and one behind it, `repaint`, for the few that did not pass: this class with the painter, and with what
is left.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.layout import Box, Canvas
from layoutgen.core.row_types import PAINTED_TYPE
from layoutgen.imaging import images
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.products.placing import MOST_ENLARGED, Placed, placed
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.io.tables import picture_files
from layoutgen.models.base import Fault, Painted, Painter, Scene
from layoutgen.models.building.painters import BuildPainter, Finishing, Provenance
from layoutgen.stages import acceptance
from layoutgen.stages.acceptance import Verdict
from layoutgen.stages.poster_scenes import PosterScenes, box_of, canvas_of, cleared, product_of, unpainted
from layoutgen.stages.travelling import map_as_png, read_ground

GROUND = "ground: "


@dataclass(frozen=True)
class FinishLimits:
    """`tries` grounds a row until one passes, the least `contrast` of a layout's texts, `batch` scenes at once, and
    `side` px and `quality` of the picture that travels."""

    tries: int
    contrast: float
    batch: int
    side: int
    quality: int


@dataclass(frozen=True, eq=False)
class _Ground:
    """A ground that was painted for a scene, by whom, and how it is judged."""

    scene: Scene
    painted: Painted
    about: Provenance
    verdict: Verdict


@dataclass(eq=False)
class _Poster:
    """A row at work: its scene, the product as it is placed, and what came of it so far."""

    scene: Scene
    product: Placed
    texts: list[Box]
    taken: _Ground | None = None
    best: _Ground | None = None  # of grounds that pass all but the contrast of layouts
    refused: str = ""
    tries: int = 0
    painter: str = ""
    is_fallback: bool = False


class FinishGrounds:
    """The finish stage of a table at `root`. `build_painter` is None where another stage paints."""

    def __init__(
        self,
        storage: Storage,
        root: str,
        scenes: PosterScenes,
        limits: FinishLimits,
        build: Callable[[], Finishing],
        build_painter: BuildPainter | None,
    ) -> None:
        self._storage, self._root, self._scenes, self._limits = storage, root, scenes, limits
        self._build, self._build_painter = build, build_painter

    @cached_property
    def _finishing(self) -> Finishing:
        return self._build()

    @cached_property
    def _painter(self) -> tuple[Painter, Provenance]:
        assert self._build_painter is not None
        return self._build_painter()  # at the first ground, not before: a night without changes loads no model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the painted columns, and put the pictures in the place of photos."""
        given = schema.UNSEEN in table.column_names
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {}
        pictures: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        if not (given and self._build_painter):  # what is left comes later; the others are of the first who finishes
            pictures, notes = self._of_the_night_before(table)
        if given:
            wanted = np.flatnonzero(table.column(schema.UNSEEN).is_valid()).tolist()
        else:
            wanted, table = unpainted(table), cleared(table)
        columns = {name: table.column(name).to_pylist() for name in schema.RESULTS["paint"]}
        finished = set()
        with ThreadPoolExecutor(1, "backgrounds") as writer:
            writing = []
            for i, poster in self._posters(table, wanted, faults):
                ground = poster.taken
                assert ground is not None
                data = images.encode_png(ground.verdict.picture)
                digest = sha256(data).hexdigest()
                uri = picture_files.background_uri(self._storage, self._root, digest)
                writing.append(writer.submit(self._storage.write, uri, data))
                columns["background"][i] = {"format": "png", "uri": uri, "sha256": digest, "bytes": len(data)}
                columns["painter"][i], columns["painter_sha"][i] = ground.about.painter, ground.about.sha
                columns["steps"][i] = ground.about.steps
                columns["background_seed"][i] = ground.scene.seed
                columns["condition"][i] = ground.painted.condition
                notes[i] = _notes(poster)
                pictures[i] = self._travels(ground.verdict.picture, poster.product, ground.scene.canvas)
                finished.add(i)
                crash_point("background_painted")
            for written in writing:
                written.result()
        merged: dict[str, Any] = columns | self._pictures(table, pictures)
        table = rows.note(rows.fail(rows.add(table, merged, schema.PAINTED), "paint", faults), notes)
        if self._build_painter:
            return table.drop_columns([name for name in (schema.PRODUCT, schema.UNSEEN) if name in table.column_names])
        grounds = table.column(schema.UNSEEN)
        left = [None if i in finished else grounds[i] for i in range(len(table))]
        return rows.replace(table, **{schema.UNSEEN: pa.array(left, PAINTED_TYPE)})

    def _of_the_night_before(
        self, table: pa.Table
    ) -> tuple[dict[int, tuple[np.ndarray, np.ndarray]], dict[int, list[str]]]:
        """Pictures that are kept and whose elements are placed anew, and what rows with kept ones said of them."""
        sources, placed_before = table.column("cut_out").to_pylist(), rows.kept(table, "place")
        same = [i for i in sorted(rows.kept(table, "paint")) if sources[i] is not None]
        pictures = {}
        for i in same:
            if i not in placed_before:
                canvas = canvas_of(table, i)
                product = placed(product_of(table, i), canvas, box_of(table, i))
                uri = table.column("background")[i].as_py()["uri"]
                pictures[i] = self._travels(images.decode_png(self._storage.read(uri)), product, canvas)
        return pictures, {i: _notes_before(table, i) for i in same}

    def _posters(
        self, table: pa.Table, wanted: Sequence[int], faults: dict[int, tuple[str, str]]
    ) -> Iterator[tuple[int, _Poster]]:
        """The posters of these rows whose ground is taken, a batch after the other; a row that can have none is put
        into `faults`. Without a painter here, those whose ground doesn't pass are left out."""
        for first in range(0, len(wanted), self._limits.batch):
            batch: dict[int, _Poster] = {}
            for i in wanted[first : first + self._limits.batch]:
                try:
                    batch[i] = self._poster(table, i)
                except FileFault as fault:
                    faults[i] = (fault.kind, fault.message)
            if schema.UNSEEN in table.column_names:
                for i, poster in batch.items():
                    painted, about = read_ground(table.column(schema.UNSEEN)[i])
                    self._judge(poster, poster.scene, painted, Provenance(**about))
            else:
                self._paint(batch, faults, 0)
            if self._build_painter:
                for number in range(1, self._limits.tries):
                    self._paint(batch, faults, number)
                for i, poster in batch.items():
                    if i not in faults and poster.taken is None:
                        poster.taken = poster.best or self._fallback(poster)
            yield from ((i, poster) for i, poster in batch.items() if poster.taken)

    def _poster(self, table: pa.Table, i: int) -> _Poster:
        scene = self._scenes.scene(table, i)
        product = placed(scene.product, scene.canvas, scene.product_box)
        return _Poster(scene, product, acceptance.text_boxes(scene.suggestions))

    def _paint(self, batch: dict[int, _Poster], faults: dict[int, tuple[str, str]], number: int) -> None:
        """Paint and judge a ground more for each poster without one. Who can't be painted at all has a fault; a fault
        of a later ground is a ground that doesn't pass."""
        left = [i for i, poster in batch.items() if poster.taken is None and i not in faults]
        if not left:
            return
        painter, about = self._painter
        scenes = [replace(batch[i].scene, seed=(batch[i].scene.seed + number) % (1 << 63)) for i in left]
        for i, scene, painted in zip(left, scenes, painter.paint(scenes), strict=True):
            if not isinstance(painted, Fault):
                self._judge(batch[i], scene, painted, about)
            elif number == 0:
                faults[i] = (painted.kind, painted.message)
            else:
                batch[i].tries += 1
                batch[i].refused = batch[i].refused or f"{painted.kind}, {painted.message}"

    def _judge(self, poster: _Poster, scene: Scene, painted: Painted, about: Provenance) -> None:
        """Hold a ground against the checks: it is taken, or the best so far, or refused."""
        ground = self._judged(poster, scene, painted, about)
        verdict, poster.painter = ground.verdict, about.painter
        if verdict.failed:
            poster.refused = verdict.reasons
        elif verdict.contrast >= self._limits.contrast:
            poster.taken = ground
            return
        else:
            if poster.best is None or verdict.contrast > poster.best.verdict.contrast:
                poster.best = ground
            poster.refused = f"text_contrast {poster.best.verdict.contrast:.3g} (limit {self._limits.contrast:g})"
        poster.tries += 1

    def _judged(self, poster: _Poster, scene: Scene, painted: Painted, about: Provenance) -> _Ground:
        if scene.lies and painted.horizon:
            painted = replace(painted, horizon=None)  # what lies or hangs casts no shadow on a floor
        letters = self._finishing.letters if about.paints_things else None
        verdict = acceptance.judged(
            painted,
            poster.product,
            scene.canvas,
            scene.seed,
            poster.texts,
            is_searched=about.paints_things,
            letters=letters,
        )
        return _Ground(scene, painted, about, verdict)

    def _fallback(self, poster: _Poster) -> _Ground:
        poster.is_fallback = True
        (painted,) = self._finishing.fallback.paint([poster.scene])
        assert not isinstance(painted, Fault)
        return self._judged(poster, poster.scene, painted, self._finishing.about_fallback)

    def _travels(self, picture: np.ndarray, product: Placed, canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
        """A picture and its product's opacity, in [0, 1], at the size at which pictures travel."""
        opacity = product.on_canvas(canvas)[..., 3].astype(np.float32) / 255
        return shrink(picture, self._limits.side), shrink(opacity, self._limits.side)

    def _pictures(
        self, table: pa.Table, pictures: dict[int, tuple[np.ndarray, np.ndarray]]
    ) -> dict[str, pa.DictionaryArray]:
        """The columns `pixels` and `subject_map` with pictures in the place of photos."""
        if not pictures:
            return {}
        columns = {}
        for name in ("pixels", "subject_map"):
            old, index_of = rows.distinct(table, name)
            values = {i: old[index] for i in range(len(table)) if (index := index_of[i]) is not None}
            keys: dict[int, object] = {i: index_of[i] for i in values}
            for i, (picture, opacity) in pictures.items():
                is_map = name == "subject_map"
                values[i] = map_as_png(opacity) if is_map else images.encode_jpeg(picture, self._limits.quality)
                keys[i] = ("row", i)
            columns[name] = rows.dictionary(values, keys, len(table))
        return columns


def _notes(poster: _Poster) -> list[str]:
    """What a row says of its ground."""
    ground, notes = poster.taken, []
    assert ground is not None
    if poster.is_fallback:
        notes.append(
            f"{ground.about.painter} in place of {poster.painter}, of which {poster.tries} grounds did not pass: "
            f"{poster.refused}"
        )
    elif poster.tries:
        notes.append(f"painted {poster.tries + (ground is not poster.best)} times: {poster.refused}")
    if ground.verdict.is_veiled:
        notes.append("veiled behind texts")
    if poster.is_fallback and ground.verdict.failed:
        notes.append(f"does not pass: {ground.verdict.reasons}")
    if poster.product.scale > MOST_ENLARGED:
        notes.append(f"its product is enlarged {poster.product.scale:.1f} times, which looks soft; give a larger one")
    return [f"{GROUND}{note}" for note in notes]


def _notes_before(table: pa.Table, i: int) -> list[str]:
    """What a row said of its ground the night before."""
    return [note for note in table.column(schema.WAS_NOTES)[i].as_py() or () if note.startswith(GROUND)]
