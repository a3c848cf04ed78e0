"""A data set of examples: what stands twice goes, the rest is split by product, and a card says what it is. Pure.

The split is by a hash of the product, so that a product is in the same part of every data set, whatever else is in it.
Products that share an image stand together, as the smallest of their ids does: else the test would show a picture that
was learnt. `settle` decides all that by `MARKS`, some 80 bytes an example: nobody holds the examples themselves.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from layoutgen.core.layout import Role, Suggestion
from layoutgen.core.prompts.coordinates import LAYOUT
from layoutgen.training.examples.about import SHARES, SPLITS, VERSION, About, DataSetError
from layoutgen.training.examples.examples import Drop, Example

DUPLICATE = len(SPLITS)
"""The verdict on an example that another one repeats; other verdicts are indices of `SPLITS`."""
MARKS = pa.schema(
    [
        ("key", pa.binary(16)),
        ("weight", pa.int8()),
        ("product_id", pa.string()),
        ("image", pa.binary(16)),
        ("digest", pa.binary(16)),
    ]
)
"""What is asked of an example: what it says, how much it counts among those that say the same, its product, its image,
and all of it."""


@dataclass(frozen=True)
class DataSet:
    """Examples by split, in a fixed order, and what was dropped. `sources` names where they come from; `version` is
    that of the form in which it is or was kept, by which its sha is made."""

    splits: Mapping[str, tuple[Example, ...]]
    drops: tuple[Drop, ...] = ()
    sources: tuple[str, ...] = ()
    shares: tuple[float, ...] = SHARES
    salt: str = ""
    version: int = VERSION
    licence: str = ""

    @property
    def sha(self) -> str:
        """What stands for all examples with their splits, 64 hex digits."""
        if self.version > 1:
            digests = [_digest(canonical(example)) for split in SPLITS for example in self.splits[split]]
            return sha_of(digests, self.shares, self.salt)
        whole = hashlib.sha256()
        for split in SPLITS:
            for example in self.splits[split]:
                whole.update(f"{split} {canonical(example)}\n".encode())
        return whole.hexdigest()

    @property
    def about(self) -> About:
        """What is in it."""
        counts = About()
        for split in SPLITS:
            for example in self.splits[split]:
                counts.add(split, example)
        for drop in self.drops:
            counts.drop(drop)
        return counts

    def __len__(self) -> int:
        return sum(map(len, self.splits.values()))


def checked_shares(shares: Sequence[float]) -> tuple[float, ...]:
    """The shares of the splits, in the order of `SPLITS`. Raises DataSetError where they are none."""
    if len(shares) != len(SPLITS) or min(shares) < 0 or not 0.999 < sum(shares) < 1.001:
        raise DataSetError(f"shares are {tuple(shares)}; give {len(SPLITS)}, for {', '.join(SPLITS)}, that add up to 1")
    return tuple(shares)


def marks(examples: Iterable[Example]) -> pa.Table:
    """What `settle` has to know of examples, a row each."""
    rows = [
        (
            _digest(repr(_key(example))),
            _weight(example),
            example.product_id,
            _digest(example.image_sha256 or example.image),
            _digest(canonical(example)),
        )
        for example in examples
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(MARKS)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, MARKS.types, strict=True)], schema=MARKS)


def settle(of: pa.Table, shares: Sequence[float] = SHARES, salt: str = "") -> tuple[np.ndarray, np.ndarray, str]:
    """Decide on all examples by their marks: the verdict on each (n,) int8, the index of the one that is kept in its
    place (n,), and the data set's sha.

    Of equal examples that of the greatest weight is kept, the first of equals. A product's split is that of the
    smallest id among the products that it shares images with, directly or through others.
    """
    count = len(of)
    key = of["key"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = np.lexsort((np.arange(count), -of["weight"].to_numpy().astype(int), key))
    firsts = np.ones(count, bool)
    firsts[1:] = key[order][1:] != key[order][:-1]
    kept_of_key = np.zeros(key.max(initial=-1) + 1, int)
    kept_of_key[key[order][firsts]] = order[firsts]
    kept_in_place = kept_of_key[key]
    verdicts = np.full(count, DUPLICATE, np.int8)
    unique = np.flatnonzero(kept_in_place == np.arange(count))
    if len(unique):
        left = of.take(pa.array(unique))
        products = left["product_id"].combine_chunks().dictionary_encode()
        images = left["image"].combine_chunks().dictionary_encode()
        splits = _splits(products, images, shares, salt)
        verdicts[unique] = splits[products.indices.to_numpy(zero_copy_only=False)]
    return verdicts, kept_in_place, sha_of(of["digest"].take(pa.array(unique)).to_pylist(), shares, salt)


def _splits(products: pa.DictionaryArray, images: pa.DictionaryArray, shares: Sequence[float], salt: str) -> np.ndarray:
    """The index of each distinct product's split."""
    of_product, of_image = (column.indices.to_numpy(zero_copy_only=False) for column in (products, images))
    distinct = len(products.dictionary)
    size = distinct + len(images.dictionary)
    edges = coo_array((np.ones(len(of_product), np.int8), (of_product, distinct + of_image)), shape=(size, size))
    groups = connected_components(edges, directed=False)[1][:distinct]
    smallest_first = pc.array_sort_indices(products.dictionary).to_numpy()
    _, first = np.unique(groups[smallest_first], return_index=True)
    homes = products.dictionary.take(pa.array(smallest_first[first])).to_pylist()
    of_group = np.array([SPLITS.index(split_of(home, shares, salt)) for home in homes], np.int8)
    return of_group[np.unique(groups, return_inverse=True)[1]]


