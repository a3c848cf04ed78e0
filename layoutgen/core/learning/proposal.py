"""What a brand's posters have in common, as a proposal: a type scale, a palette, alignment, grounds and containers, as
a kit's `brand.json` and as a house style's TOML. What most posters do is proposed; how many do is said beside it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from layoutgen.core import colour
from layoutgen.core.layout import Role
from layoutgen.core.learning.observed import Poster, Text, delta_ok
from layoutgen.core.styles.style import Style
from layoutgen.core.text.typography import em_length

_ALIKE = 3.0  # OKLab distance times 100 within which colours are one
_SHARE = 0.15  # of the posters that have a colour of the brand, at least
_MOST_COLOURS = 8
_CONTAINED = 0.5  # of a role's texts that stand on containers, where the style says so
_GROUNDS = {
    "full": {"bleed": 0.0, "extend": -0.1},
    "panel": {"panel": 0.1, "band": 0.1},
    "card": {"card": 0.1},
    "cut_out": {"cut_out": -0.05},
}
_FALLBACK = 0.35  # what a ground costs that the posters have less often
_PLAIN_CHROMA = 0.05
_MOST_BADGE = 5.0  # em
_STICKERS = re.compile(
    r"(?i:new( in)?|hot|sale|limited|best ?seller|top ?rated|only here|[-–]?\d{1,2} ?%( off)?)"
    r"|新品|新款|上新|新鲜|热卖|热销|爆款|限时.{0,2}|特惠|特价|直降.{0,2}|立减.{0,2}|独家|首发|包邮|必买|推荐"
)


@dataclass(frozen=True)
class Ink:
    """A colour that posters share: how many have it, and what it is used for: text, container or ground."""

    colour: str
    posters: int
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Learnt:
    """What posters have in common. `scales` are font sizes by role, multiples of the title's, `counts` the texts they
    are medians of; `title` is the title's size, share of the short side (least and most); `inks` the shared colours,
    the most frequent first; `alignments`, `families` and `containers` (by role) count posters and texts."""

    posters: int
    scales: Mapping[Role, float]
    counts: Mapping[Role, int]
    title: tuple[float, float]
    inks: tuple[Ink, ...]
    alignments: Mapping[str, int]
    families: Mapping[str, int]
    containers: Mapping[Role, Mapping[str, int]]

    @property
    def alignment(self) -> str:
        """What most posters have."""
        return max(self.alignments, key=lambda name: self.alignments[name], default="left")


def learn(posters: Sequence[Poster]) -> Learnt:
    """What posters have in common."""
    ratios: dict[Role, list[float]] = defaultdict(list)
    containers: dict[Role, Counter[str]] = defaultdict(Counter)
    for poster in posters:
        for text in poster.texts:
            if poster.title_px > 0 and text.role is not Role.TITLE:
                ratios[text.role].append(text.em_px / poster.title_px)
            containers[text.role][text.container.shape if text.container else "none"] += 1
    titles = [poster.title_px / min(poster.width, poster.height) for poster in posters if poster.title_px]
    return Learnt(
        posters=len(posters),
        scales={Role.TITLE: 1.0, **{role: round(median(values), 3) for role, values in sorted(ratios.items())}},
        counts={Role.TITLE: len(titles), **{role: len(values) for role, values in sorted(ratios.items())}},
        title=(min(titles), max(titles)) if titles else (0.06, 0.14),
        inks=_inks(posters),
        alignments=dict(Counter(poster.alignment for poster in posters if poster.alignment).most_common()),
        families=dict(Counter(poster.family for poster in posters).most_common()),
        containers={role: dict(counts.most_common()) for role, counts in sorted(containers.items())},
    )


def _inks(posters: Sequence[Poster]) -> tuple[Ink, ...]:
    """The colours that posters share: those within `_ALIKE` of each other are one, named by the one nearest to all."""
    uses_of = [(use, each, i) for i, poster in enumerate(posters) for use, each in _colours_of(poster)]
    clusters: list[list[tuple[str, str, int]]] = []
    for entry in sorted(uses_of, key=lambda entry: -sum(delta_ok(entry[1], other[1]) <= _ALIKE for other in uses_of)):
        nearest = min(clusters, key=lambda cluster: delta_ok(cluster[0][1], entry[1]), default=None)
        if nearest and delta_ok(nearest[0][1], entry[1]) <= _ALIKE:
            nearest.append(entry)
        else:
            clusters.append([entry])
    inks = []
    for cluster in clusters:
        of_posters = {i for _, _, i in cluster}
        if len(of_posters) >= max(2 if len(posters) > 1 else 1, _SHARE * len(posters)):
            distinct = Counter(each for _, each, _ in cluster)
            middle = min(distinct, key=lambda each: sum(n * delta_ok(each, other) for other, n in distinct.items()))
            uses = tuple(use for use, _ in Counter(use for use, _, _ in cluster).most_common())
            inks.append(Ink(middle, len(of_posters), uses))
    return tuple(sorted(inks, key=lambda ink: -ink.posters)[:_MOST_COLOURS])


def _colours_of(poster: Poster) -> Iterable[tuple[str, str]]:
    for text in poster.texts:
        yield "text", text.colour
        if text.container:
            yield "container", text.container.colour
    for each in poster.grounds:
        yield "ground", each


def kit_of(learnt: Learnt, name: str) -> dict[str, Any]:
    """The proposal as the keys of a `brand.json`; fonts and logos can't be told from pictures, and are left to add."""
    of_texts = [ink.colour for ink in learnt.inks if ink.uses[0] == "text"]
    of_grounds = [ink.colour for ink in learnt.inks if "ground" in ink.uses]
    of_containers = [ink.colour for ink in learnt.inks if "container" in ink.uses and ink.colour not in of_grounds]
    colourful = sorted((ink.colour for ink in learnt.inks), key=lambda each: -_chroma(each))
    colours: dict[str, Any] = {}
    if colourful and _chroma(colourful[0]) >= _PLAIN_CHROMA:
        colours["primary"] = colourful[0]
    if of_containers:
        colours["accent"] = of_containers
    colours["background"] = of_grounds or [colour.PAPER, colour.INK]
    colours["text"] = of_texts or [colour.INK, colour.PAPER]
    return {"id": name, "names": [{"en": name}], "colors": colours, "styles": [name]}


