"""A manifest's row as products: what it says, checked, once in each locale of its copy; or why it can't be used."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any

from layoutgen.core.collages import LEAST_PHOTOS
from layoutgen.core.layout import Canvas, parse_canvas
from layoutgen.core.manifest import locales, wishes
from layoutgen.core.manifest.contracts import CONTRACTS, Contract, JobKind
from layoutgen.core.manifest.copy_reader import CopyReader
from layoutgen.core.manifest.fields import UnusableError, one_text, reject_broken_json, shown, text_list
from layoutgen.core.manifest.keys import product_key
from layoutgen.core.manifest.locales import Version

APPLICATIONS = ("poster", "marketing", "video_cover")


@dataclass(frozen=True)
class Fault:
    """Why a row can't be worked on."""

    kind: str
    message: str


@dataclass(slots=True, eq=False)
class Product:
    """A row of the manifest in one locale, as far as it could be read; `number` counts from 1, `position` is its index
    in the table at hand. `canvases` is (None,) where there is no canvas, or none known; `bad_canvases` maps names to
    what is wrong with them, `bad_locale` is the name of a locale that is none."""

    number: int
    position: int
    product_id: str | None = None
    images: tuple[str, ...] = ()
    title: str | None = None
    selling_points: tuple[str, ...] = ()
    brand: str | None = None
    logo: str | None = None
    category: str | None = None
    language: str | None = None
    locale: str | None = None
    application: str | None = None
    video: str | None = None
    subtitle: str | None = None
    stickers: tuple[str, ...] | None = None
    mask: str | None = None
    reference: str | None = None
    reference_strength: float | None = None
    background_prompt: str | None = None
    price: str | None = None
    was_price: str | None = None
    call_to_action: str | None = None
    badge: str | None = None
    disclaimer: str | None = None
    style: str | None = None
    series: str | None = None
    framing: str | None = None
    constraints: str | None = None
    layout: str | None = None
    captions: tuple[str, ...] | None = None
    variants: int = 1
    notes: list[str] = field(default_factory=list)
    canvases: tuple[Canvas | None, ...] = (None,)
    bad_canvases: dict[str, str] | None = None
    bad_locale: str | None = None


@dataclass(frozen=True)
class Rules:
    """How a manifest's rows are read.

    `canvases` and `application` are for rows that name none; `short_side` (px) sizes named ratios. `join` turns a path
    of the manifest into a URI and raises ValueError where it must not be followed. A title that is one of `empty_words`
    fails, other copy that is one is left out. `own_canvases` are of applications that have others than all;
    `own_offers` are columns of offers that are the user's own; `styles` are the names of the house styles that there
    are, () for any, and `variants` how many layouts a canvas has whose row does not say; `zones` are the names of
    platforms' zones; `layout` says how many images are shown of rows that don't; `only` is a filter
    (`selection`) over planned rows, None for all; `priority` is the column whose sum orders shards, "" for none."""

    canvases: tuple[str, ...]
    short_side: int
    application: str
    join: Callable[[str], str]
    kind: JobKind
    empty_words: frozenset[str] = frozenset()
    own_canvases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own_offers: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    variants: int = 1
    zones: tuple[str, ...] = ()
    layout: str = wishes.SINGLE
    only: str | None = None
    priority: str = ""

    def canvas_of(self, name: str) -> str:
        """A canvas by its size, such as "1080x1080" for "1:1"; a name that is none as it is."""
        canvas = _parsed_canvas(name, self.short_side)
        return canvas.name if isinstance(canvas, Canvas) else name

    @property
    def contract(self) -> Contract:
        """The columns that the rows have."""
        return CONTRACTS[self.kind]

    @property
    def most_canvases(self) -> int:
        """How many canvases a row that names none may have."""
        return max(1, len(self.canvases), *map(len, self.own_canvases.values()))

    @cached_property
    def default_canvases(self) -> dict[str, tuple[Canvas | None, ...]]:
        """The canvases of rows that name none, by application. Raises ValueError where one of them is no canvas."""
        if not self.contract.sizes:
            return dict.fromkeys(APPLICATIONS, (None,))
        return {
            application: tuple(dict.fromkeys(parse_canvas(name, self.short_side) for name in names))
            for application, names in {**dict.fromkeys(APPLICATIONS, self.canvases), **self.own_canvases}.items()
        }


