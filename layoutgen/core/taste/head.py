"""A ranking head: from the features of layouts to what a brand, or a category, prefers, and how sure that is.

The utility of a layout with the features f is `u = wᵀz`, z its inputs (`Projection`); of two variants of a canvas the
one with more is preferred, and a difference is one of log odds: what is added to all variants alike changes nothing.
Each group (a brand or a category) has a normal posterior over its weights w; a group of which nothing was learnt has
the common head's, which is wider. `fitting` makes them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np

from layoutgen.core.errors import Refusal

FILE = "head.npz"
"""The file of a head in its folder."""
LEARNT = "learnt.json"
"""The file beside it that says what the head was learnt from, a digest each."""
INTERCEPTS = ("decision", "outcome")
"""The last weights: how likely a layout of no particular merit is adopted, and clicked."""
_ARRAYS = ("centre", "matrix", "mean", "factor", "means", "factors", "unseen")
_COMPONENTS = 16


class HeadError(Refusal):
    """A file is no head, or one that can't be used here."""


@dataclass(frozen=True, eq=False)
class Projection:
    """Inputs of features f (d,): `(f - centre) @ matrix`, (k,), so that a layout as they come has about length 1."""

    centre: np.ndarray
    matrix: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Inputs (n, k) of features (n, d)."""
        return np.asarray((np.asarray(features, np.float64) - self.centre) @ self.matrix)


def projection_of(features: np.ndarray, named: int) -> Projection:
    """The projection of layouts with features (n, d), differences from the means of their canvases: of the first
    `named` each is scaled to its spread; the others, the critic's, give way to their main components, at most 16,
    scaled alike. What is the same in all is left out."""
    features = np.asarray(features, np.float64)
    centre = features.mean(axis=0)
    apart = features - centre
    spread = apart[:, :named].std(axis=0)
    own = np.eye(features.shape[1])[:, :named][:, spread > 1e-6] / spread[spread > 1e-6]
    _, sizes, axes = np.linalg.svd(apart[:, named:], full_matrices=False)
    scale = sizes / np.sqrt(len(features))
    largest = np.flatnonzero(scale > 1e-3 * max(scale.max(initial=0.0), 1e-6))[:_COMPONENTS]
    components = np.zeros((features.shape[1], len(largest)))
    components[named:] = (axes[largest] / scale[largest, None]).T
    matrix = np.hstack([own, components])
    return Projection(centre, matrix / np.sqrt(max(1, matrix.shape[1])))


@dataclass(frozen=True, eq=False)
class Posterior:
    """Weights (k + 2,) of a group, normal: their mean and a lower factor of their covariance. `is_common` tells that
    it is the common head's, because nothing was learnt of the group."""

    mean: np.ndarray
    factor: np.ndarray
    is_common: bool


@dataclass(frozen=True, eq=False)
class Head:
    """A head. `features` names what it was trained on (`models.critics.features.version`), `by` the column of its
    `groups`; `unseen` is the factor of a group that is none of them."""

    features: str
    by: str
    groups: tuple[str, ...]
    projection: Projection
    mean: np.ndarray
    factor: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    unseen: np.ndarray

    @cached_property
    def _index(self) -> dict[str, int]:
        return {group: i for i, group in enumerate(self.groups)}

    def of(self, group: str) -> Posterior:
        """The weights of a group."""
        i = self._index.get(group)
        if i is None:
            return Posterior(self.mean, self.unseen, is_common=True)
        return Posterior(self.means[i], self.factors[i], is_common=False)

    def utilities(self, features: np.ndarray, group: str) -> np.ndarray:
        """Mean utilities (n,) of layouts with features (n, d)."""
        inputs = self.projection(features)
        return np.asarray(inputs @ self.of(group).mean[: inputs.shape[1]])

    def draws(self, features: np.ndarray, group: str, noise: np.ndarray) -> np.ndarray:
        """Utilities (n, m) of layouts under m draws from the posterior, made of standard normal `noise` (m, k + 2)."""
        inputs, posterior = self.projection(features), self.of(group)
        weights = posterior.mean + noise @ posterior.factor.T
        return np.asarray(inputs @ weights[:, : inputs.shape[1]].T)

    @property
    def size(self) -> int:
        """How many weights a group has, intercepts included."""
        return len(self.mean)

    def to_bytes(self) -> bytes:
        """The head as a file; `read` gives it back."""
        sink = BytesIO()
        values = {name: getattr(self, name, None) for name in _ARRAYS}
        values |= {"centre": self.projection.centre, "matrix": self.projection.matrix}
        about = json.dumps({"features": self.features, "by": self.by, "groups": self.groups}, ensure_ascii=False)
        arrays = {name: np.asarray(value, np.float32) for name, value in values.items()}
        np.savez(sink, about=np.frombuffer(about.encode(), np.uint8), **arrays)  # type: ignore[arg-type]  # its stub takes no names
        return sink.getvalue()


def read(data: bytes, place: str) -> Head:
    """The head in a file's bytes. Raises HeadError, which says `place`."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as stored:
            about: dict[str, Any] = json.loads(stored["about"].tobytes())
            arrays = {name: stored[name].astype(np.float64) for name in _ARRAYS}
        head = Head(
            str(about["features"]),
            str(about["by"]),
            tuple(map(str, about["groups"])),
            Projection(arrays.pop("centre"), arrays.pop("matrix")),
            **arrays,
        )
    except (ValueError, KeyError, OSError, EOFError, TypeError, BadZipFile) as error:
        raise HeadError(f"{place} is no ranking head ({error}); name one that jobs.taste made") from None
    if not all(np.isfinite(array).all() for array in (*arrays.values(), head.projection.matrix)):
        raise HeadError(f"{place} holds weights that are no numbers; train it again, or roll back")
    if len(head.groups) != len(head.means) or head.projection.matrix.shape[1] + len(INTERCEPTS) != head.size:
        raise HeadError(f"{place} is no ranking head: its parts don't fit each other; train it again")
    return head


def lower_factor(covariance: np.ndarray) -> np.ndarray:
    """A lower factor L of a covariance, L Lᵀ, which is positive but for rounding."""
    symmetric = (covariance + covariance.T) / 2
    return np.linalg.cholesky(symmetric + 1e-10 * max(1.0, float(np.trace(symmetric))) * np.eye(len(symmetric)))


def group_keys(names: Sequence[str | None]) -> list[str]:
    """Groups as heads know them: without cases and spaces around; "" for a row that names none."""
    return [" ".join((name or "").split()).casefold() for name in names]
