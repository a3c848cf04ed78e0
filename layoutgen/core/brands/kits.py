"""The kits of a run: which one a row's brand has, and what of the kit the row itself takes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from layoutgen.core.brands.brand import Brand, folded
from layoutgen.core.brands.tone import written
from layoutgen.core.brands.visibility import LogoInk
from layoutgen.core.layout import Role

BETWEEN = " · "
"""What stands between texts that must stand."""
_ROLES = {
    "title": Role.TITLE,
    "price": Role.PRICE,
    "was_price": Role.WAS_PRICE,
    "call_to_action": Role.CALL_TO_ACTION,
    "badge": Role.BADGE,
    "brand": Role.LOGO,
}


@dataclass(frozen=True)
class BrandKit:
    """One brand with what its files are: the logos that can be set, its fonts by path or by their address in a
    bucket (`io.font_files`), and what stands for all of it."""

    brand: Brand
    inks: tuple[LogoInk, ...] = ()
    title_font: str = ""
    text_font: str = ""
    digest: str = ""

    @property
    def font_files(self) -> tuple[str, ...]:
        """Its fonts, each once."""
        return tuple(dict.fromkeys(filter(None, (self.title_font, self.text_font))))

    def logo_clear(self, height: float, short: int) -> float:
        """What stays free round a logo of a height, as a share of the canvas's short side as that is: the most of its
        variants."""
        return max((ink.logo.clear_space.px(height * short, short) for ink in self.inks), default=0.0) / short

    def ink(self, uri: str | None) -> LogoInk | None:
        """The variant of the logo at a URI."""
        return next((ink for ink in self.inks if ink.logo.uri == uri), None)


@dataclass(frozen=True)
class BrandKits:
    """Kits by the names of their brands, folded; none: no row has one."""

    by_name: Mapping[str, BrandKit] = field(default_factory=dict)

    @classmethod
    def of(cls, kits: tuple[BrandKit, ...]) -> "BrandKits":
        """Kits by all names of each."""
        return cls({folded(name): kit for kit in kits for name in kit.brand.names})

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def named(self, brand: str | None) -> BrandKit | None:
        """The kit of a row's brand; None where it has none."""
        return self.by_name.get(folded(brand)) if brand else None

    @property
    def digests(self) -> dict[str, str]:
        """What stands for each kit, by name."""
        return {name: kit.digest for name, kit in sorted(self.by_name.items())}

    @property
    def font_files(self) -> tuple[str, ...]:
        """The fonts of all kits, each once."""
        return tuple(dict.fromkeys(path for kit in self.by_name.values() for path in kit.font_files))

    @property
    def styles(self) -> dict[str, tuple[str, ...]]:
        """The house styles that brands allow, by name; of those that allow some alone."""
        return {name: kit.brand.styles for name, kit in self.by_name.items() if kit.brand.styles}


NO_KITS = BrandKits()
"""Of a run without any."""


def taken_on(row: Mapping[str, Any], kit: BrandKit) -> dict[str, Any]:
    """What of a planned row's columns is another with its kit: copy in the brand's tone, its logo, and the texts that
    must stand. `row` has the columns that there are."""
    brand, language = kit.brand, row.get("language")
    changed: dict[str, Any] = {}
    for name, role in _ROLES.items():
        if text := row.get(name):
            changed[name] = written(text, role, brand.tone, language)
    if points := row.get("selling_points"):
        changed["selling_points"] = [written(text, Role.SELLING_POINT, brand.tone, language) for text in points]
    if kit.inks:
        changed["logo"] = kit.inks[0].logo.uri
    if "disclaimer" in row:
        changed["disclaimer"] = disclaimer(row["disclaimer"], row, kit)
    return {name: value for name, value in changed.items() if value != row[name]}


def disclaimer(own: str | None, row: Mapping[str, Any], kit: BrandKit) -> str | None:
    """A row's disclaimer with the texts that must stand behind it."""
    required = kit.brand.texts_for(row.get("category"), row.get("locale") or row.get("language"))
    texts = dict.fromkeys(filter(None, (own, *required)))
    tone, language = kit.brand.tone, row.get("language")
    return BETWEEN.join(written(text, Role.DISCLAIMER, tone, language) for text in texts) or None
