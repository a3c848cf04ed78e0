"""What the classes of published sets are for us: a role, a text whose role its size and words decide, or nothing.

Numbers mean what the set's own list of names says; the published ones count where it has none. A user's table
(`--labels`, JSON or TOML: name or number to kind) goes before both.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from layoutgen.core.layout import Role
from layoutgen.training.published.records import PublishedError

TEXT, HIGHLIGHT, ERASE, IGNORE = "text", "highlight", "erase", "ignore"
KINDS = (*(role.value for role in Role.__members__.values()), TEXT, HIGHLIGHT, ERASE, IGNORE)
"""Roles; `text`: its role is decided by size and words; `highlight`: a part of a text that is set apart, no element of
its own where it lies in one; `erase`: taken out of the picture and not learnt; `ignore`: a part of the picture."""

PKU = {"1": TEXT, "2": "logo", "3": "underlay"}
CGL = {"1": "logo", "2": TEXT, "3": "underlay", "4": ERASE, "5": HIGHLIGHT}
NAMES = {
    "text": TEXT,
    "文字": TEXT,
    "logo": "logo",
    "underlay": "underlay",
    "衬底": "underlay",
    "embellishment": ERASE,
    "符号元素": ERASE,
    "highlighted text": HIGHLIGHT,
    "强调突出子部分文字": HIGHLIGHT,
    "item logo": "logo",
    "item title": "selling_point",
    "text background": "underlay",
    "item": IGNORE,
    "object": IGNORE,
    "product": IGNORE,
    "decoration": IGNORE,
    "frame": IGNORE,
    "background": IGNORE,
    "image": IGNORE,
    "textelement": TEXT,
    "svgelement": IGNORE,
    "imageelement": IGNORE,
    "maskelement": IGNORE,
    "svgmaskelement": IGNORE,
    "coloredbackground": IGNORE,
    **{role.value.replace("_", " "): role.value for role in Role.__members__.values()},
    **{role.chinese: role.value for role in Role.__members__.values()},
}
"""Names of classes, in small letters and with single spaces, and what they are."""


@dataclass(frozen=True)
class Labels:
    """Classes by name and number. `of_user` is the user's table, `numbers` are the set's own names of its numbers."""

    of_user: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

    def kind(self, label: object) -> str | None:
        """One of `KINDS` for a class's name or number; None where nobody knows it."""
        name = _plain(label)
        if name in self.of_user:
            return self.of_user[name]
        meaning = self.numbers.get(name, name)
        return self.of_user.get(meaning, meaning if meaning in KINDS else NAMES.get(meaning))

    def numbered(self, numbers: Mapping[Any, Any]) -> "Labels":
        """The same with a set's own names (or kinds) of its numbers."""
        return Labels(self.of_user, {_plain(number): _plain(name) for number, name in numbers.items()})


def parse_labels(text: str, place: str) -> Labels:
    """A user's table of classes from JSON or TOML. Raises PublishedError naming what is no table or no kind."""
    try:
        table = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        raise PublishedError(f"{place} is neither JSON nor TOML ({error}); write a line for each class") from None
    for name, kind in table.items():
        if kind not in KINDS:
            raise PublishedError(f"{place} says {kind!r} of the class {name!r}; say one of {', '.join(KINDS)}")
    return Labels({_plain(name): kind for name, kind in table.items()})


def _plain(label: object) -> str:
    """A class's name in small letters with single spaces, a whole number without its point."""
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return " ".join(str(label).replace("_", " ").lower().split())
