"""What is said to a text-to-image model in words: prompts for the whole and for regions, and boxes for GLIGEN.

Nothing of the copy is said: what a text says would be painted, in letters that are none. The category is, as letters
and spaces alone.
"""

from typing import Any

from layoutgen.core.layout import Box
from layoutgen.imaging.references import conditions
from layoutgen.imaging.references.reference import Reference

NEGATIVE = "text, letters, words, logo, watermark, price tag, hands, people, second product, frame, clutter, lowres"
_LONGEST = 48
_CALM, _SUPPORT = "plain wall, soft even light, empty", "flat surface, soft contact shadow"
_MOST_BOXES = 30


def category_words(category: str | None) -> str:
    """A category as words for a prompt: its letters and digits, the first of them; "" for none."""
    kept = "".join(letter if letter.isalnum() else " " for letter in category or "")
    return " ".join(kept.split())[:_LONGEST].strip()


def prompts(reference: Reference) -> dict[str, Any]:
    """`prompt` and `negative` for the whole, `regions` for regional prompters: each with its words, its box (ltrb,
    shares of the painted picture, and px), the mask where there is one, and a weight."""
    about = category_words(reference.category)
    scene = f"product photography background for {about}" if about else "product photography background"
    regions = [
        {"prompt": _CALM, "mask": "mask_text.png", "weight": 1.0, **_places(element.box, reference)}
        for element in reference.texts
    ]
    support = _support(reference)
    regions.append({"prompt": _SUPPORT, "mask": None, "weight": 0.8, **_places(support, reference)})
    return {
        "prompt": f"{scene}, empty scene, studio light, soft shadow, clean composition, high detail",
        "negative": NEGATIVE,
        "regions": regions,
    }


def gligen(reference: Reference) -> dict[str, list[Any]]:
    """Phrases and boxes (ltrb in [0, 1]) of things and parts of the ground, never of texts."""
    named: list[tuple[str, Box]] = [("flat surface", _support(reference))]
    named += [("plain wall", element.box) for element in reference.texts]
    named = [(phrase, box) for phrase, box in named if box[0] < box[2] and box[1] < box[3]][:_MOST_BOXES]
    return {"phrases": [phrase for phrase, _ in named], "boxes": [[round(v, 5) for v in box] for _, box in named]}


def _support(reference: Reference) -> Box:
    """What the product stands on: the band from a little above its foot down."""
    foot = reference.product.top_px + reference.product.pixels.shape[0]
    _, top, _, _ = reference.size.box((0, foot / reference.page.canvas.height, 1, 1), reference.page.canvas)
    return (0.0, min(0.9, max(0.0, top - 0.06)), 1.0, 1.0)


def _places(box: Box, reference: Reference) -> dict[str, Any]:
    box_px = conditions.pixels_of(box, reference.size.canvas)
    return {"box_ltrb": [round(v, 5) for v in box], "box_px": list(box_px)}
