"""The forms of published sets by the names that `--format` takes."""

from collections.abc import Callable, Iterator
from typing import Literal, get_args

from layoutgen.training.published import coco, crello, labelstudio, pku, qbposter, radm
from layoutgen.training.published.files import Files
from layoutgen.training.published.labels import Labels
from layoutgen.training.published.records import Record

Format = Literal["pku", "cgl", "cgl2", "radm", "crello", "qbposter", "labelstudio", "coco"]
NAMES: tuple[Format, ...] = get_args(Format)


def reader(form: Format) -> Callable[[Files, Labels], Iterator[Record]]:
    """What reads a form: files and classes in, records out."""
    readers: dict[Format, Callable[[Files, Labels], Iterator[Record]]] = {
        "pku": pku.records,
        "cgl": coco.cgl_records,
        "cgl2": radm.records,
        "radm": radm.records,  # the method that CGL-Dataset v2 was published with
        "crello": crello.records,
        "qbposter": qbposter.records,
        "labelstudio": labelstudio.records,
        "coco": coco.records,
    }
    return readers[form]
