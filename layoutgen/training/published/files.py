"""The files of a published set: found by name, read, and told apart into posters and erased canvases."""

import hashlib
import json
import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from layoutgen.io.storage import Storage
from layoutgen.training.published.records import PublishedError

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
_ERASED = {"inpainted_poster", "inpainted", "inpainted_1x", "inpainted_1d5x", "input", "image_canvas", "clean"}
_MASKED = re.compile(r"_mask\d*$")


class Files:
    """What lies below a folder or prefix. Pictures that a set has inside other files are stored below `pictures`.
    Raises PublishedError where there is nothing."""

    def __init__(self, storage: Storage, folder: str, pictures: str) -> None:
        self._storage, self._pictures = storage, pictures
        self.folder = folder if folder.startswith("s3://") else str(Path(folder.removeprefix("file://")).resolve())
        self.uris = storage.list(self.folder)
        if not self.uris:
            raise PublishedError(f"there is no file below {folder}; give the folder of an unpacked set with --source")

    def relative(self, uri: str) -> str:
        """A file's path below the folder."""
        return uri.removeprefix(self.folder).lstrip("/")

    def with_suffix(self, suffix: str) -> list[str]:
        """The files whose names end so, sorted."""
        return [uri for uri in self.uris if uri.lower().endswith(suffix)]

    def text(self, uri: str) -> str:
        """A file's text. Raises PublishedError where it is none."""
        try:
            return self._storage.read(uri).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PublishedError(f"{uri} is no UTF-8 ({error}); convert it") from None

    def json(self, uri: str) -> Any:
        """A JSON file's value. Raises PublishedError."""
        try:
            return json.loads(self.text(uri))
        except ValueError as error:
            raise PublishedError(f"{uri} is no JSON ({error}); unpack it again") from None

    def open(self, uri: str) -> BinaryIO:
        """A file to read parts of."""
        return self._storage.open(uri)

    def store(self, data: bytes) -> str:
        """Keep a picture's bytes, once, and return its URI."""
        uri = self._storage.join(self._pictures, f"{hashlib.sha256(data).hexdigest()[:32]}.png")
        if not self._storage.exists(uri):
            self._storage.write(uri, data)
        return uri

    @cached_property
    def _by_stem(self) -> dict[tuple[bool, str], list[str]]:
        pictures = defaultdict(list)
        for uri in self.uris:
            path = PurePosixPath(self.relative(uri))
            if path.suffix.lower() not in _PICTURES or any(part.startswith("saliency") for part in path.parts[:-1]):
                continue
            erased = bool(_ERASED & set(path.parts[:-1]) or _MASKED.search(path.stem))
            pictures[erased, _MASKED.sub("", path.stem)].append(uri)
        return dict(pictures)

    def picture(self, name: str, *, erased: bool) -> str:
        """The URI of the picture that a set's files call `name` (a path or a file's name), with its texts or `erased`;
        "" where there is none. Of several that of the same folder and name counts."""
        path = PurePosixPath(name)
        there = self._by_stem.get((erased, _MASKED.sub("", path.stem)), [])
        folders = set(path.parts[:-1])

        def nearness(uri: str) -> tuple[bool, bool, int]:
            other = PurePosixPath(self.relative(uri))
            return other.name == path.name, str(other).endswith(name), len(folders & set(other.parts[:-1]))

        return max(there, key=nearness, default="")
