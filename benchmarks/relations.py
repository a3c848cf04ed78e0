"""What the relations of the network that denoises boxes bring: the same held-back posters with each switched off.

    python -m benchmarks.relations [--weights embedded] [--posters 20] [--folder PHOTOS] [--steps 4]
        [--trained NAME=FOLDER …] [--full] [--output results.jsonl]

A relation that is switched off has zeros in its place, in a network that was trained with it; `--trained` adds networks
that were trained without. Posters show goods and photos that `--data corpus` never trains on. A JSON line a variant:
`gate`'s measures of proposals, and their paired differences from the whole network with 95 % intervals.
"""

import copy
from functools import partial
from pathlib import Path

import cv2

from benchmarks.benchmark import Benchmark
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.family import Network
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.weights import EMBEDDED, fetch_weights
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.cases import Case
from layoutgen.training.data.sources import drawn_case
from layoutgen.training.judging.gate import compare
from layoutgen.training.judging.measures import Measures, brief_of, framed_before, proposal_measures
from layoutgen.training.networks.kind import scaled

BENCHMARK = Benchmark(
    "relations",
    "proposals of radm with each of its relations switched off",
    "the whole network",
    seconds=30,
    full="120 posters in 8 steps, about 5 minutes",
)
_SEED, _SIDE = 7, 256
_MEASURES = ("iou", "role", "covering", "overlap", "count_error")


def held_back(count: int, folder: str = "") -> list[Case]:
    """Posters of goods and photos that training never shows."""
    corpus = Corpus(CorpusSpec(_SEED, _SIDE, folder, goods="held_back"))
    return [drawn_case(corpus, number, partial(scaled, side=_SIDE)) for number in range(count)]


def network_of(weights: str, name: str = "radm") -> Network:
    """An embedded network, or one from a folder."""
    folder = f"{EMBEDDED}/{name}" if weights == EMBEDDED else weights
    return FAMILIES[name].load(fetch_weights(folder, Path("~/.cache/layoutgen").expanduser(), Storage()), "cpu")


def without(network: Network, relation: str) -> Network:
    """The network with zeros in a relation's place."""
    changed = copy.deepcopy(network)
    for head in changed.heads:
        setattr(head, relation, None)
    return changed


def measures(network: Network, cases: list[Case], steps: int) -> Measures:
    """Each case's measures."""
    composer = FAMILIES["radm"].composer(network, frame=framed_before, steps=steps, rows=32)
    answers = composer.compose([brief_of(case) for case in cases])
    each = [proposal_measures(*pair) for pair in zip(cases, answers, strict=True)]
    return {name: [values[name] for values in each] for name in _MEASURES}


def main() -> None:
    """Measure each variant."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--weights", default=EMBEDDED, help="folder of a network")
    parser.add_argument("--trained", nargs="*", default=[], help="NAME=FOLDER of other networks")
    parser.add_size("--posters", 20, 120)
    parser.add_argument("--folder", default="", help="photos that posters show, besides drawn products")
    parser.add_size("--steps", 4, 8, "steps of denoising")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    cases = held_back(given.posters, given.folder)
    whole = network_of(given.weights)
    relations = ("geometric", "textual")
    variants = {"whole": whole, **{f"{name} switched off": without(whole, name) for name in relations}}
    for trained in given.trained:
        name, _, folder = trained.partition("=")
        variants[name] = FAMILIES["radm"].load(Path(folder), "cpu")
    first: Measures | None = None
    for variant, network in variants.items():
        measured = measures(network, cases, given.steps)
        first = first or measured
        compared = compare(measured, first, [case.product for case in cases], resamples=2000, level=0.95)
        columns = ("ours", "difference", "low", "high")
        figures = {name: {key: round(compared[name][key], 4) for key in columns} for name in _MEASURES}
        BENCHMARK.line(variant, posters=len(cases), steps=given.steps, **figures)


if __name__ == "__main__":
    main()
