"""What people said, in one file of JSON lines that several programs write: merged, never overwritten.

    feedback.jsonl              a decision a line, `core.feedback`'s contract; or `core.preferences`'
    feedback.jsonl.withdrawn    what was taken back, so that a copy that somebody still has does not come back

Of two lines of one annotator on a subject the later counts, as when the gallery imports files. Lines that are none stay
where they are. Every write replaces the file whole where it still is what was read, else it is read and merged again:
nobody who writes meanwhile loses a line.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from layoutgen.core import feedback, preferences
from layoutgen.core.errors import Refusal
from layoutgen.core.feedback import name_key
from layoutgen.core.json_lines import LineError, moment
from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.storage import Storage

Key = tuple[str, ...]
"""Annotator (as `name_key` says), and what is spoken of: row_id and run_id, of a pair those of both layouts."""
Read = Callable[[object], tuple[Key, datetime]]
"""Whose word a record is on what, and of when. Raises LineError."""
WITHDRAWN = ".withdrawn"
_ATTEMPTS = 20
_BEGINNING = datetime.min.replace(tzinfo=UTC)
# Line separators that JSON allows and some readers of lines split at.
_SEPARATORS = str.maketrans({"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def decision(record: object) -> tuple[Key, datetime]:
    """A decision's key and time; one that is null withdraws another. Raises LineError."""
    if isinstance(record, Mapping) and "decision" in record and record["decision"] is None:
        record = {**record, "decision": "adopt", "elements": None}
    checked = feedback.check(record)
    return (name_key(checked.annotator), checked.row_id, checked.run_id), checked.time


def preference(record: object) -> tuple[Key, datetime]:
    """A choice's key and time. Raises LineError."""
    checked = preferences.check(record)
    return (name_key(checked.annotator), *(part for key in checked.pair for part in key)), checked.time


@dataclass(frozen=True)
class Line:
    """A line of the file; one that says nothing has no key."""

    text: str
    key: Key | None = None
    time: datetime = _BEGINNING


@dataclass
class Content:
    """What a version of the two files holds; a version is None where there is no file."""

    lines: list[Line] = field(default_factory=list)
    withdrawn: dict[Key, datetime] = field(default_factory=dict)
    version: str | None = None
    withdrawn_version: str | None = None

    @property
    def versions(self) -> str:
        """Of both files, as one word."""
        return f"{self.version},{self.withdrawn_version}"

    def latest(self) -> dict[Key, Line]:
        """The line that counts of each annotator and subject."""
        latest: dict[Key, Line] = {}
        for line in self.lines:
            if line.key is None or line.time <= self.withdrawn.get(line.key, _BEGINNING):
                continue
            if line.key not in latest or line.time >= latest[line.key].time:
                latest[line.key] = line
        return latest


@dataclass(frozen=True)
class Merged:
    """How many records were taken and known already or older, and a message for each that can't be used, by place;
    `before` and `after` are the files' versions."""

    taken: int
    known: int
    refused: tuple[tuple[int, str], ...]
    before: str
    after: str