def style_of(learnt: Learnt, name: str) -> dict[str, Any]:
    """The proposal as the keys of a house style's TOML."""
    plain = Style("plain", "", "")
    types: dict[str, dict[str, Any]] = {}
    for role, scale in learnt.scales.items():
        if role in (Role.UNDERLAY, Role.LOGO):
            continue
        kind: dict[str, Any] = {} if role is Role.TITLE else {"scale": min(max(round(scale, 2), 0.15), 3.0)}
        counts = learnt.containers.get(role, {})
        held = sum(n for shape, n in counts.items() if shape != "none")
        if counts and held >= _CONTAINED * sum(counts.values()):
            kind["container"] = max((shape for shape in counts if shape != "none"), key=lambda shape: counts[shape])
        else:
            kind["container"] = "none"
        types[role.value] = kind
    price = types.get("price", {}).get("scale", plain.type_of(Role.PRICE).scale)
    was = types.get("was_price", {}).get("scale", plain.type_of(Role.WAS_PRICE).scale)
    if was >= price:
        types.setdefault("was_price", {})["scale"] = round(max(0.15, 0.6 * price), 2)
    least, most = (min(max(round(value, 3), 0.03), 0.4) for value in learnt.title)
    inks = [ink.colour for ink in learnt.inks if "text" in ink.uses]
    dark, light = ([each for each in inks if (_lightness(each) < 0.5) == is_dark] for is_dark in (True, False))
    return {
        "title": name.replace("_", " ").replace("-", " ").capitalize(),
        "description": f"Learnt from {learnt.posters} posters.",
        "title_least": least,
        "title_most": most,
        "grounds": _grounds(learnt),
        "blocks": {"centred": 0.0} if learnt.alignment == "center" else {"column": 0.0, "head_and_foot": 0.1},
        "palette": {
            "scheme": "brand" if any("container" in ink.uses for ink in learnt.inks) else "ink_on_paper",
            "ink": dark[0] if dark else colour.INK,
            "paper": light[0] if light else colour.PAPER,
        },
        "types": types,
    }


def _grounds(learnt: Learnt) -> dict[str, float]:
    """Grounds of the families that posters have, those of the most frequent without a fee."""
    families = list(learnt.families) or ["full"]
    return {
        ground: round(cost + (0.0 if family == families[0] else _FALLBACK), 2)
        for family in families
        for ground, cost in _GROUNDS[family].items()
    }


def toml(values: Mapping[str, Any], above: str = "") -> str:
    """Settings as TOML: numbers, texts, lists of texts, and tables below tables."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, value in values.items():
        if isinstance(value, Mapping):
            path = f"{above}{key}"
            has_plain = any(not isinstance(inner, Mapping) for inner in value.values())
            lines += ["", *([f"[{path}]"] if has_plain else []), toml(value, f"{path}.").strip("\n")]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def refined(texts: Sequence[Text]) -> tuple[Text, ...]:
    """Texts with the roles that an annotator does not know: of several prices all but the largest are was-prices, a
    small text at the poster's foot is a disclaimer, and few letters on a disc, or a sticker's words on any container,
    are a badge."""
    prices = [text.em_px for text in texts if text.role is Role.PRICE]
    largest = max((text.em_px for text in texts), default=0.0)
    out = []
    for text in texts:
        if text.role is Role.PRICE and text.em_px < 0.75 * max(prices):
            role = Role.WAS_PRICE
        elif text.role not in (Role.TITLE, Role.PRICE) and text.box[1] > 0.85 and text.em_px < 0.4 * largest:
            role = Role.DISCLAIMER
        elif text.role not in (Role.TITLE, Role.PRICE, Role.CALL_TO_ACTION) and _is_badge(text):
            role = Role.BADGE
        else:
            role = text.role
        out.append(replace(text, role=role))
    return tuple(out)


def _is_badge(text: Text) -> bool:
    if text.container is None or em_length(text.words) > _MOST_BADGE:
        return False
    return text.container.shape == "disc" or _STICKERS.fullmatch(text.words.strip()) is not None


def _chroma(hex_colour: str) -> float:
    return float(colour.to_oklch(colour.to_rgb(hex_colour))[1])


def _lightness(hex_colour: str) -> float:
    return float(colour.to_oklch(colour.to_rgb(hex_colour))[0])
