"""The task of reading a poster: which texts stand where, in which role, language and tone.

Boxes are in the codec of the model's family, since models were taught to point at pictures in it.
"""

from collections.abc import Sequence

from layoutgen.core.annotation import TextLine
from layoutgen.core.layout import LEARNT_ROLES, TEXT_ROLES, Role
from layoutgen.core.prompts.answers import STRING, box_rules, choice, fields, items, read_box, short, spell
from layoutgen.core.prompts.coordinates import Codec
from layoutgen.core.prompts.layouts import LayoutPrompt
from layoutgen.core.reading.annotation_json import LANGUAGES, tone

PROMPT_VERSION = "annotation-1"

MOST_LINES = 80

TONES = {
    "黑": "#111111",
    "白": "#ffffff",
    "灰": "#8c8c8c",
    "红": "#d9232e",
    "橙": "#f07c1e",
    "黄": "#ffd91a",
    "绿": "#2f9e44",
    "青": "#17b8c4",
    "蓝": "#2563eb",
    "紫": "#7c3aed",
    "粉": "#f59ac0",
    "棕": "#7a4a21",
    "金": "#c9a45c",
}
"""A colour for each tone's name: an annotation holds colours, and a model names tones."""

_ROLES = tuple(role for role in LEARNT_ROLES if role in TEXT_ROLES or role == Role.LOGO)
_FIELDS = ("role", "text", "box", "language", "tone")


def annotation_prompt(codec: Codec) -> LayoutPrompt:
    """Return the prompt for a poster seen at the codec's size."""
    system = f"""You read e-commerce posters. You see a poster. List every text that a designer placed on it, from top \
to bottom, not what is printed on the product or stands in the scene.

Answer with one JSON array and nothing else, without line breaks:
[{{"role":"title","text":"...","box":[x1,y1,x2,y2],"language":"zh","tone":"黑"}},...]
- "role" is one of {", ".join(_ROLES)}.
- "text" is one line, letter by letter.
- "box" is left, top, right, bottom in {codec.words}: x1 < x2 and y1 < y2, tight around the letters.
- "language" is one of {", ".join(LANGUAGES)}.
- "tone" is the letters' colour: {" ".join(TONES)}."""
    return LayoutPrompt(system, spell({"size": [codec.width, codec.height]}))


def annotation_grammar(codec: Codec) -> str:
    """Return the grammar of the answers, in the Lark dialect of llguidance."""
    return (
        f'start: "[" (line ("," line){{0,{MOST_LINES - 1}}})? "]"\n'
        f'line: "{{\\"role\\":" {choice(_ROLES)} ",\\"text\\":" STRING ",\\"box\\":" box '
        f'",\\"language\\":" {choice(tuple(LANGUAGES))} ",\\"tone\\":" {choice(tuple(TONES))} "}}"\n'
        f"{STRING}\n{box_rules(codec)}"
    )


def write_annotation(lines: Sequence[TextLine], codec: Codec) -> str:
    """Return the answer that says `lines`: the inverse of `parse_annotation`, up to the codec's rounding and the tones'
    names; scores are not said."""
    return spell(
        [
            {
                "role": x.role.value,
                "text": x.text,
                "box": codec.write(x.box),
                "language": x.language,
                "tone": tone(x.colour),
            }
            for x in lines
        ]
    )


def parse_annotation(answer: str, codec: Codec) -> tuple[TextLine, ...]:
    """Read an answer; every line counts as placed, with the score 1. Raises `ValueError` naming the first fault."""
    return tuple(_line(item, index, codec) for index, item in enumerate(items(answer)))


def _line(item: object, index: int, codec: Codec) -> TextLine:
    read = fields(item, index, _FIELDS)
    for name, known in (("role", _ROLES), ("language", tuple(LANGUAGES)), ("tone", tuple(TONES))):
        if read[name] not in known:
            raise ValueError(f"item {index} has the unknown {name} {short(read[name])}; known: {', '.join(known)}")
    if not isinstance(read["text"], str) or not read["text"]:
        raise ValueError(f"item {index} has a text that is empty or no string: {short(read['text'])}")
    box = codec.read(read_box(read["box"], f"item {index}", codec))
    return TextLine(read["text"], box, Role(read["role"]), read["language"], TONES[read["tone"]], 1.0, True)