def sha_of(digests: Iterable[bytes], shares: Sequence[float], salt: str) -> str:
    """What stands for a set of examples, in any order, and for how it is split: 64 hex digits."""
    total = sum(int.from_bytes(digest, "big") for digest in digests) % (1 << 128)
    return hashlib.sha256(f"{total:032x} {json.dumps(list(map(float, shares)))} {salt}".encode()).hexdigest()


def select(
    items: Iterable[Example | Drop],
    *,
    sources: Sequence[str] = (),
    gone: Collection[str] = (),
    shares: tuple[float, ...] = SHARES,
    salt: str = "",
) -> DataSet:
    """Make a data set in memory: without the examples whose image is among `gone`, without what stands twice, split as
    `settle` does; `salt` gives other splits. Raises DataSetError where shares are none."""
    shares = checked_shares(shares)
    drops: list[Drop] = []
    examples: list[Example] = []
    for item in items:
        if isinstance(item, Drop):
            drops.append(item)
        elif item.image in gone:
            drops.append(image_gone(item))
        else:
            examples.append(item)
    verdicts, kept_in_place, _ = settle(marks(examples), shares, salt)
    splits: dict[str, list[Example]] = {split: [] for split in SPLITS}
    for item, verdict, first in zip(examples, verdicts, kept_in_place, strict=True):
        if verdict == DUPLICATE:
            drops.append(
                Drop("duplicate", item.source, item.row_id, f"{item.row_id} says what {examples[first].row_id} says")
            )
        else:
            splits[SPLITS[verdict]].append(item)
    ordered = {split: tuple(sorted(members, key=order_of)) for split, members in splits.items()}
    return DataSet(ordered, tuple(drops), tuple(sources), shares, salt)


def order_of(example: Example) -> tuple[str, str, str]:
    """Where an example stands in its split."""
    return example.product_id, example.row_id, canonical(example)


def image_gone(example: Example) -> Drop:
    """The drop of an example whose image is no longer there."""
    message = f"{example.image} of {example.row_id} is gone; put it back, or annotate again"
    return Drop("image_gone", example.source, example.row_id, message)


def split_of(product_id: str, shares: Sequence[float] = SHARES, salt: str = "") -> str:
    """The split of a product: by a hash of its id, the same everywhere and always."""
    drawn = int.from_bytes(hashlib.sha256(f"{salt}\n{product_id}".encode()).digest()[:8], "big") / 2**64
    for split, share in zip(SPLITS, shares, strict=True):
        if drawn < share:
            return split
        drawn -= share
    return max(zip(shares, SPLITS, strict=True))[1]


def sizes(data: DataSet) -> tuple[int, int]:
    """How many products and how many images a data set has."""
    every = [example for split in SPLITS for example in data.splits[split]]
    return len({example.product_id for example in every}), len(
        {example.image_sha256 or example.image for example in every}
    )


_LATER = frozenset({"reasons", "note"})  # where they are empty, a sha is as it was before there were any


def canonical(example: Example) -> str:
    """An example as canonical JSON: equal examples, and only they, give equal texts."""
    values = {name: value for name, value in asdict(example).items() if value or name not in _LATER}
    if example.framing.focus is None:
        del values["framing"]["focus"]
    return json.dumps(_exact(values), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _exact(value: Any) -> Any:
    """A value whose boxes are floats throughout: 0 and 0.0 are one place."""
    if isinstance(value, dict):
        return {name: _exact(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [float(part) if isinstance(part, int | float) else _exact(part) for part in value]
    return value


def _key(example: Example) -> tuple[object, ...]:
    """What makes two examples the same: image, canvas, framing, copy and layout to the grid."""
    framing = (LAYOUT.write(example.framing.crop), LAYOUT.write(example.framing.picture))
    return (example.image_sha256 or example.image, example.canvas, framing, example.copy, _layout(example.target))


def _weight(example: Example) -> int:
    """Edits tell the most, then what somebody stands for by name."""
    return 2 * (example.rejected is not None) + bool(example.annotator)


def _layout(elements: Sequence[Suggestion]) -> list[tuple[Role, str, tuple[int, ...]]]:
    return sorted({(element.role, element.text, LAYOUT.write(element.box)) for element in elements})


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