def read(values: dict[str, Any], number: int, position: int, rules: Rules) -> Iterator[tuple[Product, Fault | None]]:
    """Yield a row's products, one a locale, each with its fault; the `number`th row of the manifest."""
    try:
        versions = locales.versions(values, rules.contract, partial(_is_blank, rules.empty_words))
    except UnusableError as error:
        versions = [Version(None, values, fault=error)]
    for version in versions:
        product = Product(number, position, locale=version.locale)
        fault = None
        try:
            _fill(product, version, rules)
        except UnusableError as error:
            kind, message = error.args
            fault = Fault(kind, f"row {number}{f', {version.name}' if version.name else ''}: {message}")
        if version.locale is None and version.name is not None:
            product.canvases, product.bad_canvases, product.bad_locale = (None,), None, version.name
        yield product, fault


def _fill(product: Product, version: Version, rules: Rules) -> None:
    """Read a row into `product`. Raises UnusableError at the first fault, with what was read before it in place."""
    values = version.values
    reject_broken_json(values)
    reader = CopyReader(values, rules.empty_words)
    reader.notes += version.notes
    product.notes = reader.notes
    _read_kind(product, reader, version, rules)
    is_cover = rules.kind == "covers" or product.application == "video_cover"
    paths, is_clip = _paths(reader, rules.kind, is_cover)
    title = one_text(values, "title")
    product.title = reader.text("title")
    product.selling_points = reader.texts("selling_points")
    _read_offer(product, reader, rules)
    product.brand = reader.text("brand")
    product.subtitle = reader.text("subtitle")
    product.stickers = reader.texts("stickers") if is_cover else None
    product.category = reader.label("category")
    product.language = reader.label("language") or version.locale
    logo = reader.label("logo")
    if product.product_id is None:
        raise UnusableError("missing_field", "product_id is missing; give every row its own")
    if not paths:
        fill = " or ".join(map(repr, rules.contract.required[-1]))
        raise UnusableError("missing_field", f"product {shown(product.product_id)} has no image; fill {fill}")
    if rules.contract.sizes and title is None:
        fill = "'title' or 'copies'" if "copies" in values else "'title'"
        raise UnusableError("missing_field", f"product {shown(product.product_id)} has no title; fill {fill}")
    if rules.contract.sizes and reader.is_empty_word(title):
        raise UnusableError(
            "placeholder_title",
            f"title of product {shown(product.product_id)} is {shown(title)}, which exports write for nothing; write "
            "one, or take the word out of input.empty_words where products bear it",
        )
    if rules.contract.sizes and product.title is None:
        raise UnusableError(
            "empty_title",
            f"title of product {shown(product.product_id)} is {shown(title)}, which shows nothing; write one",
        )
    _read_collage(product, len(paths), rules)
    if product.layout:
        product.captions = reader.aligned("captions", len(paths)) or None
    try:
        _read_scene(product, reader, values, rules)
        product.images, product.logo = tuple([rules.join(path) for path in paths]), rules.join(logo) if logo else None
        product.video = product.images[0] if is_clip else None
    except ValueError as error:
        raise UnusableError("bad_path", str(error)) from None


def _read_kind(product: Product, reader: CopyReader, version: Version, rules: Rules) -> None:
    """Read which rows a product has: its application, canvases, key and variants, all of them before a fault is
    raised."""
    values = version.values
    wrong = version.fault
    product.application = rules.application
    try:
        product.application = _application(reader, rules)
    except UnusableError as error:
        wrong = error
    if rules.contract.sizes:
        try:
            product.canvases, product.bad_canvases = _canvases(values, product.application, rules)
        except UnusableError as error:
            wrong = error
    product.product_id = product_id(values, rules.kind, rules.empty_words)
    try:
        _read_wishes(product, reader, values, rules)
    except UnusableError as error:
        wrong = wrong or error
    if wrong:
        raise wrong


def _read_offer(product: Product, reader: CopyReader, rules: Rules) -> None:
    """Read what a product's offer says. What an entry of `copies` says in a column that is the user's own is a selling
    point, of which the last are left out first where room is short."""
    for name in rules.contract.offers:
        text = reader.offer(name)
        if name not in rules.own_offers:
            setattr(product, name, text)
        elif text:
            points = product.selling_points
            product.selling_points = (text, *points) if name == "price" else (*points, text)


def _read_wishes(product: Product, reader: CopyReader, values: dict[str, Any], rules: Rules) -> None:
    """Read how a product's layouts should be. Raises UnusableError."""
    if "style" in rules.contract.wishes:
        product.style = wishes.style(reader.label("style"), rules.styles)
    if "variant" not in rules.contract.wishes or product.application == "video_cover":
        return
    product.variants = wishes.variants(values.get("variants"), rules.variants)
    product.series = (reader.label("series") or "").strip() or None
    product.framing = wishes.framing(reader.label("framing"))
    product.constraints = wishes.constraints(values.get("constraints"), rules.zones)
    product.layout = wishes.layout(reader.label("layout"), rules.layout)


