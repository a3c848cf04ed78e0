"""Which tensors a checkpoint's files hold, by their headers alone, and whether the files are whole.

A safetensors file is 8 bytes of length, a JSON header with each tensor's dtype, shape and place, then the data.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from layoutgen.core.errors import AbsentError

Header = dict[str, tuple[str, tuple[int, ...]]]
"""Each tensor's dtype and shape by its name."""

INDEX = ".safetensors.index.json"
"""The end of the name of the file that says which tensor is in which shard."""


def read_header(path: Path) -> Header:
    """The tensors of a file. Raises ValueError where its size or header is another than such a file's."""
    with path.open("rb") as file:
        return read_stream(file, path.stat().st_size, str(path))


def read_stream(file: BinaryIO, size: int, path: str) -> Header:
    """As `read_header`, of an open file of `size` bytes."""
    length = int.from_bytes(file.read(8), "little")
    try:
        said: Any = json.loads(file.read(length)) if 0 < length <= size - 8 else None
        tensors = {name: tensor for name, tensor in said.items() if name != "__metadata__"}
        ends = [int(tensor["data_offsets"][1]) for tensor in tensors.values()]
        found = {name: (str(tensor["dtype"]), tuple(map(int, tensor["shape"]))) for name, tensor in tensors.items()}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        raise ValueError(f"{path} is cut short or no safetensors file ({size} bytes); fetch it again") from None
    whole = 8 + length + max(ends, default=0)
    if size != whole:
        raise ValueError(f"{path} has {size} bytes where its header asks for {whole}; fetch it again")
    return found


def check_files(place: str, names: Iterable[str]) -> list[str]:
    """The safetensors files among a checkpoint's files, sorted. Raises where there are none: ValueError where there
    are pickles instead, else AbsentError."""
    names = sorted(names)
    files = [name for name in names if name.endswith(".safetensors")]
    pickles = [name for name in names if name.endswith((".bin", ".pt", ".pth"))]
    if not files and pickles:
        raise ValueError(
            f"{place} has only pickled weights ({', '.join(pickles[:3])}), which may run code on loading; "
            "convert them to safetensors"
        )
    if not files:
        raise AbsentError(f"{place} holds no .safetensors file; point to a checkpoint's own folder or prefix")
    return files


def check_index(place: str, name: str, text: bytes, files: Iterable[str]) -> None:
    """See that the shards that an index names are there. Raises AbsentError, or ValueError for no index."""
    try:
        shards = set(map(str, json.loads(text)["weight_map"].values()))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{place}/{name} is no index of shards; fetch it again") from None
    missing = sorted(shards - set(files))
    if missing:
        raise AbsentError(f"{place} lacks {', '.join(missing[:3])}, named in {name}; fetch it again")
