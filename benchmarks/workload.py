"""No benchmark itself: requests to decode, copy of three to six elements in two languages and noise for pictures."""

from collections.abc import Sequence

import numpy as np

from layoutgen.core.layout import Canvas, Copy
from layoutgen.core.prompts.layouts import item_rule, layout_grammar, layout_prompt, slots
from layoutgen.models.decoding.decoder import Request
from layoutgen.models.vlm.checkpoints import ChatFormat

TITLES = (
    "Wireless headphones, 40 hours of sound",
    "手冲咖啡壶 细口控流",
    "Stoneware vase, glazed by hand",
    "防晒霜 SPF50+ 清爽不油腻",
    "Trail running shoes for wet ground",
    "静音破壁机 家用小型",
)
POINTS = ("Noise cancelling", "食品级不锈钢", "$129", "到手价¥199", "Shop now", "立即购买", "满199减50", "Free returns")
BRANDS = ("NORDLYD", "山野")


def copies(count: int, elements: Sequence[int]) -> list[Copy]:
    """Copies whose numbers of elements go round `elements`: a title, points and a brand."""
    drawn = []
    for i in range(count):
        points = tuple(POINTS[(i + k) % len(POINTS)] for k in range(elements[i % len(elements)] - 2))
        drawn.append(Copy(TITLES[i % len(TITLES)], points, brand=BRANDS[i % 2]))
    return drawn


def requests(
    chat: ChatFormat, count: int, elements: Sequence[int], side: int, *, underlays: bool = True
) -> list[Request]:
    """Requests for layouts of canvases of three shapes, whose pictures have their longer side `side` px."""
    rng = np.random.default_rng(0)
    shapes = ((1080, 1080), (1080, 1080), (1080, 1440), (1440, 1080))
    asked = []
    for i, copy in enumerate(copies(count, elements)):
        canvas = Canvas(*shapes[i % len(shapes)])
        width, height = chat.pictures.size(canvas.width, canvas.height, side)
        picture = chat.pictures.prepare(rng.integers(0, 256, (height, width, 3), np.uint8), side)
        prompt = layout_prompt(copy, canvas)
        texts = slots(copy)
        grammar = layout_grammar([item_rule(slot) for slot in texts], len(texts) if underlays else 0)
        asked.append(Request(chat.prompt(prompt.system, prompt.user, picture), grammar, 1000))
    return asked
