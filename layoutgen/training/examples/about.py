"""What is in a data set of examples: counts that add up over its parts, the card that tells them, and whether anything
can be learnt from it. Pure."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from layoutgen.core.errors import Refusal
from layoutgen.core.prompts.coordinates import LAYOUT
from layoutgen.training.examples.examples import Drop, Example

VERSION = 2
SPLITS = ("train", "validation", "test")
SHARES = (0.9, 0.05, 0.05)
_COUNTED = ("by_source", "by_role", "by_language", "by_category", "by_canvas", "by_annotator", "by_reason")
_SHOWN = 5  # drops of a reason that the card shows


class DataSetError(Refusal):
    """A data set that can't be trained on; the message names what was found, where, and the mend."""


@dataclass
class About:
    """What is in a data set, or in a part of one: counts that add up, and up to two different `layouts`. `mended` are
    elements of published posters that were put right or left out."""

    examples: int = 0
    preferences: int = 0
    by_split: Counter[str] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    by_role: Counter[str] = field(default_factory=Counter)
    by_language: Counter[str] = field(default_factory=Counter)
    by_category: Counter[str] = field(default_factory=Counter)
    by_canvas: Counter[str] = field(default_factory=Counter)
    by_annotator: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    messages: dict[str, list[str]] = field(default_factory=dict)
    layouts: set[str] = field(default_factory=set)

    def add(self, split: str, example: Example) -> None:
        """Count an example."""
        self.examples += 1
        self.preferences += example.rejected is not None
        self.by_split[split] += 1
        self.by_source[example.source] += 1
        self.by_role.update(element.role.value for element in example.target)
        self.by_language[example.language] += 1
        self.by_category[example.category] += 1
        self.by_canvas[example.canvas.name] += 1
        self.by_reason.update(example.reasons)
        self.by_annotator.update([example.annotator] if example.annotator else [])
        if len(self.layouts) < 2:
            self.layouts.add(str([(element.role.value, LAYOUT.write(element.box)) for element in example.target]))

    def drop(self, drop: Drop) -> None:
        """Count a drop."""
        self.dropped[drop.reason] += 1
        self.by_reason.update(drop.given)
        shown = self.messages.setdefault(drop.reason, [])
        if len(shown) < _SHOWN:
            shown.append(drop.message)

    def merge(self, other: "About") -> None:
        """Count what another part counted."""
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
            elif isinstance(value, Counter | set):
                getattr(self, name).update(value)
        for reason, messages in other.messages.items():
            self.messages[reason] = [*self.messages.get(reason, []), *messages][:_SHOWN]

    def to_json(self) -> str:
        """The counts as JSON."""
        return json.dumps({**vars(self), "layouts": sorted(self.layouts)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "About":
        """The counts that `to_json` wrote."""
        values = json.loads(text)
        counters = {name: Counter(value) for name, value in values.items() if isinstance(value, dict)}
        return cls(**{**values, **counters, "messages": values["messages"], "layouts": set(values["layouts"])})


def check(about: About, products: int, shares: Sequence[float] = SHARES, least: int = 2) -> None:
    """Raise DataSetError where nothing could be learnt, or not be told from learning by heart: fewer than `least`
    products, an empty split that has a share, one role only, one layout only."""
    dropped = ", ".join(f"{count} {reason}" for reason, count in sorted(about.dropped.items()))
    why = f" (dropped: {dropped})" if dropped else ""
    every = about.examples
    if not every and max(about.dropped, key=about.dropped.__getitem__, default="") == "erased_badly":
        raise DataSetError(
            f"every poster is erased badly{why}: {about.messages['erased_badly'][0]}; its boxes are not where "
            "its texts are, so give the pictures that were annotated, or correct the boxes"
        )
    if not every:
        raise DataSetError(f"the data set is empty{why}; give accepted layouts, feedback or annotated posters")
    if products < least:
        raise DataSetError(
            f"the data set has {every} examples of {products} product{why}; give at least {least} products"
        )
    for split, share in zip(SPLITS, shares, strict=True):
        if share > 0 and not about.by_split[split]:
            raise DataSetError(
                f"no example of {every}, of {products} products, is in the split {split}, whose share is {share}{why}; "
                "give more products, or other shares"
            )
    if len(about.by_role) == 1:
        raise DataSetError(
            f"all elements of {every} examples have the role {min(about.by_role)}; give layouts with other roles too"
        )
    if len(about.layouts) == 1 and every > 1:
        raise DataSetError(f"all {every} examples have the same layout; there is nothing to learn from pictures")


def card(
    about: About,
    *,
    sha: str,
    products: int,
    images: int,
    sources: Sequence[str],
    shares: Sequence[float],
    salt: str,
    licence: str = "",
) -> dict[str, Any]:
    """What a data set is: its sha, where it comes from and under which licence, what is in it, what is not and why."""
    return {
        "version": VERSION,
        "sha": sha,
        "sources": list(sources),
        **({"licence": licence} if licence else {}),
        "examples": about.examples,
        "products": products,
        "images": images,
        "preferences": about.preferences,
        "by_split": {split: about.by_split[split] for split in SPLITS},
        **{name: dict(sorted(getattr(about, name).items())) for name in (*_COUNTED, "dropped")},
        **({"mended": dict(sorted(about.mended.items()))} if about.mended else {}),
        "dropped_messages": dict(sorted(about.messages.items())),
        "shares": dict(zip(SPLITS, shares, strict=True)),
        "salt": salt,
    }