class MergedLines:
    """The file at `uri`, which need not be there yet, of the records that `read` knows. Raises Refusal where its name
    is no .jsonl's. Threads may share it."""

    def __init__(self, storage: Storage, uri: str, read: Read = decision) -> None:
        if not uri.endswith(".jsonl"):
            raise Refusal(f"{uri} can't be written to; give a .jsonl file, which need not be there yet")
        self.uri = uri
        self._storage, self._read_record = storage, read
        self._lock = threading.Lock()
        self._content: Content | None = None

    def read(self) -> Content:
        """What the file holds now. Raises StorageError."""
        with self._lock:
            return self._current()

    def merge(self, records: Sequence[object]) -> Merged:
        """Put records into the file, or, where their `decision` is null, withdraw others. A record that can't be used
        stops no other. Raises StorageError."""
        usable: list[Line] = []
        refused: list[tuple[int, str]] = []
        for place, record in enumerate(records):
            try:
                usable.append(self._line_of(record))
            except LineError as error:
                refused.append((place, str(error).partition(": ")[2]))
        with self._lock:
            for _ in range(_ATTEMPTS):
                try:
                    before = self._current().versions
                    taken = self._write(usable)
                    break
                except ConflictError:
                    self._content = None
            else:
                raise ConflictError(f"{self.uri} is changed by others all the time; end what writes it, and try again")
            after = (self._content or Content()).versions
        return Merged(taken, len(usable) - taken, tuple(refused), before, after)

    def _write(self, records: Iterable[Line]) -> int:
        content = self._current()
        latest, withdrawn = content.latest(), dict(content.withdrawn)
        changed: dict[Key, Line] = {}
        taken = 0
        for record in records:
            assert record.key is not None
            known = changed.get(record.key) or latest.get(record.key)
            if record.time <= max(known.time if known else _BEGINNING, withdrawn.get(record.key, _BEGINNING)):
                continue
            taken += 1
            changed[record.key] = record
            if not record.text:
                withdrawn[record.key] = record.time
        if not taken:
            return 0
        if withdrawn != content.withdrawn:  # before the line goes: an older one does not count from here on
            text = "".join(_withdrawal(key, time) for key, time in withdrawn.items())
            version = self._storage.write_if(self.uri + WITHDRAWN, text.encode(), content.withdrawn_version)
            content = Content(content.lines, withdrawn, content.version, version)
            self._content = content
        lines = [line for line in content.lines if line.key not in changed]
        lines += [line for line in changed.values() if line.text]
        text = "".join(f"{line.text}\n" for line in lines)
        version = self._storage.write_if(self.uri, text.encode(), content.version)
        self._content = Content(lines, withdrawn, version, content.withdrawn_version)
        return taken

    def _current(self) -> Content:
        """The content, read again where a file is another than it was."""
        versions = list(self._storage.versions([self.uri, self.uri + WITHDRAWN]))
        content = self._content
        if content is None or versions != [content.version, content.withdrawn_version] or versions[0] is None:
            (text, version), (gone, gone_version) = (self._text(uri) for uri in (self.uri, self.uri + WITHDRAWN))
            lines = [self._read_line(line.rstrip("\r")) for line in text.split("\n") if line.strip()]
            self._content = content = Content(lines, _withdrawals(gone), version, gone_version)
        return content

    def _text(self, uri: str) -> tuple[str, str | None]:
        stored = self._storage.read_version(uri)
        return (stored[0].decode("utf-8", "replace").removeprefix("\ufeff"), stored[1]) if stored else ("", None)

    def _read_line(self, text: str) -> Line:
        try:
            return Line(text, *self._read_record(json.loads(text)))
        except ValueError:
            return Line(text)

    def _line_of(self, record: object) -> Line:
        """A record as the line that it becomes, without text where it withdraws. Raises LineError."""
        key, time = self._read_record(record)
        assert isinstance(record, Mapping)
        if "decision" in record and record["decision"] is None:
            return Line("", key, time)
        return Line(json.dumps(_written(record), ensure_ascii=False).translate(_SEPARATORS), key, time)


def _written(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as files have it: without what it and its elements do not say."""
    written = {name: value for name, value in record.items() if value is not None}
    if isinstance(written.get("elements"), list):
        elements = written["elements"]
        written["elements"] = [{k: v for k, v in element.items() if v is not None} for element in elements]
    return written


def _withdrawal(key: Key, time: datetime) -> str:
    record = {"key": key, "time": time.isoformat()}
    return f"{json.dumps(record, ensure_ascii=False).translate(_SEPARATORS)}\n"


def _withdrawals(text: str) -> dict[Key, datetime]:
    withdrawn: dict[Key, datetime] = {}
    for line in text.split("\n"):
        try:
            record = json.loads(line)
            key = tuple(map(str, record["key"]))
            time = moment(record["time"])
        except (ValueError, TypeError, KeyError):
            continue
        if time is not None and time.tzinfo is not None:
            withdrawn[key] = max(time, withdrawn.get(key, _BEGINNING))
    return withdrawn
