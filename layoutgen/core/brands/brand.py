"""A brand's kit: fonts, colours, logos, tone, texts and places that its layouts must keep. Every limit is hard.

Files are URIs. A kit is read by `form`; what of it contradicts itself says `contradictions`.
"""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from layoutgen.core.layout import Box, Canvas, Role

BACKGROUNDS = ("dark-bg", "light-bg", "transparent-bg")
VARIANTS = ("primary", "secondary", "icon", "wordmark", "full-lockup")
CASES = ("as_is", "upper", "lower")
_SAME_RATIO = 0.1
GROUND_KINDS = ("any", "light_only", "dark_only")


@dataclass(frozen=True)
class Measure:
    """A length of a kit: `unit` is x (multiples of the logo's height), px of the canvas, or % of its short side."""

    value: float
    unit: str = "x"

    def px(self, height_px: float, short_px: float) -> float:
        """The length in px, of a logo so high on a canvas whose short side is so long."""
        return self.value * {"x": height_px, "px": 1.0, "%": short_px / 100}[self.unit]

    def __str__(self) -> str:
        return f"{self.value:g}{self.unit}"


@dataclass(frozen=True)
class Logo:
    """One variant of a logo. `background` is what it is for, one of `BACKGROUNDS` (transparent-bg: any), `variant` what
    it shows, one of `VARIANTS`. `clear_space` stays free on every side, `least_height` is the smallest it is set."""

    uri: str
    background: str = "transparent-bg"
    variant: str = "primary"
    clear_space: Measure = Measure(0.25)
    least_height: Measure = Measure(2.4, "%")


@dataclass(frozen=True)
class Fonts:
    """Font files: `title` of titles, prices and buttons, `text` of all other texts. `only`: a text with letters that
    they lack is refused, instead of set in an embedded font."""

    title: str = ""
    text: str = ""
    only: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """Both files, each once."""
        return tuple(dict.fromkeys(filter(None, (self.title, self.text))))


@dataclass(frozen=True)
class Tone:
    """How texts are written, without another word: `cases` by role, one of `CASES`, as_is where there is none;
    `end_punctuation` and `exclamation` are keep or none."""

    cases: Mapping[Role, str] = field(default_factory=dict)
    end_punctuation: str = "keep"
    exclamation: str = "keep"


@dataclass(frozen=True)
class Disclaimer:
    """A text that must stand. `context` is the category that it is of (all: every one), `market` the country or
    language of the rows' locale, "" for every one."""

    text: str
    context: str = "all"
    market: str = ""


@dataclass(frozen=True)
class Brand:
    """One brand. `names` are all that rows may call it, its id among them. `colours`: by role (primary, secondary,
    accent, background, text or the brand's own), all that layouts may use; none: any may be used. `forbidden_pairs` are
    colours of which none may stand on the other. With `logo_plate`, a logo that can't be seen where it stands gets a
    plate of the brand's. `styles` are the names of house styles that it allows, none: all. `safe_zones`: ratio to name
    to box (ltrb, shares of the canvas) where nothing may lie. `further` is what else its file says."""

    id: str
    names: tuple[str, ...] = ()
    fonts: Fonts = Fonts()
    colours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forbidden_pairs: tuple[tuple[str, str], ...] = ()
    logos: tuple[Logo, ...] = ()
    logo_grounds: str = "any"
    logo_plate: bool = True
    tone: Tone = Tone()
    disclaimers: tuple[Disclaimer, ...] = ()
    styles: tuple[str, ...] = ()
    safe_zones: Mapping[str, Mapping[str, Box]] = field(default_factory=dict)
    further: Mapping[str, object] = field(default_factory=dict)

    @property
    def palette(self) -> tuple[str, ...]:
        """Every colour that its layouts may use, #rrggbb, each once."""
        return tuple(dict.fromkeys(colour for colours in self.colours.values() for colour in colours))

    def forbids(self, colour: str, ground: str) -> bool:
        """Tell whether neither of two colours may stand on the other."""
        return (colour, ground) in self.forbidden_pairs or (ground, colour) in self.forbidden_pairs

    def texts_for(self, category: str | None, locale: str | None) -> tuple[str, ...]:
        """The texts that must stand on a row of a category and locale (BCP 47)."""
        places = {part for part in folded(locale or "").replace("_", "-").split("-") if part}
        return tuple(
            each.text
            for each in self.disclaimers
            if folded(each.context) in ("", "all", folded(category or ""))
            and (not each.market or folded(each.market) in places)
        )


def safe_boxes(brand: Brand, canvas: Canvas) -> tuple[Box, ...]:
    """The boxes (ltrb, normalised) that a brand keeps free on a canvas: those of its ratio, to within a tenth."""
    shape = math.log(canvas.width / canvas.height)
    away = {name: abs(math.log(_ratio(name)) - shape) for name in brand.safe_zones}
    nearest = min(away, key=lambda name: away[name], default=None)
    return tuple(brand.safe_zones[nearest].values()) if nearest and away[nearest] < _SAME_RATIO else ()


def _ratio(name: str) -> float:
    across, down = map(int, name.split(":"))
    return across / down


def folded(name: str) -> str:
    """A name as brands are told apart by it: without cases, spaces and forms of width."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
