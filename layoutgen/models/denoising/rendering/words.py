"""What a model is asked for in words: words of scenes from a list, by category; never a poster's copy.

`scenes.json` has the categories (`product`, how such a product is called; `scene`, where it stands; `names`, how
manifests may write it; `parent`) and the words that prompts of users may be made of. A prompt with any other word is a
fault of its row: letters, people, brands and what shops don't show are asked for by no word of the list.
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from layoutgen.models.base import Fault

NEGATIVE = (
    "text, letters, words, logo, watermark, signature, price tag, label, hands, people, face, second product, "
    "duplicate, cluttered, blurry, low quality"
)

_LONGEST = 300
_SHAPE = "product photography, {product} on display, in the background {scene}, empty space, soft light"
_STEPS = re.compile(r"\s*[>/|›»]\s*")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class SceneWords:
    """Prompts, of the package's words and the user's `more`."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        about = _scenes()
        self._categories: dict[str, dict[str, Any]] = about["categories"]
        self._names = {
            _plain(name): key
            for key, category in self._categories.items()
            for name in (key, *category.get("names", ()))
        }
        texts = [*about["words"], *more, _SHAPE.format(product="", scene="")]
        texts += [str(part[kind]) for part in self._categories.values() for kind in ("product", "scene")]
        self._safe = {word for text in texts for word in _words(text)}

    def prompt(self, category: str | None, wish: str | None) -> str | Fault:
        """The prompt for a product of a category, in the surroundings that a user may `wish` for, or why there is none:
        `prompt_not_safe`."""
        key = self._key(category)
        known = self._categories[key]
        if wish is None or not wish.strip():
            return _SHAPE.format(product=known["product"], scene=known["scene"])
        if fault := self.fault(wish):
            return fault
        return _SHAPE.format(product=known["product"], scene=" ".join(wish.split()))

    def fault(self, wish: str) -> Fault | None:
        """Why a prompt can't be used; None where it can."""
        if len(wish) > _LONGEST:
            return Fault(
                "prompt_not_safe", f"background_prompt has {len(wish)} characters, {_LONGEST} are the most; shorten it"
            )
        odd = [word for word in dict.fromkeys(_words(wish)) if word not in self._safe]
        signs = sorted(set(re.sub(r"[\w\s,.;'’-]", "", wish)) | set(re.findall(r"\d", wish)))
        if not odd and not signs:
            return None
        named = ", ".join([repr(word) for word in odd[:5]] or [repr(sign) for sign in signs[:5]])
        return Fault(
            "prompt_not_safe",
            f"background_prompt has {named}, which are not among the words of scenes; describe the place, its "
            "materials and its light in English words, or add the words to paint.words",
        )

    def _key(self, category: str | None) -> str:
        """The list's category: the last step of a path that it knows, else `product`."""
        for step in reversed(_STEPS.split(category) if category else []):
            if key := self._names.get(_plain(step)):
                return key
        return "product"


@cache
def _scenes() -> dict[str, Any]:
    text = files("layoutgen.models.denoising.rendering").joinpath("scenes.json").read_text("utf-8")
    return dict(json.loads(text))


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
