"""What the relations of the network that denoises boxes bring: the same held-back posters with each switched off.

    python -m benchmarks.relations [--weights embedded] [--posters 200] [--folder PHOTOS] [--steps 4]
        [--trained NAME=FOLDER …] [--output results.jsonl]

A relation that is switched off has zeros in its place, in a network that was trained with it; `--trained` adds networks
that were trained without. Posters show goods and photos that `--data corpus` never trains on. A JSON line a variant:
`gate`'s measures of proposals, and their paired differences from the whole network with 95 % intervals.
"""

import argparse
import copy
import json
from functools import partial
from pathlib import Path

import cv2

from benchmarks.reporting import cpu
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.networks import Network, composer_of, loaded
from layoutgen.models.weights import EMBEDDED, fetch_weights
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.cases import Case
from layoutgen.training.data.sources import drawn_case
from layoutgen.training.judging import gate
from layoutgen.training.networks.kind import scaled

_SEED, _SIDE = 7, 256
_MEASURES = ("iou", "role", "covering", "overlap", "count_error")


def held_back(count: int, folder: str = "") -> list[Case]:
    """Posters of goods and photos that training never shows."""
    corpus = Corpus(CorpusSpec(_SEED, _SIDE, folder, goods="held_back"))
    return [drawn_case(corpus, number, partial(scaled, side=_SIDE)) for number in range(count)]


def without(network: Network, relation: str) -> Network:
    """The network with zeros in a relation's place."""
    found = copy.deepcopy(network)
    for head in found.heads:
        setattr(head, relation, None)
    return found


def measures(network: Network, cases: list[Case], steps: int) -> gate.Measures:
    """Each case's measures."""
    composer = composer_of("radm", network, frame=gate.framed_before, steps=steps, rows=32)
    answers = composer.compose([gate.brief_of(case) for case in cases])
    each = [gate.proposal_measures(*one) for one in zip(cases, answers, strict=True)]
    return {name: [one[name] for one in each] for name in _MEASURES}


def main() -> None:
    """Measure each variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default=EMBEDDED, help="folder of a network")
    parser.add_argument("--trained", nargs="*", default=[], help="NAME=FOLDER of other networks")
    parser.add_argument("--posters", type=int, default=200)
    parser.add_argument("--folder", default="", help="photos that posters show, besides drawn products")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--output", type=Path, help="append the JSON lines to this file too")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    cases = held_back(given.posters, given.folder)
    cache, storage = Path("~/.cache/layoutgen").expanduser(), Storage()
    named = f"{EMBEDDED}/radm" if given.weights == EMBEDDED else given.weights
    whole = loaded("radm", fetch_weights(named, cache, storage))
    variants = {"whole": whole, **{f"{one} switched off": without(whole, one) for one in ("geometric", "textual")}}
    for told in given.trained:
        name, _, folder = told.partition("=")
        variants[name] = loaded("radm", Path(folder))
    first: gate.Measures | None = None
    for name, network in variants.items():
        found = measures(network, cases, given.steps)
        first = first or found
        compared = gate.compare(found, first, [case.product for case in cases], resamples=2000, level=0.95)
        line = json.dumps(
            {
                "bench": "relations", "case": name, "posters": len(cases), "steps": given.steps,
                **{m: {k: round(compared[m][k], 4) for k in ("ours", "difference", "low", "high")} for m in _MEASURES},
                "hardware": cpu(),
            }
        )  # fmt: skip
        print(line, flush=True)
        if given.output:
            with given.output.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
