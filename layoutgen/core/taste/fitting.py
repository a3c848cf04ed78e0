"""Trains ranking heads: hierarchical Bayesian logistic regression with empirical Bayes.

An observation has inputs x (k + 2,), of which the last two are the intercepts, a target y in [0, 1] and a weight n:

    decision     x = (z, 1, 0),      y = 1 adopted, ½ edited, 0 rejected, n = 1
    preference   x = (z_a - z_b, 0), y = 1, ½ for a tie, n = 1
    outcome      x = (z, 0, 1),      y = clicks / impressions, n = impressions / φ

    log L = Σ n (y log σ(xᵀw_g) + (1 - y) log(1 - σ(xᵀw_g))),   w_g = w + d_g,   w ~ N(0, τ₀² I),   d_g ~ N(0, τ² I)

So a group with much evidence has weights of its own, and one with little those of all: shrinkage. The intercepts have
wide priors, 10 for w and 1 for d. φ ≥ 1 is the outcomes' overdispersion (Pearson's χ² by its degrees of freedom):
products differ in what they are clicked, whatever their layout. τ₀ and τ are those of a grid with the largest evidence
under Laplace's approximation (MacKay 1992; hierarchical: Gelman et al., Bayesian Data Analysis, chapter 5 and 16).
Maximised by Newton's method with halved steps; with A_g = Σ n p (1 - p) x xᵀ of a group and D = τ⁻² I its posterior is

    w   ~ N(m, V),                     V⁻¹ = τ₀⁻² I + Σ_g (D - D Λ_g⁻¹ D),   Λ_g = A_g + D
    w_g ~ N(m + d_g, Λ_g⁻¹ + Λ_g⁻¹ D V D Λ_g⁻¹)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core.errors import Refusal
from layoutgen.core.taste.head import INTERCEPTS, Head, Projection, lower_factor

COMMON = APART = (0.5, 2.0, 8.0)
"""The grids of τ₀ and τ, in log odds of a layout of length 1."""
_WIDE, _WIDE_APART = 10.0, 1.0
_MOST_STEPS, _CLOSE = 60, 1e-6


class LearningError(Refusal):
    """There is nothing that a head could be learnt from; the message says what is wrong and what to do."""


@dataclass(frozen=True, eq=False)
class Observations:
    """What people and customers said of layouts: `inputs` (n, k + 2), `targets` (n,), `weights` (n,), and of each its
    group and its product. Raises LearningError for numbers that are not finite, and targets that are no shares."""

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    groups: tuple[str, ...]
    products: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("inputs", "targets", "weights"):
            values = getattr(self, name)
            finite = np.isfinite(values)
            bad = np.flatnonzero(~(finite.all(axis=1) if finite.ndim > 1 else finite))
            if len(bad):
                place = f"{name} of observation {bad[0]} (group {self.groups[bad[0]]!r})"
                raise LearningError(f"{place} are {values[bad[0]]}, no finite numbers; leave that row out")
        if len(self.targets) and not (self.targets.min() >= 0 and self.targets.max() <= 1 and self.weights.min() >= 0):
            raise LearningError("targets are shares from 0 to 1, and no weight is below 0")

    def __len__(self) -> int:
        return len(self.targets)

    def subset(self, chosen: np.ndarray) -> "Observations":
        """Those that a mask (n,) or indices choose."""
        where = np.arange(len(self))[chosen]
        names = [(self.groups[i], self.products[i]) for i in where]
        return Observations(
            self.inputs[where], self.targets[where], self.weights[where],
            tuple(group for group, _ in names), tuple(product for _, product in names),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fit:
    """Weights as they were learnt; `evidence` is log p(y | τ₀, τ) and `spreads` are these two. `flat` are the groups
    all of whose targets are alike, of which an intercept alone can be learnt."""

    groups: tuple[str, ...]
    mean: np.ndarray
    covariance: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    spreads: tuple[float, float]
    evidence: float
    flat: tuple[str, ...] = ()

    def predict(self, observations: Observations) -> np.ndarray:
        """Expected targets (n,), of groups that are new those of the common head."""
        index = {group: i for i, group in enumerate(self.groups)}
        rows = np.array([index.get(group, len(self.groups)) for group in observations.groups], np.int64)
        unseen = self.covariance + np.diag(self._apart**2)
        covariances = np.concatenate([self.covariances, unseen[None]])[rows]
        return moderated(observations.inputs, np.vstack([self.means, self.mean])[rows], covariances)

    @property
    def _apart(self) -> np.ndarray:
        """The spreads of a group's weights about the common ones, (k + 2,)."""
        return np.concatenate([np.full(len(self.mean) - 2, self.spreads[1]), [_WIDE_APART] * 2])

    def head(self, features: str, by: str, projection: Projection) -> Head:
        """The head that serves."""
        return Head(
            features, by, self.groups, projection, self.mean, lower_factor(self.covariance), self.means,
            np.array([lower_factor(each) for each in self.covariances]).reshape(-1, len(self.mean), len(self.mean)),
            lower_factor(self.covariance + np.diag(self._apart**2)),
        )  # fmt: skip


