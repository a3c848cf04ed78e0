"""What a retraining works with: samples to learn and to validate by, and layouts to make for the verdict.

`open_data` is the one place that knows which kinds of data sets there are.
"""

from layoutgen.config.training import DataSettings
from layoutgen.io.storage import Storage
from layoutgen.training.data.augment import Size
from layoutgen.training.data.cases import Data, DataError


def open_data(settings: DataSettings, cache: str, storage: Storage, size: Size) -> Data:
    """Open the data set that the settings name; `size` says at how many px the model sees a canvas. Raises DataError or
    StorageError."""
    if not settings.source:
        raise DataError("no data set is named; give --data, or data.source in the settings")
    if settings.source.endswith(".arrow"):
        from layoutgen.training.data.stored import open_stored

        return open_stored(settings.source, cache, storage)
    from layoutgen.training.data.sources import open_corpus, open_examples

    return open_corpus(settings, size) if settings.source == "corpus" else open_examples(settings, storage, size)
