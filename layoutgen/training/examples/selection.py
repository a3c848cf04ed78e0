"""A data set of examples: what stands twice goes, the rest is split by product, and a card says what it is. Pure.

The split is by a hash of the product, so that a product is in the same part of every data set, whatever else is in it.
Products that share an image stand together, as the smallest of their ids does: else the test would show a picture that
was learnt.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from layoutgen.core.layout import Role, Suggestion
from layoutgen.core.prompts.coordinates import LAYOUT
from layoutgen.training.examples.examples import Drop, Example

VERSION = 1
SPLITS = ("train", "validation", "test")
SHARES = (0.9, 0.05, 0.05)
_SHOWN = 5  # drops of a reason that the card shows


class DataSetError(ValueError):
    """A data set that can't be trained on; the message names what was found, where, and the mend."""


@dataclass(frozen=True)
class DataSet:
    """Examples by split, in a fixed order, and what was dropped. `sources` names where they come from."""

    splits: Mapping[str, tuple[Example, ...]]
    drops: tuple[Drop, ...] = ()
    sources: tuple[str, ...] = ()
    shares: tuple[float, ...] = SHARES
    salt: str = ""

    @property
    def sha(self) -> str:
        """SHA-256 of all examples with their splits."""
        digest = hashlib.sha256()
        for split in SPLITS:
            for example in self.splits[split]:
                digest.update(f"{split} {said(example)}\n".encode())
        return digest.hexdigest()

    def __len__(self) -> int:
        return sum(map(len, self.splits.values()))


def select(
    found: Iterable[Example | Drop],
    *,
    sources: Sequence[str] = (),
    gone: Collection[str] = (),
    shares: tuple[float, ...] = SHARES,
    salt: str = "",
) -> DataSet:
    """Make a data set: without the examples whose image is among `gone`, without what stands twice, split by product.

    `shares` are of the splits, in the order of `SPLITS`; `salt` gives other splits. Of equal examples the one that a
    designer stands for is kept, else the first. Raises DataSetError where shares are none.
    """
    if len(shares) != len(SPLITS) or min(shares) < 0 or not 0.999 < sum(shares) < 1.001:
        raise DataSetError(f"shares are {shares}; give {len(SPLITS)}, for {', '.join(SPLITS)}, that add up to 1")
    drops: list[Drop] = []
    kept: dict[tuple[object, ...], Example] = {}
    missing = set(gone)
    for one in found:
        if isinstance(one, Drop):
            drops.append(one)
        elif one.image in missing:
            message = f"{one.image} of {one.row_id} is gone; put it back, or annotate again"
            drops.append(Drop("image_gone", one.source, one.row_id, message))
        else:
            key = _key(one)
            best, again = one, kept.get(key)
            if again is not None and _weight(again) >= _weight(one):
                best, again = again, one
            kept[key] = best
            if again is not None:
                message = f"{again.row_id} says what {best.row_id} says"
                drops.append(Drop("duplicate", again.source, again.row_id, message))
    examples = sorted(kept.values(), key=lambda one: (one.product_id, one.row_id, said(one)))
    homes = _homes(examples)
    splits: dict[str, list[Example]] = {split: [] for split in SPLITS}
    for one in examples:
        splits[split_of(homes[one.product_id], shares, salt)].append(one)
    return DataSet(
        {split: tuple(members) for split, members in splits.items()}, tuple(drops), tuple(sources), tuple(shares), salt
    )


def split_of(product_id: str, shares: Sequence[float] = SHARES, salt: str = "") -> str:
    """The split of a product: by a hash of its id, the same everywhere and always."""
    drawn = int.from_bytes(hashlib.sha256(f"{salt}\n{product_id}".encode()).digest()[:8], "big") / 2**64
    for split, share in zip(SPLITS, shares, strict=True):
        if drawn < share:
            return split
        drawn -= share
    return max(zip(shares, SPLITS, strict=True))[1]


