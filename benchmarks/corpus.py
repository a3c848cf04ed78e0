"""How many drawn posters a second one core makes.

    python -m benchmarks.corpus [--case CASE …] [--count 200] [--side 448] [--folder FOLDER] [--full]
        [--output results.jsonl]

- `posters`: posters with their text, drawn, and their annotation.
- `clean`: what training takes: the layout and the framed photo without text, `Poster.ground`.

Products, empty scenes and logos are drawn once a process: `warm_up_s` is the time of the first `count` posters of
another seed's numbers less that of the measured ones. One JSON line a case; the other side of the ratio is the 50
posters a second that a data loader needs.
"""

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: one core is what is claimed

import cv2

from benchmarks.benchmark import Benchmark
from layoutgen.training.corpus.posters import Corpus, CorpusSpec

NEEDED = 50.0
BENCHMARK = Benchmark(
    "corpus",
    "drawn posters a second",
    "the 50 a second that a data loader needs",
    seconds=30,
    full="400 posters of each case, about a minute",
    uses="one core",
)
CASES = ("posters", "clean")


def seconds(corpus: Corpus, case: str, first: int, count: int) -> float:
    began = time.process_time()
    for index in range(first, first + count):
        poster = corpus.poster(index)
        if case == "posters":
            poster.picture()
            poster.annotation()
    return time.process_time() - began


def main() -> None:
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_size("--count", 200, 400, "posters")
    parser.add_argument("--side", type=int, default=448)
    parser.add_argument("--folder", default="", help="photos that posters show, besides drawn products")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    about = {"count": given.count, "side": given.side, "photos": bool(given.folder)}
    for case in given.case or CASES:
        corpus = Corpus(CorpusSpec(0, given.side, given.folder))
        cold = seconds(corpus, case, 10**6, given.count)
        warm = seconds(corpus, case, 0, given.count)
        warm_up = round(cold - warm, 1)
        BENCHMARK.compare(case, given.count / warm, NEEDED, "posters/s", **about, warm_up_s=warm_up)


if __name__ == "__main__":
    main()
