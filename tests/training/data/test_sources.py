"""Drawn posters and examples, opened as a retraining works with them."""

import numpy as np
import pytest

from layoutgen.config.training import AugmentSettings, DataSettings
from layoutgen.core.prompts.layouts import parse_layout, write_layout
from layoutgen.io.storage import Storage
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.cases import DataError
from layoutgen.training.data.opening import open_data
from layoutgen.training.data.sheet import sheet_of
from tests.drawn import encoded, photo


def size(width: int, height: int) -> tuple[int, int]:
    scale = 112 / max(width, height)
    return round(width * scale / 28) * 28 or 28, round(height * scale / 28) * 28 or 28


def drawn(**changes: object) -> DataSettings:
    return DataSettings(source="corpus", posters=4, held_back=2, fixed=2, side=160, **changes)


@pytest.mark.slow
def test_a_corpus_comes_in_parts_that_share_no_poster_and_can_be_judged_by() -> None:
    data = open_data(drawn(), "", Storage(), size)
    data.check()
    assert (len(data.train), len(data.validation), len(data.test), len(data.fixed)) == (4, 2, 2, 2)
    cases = [*data.test, *data.fixed]
    assert len({case.product for case in cases}) == 4
    for case in cases:
        assert parse_layout(write_layout(case.truth, case.copy), case.copy)
        assert case.pixels.shape[:2] == size(case.canvas.width, case.canvas.height)[::-1]
        assert case.subject is not None and case.subject.max() == 255
    learnt = {data.train.sample(i, 0).answer for i in range(4)}
    assert not learnt & {write_layout(case.truth, case.copy) for case in data.test}


def test_products_and_photos_to_judge_by_are_never_among_those_to_learn_from(tmp_path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(160, 200, number)))
    goods = open_data(drawn(folder=str(tmp_path)), "", Storage(), size).card["goods"]
    for kind in ("products", "photos"):
        assert goods["learnt"][kind] and goods["held_back"][kind]
        assert not set(goods["learnt"][kind]) & set(goods["held_back"][kind])
    for part in ("learnt", "held_back"):
        corpus = Corpus(CorpusSpec(side=160, folder=str(tmp_path), grounds=2, goods=part))
        assert corpus.shown == goods[part]
        for number in range(12):
            rng = np.random.default_rng(number)
            assert corpus._drawn.scene(rng).name.split(" in ")[0] in goods[part]["products"]
            assert corpus._photos.scene(rng).name in goods[part]["photos"]


@pytest.mark.slow
def test_what_shapes_a_corpus_shapes_its_sha_and_the_fixed_set_stays() -> None:
    first, other = (open_data(drawn(seed=seed), "", Storage(), size) for seed in (0, 1))
    plain = open_data(drawn(augment=AugmentSettings(refine=0.0)), "", Storage(), size)
    assert len({first.sha, other.sha, plain.sha}) == 3
    assert first.sha == open_data(drawn(), "", Storage(), size).sha
    assert np.array_equal(first.fixed[0].pixels, other.fixed[0].pixels)


def test_a_folder_that_is_no_data_set_is_named(tmp_path) -> None:
    with pytest.raises(DataError, match=r"is missing, so .* is no data set"):
        open_data(DataSettings(source=str(tmp_path)), "", Storage(), size)


def test_a_sheet_shows_samples_of_the_run_itself_with_condition_and_target() -> None:
    data = open_data(drawn(augment=AugmentSettings(refine=1.0, perturb=0.0)), "", Storage(), size)
    sheet = sheet_of(data.train, rows=2, epochs=2)
    assert sheet.shape == (2 * 368 + 8, 2 * 368 + 8, 3)
    for colour in ((26, 156, 75), (224, 108, 0)):  # what is to be answered, and what was told
        assert (np.abs(sheet.astype(int) - colour).max(2) < 40).any()