def check(data: DataSet, least: int = 2) -> None:
    """Raise DataSetError where nothing could be learnt, or not be told from learning by heart: fewer than `least`
    products, an empty split that has a share, one role only, one layout only."""
    dropped = ", ".join(f"{count} {reason}" for reason, count in _counts(one.reason for one in data.drops).items())
    why = f" (dropped: {dropped})" if dropped else ""
    if not len(data):
        raise DataSetError(f"the data set is empty{why}; give accepted layouts, feedback or annotated posters")
    every = [one for split in SPLITS for one in data.splits[split]]
    products = {one.product_id for one in every}
    if len(products) < least:
        raise DataSetError(
            f"the data set has {len(every)} examples of {len(products)} product{why}; give at least {least} products"
        )
    for split, share in zip(SPLITS, data.shares, strict=True):
        if share > 0 and not data.splits[split]:
            raise DataSetError(
                f"no example of {len(every)}, of {len(products)} products, is in the split {split}, whose share is "
                f"{share}{why}; give more products, or other shares"
            )
    roles = {element.role for one in every for element in one.target}
    if len(roles) == 1:
        raise DataSetError(
            f"all elements of {len(every)} examples have the role {min(roles)}; give layouts with other roles too"
        )
    layouts = {tuple((element.role, LAYOUT.write(element.box)) for element in one.target) for one in every}
    if len(layouts) == 1 and len(every) > 1:
        raise DataSetError(f"all {len(every)} examples have the same layout; there is nothing to learn from pictures")


def card(data: DataSet) -> dict[str, Any]:
    """What a data set is: its sha, where it comes from, what is in it, what is not and why."""
    every = [one for split in SPLITS for one in data.splits[split]]
    reasons: dict[str, list[str]] = {}
    for drop in data.drops:
        reasons.setdefault(drop.reason, []).append(drop.message)
    return {
        "version": VERSION,
        "sha": data.sha,
        "sources": list(data.sources),
        "examples": len(every),
        "products": len({one.product_id for one in every}),
        "images": len({one.image_sha256 or one.image for one in every}),
        "preferences": sum(one.rejected is not None for one in every),
        "by_split": {split: len(data.splits[split]) for split in SPLITS},
        "by_source": _counts(one.source for one in every),
        "by_role": _counts(element.role.value for one in every for element in one.target),
        "by_language": _counts(one.language for one in every),
        "by_category": _counts(one.category for one in every),
        "by_canvas": _counts(one.canvas.name for one in every),
        "by_annotator": _counts(one.annotator for one in every if one.annotator),
        "dropped": {reason: len(messages) for reason, messages in sorted(reasons.items())},
        "dropped_messages": {reason: messages[:_SHOWN] for reason, messages in sorted(reasons.items())},
        "shares": dict(zip(SPLITS, data.shares, strict=True)),
        "salt": data.salt,
    }


def said(example: Example) -> str:
    """An example as canonical JSON: equal examples, and only they, give equal texts."""
    return json.dumps(_exact(asdict(example)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _exact(value: Any) -> Any:
    """A value whose boxes are floats throughout: 0 and 0.0 are one place."""
    if isinstance(value, dict):
        return {name: _exact(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [float(part) if isinstance(part, int | float) else _exact(part) for part in value]
    return value


def _key(one: Example) -> tuple[object, ...]:
    """What makes two examples the same: image, canvas, framing, copy and layout to the grid."""
    framing = (LAYOUT.write(one.framing.crop), LAYOUT.write(one.framing.picture))
    return (one.image_sha256 or one.image, one.canvas, framing, one.copy, _layout(one.target))


def _weight(one: Example) -> tuple[bool, bool]:
    """Edits tell the most, then what somebody stands for by name."""
    return one.rejected is not None, bool(one.annotator)


def _layout(elements: Sequence[Suggestion]) -> frozenset[tuple[Role, str, tuple[int, ...]]]:
    return frozenset((element.role, element.text, LAYOUT.write(element.box)) for element in elements)


def _homes(examples: Sequence[Example]) -> dict[str, str]:
    """For each product the smallest id among those that it shares images with, directly or through others."""
    home = {one.product_id: one.product_id for one in examples}

    def root(product: str) -> str:
        while home[product] != product:
            product = home[product]
        return product

    owner: dict[str, str] = {}
    for one in examples:
        image = one.image_sha256 or one.image
        a, b = sorted((root(one.product_id), root(owner.setdefault(image, one.product_id))))
        home[b] = a
    return {product: root(product) for product in home}


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
