"""The task of finding what a video cover is about: the elements that a title must not hide.

Boxes are in the codec of the model's family, since models were taught to point at pictures in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from layoutgen.core.layout import Box
from layoutgen.core.prompts.answers import STRING, box_rules, choice, fields, items, read_box, short, spell
from layoutgen.core.prompts.coordinates import Codec
from layoutgen.core.prompts.layouts import LayoutPrompt

PROMPT_VERSION = "cover-1"

MOST_ELEMENTS = 20


class Kind(StrEnum):
    """What an element is."""

    PERSON = "person"
    FACE = "face"
    PRODUCT = "product"
    TEXT = "text"
    LOGO = "logo"
    OBJECT = "object"


@dataclass(frozen=True)
class KeyElement:
    """Something that a cover is about. `box` is normalised to the cover."""

    kind: Kind
    label: str
    box: Box


def cover_prompt(codec: Codec) -> LayoutPrompt:
    """Return the prompt for a cover seen at the codec's size."""
    system = f"""You see the cover of a video. List its key visual elements, the most important first: what viewers \
look at and a title must not hide.

Answer with one JSON array and nothing else, without line breaks:
[{{"kind":"person","label":"...","box":[x1,y1,x2,y2]}},...]
- "kind" is one of {", ".join(Kind)}.
- "label" says in a few words what it is.
- "box" is left, top, right, bottom in {codec.words}: x1 < x2 and y1 < y2."""
    return LayoutPrompt(system, spell({"size": [codec.width, codec.height]}))


def cover_grammar(codec: Codec) -> str:
    """Return the grammar of the answers, in the Lark dialect of llguidance."""
    return (
        f'start: "[" (element ("," element){{0,{MOST_ELEMENTS - 1}}})? "]"\n'
        f'element: "{{\\"kind\\":" {choice(tuple(Kind))} ",\\"label\\":" STRING ",\\"box\\":" box "}}"\n'
        f"{STRING}\n{box_rules(codec)}"
    )


def write_cover(elements: Sequence[KeyElement], codec: Codec) -> str:
    """Return the answer that says `elements`: the inverse of `parse_cover`, up to the codec's rounding."""
    return spell([{"kind": x.kind.value, "label": x.label, "box": codec.write(x.box)} for x in elements])


def parse_cover(answer: str, codec: Codec) -> tuple[KeyElement, ...]:
    """Read an answer, in its order. Raises `ValueError` naming the first fault."""
    return tuple(_element(item, index, codec) for index, item in enumerate(items(answer)))


def _element(item: object, index: int, codec: Codec) -> KeyElement:
    read = fields(item, index, ("kind", "label", "box"))
    if read["kind"] not in tuple(Kind):
        raise ValueError(f"item {index} has the unknown kind {short(read['kind'])}; known: {', '.join(Kind)}")
    if not isinstance(read["label"], str) or not read["label"]:
        raise ValueError(f"item {index} has a label that is empty or no string: {short(read['label'])}")
    return KeyElement(Kind(read["kind"]), read["label"], codec.read(read_box(read["box"], f"item {index}", codec)))
