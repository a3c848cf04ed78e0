"""Posters in a file are those of the corpus."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.corpus import options, wanted
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import Augmentation
from layoutgen.training.data.corpus_file import Part, planned, rows
from layoutgen.training.data.datasets import CorpusSamples
from layoutgen.training.data.stored import open_stored, write
from tests.drawn import encoded, photo

KIND = PictureKind(14, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SPEC = CorpusSpec(3, 160, grounds=2)


@pytest.mark.slow
def test_they_are_learnt_and_judged_as_those_of_the_corpus(tmp_path: Path) -> None:
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
        assert kept.task is not None and wanted.task is not None
        assert kept.task.category == wanted.task.category
    assert all(case.subject is not None and case.subject.max() == 255 for case in data.test)


def test_a_file_from_before_there_were_categories_is_read_without_them(tmp_path: Path) -> None:
    write(tmp_path / "now.arrow", rows(Part(SPEC, "train", 0, 1, 1, KIND, 112)))
    table = pa.ipc.open_file(str(tmp_path / "now.arrow")).read_all().drop_columns(["category"])
    with pa.OSFile(str(tmp_path / "before.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    sample = open_stored(str(tmp_path / "before.arrow"), "", Storage()).train.sample(0, 0)
    assert sample.task is not None
    assert sample.task.category is None


def parts(folder: Path, *more: str) -> list[Part]:
    model = build_checkpoint("qwen2_5_vl", folder / "model")
    asked = ["--output", "no.arrow", "--model", str(model), "--posters", "40", "--held-back", "3", *more]
    return planned(wanted(options().parse_args(asked)))


def test_posters_held_back_show_products_and_photos_that_none_to_learn_from_shows(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(8):
        (photos / f"{number}.jpg").write_bytes(encoded(photo(160, 200, number)))
    shown = {part.split: Corpus(part.spec).shown for part in parts(tmp_path, "--folder", str(photos))}
    for kind in ("products", "photos"):
        learnt = set(shown["train"][kind])
        assert learnt
        for split in ("validation", "test", "fixed"):
            assert not learnt & set(shown[split][kind])
        assert shown["test"][kind] == shown["validation"][kind] != []


def test_photos_of_another_folder_are_parted_further(tmp_path: Path) -> None:
    made = parts(tmp_path, "--folder", "these", "--held-folder", "those")
    specs = {part.split: (part.spec.folder, part.spec.goods) for part in made}
    held = ("those", "held_back")
    assert specs == {"train": ("these", "learnt"), "validation": held, "test": held, "fixed": ("", "held_back")}


def test_what_is_unfinished_is_asked_for_and_posters_held_back_are_left_as_they_are(tmp_path: Path) -> None:
    made = parts(tmp_path, "--refine", "1", "--lock", "1", "--hide", "0")
    assert [(part.split, part.first, part.last) for part in made if part.split == "train"] == [
        ("train", 0, 32), ("train", 32, 40)
    ]  # fmt: skip
    how = made[0].how
    assert (how.refine, how.lock, how.hide) == (1, 1, 0)
    assert {part.how.refine for part in made if part.split != "train"} == {0}
    how = Augmentation(refine=1, lock=1, hide=0)
    for row in rows(Part(SPEC, "train", 0, 2, 2, KIND, 112, how)):
        answer = json.loads(row["answer"])
        for one in json.loads(row["user"])["given"]:
            assert one.pop("locked")
            assert one in answer
