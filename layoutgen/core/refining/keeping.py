"""What a row's layout keeps beside the limits of all, whatever is asked of it: places that stay free, its brand's kit,
and what the row itself demands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from layoutgen.core.brands.brand import Brand
from layoutgen.core.brands.kits import BrandKit
from layoutgen.core.brands.tone import written
from layoutgen.core.demands import NOTHING, Demands, broken, placed
from layoutgen.core.layout import Box, Canvas, Element, Role, intersection, to_px
from layoutgen.core.metrics import brands
from layoutgen.core.placing import brand_colours, logos
from layoutgen.core.placing.brand_page import Page, bearing_of
from layoutgen.core.placing.placement import NoLayoutError
from layoutgen.core.refining.changes import Change

_NEAR = 0.2
"""How far, in OKLab, a colour that is asked for may be from the brand's colour that stands for it."""
_SLACK_PX = 0.5


@dataclass(frozen=True, eq=False)
class BrandKeeping:
    """A brand's kit on a row: `means` as its checks take them, `layout` the row without elements, the URI of its logo
    in it, and `page` its canvas. Where `has_variants`, a logo that moves may become another variant of the kit's."""

    kit: BrandKit
    means: brands.Means
    layout: brands.Layout
    page: Page
    has_variants: bool = True

    @property
    def brand(self) -> Brand:
        """The brand."""
        return self.kit.brand

    def with_logo(self, before: Sequence[Element], after: Sequence[Element]) -> tuple[list[Element], "BrandKeeping"]:
        """A changed layout with the variant of the logo that suits where it stands now, and what is kept with that.
        Raises ValueError where the kit has none that does."""
        elements, uri = list(after), self.layout.logo
        if not self.kit.inks or _logo(after) == _logo(before):
            return elements, self
        ink = self.kit.ink(uri)
        inks = self.kit.inks if self.has_variants or ink is None else (ink,)
        try:
            done, chosen = logos.with_logo(self.page, elements, inks)
        except NoLayoutError as error:
            raise ValueError(str(error)) from None
        if not self.has_variants and len(done) != len(elements):
            raise ValueError(f"the logo of brand {self.brand.id} can't be seen there without a plate")
        return done, replace(self, layout=replace(self.layout, logo=chosen or uri))

    def faults(self, elements: Sequence[Element]) -> list[str]:
        """What a layout breaks of the kit."""
        names, _ = brands.violations(self.brand, replace(self.layout, elements=elements), self.means)
        return [f"{name.replace('_', ' ')} of brand {self.brand.id}" for name in names]


@dataclass(frozen=True, eq=False)
class Keeping:
    """Boxes (ltrb, normalised) by name where nothing is put; the brand's kit, None of a row without; what the row
    demands, and the texts that this names (`demands.texts_of`); and what else names faults of a layout."""

    free: tuple[tuple[str, Box], ...] = ()
    brand: BrandKeeping | None = None
    demands: Demands = NOTHING
    texts: Mapping[str, tuple[Role, str]] = field(default_factory=dict)
    check: Callable[[Sequence[Element]], Sequence[str]] = lambda elements: ()

    def own(self, change: Change) -> Change:
        """A change in the brand's tone and colours. Raises ValueError for a colour that is far from all of them."""
        if self.brand is None:
            return change
        brand = self.brand.brand
        if change.say:
            spoken = written(change.say, change.name.role, brand.tone, self.brand.layout.language)
            change = replace(change, say=spoken)
        if change.colour and brand.palette:
            nearest = brand_colours.nearest(change.colour, brand.palette)
            if brand_colours.apart(nearest, change.colour) > _NEAR:
                raise ValueError(f"brand {brand.id} has no colour like it, but {', '.join(brand.palette)}")
            change = replace(change, colour=nearest)
        return change

    def inks(self, elements: Sequence[Element], index: int) -> tuple[str, ...]:
        """The colours that a text may have where it stands; () for any."""
        if self.brand is None:
            return ()
        under, brand = bearing_of(elements, index), self.brand.brand
        grounds = () if under is None else (elements[under].colour, elements[under].gradient)
        return tuple(own for own in brand.palette if not any(brand.forbids(own, ground) for ground in grounds))

    def clear_px(self, element: Element, canvas: Canvas) -> float:
        """What stays free around an element: an image of a logo has its brand's clear space."""
        if self.brand is None or element.role is not Role.LOGO or element.lines:
            return 0.0
        short = min(canvas.width, canvas.height)
        return self.brand.kit.logo_clear((element.box[3] - element.box[1]) * canvas.height / short, short) * short

    def lock(self, elements: Sequence[Element], indices: Sequence[int]) -> Box | None:
        """The box (normalised) that the row demands some of a layout's elements to stand in; None for any."""
        where = placed(self.demands, elements, self.texts)
        return next((box for name, box in self.demands.lock if where.get(name) in indices), None)

    def finished(self, before: Sequence[Element], after: Sequence[Element]) -> tuple[list[Element], "Keeping"]:
        """A changed layout as the brand has it, and what it keeps then. Raises ValueError."""
        if self.brand is None:
            return list(after), self
        elements, brand = self.brand.with_logo(before, after)
        return elements, replace(self, brand=brand)

    def faults(self, elements: Sequence[Element], canvas: Canvas) -> list[str]:
        """What a layout does not keep, by name."""
        inside = [name for name, box in self.free if any(_touches(e.box, box, canvas) for e in elements)]
        of_brand = self.brand.faults(elements) if self.brand else []
        asked = [] if self.demands == NOTHING else broken(self.demands, (), elements, self.texts)
        return [*inside, *of_brand, *asked, *self.check(elements)]


FREE = Keeping()
"""Of a row that keeps nothing of its own."""


def _logo(elements: Sequence[Element]) -> tuple[Element, Element | None] | None:
    """The image of a logo, with what it stands on."""
    logo = next((e for e in elements if e.role is Role.LOGO and not e.lines), None)
    if logo is None:
        return None
    under = None if logo.underlay is None else elements[logo.underlay]
    return replace(logo, underlay=None), under and replace(under, underlay=None)


def _touches(box: Box, other: Box, canvas: Canvas) -> bool:
    """Whether two boxes overlap by more than letters on whole pixels do."""
    first, second = (to_px(each, canvas.width, canvas.height) for each in (box, other))
    slack = (_SLACK_PX, _SLACK_PX, -_SLACK_PX, -_SLACK_PX)
    inner = (first[0] + slack[0], first[1] + slack[1], first[2] + slack[2], first[3] + slack[3])
    return intersection(inner, second) > 0