def fit(observations: Observations) -> Fit:
    """Learn the weights of all groups, with the spreads of the largest evidence. Raises LearningError where all
    targets are alike in every group: nothing says which layouts are preferred."""
    if not len(observations):
        raise LearningError("no decision, choice or outcome is about a layout of these tables; nothing can be learnt")
    groups = tuple(sorted(set(observations.groups)))
    index = {group: i for i, group in enumerate(groups)}
    rows = np.array([index[group] for group in observations.groups])
    flat = tuple(group for group, i in index.items() if _is_flat(observations.subset(rows == i)))
    if len(flat) == len(groups) and _is_flat(observations):
        raise LearningError(
            f"all {len(observations)} observations say the same ({observations.targets[0]:g}); nothing tells which "
            "layouts are preferred: gather decisions of both kinds"
        )
    spread = _overdispersion(observations, rows, len(groups))
    observations = replace(observations, weights=observations.weights / spread)
    fits = [_fit(observations, rows, groups, spreads) for spreads in _grid(len(groups))]
    return replace(max(fits, key=lambda each: each.evidence), flat=flat)


def moderated(inputs: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Expected targets (n,) of inputs (n, k + 2) under normal weights: σ(m / √(1 + π v / 8)), m and v the mean and the
    variance of their logits (MacKay 1992), so that who knows little says so."""
    logits = np.einsum("nk,nk->n", inputs, means)
    variances = np.einsum("nk,nkl,nl->n", inputs, covariances, inputs)
    return _sigmoid(logits / np.sqrt(1 + np.pi * variances / 8))


def log_losses(observations: Observations, predicted: np.ndarray) -> np.ndarray:
    """- y log p - (1 - y) log(1 - p) of each observation; lower is better."""
    p = np.clip(predicted, 1e-6, 1 - 1e-6)
    return np.asarray(-(observations.targets * np.log(p) + (1 - observations.targets) * np.log1p(-p)))


def _grid(groups: int) -> list[tuple[float, float]]:
    """The spreads that are tried; of a single group how far groups are apart can't be told."""
    return [(common, apart) for common in COMMON for apart in (APART if groups > 1 else (1.0,))]


def _is_flat(observations: Observations) -> bool:
    """Whether nothing tells layouts apart: choices always do, and other targets where they differ."""
    is_choice = ~observations.inputs[:, -len(INTERCEPTS) :].any(axis=1)
    if (is_choice & (observations.targets != 0.5)).any():
        return False
    apart = observations.targets[~is_choice]
    return not len(apart) or bool(np.ptp(apart) == 0)


def _overdispersion(observations: Observations, rows: np.ndarray, groups: int) -> np.ndarray:
    """φ for outcomes, 1 for all others, (n,)."""
    spread, is_outcome = np.ones(len(observations)), observations.inputs[:, -1] == 1
    counts = np.where(is_outcome, observations.weights, 0.0)
    above, below = (np.bincount(rows, values, groups) for values in (counts * observations.targets, counts))
    rate = np.clip(np.divide(above, below, out=np.full(groups, 0.5), where=below > 0), 1e-6, 1 - 1e-6)[rows]
    freedom = is_outcome.sum() - (below > 0).sum()
    if freedom > 0:
        pearson = counts * (observations.targets - rate) ** 2 / (rate * (1 - rate))
        spread[is_outcome] = max(1.0, float(pearson.sum()) / freedom)
    return spread


def _fit(observations: Observations, rows: np.ndarray, groups: tuple[str, ...], spreads: tuple[float, float]) -> Fit:
    size = observations.inputs.shape[1]
    prior = np.r_[np.full(size - 2, spreads[0] ** -2), [_WIDE**-2] * 2]
    apart = np.r_[np.full(size - 2, spreads[1] ** -2), [_WIDE_APART**-2] * 2]
    members = [np.flatnonzero(rows == i) for i in range(len(groups))]
    mean, own = np.zeros(size), np.zeros((len(groups), size))

    def value(mean: np.ndarray, own: np.ndarray) -> float:
        logits = np.einsum("nk,nk->n", observations.inputs, mean + own[rows])
        fitted = observations.weights @ (observations.targets * logits - np.logaddexp(0, logits))
        return float(fitted - (prior @ mean**2 + (own**2 @ apart).sum()) / 2)

    now = value(mean, own)
    for _ in range(_MOST_STEPS):
        step, steps = _newton(observations, members, (mean, own), (prior, apart))
        length = 1.0
        while (then := value(mean + length * step, own + length * steps)) < now and length > 1e-4:
            length /= 2
        if then <= now:
            break
        mean, own = mean + length * step, own + length * steps
        is_there, now = then - now < _CLOSE * (1 + abs(now)), then
        if is_there:
            break
    covariance, covariances, log_det = _spread(observations, members, (mean, own), (prior, apart))
    evidence = now + (np.log(prior).sum() + len(groups) * np.log(apart).sum() - log_det) / 2
    return Fit(groups, mean, covariance, mean + own, covariances, spreads, float(evidence))


Weights = tuple[np.ndarray, np.ndarray]


def _curvatures(
    observations: Observations, members: Sequence[np.ndarray], at: Weights
) -> tuple[np.ndarray, np.ndarray]:
    """A_g (groups, k, k) and the gradients of log L (groups, k) at weights."""
    mean, own = at
    curvatures, gradients = [], []
    for rows, weights in zip(members, mean + own, strict=True):
        x, n = observations.inputs[rows], observations.weights[rows]
        p = _sigmoid(x @ weights)
        curvatures.append((x * (n * p * (1 - p))[:, None]).T @ x)
        gradients.append(x.T @ (n * (observations.targets[rows] - p)))
    return np.array(curvatures), np.array(gradients)


def _newton(
    observations: Observations, members: Sequence[np.ndarray], at: Weights, priors: Weights
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's step of the common weights and of each group's own, by elimination of the latter."""
    (mean, own), (prior, apart) = at, priors
    curvatures, gradients = _curvatures(observations, members, at)
    inner = np.linalg.inv(curvatures + np.diag(apart))
    of_groups = gradients - own * apart
    coupling = curvatures @ inner  # A Λ⁻¹
    left = np.diag(prior) + (curvatures - coupling @ curvatures).sum(axis=0)
    right = gradients.sum(axis=0) - prior * mean - np.einsum("gij,gj->i", coupling, of_groups)
    step = np.linalg.solve(left, right)
    return step, np.einsum("gij,gj->gi", inner, of_groups - curvatures @ step)


def _spread(
    observations: Observations, members: Sequence[np.ndarray], at: Weights, priors: Weights
) -> tuple[np.ndarray, np.ndarray, float]:
    """Covariances of the common weights and of each group's, and the log determinant of the whole curvature."""
    prior, apart = priors
    curvatures, _ = _curvatures(observations, members, at)
    whole = curvatures + np.diag(apart)
    inner = np.linalg.inv(whole)
    precision = np.diag(prior) + (np.diag(apart) - apart[:, None] * inner * apart).sum(axis=0)
    covariance = np.linalg.inv(precision)
    back = inner * apart  # Λ⁻¹ D
    log_det = float(np.linalg.slogdet(precision)[1] + np.linalg.slogdet(whole)[1].sum())
    return covariance, inner + back @ covariance @ back.transpose(0, 2, 1), log_det


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-np.logaddexp(0, -logits)))


def cross_fits(observations: Observations, folds: int, fold_of: Mapping[str, int]) -> list[Fit | float]:
    """A fit for each fold of products, learnt without them; the mean of all others' targets where these teach nothing.
    `fold_of` are products' folds."""
    fold = np.array([fold_of[product] for product in observations.products])
    return [_fit_or_mean(observations.subset(fold != number)) for number in range(folds)]


def _fit_or_mean(observations: Observations) -> Fit | float:
    try:
        return fit(observations)
    except LearningError:
        if not observations.weights.sum():
            return 0.5
        return float(np.average(observations.targets, weights=observations.weights))


def expected(by: Fit | float, observations: Observations) -> np.ndarray:
    """Expected targets (n,) by a fit, or a mean."""
    return np.full(len(observations), by) if isinstance(by, float) else by.predict(observations)
