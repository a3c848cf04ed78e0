"""place, for covers: pixels, protection and copy in; crop, elements and the acceptance check's verdict out. All the
deciding is `models.composers.covers`'."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.brands.kits import disclaimer
from layoutgen.core.covers import key_elements, protection
from layoutgen.core.covers.protection import Contents
from layoutgen.core.layout import Canvas, Copy, Role
from layoutgen.core.styles.choosing import UnknownStyleError, Wardrobe
from layoutgen.core.styles.style import Style
from layoutgen.core.text.offers import offered
from layoutgen.core.text.settable import Settable
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import images
from layoutgen.models.base import Fault, Saliency
from layoutgen.models.composers.cover_check import Photo
from layoutgen.models.composers.covers import Cover, CoverComposer, Outfit
from layoutgen.stages.place import KitFaces, logo_colour
from layoutgen.stages.travelling import read_map

_READ = (
    *("title", "language", "subtitle", "stickers", "canvas_width", "canvas_height", "text_lines", "faces"),
    *("key_elements", "brand", "category", "locale", "logo"),
)
_OF_SOME = ("price", "badge", "style")  # columns of tables that have them


class PlaceCovers:
    """The place stage of covers. `faces` tell which font will set a text, so that a title that none can set fails
    its row; `version` is what rows say of the composer. `second` builds the finder whose opinion the check asks, None
    for none. `wardrobe` says which house styles a row may have, None: the plain one; `brands` are the kits that rows
    keep."""

    def __init__(
        self,
        composer: CoverComposer,
        faces: Faces,
        version: str,
        second: Callable[[], Saliency | None] = lambda: None,
        wardrobe: Wardrobe | None = None,
        brands: KitFaces | None = None,
    ) -> None:
        self._composer, self._faces, self._version, self._second = composer, faces, version, second
        self._wardrobe, self._brands = wardrobe, brands

    @cached_property
    def _finder(self) -> Saliency | None:
        return self._second()  # at the first cover, not before: a night without changes loads no model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the placed columns."""
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        logos, logo_of = rows.distinct(table, "logo_pixels")
        marks = [images.decode_png(logo) for logo in logos]
        names = [*_READ, *(name for name in _OF_SOME if name in table.column_names)]
        columns = {name: table.column(name).to_pylist() for name in names}
        known = rows.kept(table, "place")
        if self._brands:  # which variant of the logo a cover has is told by placing it
            known = {i for i in known if not self._brands.kits.named(columns["brand"][i])}
        decoded: dict[int, tuple[np.ndarray, np.ndarray | None]] = {}
        done: dict[int, Cover] = {}
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {}
        for i in rows.open_rows(table):
            if i in known:
                here = table.column("notes")[i].as_py() or []
                notes[i] = [n for n in table.column(schema.WAS_NOTES)[i].as_py() or () if n not in here]
                continue
            mark = logo_of[i]
            row = {name: values[i] for name, values in columns.items()}
            # A logo that can't be used, of which fetch left a note, is none.
            copy, roles, notes[i], fault = self._copy(row | {"logo": row["logo"] if mark is not None else None})
            if fault:
                faults[i] = fault
                continue
            try:
                outfit = self._outfit(row, None if mark is None else marks[mark])
            except UnknownStyleError as error:
                faults[i] = ("unknown_style", str(error))
                continue
            index = pixels_of[i]
            assert index is not None
            if index not in decoded:  # rows of one image are neighbours
                picture = images.decode_jpeg(pixels[index])
                decoded = {index: (picture, self._opinion(picture))}
            photo = _photo(*decoded[index], None if map_of[i] is None else maps[map_of[i] or 0], row)
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            cover = self._composer.compose(photo, copy, canvas, outfit)
            if isinstance(cover, Fault):
                faults[i] = (cover.kind, cover.message)
                continue
            elements = tuple(replace(e, role=roles.get(e.text, e.role)) for e in cover.elements)
            done[i] = replace(cover, elements=elements)
            notes[i] += cover.notes
        count = range(len(table))

        def of(value: Callable[[Cover], Any]) -> list[Any]:
            return [value(done[i]) if i in done else None for i in count]

        added = {
            **rows.framing_columns({i: cover.framing for i, cover in done.items()}, len(table)),
            "style_used": of(lambda cover: cover.style if self._wardrobe else None),
            "suggestion": of(lambda _: []),
            "composer": of(lambda _: self._version),
            "adapter": of(lambda _: None),
            "prompt_version": of(lambda _: None),
            "seed": of(lambda _: None),
            "answer": of(lambda _: None),
            "elements": of(lambda cover: [rows.element_row(element) for element in cover.elements]),
            "contrast": of(lambda cover: cover.verdict.contrast),
            "subject_covered": of(lambda cover: cover.verdict.covered),
            "objections": of(lambda _: None),
            "objected_to": of(lambda _: None),
            "accepted": of(lambda cover: cover.verdict.accepted),
            "reasons": of(lambda cover: list(cover.verdict.reasons)),
        }
        if variants := {i: cover.logo for i, cover in done.items() if cover.logo}:
            added["logo"] = [variants.get(i, uri) for i, uri in enumerate(columns["logo"])]
        merged = rows.merge(table, added, known)
        return rows.note(rows.fail(rows.add(table, merged, schema.PLACED), "place", faults), notes)

    def _opinion(self, picture: np.ndarray) -> np.ndarray | None:
        """What the second finder sees in a picture; None where it is not asked, or has no opinion."""
        if self._finder is None:
            return None
        (values,) = self._finder.saliency([picture])
        return protection.opinion(values)

    def _outfit(self, row: dict[str, Any], mark: np.ndarray | None) -> Outfit:
        """What a row's cover may look like. Raises UnknownStyleError."""
        kit = self._brands.kits.named(row["brand"]) if self._brands else None
        styles: tuple[Style, ...] = ()
        if self._wardrobe:
            styles = self._wardrobe.of_row(row.get("style"), row["brand"], row["category"])
            styles = self._wardrobe.of_kit(styles, kit.brand.styles, row.get("style")) if kit else styles
        return Outfit(
            styles,
            kit,
            self._brands.of(kit) if self._brands and kit else None,
            None if mark is None else mark.shape[1] / mark.shape[0],
            None if mark is None else logo_colour(mark),
            row["category"],
        )

    def _copy(self, row: dict[str, Any]) -> tuple[Copy, dict[str, Role], list[str], tuple[str, str] | None]:
        """The copy as the fonts can set it; the roles of stickers, what was left out, and why it can't be set (None
        where it can)."""
        kit = self._brands.kits.named(row["brand"]) if self._brands else None
        settable = Settable(self._faces.speaking(row["language"]))
        title, _ = settable.title(row["title"])
        subtitle = settable.text(Role.SUBTITLE, row["subtitle"])
        shown = offered({name: row.get(name) for name in ("badge", "price")})
        offers = {role.value: text for role, given in shown.items() if (text := settable.text(role, given))}
        stickers = dict.fromkeys(filter(None, (settable.text(Role.OTHER, text) for text in row["stickers"] or ())))
        own = tuple(text for text in stickers if text not in offers.values())
        legal = disclaimer(None, row, kit) if kit else None
        copy = Copy(
            title,
            own,
            logo=row["logo"] if kit else None,
            language=row["language"],
            disclaimer=settable.text(Role.DISCLAIMER, legal) or None,
            subtitle=subtitle or None,
            **offers,
        )
        return copy, dict.fromkeys(own, Role.OTHER), settable.notes, settable.fault


def _photo(pixels: np.ndarray, opinion: np.ndarray | None, png: bytes | None, row: dict[str, Any]) -> Photo:
    subject = np.zeros(pixels.shape[:2], np.float32) if png is None else read_map(png)
    faces, texts = row["faces"] or (), (line["box"] for line in row["text_lines"] or ())
    elements = key_elements.of_rows(row["key_elements"])
    dear = key_elements.joined(subject, elements) if elements else None
    return Photo(pixels, Contents(subject, tuple(map(tuple, faces)), tuple(map(tuple, texts)), dear, opinion))
