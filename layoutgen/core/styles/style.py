"""A house style: type, containers, colours, grounds and compositions that belong together.

Sizes of type are multiples of the title's font size; all other lengths are shares of the canvas's short side unless
they say otherwise. Costs are in the composer's unit: 0 is free, 1 is what text all over the product costs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from layoutgen.core.layout import Role
from layoutgen.core.styles.goods import KINDS

CASES = ("as_is", "upper", "lower")
FAMILIES = ("sans", "serif", "grotesque", "mono")
CONTAINERS = ("none", "rounded", "pill", "slanted", "ribbon", "burst", "disc", "tag", "line", "quote")
GROUNDS = ("bleed", "outpaint", "extend", "panel", "band", "card", "frame", "split", "cut_out", "as_is", "collage")
EDGES = ("straight", "slanted", "arched", "overlap")
BLOCKS = ("column", "head_and_foot", "corner_price", "rail", "centred", "diagonal")
ANCHORS = ("top", "bottom", "left", "right", "middle")
SCHEMES = ("analogous", "complement", "monochrome", "ink_on_paper", "brand")
_LARGEST, _LARGER = 0.4, 1.6
ORNAMENTS = ("rule", "dots", "corner", "disc", "ring", "bar")


@dataclass(frozen=True)
class Type:
    """How the texts of one role are set.

    `scale`: font size as a multiple of the title's. `weight`: 100 to 900. `family`: sans, serif, grotesque or mono, for
    letters that the family has; scripts with a font of their own keep it. `tracking`: added between letters, em, where
    the script has no joined letters. `case`: as_is, upper or lower, of scripts that have cases. `leading`: line height
    in em. `container`: what the text stands on, one of `CONTAINERS`; `gradient`: how much lighter (below 0: darker) its
    fill becomes towards its foot, in OKLCH, as far as the text can be read there. `tabular`: figures of one width.
    """

    scale: float = 1.0
    weight: int = 400
    family: str = "sans"
    tracking: float = 0.0
    case: str = "as_is"
    leading: float = 1.28
    container: str = "none"
    gradient: float = 0.0
    tabular: bool = False


_TYPES: Mapping[Role, Type] = {
    Role.TITLE: Type(1.0, 700),
    Role.SUBTITLE: Type(0.5, leading=1.4),
    Role.SELLING_POINT: Type(0.48, leading=1.4, container="pill"),
    Role.PRICE: Type(1.25, 700, tabular=True),
    Role.WAS_PRICE: Type(0.45),
    Role.CALL_TO_ACTION: Type(0.5, 700, container="pill"),
    Role.BADGE: Type(0.5, 700, container="burst"),
    Role.LOGO: Type(0.45, 500),
    Role.DISCLAIMER: Type(0.3, leading=1.4),
    Role.OTHER: Type(0.45, leading=1.4),
}


@dataclass(frozen=True)
class Palette:
    """How a style gets its colours from a picture's or a brand's.

    `scheme`: how they go together, one of `SCHEMES`; brand leaves the hue as it is, for a palette that names its own
    colours. `panel_lightness` and `panel_chroma`: OKLCH of panels and backdrops at most that colourful.
    `accent_chroma`: of buttons, badges and prices at least.
    `ink` and `paper`: the colours of texts on light and on dark grounds. `scrim`: how opaque veils may be at most.
    `accent` (prices and buttons), `second` (badges) and `panel` (panels and backdrops) take the place of the picture's
    colours where they are given, #rrggbb.
    """

    scheme: str = "monochrome"
    panel_lightness: float = 0.94
    panel_chroma: float = 0.035
    accent_chroma: float = 0.15
    ink: str = "#1c1c1e"
    paper: str = "#ffffff"
    scrim: float = 0.62
    accent: str = ""
    second: str = ""
    panel: str = ""


@dataclass(frozen=True)
class Style:
    """One house style. `name` is its file's; `title` and `description` are for designers.

    `types`: by role; a role that is left out has the plain style's. `palette`: its colours. `grounds`: what each ground
    costs in it; one that is left out is not used. `edges`: how photos end that don't end with the canvas, and what that
    costs. `blocks`: what each arrangement of the copy costs; one that is left out is not used. `anchors`: what it costs
    that the copy stands at a side of the canvas, or in its middle; nothing where it is left out. `ornaments`: kinds
    that it may draw, at most one of each. `currency`: size of a price's currency as a multiple of its number's.
    `title_least` and `title_most`: font size of titles, shares of the short side. `radius`: of containers, cards and
    pictures. `suits`: words in a category, title or badge, such as an occasion's, for which it is meant whatever the
    product is; `goods`: kinds of products that it is for, of `goods.KINDS`; `price`: where `auto` may take it with a
    price alone (needed), without one alone (refused) or either way (any). `fonts`: font files by family, as paths on
    each machine, which set the family's texts instead of the embedded ones.
    """

    name: str
    title: str
    description: str
    types: Mapping[Role, Type] = field(default_factory=dict)
    palette: Palette = Palette()
    grounds: Mapping[str, float] = field(
        default_factory=lambda: {
            "bleed": 0.0,
            "outpaint": 0.02,
            "extend": -0.1,
            "cut_out": -0.05,
            "panel": 0.27,
            "card": 0.32,
        }
    )
    edges: Mapping[str, float] = field(default_factory=lambda: {"straight": 0.0})
    blocks: Mapping[str, float] = field(default_factory=lambda: {"column": 0.0})
    anchors: Mapping[str, float] = field(default_factory=dict)
    ornaments: tuple[str, ...] = ()
    currency: float = 0.55
    title_least: float = 0.06
    title_most: float = 0.14
    radius: float = 0.02
    suits: tuple[str, ...] = ()
    goods: tuple[str, ...] = ()
    price: str = "any"
    fonts: Mapping[str, str] = field(default_factory=dict)

    def type_of(self, role: Role) -> Type:
        """How texts of a role are set."""
        return self.types.get(role) or _TYPES[role]

    def on(self, ground: str) -> "Style":
        """The style as it is on a ground: a canvas that stays as it is was made for copy, which is larger there."""
        if ground != "as_is":
            return self
        return replace(self, title_most=min(_LARGEST, _LARGER * self.title_most))

    @property
    def is_particular(self) -> bool:
        """Whether it is meant for some products and not for anything."""
        return bool(self.suits or self.goods)

    @property
    def faults(self) -> list[str]:
        """What contradicts itself in it, a sentence each that names the key, the value and the mend."""
        return [*_unknown(self), *_out_of_range(self)]


def _unknown(style: Style) -> list[str]:
    """Words that no key knows."""
    asked: list[tuple[str, object, tuple[str, ...]]] = [
        *((f"types.{role.value}.case", kind.case, CASES) for role, kind in style.types.items()),
        *((f"types.{role.value}.family", kind.family, FAMILIES) for role, kind in style.types.items()),
        *((f"types.{role.value}.container", kind.container, CONTAINERS) for role, kind in style.types.items()),
        ("palette.scheme", style.palette.scheme, SCHEMES),
        *(("grounds", name, GROUNDS) for name in style.grounds),
        *(("edges", name, EDGES) for name in style.edges),
        *(("blocks", name, BLOCKS) for name in style.blocks),
        *(("anchors", name, ANCHORS) for name in style.anchors),
        *(("ornaments", name, ORNAMENTS) for name in style.ornaments),
        *(("fonts", name, FAMILIES) for name in style.fonts),
        *(("goods", name, KINDS) for name in style.goods),
        ("price", style.price, ("needed", "refused", "any")),
    ]
    return [f"{key} is {value!r}; known: {', '.join(known)}" for key, value, known in asked if value not in known]


def _out_of_range(style: Style) -> list[str]:
    """Numbers that no layout can have, and those that contradict each other."""
    faults = []
    for role, kind in style.types.items():
        if not 0.15 <= kind.scale <= 3:
            faults.append(f"types.{role.value}.scale is {kind.scale}; give 0.15 to 3 times the title's size")
        if kind.weight not in range(100, 901):
            faults.append(f"types.{role.value}.weight is {kind.weight}; give 100 to 900")
        if not -0.3 <= kind.gradient <= 0.3:
            faults.append(f"types.{role.value}.gradient is {kind.gradient}; give -0.3 to 0.3 of lightness")
        if not -0.1 <= kind.tracking <= 0.5:
            faults.append(f"types.{role.value}.tracking is {kind.tracking}; give -0.1 to 0.5 em")
    if not 0 < style.title_least <= style.title_most <= _LARGEST:
        faults.append(
            f"title_least is {style.title_least} and title_most {style.title_most}; give 0 < least <= most <= 0.4"
        )
    if style.type_of(Role.TITLE).scale != 1:
        faults.append("types.title.scale is what all others are multiples of; leave it 1 and set title_most")
    small = style.type_of(Role.WAS_PRICE).scale
    if small >= style.type_of(Role.PRICE).scale:
        faults.append(f"types.was_price.scale is {small}; a struck price is smaller than the price beside it")
    for key in ("ink", "paper", "accent", "second", "panel"):
        colour = getattr(style.palette, key)
        if not re.fullmatch("#[0-9a-f]{6}", colour) and (colour or key in ("ink", "paper")):
            faults.append(f"palette.{key} is {colour!r}; give #rrggbb in small letters")
    faults += [f"{key} is empty; name one" for key in ("grounds", "edges", "blocks") if not getattr(style, key)]
    return faults
