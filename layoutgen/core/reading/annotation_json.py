"""The published annotation standard's JSON: reader, writer, and the names it uses for tones and languages.

    {"文本": {"主标题": [{"ocr": "编织手法", "box": "[137, 126, 851, 207]", "文本语言": "中文", "文本主体色调": "黑"}]}}

Boxes are ltrb in thousandths of the image. The standard is coarser than `Annotation` (whole thousandths, named tones,
no scores), so it has dataclasses of its own, which `from_json` and `to_json` take back and forth without loss. Tones
and languages that others named otherwise are kept as they are written.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.colour import to_oklch, to_rgb
from layoutgen.core.layout import Box, Role

_TEXTS, _TEXT, _BOX, _LANGUAGE, _TONE = "文本", "ocr", "box", "文本语言", "文本主体色调"
_BOX_FORM = re.compile(r"\[\s*([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)\s*\]")
_FULL = 1000

LANGUAGES = {"zh": "中文", "en": "英文", "ja": "日文", "ko": "韩文", "digits": "数字", "other": "其他"}

# Hue in degrees of OKLCH up to which a tone reaches, for colours that have one.
_HUES = (
    (15, "粉"),
    (42, "红"),
    (78, "橙"),
    (113, "黄"),
    (168, "绿"),
    (225, "青"),
    (280, "蓝"),
    (330, "紫"),
    (360, "粉"),
)


@dataclass(frozen=True)
class StandardLine:
    """One line in the standard's terms. `box` is ltrb in thousandths of the image, whole numbers."""

    text: str
    box: tuple[int, int, int, int]
    language: str
    tone: str


@dataclass(frozen=True)
class StandardAnnotation:
    """An image's lines by role, in the order they are written; a role may have no lines."""

    texts: tuple[tuple[Role, tuple[StandardLine, ...]], ...] = ()

    def __post_init__(self) -> None:
        roles = [role for role, _ in self.texts]
        if len(set(roles)) < len(roles):
            raise ValueError(f"a role stands twice in {roles}; put its lines together")

    def to_json(self) -> str:
        """Write the standard's JSON on one line, Chinese unescaped."""
        return json.dumps(
            {_TEXTS: {role.chinese: [_written(line) for line in lines] for role, lines in self.texts}},
            ensure_ascii=False,
        )


def to_json(annotation: Annotation) -> str:
    """Write the lines that a designer placed, roles in the order in which they first appear."""
    by_role: dict[Role, list[StandardLine]] = {}
    for line in annotation.lines:
        if line.placed:
            by_role.setdefault(line.role, []).append(_standard(line))
    return StandardAnnotation(tuple((role, tuple(lines)) for role, lines in by_role.items())).to_json()


def from_json(text: str) -> StandardAnnotation:
    """Read the standard's JSON; whatever departs from it is a ValueError that names the value and the place."""
    try:
        whole = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"annotation is not JSON ({error}): {text[:80]!r}") from error
    texts = _fields(whole, (_TEXTS,), "annotation")[_TEXTS]
    if not isinstance(texts, dict):
        raise ValueError(f"annotation: {_TEXTS} is {texts!r}; give an object of roles")
    return StandardAnnotation(tuple((Role.from_chinese(name), _lines(name, lines)) for name, lines in texts.items()))


def tone(colour: str) -> str:
    """Name the tone of a #rrggbb as people do: 黑 白 灰 红 橙 黄 绿 青 蓝 紫 粉 棕 金.

    In OKLCH: without chroma the lightness decides; dark colours with little chroma look black; dark orange is brown,
    muted yellow gold, light red pink.
    """
    lightness, chroma, hue = (float(value) for value in to_oklch(to_rgb(colour)))
    if lightness < 0.22 or (lightness < 0.32 and chroma < 0.06):
        return "黑"
    if chroma < 0.035:
        return "白" if lightness > 0.93 else "灰"
    degrees = float(np.degrees(hue)) % 360
    name = next(name for limit, name in _HUES if degrees <= limit)
    if name in ("橙", "黄") and lightness < 0.58:
        name = "棕"
    elif name in ("橙", "黄") and lightness < 0.9 and chroma < 0.15:
        name = "金"
    elif name == "红" and lightness > 0.75:
        name = "粉"
    elif name == "粉" and lightness < 0.62:
        name = "红" if degrees < 42 or degrees > 345 else "紫"
    return name


def _standard(line: TextLine) -> StandardLine:
    return StandardLine(line.text, _thousandths(line.box), LANGUAGES[line.language], tone(line.colour))


def _thousandths(box: Box) -> tuple[int, int, int, int]:
    left, top, right, bottom = (min(_FULL, max(0, round(value * _FULL))) for value in box)
    return (left, top, right, bottom)


def _written(line: StandardLine) -> dict[str, str]:
    return {_TEXT: line.text, _BOX: str(list(line.box)), _LANGUAGE: line.language, _TONE: line.tone}


def _lines(role: str, lines: object) -> tuple[StandardLine, ...]:
    if not isinstance(lines, list):
        raise ValueError(f"{role}: {lines!r} is not a list of lines; write [] for none")
    return tuple(_line(fields, f"{role}[{index}]") for index, fields in enumerate(lines))


def _line(fields: object, place: str) -> StandardLine:
    named: dict[str, str] = {}
    for name, value in _fields(fields, (_TEXT, _BOX, _LANGUAGE, _TONE), place).items():
        if not isinstance(value, str):
            raise ValueError(f"{place}: {name} is {value!r}; give a string")
        named[name] = value
    return StandardLine(named[_TEXT], _box(named[_BOX], place), named[_LANGUAGE], named[_TONE])


def _box(text: str, place: str) -> tuple[int, int, int, int]:
    form = _BOX_FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"{place}: box {text!r} is not '[left, top, right, bottom]' in whole thousandths")
    left, top, right, bottom = (int(value) for value in form.groups())
    if right > _FULL or bottom > _FULL or left > right or top > bottom:
        raise ValueError(f"{place}: box {text!r} is not within 0-{_FULL} with left <= right and top <= bottom")
    return (left, top, right, bottom)


def _fields(value: object, names: Sequence[str], place: str) -> dict[str, object]:
    """Return an object's fields, which have to be exactly `names`."""
    if not isinstance(value, dict):
        raise ValueError(f"{place}: {value!r} is not an object with {', '.join(names)}")
    if missing := [name for name in names if name not in value]:
        raise ValueError(f"{place}: {', '.join(missing)} missing from {value!r}")
    if unknown := [name for name in value if name not in names]:
        raise ValueError(f"{place}: unknown {', '.join(unknown)}; known: {', '.join(names)}")
    return {name: value[name] for name in names}


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object; a name that stands twice would lose lines, so it is an error."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"annotation: {', '.join(twice)} stands twice in one object; merge the lists")
    return found