def _read_collage(product: Product, images: int, rules: Rules) -> None:
    """Leave out a collage that can't be made, and say so unless the row leaves it open."""
    if not product.layout or (images >= LEAST_PHOTOS and rules.kind == "layouts"):
        return
    if product.layout != wishes.AUTO:
        why = "the row names one image" if rules.kind == "layouts" else "a poster shows one product, cut out"
        product.notes.append(f"layout {product.layout}: {why}; it is laid out single")
    product.layout = None


def _read_scene(product: Product, reader: CopyReader, values: dict[str, Any], rules: Rules) -> None:
    """Read what a poster's ground is made of. Raises UnusableError, and ValueError for a path that is not allowed."""
    if rules.kind != "posters":
        return
    mask, reference = reader.label("mask"), reader.label("reference")
    product.mask, product.reference = mask and rules.join(mask), reference and rules.join(reference)
    product.reference_strength = _strength(values.get("reference_strength"))
    product.background_prompt = reader.text("background_prompt")


def _strength(value: Any) -> float | None:
    """How closely a reference is followed. Raises UnusableError for what is no number from 0 to 1."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    try:
        strength = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        strength = math.nan
    if not 0 <= strength <= 1:
        raise UnusableError("bad_row", f"reference_strength is {shown(value)}; write a number from 0 to 1")
    return strength


def _application(reader: CopyReader, rules: Rules) -> str:
    """What a row is for. Raises UnusableError for what nobody lays out."""
    application = reader.label("application") or rules.application
    if application not in APPLICATIONS:
        raise UnusableError("bad_row", f"application is {shown(application)}; write one of {', '.join(APPLICATIONS)}")
    if rules.kind == "posters" and application == "video_cover":
        raise UnusableError(
            "bad_row", "application is video_cover; no posters are made of it, but covers by jobs.covers"
        )
    return application


def _paths(reader: CopyReader, kind: JobKind, is_cover: bool) -> tuple[list[str], bool]:
    """The paths of a row's images; of a cover's row, of its image or clip, and whether it is a clip."""
    if kind != "covers":
        paths, image, clip = list(reader.labels("images")), reader.label("image"), reader.label("video")
        paths = [image, *paths] if image and image not in paths else paths
        if not clip or kind == "annotations":
            return paths, False
        if is_cover:
            return [clip], True
        if not paths:
            raise UnusableError(
                "bad_row",
                f"the row has a video, {shown(clip)}, and no image: posters and marketing show images alone; give "
                "'image', or write video_cover as its application",
            )
        reader.notes.append(f"video {shown(clip)} is not shown: the row is no video_cover")
        return paths, False
    cover, video = reader.label("cover"), reader.label("video")
    if cover and video:
        raise UnusableError("bad_row", f"the row has both a cover and a video, {shown(video)}; give one of them")
    return [path for path in (cover, video) if path], bool(video)


def product_id(values: dict[str, Any], kind: JobKind, empty_words: Collection[str]) -> str | None:
    """Return the key; None where there is none. Raises UnusableError for what is neither text nor a whole number."""
    key = product_key(values.get("product_id"))
    if key is None and (one_text(values, "product_id") or "").strip() == "" and kind != "layouts":
        paths = [*(one_text(values, name) for name in ("cover", "video", "image")), *text_list(values, "images")]
        key = product_key(next((path for path in paths if path and path not in empty_words), None))
    return key


def _canvases(
    values: dict[str, Any], application: str, rules: Rules
) -> tuple[tuple[Canvas | None, ...], dict[str, str]]:
    names = text_list(values, rules.contract.sizes or "")
    if not names:
        return rules.default_canvases[application], {}
    parsed = {name: _parsed_canvas(name, rules.short_side) for name in names}
    good = [canvas for canvas in dict.fromkeys(parsed.values()) if isinstance(canvas, Canvas)]
    return tuple(good), {name: canvas for name, canvas in parsed.items() if isinstance(canvas, str)}


@lru_cache(maxsize=4096)
def _parsed_canvas(name: str, short_side: int) -> Canvas | str:
    try:
        return parse_canvas(name, short_side)
    except ValueError as error:
        return str(error)


def _is_blank(empty_words: frozenset[str], value: Any) -> bool:
    """Tell whether a value is no text, or one that says nothing."""
    if not isinstance(value, str):
        return value is None or (isinstance(value, float) and math.isnan(value))
    return not value.strip() or value.strip() in empty_words
