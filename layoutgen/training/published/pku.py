"""Reads PKU-PosterLayout (Hsu et al., CVPR 2023): a CSV row an element, posters of 513 x 750 px and inpainted ones.

Known of the files: boxes whose corners are swapped, outside or without an area, classes that are none (0), posters
whose `total_elem` is not the number of their rows, a list of canvases without any layout beside the posters.
"""

import ast
import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from layoutgen.training.published import labels as classes
from layoutgen.training.published.files import Files
from layoutgen.training.published.labels import Labels
from layoutgen.training.published.records import PublishedError, RawElement, Record, unusable

WIDTH, HEIGHT = 513, 750
_COLUMNS = ("poster_path", "total_elem", "cls_elem", "box_elem")


def records(files: Files, labels: Labels) -> Iterator[Record]:
    """The posters of all CSV files. Raises PublishedError where there is no such file."""
    tables = files.with_suffix(".csv")
    if not tables:
        raise PublishedError(f"{files.folder} has no CSV file such as train_csv_9973.csv; unpack the annotations there")
    numbered = labels.numbered(classes.PKU)
    before: set[str] = set()
    for uri in tables:
        rows = csv.DictReader(io.StringIO(files.text(uri)))
        if "poster_path" not in (rows.fieldnames or ()):
            raise PublishedError(f"{uri} has the columns {rows.fieldnames}, PKU's are {', '.join(_COLUMNS)}")
        by_poster = defaultdict(list)
        for row in rows:
            by_poster[row["poster_path"]].append(row)
        is_annotated = set(_COLUMNS) <= set(rows.fieldnames or ())
        for path, elements in by_poster.items():
            if not is_annotated:
                yield unusable(path, "not_annotated", f"{uri} lists it without elements; canvases have no layout")
            elif path in before:
                yield unusable(path, "duplicate_id", f"{uri} and another file have it; keep one of them")
            else:
                yield _record(path, elements, files, numbered)
        before |= by_poster.keys() if is_annotated else set()


def _record(path: str, rows: Sequence[Mapping[str, str]], files: Files, labels: Labels) -> Record:
    elements, mended = [], []
    try:
        for row in rows:
            if (kind := labels.kind(row["cls_elem"])) is None:
                return unusable(path, "unknown_role", f"the class {row['cls_elem']!r} is none of 1, 2 and 3")
            element = RawElement(kind, tuple(float(side) for side in ast.literal_eval(row["box_elem"])))
            if element in elements:
                mended.append("repeated")
            else:
                elements.append(element)
        if int(rows[0]["total_elem"]) != len(rows):
            message = f"total_elem is {rows[0]['total_elem']}, and it has {len(rows)} rows; download the set again"
            return unusable(path, "count_differs", message)
    except (ValueError, SyntaxError, TypeError) as error:
        return unusable(path, "box_broken", f"{dict(row)} can't be read ({error}); give [x1, y1, x2, y2]")
    poster, canvas = files.picture(path, erased=False), files.picture(path, erased=True)
    return Record(path, poster, canvas, WIDTH, HEIGHT, tuple(elements), mended=tuple(mended))
