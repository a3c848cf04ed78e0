"""Published layouts in NumPy archives: `boxes` (n, m, 4) ltrb normalised, `classes` (n, m) and perhaps `names` (n).

Classes are PKU's: 1 text, 2 logo, 3 underlay, 0 no element. Pickled objects are never loaded.
"""

import io
import zipfile
import zlib
from typing import Any

import numpy as np

_ROLES = {1: "other", 2: "logo", 3: "underlay"}
_FAULTS = (KeyError, ValueError, OSError, EOFError, MemoryError, NotImplementedError, RuntimeError, SyntaxError)
_DEEPEST = 1 << 31  # bytes: an archive of a few says that it holds more


def layouts(data: bytes) -> list[tuple[str, list[tuple[str, list[float]]]]]:
    """Each layout's name and its elements, role and box. Raises ValueError naming the array, the place and the mend."""
    boxes, classes, names = _arrays(data)
    if boxes.ndim != 3 or boxes.shape[2] != 4 or boxes.dtype.kind not in "fiu":
        raise ValueError(f"array boxes has {_form(boxes)}; give (layouts, elements, 4) numbers, ltrb normalised")
    if classes.shape != boxes.shape[:2] or classes.dtype.kind not in "fiub":
        wanted = boxes.shape[:2]
        raise ValueError(f"array classes has {_form(classes)}; give {wanted} whole numbers, one a box of boxes")
    if names.shape != boxes.shape[:1] or names.dtype.kind not in "USiu":
        raise ValueError(f"array names has {_form(names)}; give ({len(boxes)},) texts, one a layout")
    known = np.isin(classes, [0, *_ROLES])
    if not known.all():
        at = tuple(int(i) for i in np.argwhere(~known)[0])
        raise ValueError(
            f"array classes has {classes[at]} at {list(at)}; give 1 for text, 2 for a logo, 3 for an underlay, "
            "0 where there is no element"
        )
    return [
        (_text(name, i), [(_ROLES[int(c)], [float(v) for v in box]) for c, box in zip(kinds, sides, strict=True) if c])
        for i, (name, kinds, sides) in enumerate(zip(names.tolist(), classes, boxes, strict=True))
    ]


def _arrays(data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not data.startswith(b"PK"):
        raise ValueError("it is no .npz archive; write it with numpy.savez")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            size = sum(member.file_size for member in members.infolist())
        if size > _DEEPEST:
            raise ValueError(f"it holds {size} bytes; give at most {_DEEPEST}")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            boxes, classes = np.asarray(arrays["boxes"]), np.asarray(arrays["classes"])
            names = np.asarray(arrays["names"]) if "names" in arrays else np.arange(len(boxes))
    except (*_FAULTS, zipfile.BadZipFile, zlib.error, TypeError) as error:
        reason = str(error).split("\n")[0] or type(error).__name__
        raise ValueError(f"it can't be read ({reason}); give arrays boxes, classes and names, no pickles") from None
    return boxes, classes, names


def _form(array: np.ndarray) -> str:
    return f"shape {array.shape} of {array.dtype}"


def _text(name: Any, at: int) -> str:
    if not isinstance(name, bytes):
        return str(name)
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise ValueError(f"array names has {name!r} at [{at}], which is no UTF-8; give texts") from None
