"""Data sets of training: the same sample whenever it is asked for, and clear words where an image is gone."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from layoutgen.io.storage import Storage
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import Augmentation
from layoutgen.training.data.datasets import CorpusSamples, ExampleSamples, gone, read_snapshot, write_snapshot
from layoutgen.training.examples.about import SPLITS, DataSetError
from layoutgen.training.examples.examples import from_annotations
from layoutgen.training.examples.selection import select
from tests.drawn import encoded, photo

KIND = PictureKind(14, 2, (0.5,) * 3, (0.5,) * 3)


def size(width, height):
    return KIND.size(width, height, 224)


def poster_row(folder, number):
    path = folder / f"{number}.jpg"
    if not path.exists():
        path.write_bytes(encoded(photo(300, 400, number)))
    line = {"language": "en", "placed": True}
    lines = [
        line | {"text": f"Kettle {number}", "box": [0.1, 0.05, 0.6 + number / 100, 0.15], "role": "title"},
        line | {"text": "$12", "box": [0.1, 0.85, 0.3, 0.9], "role": "price"},
    ]
    return {"row_id": f"p{number}", "product_id": f"p{number}", "image": str(path), "image_width": 300,
            "image_height": 400, "image_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "text_lines": lines}  # fmt: skip


def alike(one, other):
    return (one.user, one.answer, one.log) == (other.user, other.answer, other.log) and np.array_equal(
        one.pixels, other.pixels
    )


def test_drawn_samples_are_the_same_in_any_process_and_differ_by_epoch():
    def made(**more):
        return CorpusSamples(
            Corpus(CorpusSpec(seed=1, side=224, grounds=6)), 6, size=size, how=Augmentation(refine=1.0), **more
        )

    samples, again = made(), made()
    assert len(samples) == 6
    assert samples.sha == again.sha
    assert alike(samples.sample(3, 0), again.sample(3, 0))
    assert not alike(samples.sample(3, 0), samples.sample(3, 1))
    assert made(first=1).sha != samples.sha
    assert alike(made(first=1).sample(2, 0), samples.sample(3, 0))
    for index in range(6):
        one = samples.sample(index, 0)
        assert one.pixels.shape[:2] == size(*json.loads(one.user)["canvas"])[::-1]
        assert one.pixels.shape[0] % KIND.unit == 0
    with pytest.raises(IndexError, match="sample 6 of 6"):
        samples.sample(6, 0)


def test_a_snapshot_is_written_read_back_and_sampled_from(tmp_path):
    rows = [poster_row(tmp_path, number) for number in range(12)]
    data = select(from_annotations(rows), shares=(0.5, 0.25, 0.25))
    folder = write_snapshot(Storage(), str(tmp_path / "sets"), data)
    again = read_snapshot(Storage(), folder)
    assert again.sha == data.sha
    card = json.loads((tmp_path / "sets" / data.sha[:16] / "card.json").read_text())
    assert card["by_split"] == {split: len(data.splits[split]) for split in SPLITS}
    samples = ExampleSamples(again.splits["train"], Storage(), size=size, side=256)
    other = ExampleSamples(data.splits["train"], Storage(), size=size, side=256)
    assert samples.sha == other.sha
    assert alike(samples.sample(0, 0), other.sample(0, 0))
    assert alike(samples.sample(0, 0), samples.sample(0, 5)), "without augmentation epochs are alike"


def test_the_text_of_a_poster_is_not_in_the_sample(tmp_path):
    row = poster_row(tmp_path, 1)
    (example,) = from_annotations([row])
    shown = ExampleSamples([example], Storage(), size=size, side=256).sample(0, 0).pixels
    as_is = ExampleSamples([replace(example, erased=())], Storage(), size=size, side=256)
    assert not np.array_equal(shown, as_is.sample(0, 0).pixels)


def test_subjects_are_found_where_somebody_looks(tmp_path):
    (example,) = from_annotations([poster_row(tmp_path, 1)])
    seen = []

    def find(photo):
        seen.append(photo.shape)
        found = np.zeros(photo.shape[:2], np.float32)
        found[: photo.shape[0] // 2] = 1
        return found

    blind = ExampleSamples([example], Storage(), size=size, side=256)
    looking = ExampleSamples([example], Storage(), size=size, side=256, find=find)
    assert blind.sha != looking.sha
    assert blind.subject(0) is None
    assert blind.sample(0, 0).task.mask is None
    task = looking.sample(0, 0).task
    assert task.mask.mean() == pytest.approx(0.5, abs=0.01)
    assert task.keep == pytest.approx((0, 0, 1, 0.5), abs=0.01)
    subject = looking.subject(0)
    height = subject.shape[0] // 2
    assert subject[: height - 2].min() == 255
    assert subject[height + 2 :].max() == 0
    assert len(seen) == 1, "a photo is looked at once"


def test_images_are_kept_while_there_is_room(tmp_path):
    examples = list(from_annotations([poster_row(tmp_path, number) for number in range(4)]))
    samples = ExampleSamples(examples, Storage(), size=size, side=256, cache_bytes=2 * 256 * 192 * 3)
    for index in range(4):
        samples.sample(index, 0)
    assert len(samples._kept) == 2
    (tmp_path / "3.jpg").unlink()
    samples.sample(3, 0)


def test_an_image_that_is_gone_is_named(tmp_path):
    rows = [poster_row(tmp_path, number) for number in range(3)]
    (tmp_path / "1.jpg").unlink()
    missing = gone(Storage(), [row["image"] for row in rows])
    assert missing == [rows[1]["image"]]
    data = select(from_annotations(rows), gone=missing)
    assert [drop.reason for drop in data.drops] == ["image_gone"]
    samples = ExampleSamples(list(from_annotations(rows)), Storage(), size=size, side=256)
    with pytest.raises(DataSetError, match=r"1.jpg of p1 can't be read .* make the data set again"):
        samples.sample(1, 0)
    (tmp_path / "2.jpg").write_bytes(b"not an image")
    with pytest.raises(DataSetError, match=r"2.jpg of p2 can't be read"):
        samples.sample(2, 0)


def test_empty_data_sets_are_refused(tmp_path):
    with pytest.raises(DataSetError, match="no example in this split"):
        ExampleSamples([], Storage(), size=size, side=256)
    with pytest.raises(DataSetError, match="at least one poster"):
        CorpusSamples(Corpus(CorpusSpec(grounds=2)), 0, size=size)
    with pytest.raises(DataSetError, match=r"card.json is missing, so .* is no data set"):
        read_snapshot(Storage(), str(tmp_path))
