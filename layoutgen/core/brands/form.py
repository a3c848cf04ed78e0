"""`brand.json` to a `Brand`: the open form of AdCP's brand identity files, and the few keys that it has not.

Keys that are not ours are kept in `Brand.further` and listed, never refused: the same file serves other programs. A key
of ours with a value that it can't have is a fault. Relative paths of fonts and logos are below the kit's folder.
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layoutgen.core.brands.brand import (
    BACKGROUNDS,
    CASES,
    GROUND_KINDS,
    VARIANTS,
    Brand,
    Disclaimer,
    Fonts,
    Logo,
    Measure,
    Tone,
    folded,
)
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import TEXT_ROLES, Box, Role

NAME = "brand.json"
_HEX = re.compile("#[0-9a-fA-F]{6}")
_RATIO = re.compile("[1-9][0-9]*:[1-9][0-9]*")
_MEASURE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(x|px|%)")
_POINTERS = ("authoritative_location", "brand_agent")


@dataclass(frozen=True)
class Kit:
    """A brand as its file says it. `faults` are values that can't be used, `ignored` the keys that are not ours."""

    brand: Brand
    faults: tuple[str, ...]
    ignored: tuple[str, ...]


def parse(data: bytes, folder: str, resolve: Callable[[str], str]) -> Kit:
    """Read a kit's file; `folder` is the kit's name, `resolve` gives the URI of a path in it and raises ValueError for
    one that leads out. Raises Refusal for what is no brand's file at all."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        raise Refusal(f"{folder}/{NAME} is no JSON ({error}); correct it") from None
    if not isinstance(document, dict):
        raise Refusal(f"{folder}/{NAME} holds {type(document).__name__}, not an object of keys; correct it")
    return _Reader(folder, resolve).read(_brand_in(document, folder))


def _brand_in(document: dict[str, Any], folder: str) -> dict[str, Any]:
    """The one brand in a file: the file itself, or the one of a house's that has the folder's name."""
    for key in _POINTERS:
        if key in document and "id" not in document:
            raise Refusal(f"{folder}/{NAME} only points to {document[key]!r} ({key}); put the file from there here")
    brands = document.get("brands")
    if brands is None:
        if isinstance(document.get("house"), str):
            raise Refusal(f"{folder}/{NAME} only points to the house {document['house']!r}; put its file here")
        return document
    listed = [brand for brand in brands if isinstance(brand, dict)] if isinstance(brands, list) else []
    own = [brand for brand in listed if folded(str(brand.get("id", ""))) == folded(folder)] or listed
    if len(own) != 1:
        ids = ", ".join(str(brand.get("id")) for brand in listed) or "none"
        raise Refusal(f"{folder}/{NAME} is a house of several brands ({ids}); name the folder as one of them")
    return own[0]


class _Reader:
    """Reads one brand's keys one after another, and notes what can't be used and what is not ours."""

    def __init__(self, folder: str, resolve: Callable[[str], str]) -> None:
        self._folder, self._resolve = folder, resolve
        self._faults: list[str] = []
        self._ignored: list[str] = []

    def read(self, values: dict[str, Any]) -> Kit:
        identity = values.get("id", self._folder)
        if not isinstance(identity, str) or not identity.strip():
            self._fault("id", identity, "give the brand's name in lower case letters")
            identity = self._folder
        rules = self._part(values, "visual_guidelines")
        placement = self._part(rules, "logo_placement", "visual_guidelines.")
        colours = self._colours(values.get("colors", {}))
        brand = Brand(
            id=identity,
            names=self._names(values, identity),
            fonts=self._fonts(self._part(values, "fonts")),
            colours=colours,
            forbidden_pairs=self._pairs(values.get("forbidden_pairs", []), colours),
            logos=self._logos(values.get("logos", []), placement),
            logo_grounds=self._word(placement, "background_contrast", GROUND_KINDS, "any", "visual_guidelines."),
            logo_plate=self._flag(placement, "plate", Brand.logo_plate, "visual_guidelines.logo_placement."),
            tone=self._tone(values.get("tone", {})),
            disclaimers=self._disclaimers(values.get("disclaimers", [])),
            styles=self._strings(values.get("styles", []), "styles"),
            safe_zones=self._zones(values.get("safe_zones", {})),
            further={key: value for key, value in values.items() if key not in _KEYS},
        )
        self._ignored += [key for key in values if key not in _KEYS]
        self._ignored += [f"visual_guidelines.{key}" for key in rules if key != "logo_placement"]
        self._ignored += [f"visual_guidelines.logo_placement.{key}" for key in placement if key not in _PLACEMENT_KEYS]
        return Kit(brand, tuple(self._faults), tuple(self._ignored))

    def _fault(self, key: str, value: object, mend: str) -> None:
        self._faults.append(f"{key} is {json.dumps(value, ensure_ascii=False)[:80]}; {mend}")

    def _part(self, values: Mapping[str, Any], key: str, above: str = "") -> dict[str, Any]:
        part = values.get(key, {})
        if isinstance(part, dict):
            return part
        self._fault(above + key, part, "give an object of keys")
        return {}

    def _list(self, value: Any, key: str) -> list[Any]:
        if isinstance(value, list):
            return value
        self._fault(key, value, "give a list")
        return []

    def _strings(self, value: Any, key: str) -> tuple[str, ...]:
        strings = [each for each in self._list(value, key) if isinstance(each, str) and each.strip()]
        if isinstance(value, list) and len(strings) < len(value):
            self._fault(key, value, "give texts in quotes alone")
        return tuple(strings)

    def _word(self, values: Mapping[str, Any], key: str, known: Sequence[str], default: str, above: str = "") -> str:
        word = values.get(key, default)
        if word in known:
            return str(word)
        self._fault(above + key, word, f"known: {', '.join(known)}")
        return default

    def _flag(self, values: Mapping[str, Any], key: str, default: bool, above: str) -> bool:
        value = values.get(key, default)
        if isinstance(value, bool):
            return value
        self._fault(above + key, value, "give true or false")
        return default

    def _measure(self, value: Any, key: str, default: Measure) -> Measure:
        if value is None:
            return default
        parts = _MEASURE.fullmatch(value.strip()) if isinstance(value, str) else None
        if parts:
            return Measure(float(parts[1]), parts[2])
        self._fault(key, value, 'write "0.5x" of the logo\'s height, "16px", or "3%" of the short side')
        return default

    def _names(self, values: dict[str, Any], identity: str) -> tuple[str, ...]:
        names = [identity]
        for entry in [values.get("name"), *self._list(values.get("names", []), "names")]:
            names += [str(name) for name in (entry.values() if isinstance(entry, dict) else [entry]) if name]
        return tuple(dict.fromkeys(names))

    def _file(self, path: Any, key: str) -> str:
        if path == "":
            return ""
        try:
            return self._resolve(str(path))
        except ValueError as error:
            self._fault(key, path, f"{error}")
        return ""

    def _fonts(self, values: dict[str, Any]) -> Fonts:
        files, urls = (
            self._part(values, "files", "fonts."),
            self._strings(values.get("font_urls", []), "fonts.font_urls"),
        )
        self._ignored += [f"fonts.{key}" for key in values if key not in ("files", "font_urls", "only")]
        self._ignored += [f"fonts.files.{key}" for key in files if key not in ("title", "text")]
        near = [url for url in urls if not url.startswith(("https://", "http://"))]
        self._ignored += [f"fonts.font_urls: {url}" for url in urls if url not in near]
        title = files.get("title") or (near[0] if near else files.get("text", ""))
        text = files.get("text") or (near[1] if len(near) > 1 else title)
        return Fonts(
            self._file(title, "fonts.files.title"),
            self._file(text, "fonts.files.text"),
            self._flag(values, "only", False, "fonts."),
        )

    def _colours(self, values: Any) -> dict[str, tuple[str, ...]]:
        colours = {}
        for role, value in (values if isinstance(values, dict) else {}).items():
            listed = value if isinstance(value, list) else [value]
            hexes = [colour.lower() for colour in listed if isinstance(colour, str) and _HEX.fullmatch(colour)]
            if len(hexes) < len(listed) or not hexes:
                self._fault(f"colors.{role}", value, "give #rrggbb, or a list of them")
            if hexes:
                colours[role] = tuple(hexes)
        if not isinstance(values, dict):
            self._fault("colors", values, "give an object of roles and #rrggbb")
        return colours

    def _pairs(self, values: Any, colours: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
        pairs: list[tuple[str, str]] = []
        for pair in self._list(values, "forbidden_pairs"):
            sides = [self._side(side, colours) for side in pair] if isinstance(pair, list) else []
            if len(sides) != 2 or not all(sides):
                known = ", ".join(colours) or "none"
                self._fault("forbidden_pairs", pair, f"give two colours, #rrggbb or roles of colors ({known})")
                continue
            pairs += itertools.product(sides[0], sides[1])
        return tuple(dict.fromkeys(pairs))

    def _side(self, side: Any, colours: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        if isinstance(side, str) and _HEX.fullmatch(side):
            return (side.lower(),)
        return colours.get(side, ()) if isinstance(side, str) else ()

    def _logos(self, values: Any, placement: Mapping[str, Any]) -> tuple[Logo, ...]:
        rules = "visual_guidelines.logo_placement."
        clear = self._measure(placement.get("min_clear_space"), rules + "min_clear_space", Logo.clear_space)
        least = self._measure(placement.get("min_height"), rules + "min_height", Logo.least_height)
        logos = []
        for i, value in enumerate(self._list(values, "logos")):
            key = f"logos[{i}]"
            if not isinstance(value, dict) or not isinstance(value.get("url"), str):
                self._fault(key, value, "give an object with url, the path of a PNG in the kit's folder")
                continue
            self._ignored += [f"{key}.{name}" for name in value if name not in _LOGO_KEYS]
            tags = {tag for tag in value.get("tags", []) if isinstance(tag, str)} if "tags" in value else set()
            background = "dark-bg" if "dark" in tags else "light-bg" if "light" in tags else "transparent-bg"
            logos.append(
                Logo(
                    self._file(value["url"], f"{key}.url"),
                    self._word(value, "background", BACKGROUNDS, background, f"{key}."),
                    self._word(value, "variant", VARIANTS, "icon" if "icon" in tags else "primary", f"{key}."),
                    self._measure(value.get("min_clear_space"), f"{key}.min_clear_space", clear),
                    self._measure(value.get("min_height"), f"{key}.min_height", least),
                )
            )
        return tuple(logo for logo in logos if logo.uri)

    def _tone(self, values: Any) -> Tone:
        if isinstance(values, str):  # words of a voice, for people and writing programs
            self._ignored.append("tone")
            return Tone()
        if not isinstance(values, dict):
            self._fault("tone", values, "give an object of keys")
            return Tone()
        self._ignored += [f"tone.{key}" for key in values if key not in ("case", "end_punctuation", "exclamation")]
        case = values.get("case", {})
        by_role = dict.fromkeys(sorted(TEXT_ROLES), case) if isinstance(case, str) else case
        cases = {}
        for role, word in (by_role if isinstance(by_role, dict) else {"": by_role}).items():
            if role in {*TEXT_ROLES} and word in CASES:
                cases[Role(role)] = str(word)
            else:
                mend = f"give one of {', '.join(CASES)}, or an object of roles ({', '.join(sorted(TEXT_ROLES))})"
                self._fault("tone.case", case, mend)
                break
        kept = {key: self._word(values, key, ("keep", "none"), "keep", "tone.") for key in _PUNCTUATION}
        return Tone(cases, **kept)

    def _disclaimers(self, values: Any) -> tuple[Disclaimer, ...]:
        texts = []
        for i, value in enumerate(self._list(values, "disclaimers")):
            text = value.get("text") if isinstance(value, dict) else None
            if not isinstance(text, str) or not text.strip():
                self._fault(f"disclaimers[{i}]", value, "give an object with text")
                continue
            self._ignored += [f"disclaimers[{i}].{name}" for name in value if name not in _DISCLAIMER_KEYS]
            if value.get("required", True):
                texts.append(Disclaimer(text, str(value.get("context") or "all"), str(value.get("market") or "")))
        return tuple(texts)

    def _zones(self, values: Any) -> dict[str, dict[str, Box]]:
        if not isinstance(values, dict):
            self._fault("safe_zones", values, "give ratios such as 3:4, each with names and boxes")
            return {}
        zones: dict[str, dict[str, Box]] = {}
        for ratio, boxes in values.items():
            if not _RATIO.fullmatch(ratio) or not isinstance(boxes, dict):
                self._fault(f"safe_zones.{ratio}", boxes, "give a ratio such as 3:4, with names and boxes")
                continue
            for name, box in boxes.items():
                if _is_box(box):
                    zones.setdefault(ratio, {})[name] = tuple(map(float, box))  # type: ignore[assignment]  # four
                else:
                    self._fault(f"safe_zones.{ratio}.{name}", box, "give left, top, right, bottom in [0, 1]")
        return zones


def _is_box(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 4 or any(type(side) not in (int, float) for side in value):
        return False
    left, top, right, bottom = value
    return bool(0 <= left < right <= 1 and 0 <= top < bottom <= 1)


_PUNCTUATION = ("end_punctuation", "exclamation")
_PLACEMENT_KEYS = ("min_clear_space", "min_height", "background_contrast", "plate")
_LOGO_KEYS = ("url", "background", "variant", "tags", "min_clear_space", "min_height")
_DISCLAIMER_KEYS = ("text", "context", "market", "required")
_KEYS = (
    *("id", "name", "names", "fonts", "colors", "forbidden_pairs", "logos", "visual_guidelines", "tone"),
    *("disclaimers", "styles", "safe_zones"),
)
