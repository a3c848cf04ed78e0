"""Drawn posters, and data sets of examples, in the parts that a retraining works with.

The fixed set is the same for both and for every data set: drawn posters of a seed of its own, which show products that
are held back from every corpus.
"""

import hashlib
import json
from dataclasses import replace
from typing import Any

from layoutgen.config.training import DataSettings
from layoutgen.imaging.framed import draw_at
from layoutgen.io.storage import Storage
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import NONE, Augmentation, Size
from layoutgen.training.data.cases import Case, Cases, Data, DataError
from layoutgen.training.data.datasets import (
    CorpusSamples,
    ExampleSamples,
    Finder,
    canvas_subject,
    corpus_task,
    read_snapshot,
)
from layoutgen.training.examples import table as example_table
from layoutgen.training.examples.about import SPLITS, DataSetError, check
from layoutgen.training.examples.selection import DataSet, sizes

FIXED_SEED = 900_001


def open_corpus(settings: DataSettings, size: Size) -> Data:
    """Drawn posters: `posters` to learn from, then twice `held_back`, to validate and to judge by, which show products
    and photos that none of those to learn from shows."""
    how = Augmentation(**settings.augment.model_dump())
    spec = CorpusSpec(
        settings.seed, settings.side, settings.folder, settings.photo_share, settings.style, goods="learnt"
    )
    learnt, corpus, held = Corpus(spec), Corpus(replace(spec, goods="held_back")), settings.held_back
    train = CorpusSamples(learnt, settings.posters, size=size, how=how)
    validation = CorpusSamples(corpus, held, size=size, first=settings.posters)
    first = settings.posters + held
    parts = [train.sha, validation.sha, str(held)]
    return Data(
        hashlib.sha256(" ".join(parts).encode()).hexdigest(),
        train,
        validation,
        Cases(range(first, first + held), lambda number: drawn_case(corpus, number, size)),
        _fixed(settings, size),
        {
            "source": "corpus",
            **vars(spec),
            "posters": settings.posters,
            "held_back": held,
            "augmentation": vars(how),
            "goods": {"learnt": learnt.shown, "held_back": corpus.shown},
        },
    )


def open_examples(settings: DataSettings, storage: Storage, size: Size) -> Data:
    """A data set of examples, as `jobs.examples` writes it. Raises DataError or StorageError."""
    how = Augmentation(**settings.augment.model_dump())
    try:
        data_set = read_snapshot(storage, settings.source)
        _check(data_set, settings.source, storage)
        given: dict[str, Any] = {
            "storage": storage,
            "size": size,
            "side": settings.side,
            "seed": settings.seed,
            "find": _finder() if settings.subjects == "net" else None,
        }
        train = ExampleSamples(data_set.splits["train"], how=how, **given)
        validation = ExampleSamples(data_set.splits["validation"], how=NONE, **given)
        held = data_set.splits["test"]
        test = ExampleSamples(held, how=NONE, **given) if held else None
    except DataSetError as error:
        raise DataError(str(error)) from None

    def case(number: int) -> Case:
        assert test is not None
        example = held[number]
        shown = test.sample(number, 0).pixels
        subject = test.subject(number)
        return Case(
            example.row_id,
            example.product_id,
            shown,
            example.copy,
            example.canvas,
            example.target,
            example.logo_aspect,
            subject,
        )

    return Data(
        hashlib.sha256(" ".join([data_set.sha, train.sha, validation.sha]).encode()).hexdigest(),
        train,
        validation,
        Cases(range(len(held)), case),
        _fixed(settings, size),
        {
            "source": settings.source,
            "examples": data_set.sha,
            "sources": list(data_set.sources),
            **({"licence": data_set.licence} if data_set.licence else {}),
            "augmentation": vars(how),
        },
        images=[example.image for split in SPLITS for example in data_set.splits[split]],
    )


def _finder() -> Finder:
    from layoutgen.models.finders.network import NetSaliency

    network = NetSaliency()
    return lambda photo: network.saliency([photo])[0]


def _check(data_set: DataSet, folder: str, storage: Storage) -> None:
    """Raise DataSetError where nothing could be learnt, with what was dropped when the data set was made."""
    try:
        check(data_set.about, sizes(data_set)[0], data_set.shares)
    except DataSetError as error:
        card = json.loads(storage.read(storage.join(folder, example_table.CARD)))
        dropped = ", ".join(f"{count} {reason}" for reason, count in card["dropped"].items())
        raise DataSetError(f"{error}{f' (dropped: {dropped})' if dropped else ''}") from None


def _fixed(settings: DataSettings, size: Size) -> Cases[Case]:
    corpus = Corpus(CorpusSpec(FIXED_SEED, settings.side, goods="held_back"))
    return Cases(range(settings.fixed), lambda number: drawn_case(corpus, number, size))


def drawn_case(corpus: Corpus, number: int, size: Size) -> Case:
    """A drawn poster as a layout to make."""
    poster = corpus.poster(number)
    task = corpus_task(poster)
    width, height = size(task.canvas.width, task.canvas.height)
    return Case(
        poster.key,
        poster.key,
        draw_at(task.photo, task.framing, width, height),
        task.copy,
        task.canvas,
        task.target,
        task.logo_aspect,
        canvas_subject(task),
    )
