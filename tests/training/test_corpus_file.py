"""Posters in a file are those of the corpus."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from layoutgen.io.storage import Storage
from layoutgen.models.pictures import PictureKind
from layoutgen.training import corpus_file
from layoutgen.training.augment import NONE
from layoutgen.training.corpus import Corpus, CorpusSpec
from layoutgen.training.corpus_file import Part, rows
from layoutgen.training.datasets import CorpusSamples
from layoutgen.training.stored import open_stored, write

KIND = PictureKind(14, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SPEC = CorpusSpec(3, 160, grounds=2)


@pytest.mark.slow
def test_they_are_learnt_and_judged_as_those_of_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_file, "_HOW", NONE)
    parts = [Part(SPEC, "train", 0, 2, 2, KIND, 112), Part(SPEC, "validation", 2, 3, 1, KIND, 112)]
    parts += [Part(SPEC, "test", 3, 5, 1, KIND, 112)]
    write(tmp_path / "posters.arrow", (row for part in parts for row in rows(part)))
    data = open_stored(str(tmp_path / "posters.arrow"), "", Storage())
    data.check()
    assert (len(data.train), len(data.validation), len(data.test)) == (4, 1, 2)
    drawn = CorpusSamples(Corpus(SPEC), 2, size=partial(KIND.size, longest=112))
    for index in (0, 1):
        wanted, kept = drawn.sample(index, 0), data.train.sample(2 * index, 0)
        assert (kept.system, kept.user, kept.answer) == (wanted.system, wanted.user, wanted.answer)
        assert np.abs(kept.pixels.astype(int) - wanted.pixels).mean() < 4
        assert kept.subject is not None and wanted.subject is not None
        assert np.abs(kept.subject - wanted.subject).max() < 0.01
    assert all(case.subject is not None and case.subject.max() == 255 for case in data.test)
