"""A gallery that is served: what its page asks for beside its files, and where it writes to."""

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from layoutgen.core.feedback import check, name_key, parse
from layoutgen.core.gallery.edits import EditError
from layoutgen.core.json_lines import LineError
from layoutgen.evaluation import finished_links
from layoutgen.evaluation.carried_results import CarriedResults
from layoutgen.evaluation.edited_pictures import EditedPictures
from layoutgen.evaluation.instructed_edits import InstructedEdits
from layoutgen.evaluation.kits_of_table import fonts_of, kits_of
from layoutgen.evaluation.restyling_of_table import TableStyles
from layoutgen.io.font_files import here
from layoutgen.io.storage import Storage
from layoutgen.io.tables import gallery_source, picture_files
from layoutgen.io.tables.merged_lines import Content, MergedLines, preference

MOST_RECORDS = 5000
MOST_SIDE = 4096
_PAIR = 5  # parts of a choice's key: who, and both layouts' row_id and run_id
_PLAIN_CSP, _SERVED_CSP = "connect-src 'none'", "connect-src 'self'"
_HEAD = '<meta charset="utf-8">'
TYPES = {
    "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "svg": "image/svg+xml",
    "pdf": "application/pdf", "json": "application/json", "jsonl": "application/jsonl",
}  # fmt: skip


class RequestError(ValueError):
    """A request can't be answered; the message names the value and the fix."""


@dataclass
class Room:
    """A page at `output` with its rows, the files that people's decisions and choices go into, and the finished files
    that its rows link to, by their path as a browser asks for it; what follows instructions, and what carries decisions
    to other canvases."""

    storage: Storage
    output: str
    pictures: EditedPictures
    decisions: MergedLines
    choices: MergedLines
    links: Mapping[str, str]
    instructed: InstructedEdits
    results: CarriedResults

    def file(self, path: str, known: str | None) -> tuple[bytes, str, str | None] | None:
        """A file of the page by its path below it: bytes, type and version; empty bytes where its version is `known`
        already. None where there is none. Raises StorageError."""
        name = "index.html" if path in ("", "/") else path.removeprefix("/")
        steps = name.split("/")
        if uri := self.links.get(f"/{name}"):
            pass
        elif {"", ".", ".."} & {*steps} or any(step.startswith(".") or "\\" in step for step in steps) or "\0" in name:
            return None
        else:
            uri = self.storage.join(self.output, name)
        kind = TYPES.get(posixpath.splitext(uri)[1].removeprefix("."), "application/octet-stream")
        (version,) = self.storage.versions([uri])
        if version is None:
            return None
        if known == version and name != "index.html":
            return b"", kind, version
        data = self.storage.read(uri)
        return (_served(data), kind, None) if name == "index.html" else (data, kind, version)

    def state(self, since: str) -> dict[str, Any]:
        """What has been decided and chosen about the page's rows; nothing where that is what it was at `since`."""
        decided, chosen = self.decisions.read(), self.choices.read()
        version = f"{decided.versions};{chosen.versions}"
        if version == since:
            return {"version": version, "unchanged": True}
        records = [record for record in _records(decided) if record["row_id"] in self.pictures]
        withdrawn = [
            {"annotator": key[0], "row_id": key[1], "run_id": key[2], "time": time.isoformat()}
            for key, time in decided.withdrawn.items()
            if len(key) > 1 and key[1] in self.pictures
        ]
        undone = [{"key": key, "time": time.isoformat()} for key, time in chosen.withdrawn.items() if len(key) == _PAIR]
        choices = [record for record in _records(chosen) if record["row_id"] in self.pictures]
        return {
            "version": version,
            "feedback": self.decisions.uri,
            "preferences": self.choices.uri,
            "decisions": records,
            "withdrawn": withdrawn,
            "choices": choices,
            "withdrawn_choices": undone,
        }

    def write(self, body: object) -> dict[str, Any]:
        """Merge `decisions` and `choices`, lists of records, into their files; what can't be used is told by its place,
        and the version of all from `before` to now. Raises RequestError or StorageError."""
        if not isinstance(body, Mapping):
            raise RequestError("the body is no object; send {decisions: […], choices: […]}")
        answer: dict[str, Any] = {}
        before, after = [], []
        for name, file in (("decisions", self.decisions), ("choices", self.choices)):
            records = body.get(name) or []
            if not isinstance(records, list) or len(records) > MOST_RECORDS:
                raise RequestError(f"{name} is no list of at most {MOST_RECORDS} records; send several requests")
            if not records:
                before.append(file.read().versions)
                after.append(before[-1])
                continue
            strange = [i for i, record in enumerate(records) if not self._is_of_page(record)]
            usable = [i for i in range(len(records)) if i not in {*strange}]
            merged = file.merge([records[i] for i in usable])
            before.append(merged.before)
            after.append(merged.after)
            refused = [{"at": i, "message": "its row_id is no layout of this page"} for i in strange]
            refused += [{"at": usable[place], "message": message} for place, message in merged.refused]
            answer[name] = {"taken": merged.taken, "known": merged.known, "refused": refused}
        return {**answer, "before": ";".join(before), "version": ";".join(after)}

    def draw(self, body: object) -> bytes:
        """The picture of an edit, `row_id` and `elements`, as PNG. Raises RequestError."""
        if not isinstance(body, Mapping) or not isinstance(body.get("row_id"), str):
            raise RequestError("the body names no row_id; send {row_id, elements}")
        try:
            given = _given(body, "side", "style", "styled")
            return self.pictures.draw(body["row_id"], body.get("elements"), **given)
        except EditError as error:
            raise RequestError(str(error)) from None

    def styles(self, body: object) -> dict[str, Any]:
        """The house styles that the row `row_id` may have; with `style`, its `elements` in that one. Raises
        RequestError."""
        if not isinstance(body, Mapping) or not isinstance(body.get("row_id"), str):
            raise RequestError("the body names no row_id; send {row_id, style}")
        try:
            if body.get("style") is None:
                return self.pictures.styles(body["row_id"])
            return {"elements": self.pictures.styled(body["row_id"], str(body["style"]))}
        except EditError as error:
            raise RequestError(str(error)) from None

    def refine(self, body: object) -> dict[str, Any]:
        """What an `instruction` comes to in the row `row_id` as edited, `elements`: the elements then, what was done of
        it and what was not. Raises RequestError."""
        if not isinstance(body, Mapping) or not isinstance(body.get("row_id"), str):
            raise RequestError("the body names no row_id; send {row_id, instruction, elements}")
        try:
            given = _given(body, "style", "styled")
            return self.instructed.changed(body["row_id"], body.get("instruction"), body.get("elements"), **given)
        except EditError as error:
            raise RequestError(str(error)) from None

    def carried(self, body: object) -> dict[str, Any]:
        """The rows that the decisions of `annotator` change and `drafts`, records that are not saved, `rows` with the
        keys of their results; of a `row_id` and its `key`, what became of them there, `notes`. Raises RequestError."""
        if not isinstance(body, Mapping):
            raise RequestError("the body is no object; send {annotator, drafts}")
        try:
            if isinstance(body.get("row_id"), str):
                return {"notes": self.results.notes(body["row_id"], str(body.get("key")))}
            who, drafts = name_key(str(body.get("annotator") or "")), body.get("drafts") or []
            if not isinstance(drafts, list) or len(drafts) > MOST_RECORDS:
                raise RequestError(f"drafts is no list of at most {MOST_RECORDS} records")
            lines = self.decisions.read().latest()
            decisions = [parse(line.text) for key, line in lines.items() if key[0] == who]
            return {"rows": self.results.of([*decisions, *map(check, drafts)])}
        except (EditError, LineError) as error:
            raise RequestError(str(error)) from None

    def carried_picture(self, row_id: str, key: str, side: str) -> bytes:
        """The picture of a result, PNG of at most `side` px. Raises RequestError."""
        if not side.isdecimal() or not 1 <= int(side) <= MOST_SIDE:
            raise RequestError(f"side is {side!r}; give px, from 1 to {MOST_SIDE}")
        try:
            return self.results.picture(row_id, key, int(side))
        except EditError as error:
            raise RequestError(str(error)) from None

    def _is_of_page(self, record: object) -> bool:
        return not isinstance(record, Mapping) or not record.get("row_id") or record["row_id"] in self.pictures


def open_room(
    storage: Storage,
    layouts: str,
    output: str,
    feedback: str,
    preferences: str,
    *,
    run_id: str | None,
    limit: int,
    font_files: Sequence[str] = (),
) -> Room:
    """The room of a page that was made of `layouts`. Raises JobError."""
    source = gallery_source.read(storage, layouts, run_id, limit)
    kits = kits_of(source.settings, storage)
    styles = TableStyles(source.settings, storage, kits)
    pictures = EditedPictures(storage, source.table, here(fonts_of(source.settings, kits, font_files), storage), styles)
    uris = [file["uri"] for row in _files(source.table.to_pylist()) for file in row]
    choices = MergedLines(storage, preferences, preference)
    decisions = MergedLines(storage, feedback)
    decisions.read()  # what can't be read is told before anything is served
    choices.read()
    instructed = InstructedEdits(storage, pictures, source.settings, kits)
    results = CarriedResults(storage, pictures, source.settings, kits)
    return Room(storage, output, pictures, decisions, choices, dict(_links(output, uris)), instructed, results)


def body_of(data: bytes) -> object:
    """A request's body. Raises RequestError where it is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the body is no JSON ({type(error).__name__}); send an object") from None


def path_of(target: str) -> str:
    """The path that a request's target asks for, decoded."""
    return unquote(urlsplit(target).path, errors="replace")


def _links(output: str, uris: Sequence[str]) -> list[tuple[str, str]]:
    """Finished files that lie beside the page: a browser asks for what `..` leads to at the root."""
    beside = [(finished_links.relative(output, uri), uri) for uri in dict.fromkeys(uris)]
    return [(posixpath.normpath(posixpath.join("/", path)), uri) for path, uri in beside if path is not None]


def _files(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [picture_files.files_of(row) for row in rows]


def _records(content: Content) -> list[dict[str, Any]]:
    return [json.loads(line.text) for line in content.latest().values()]


def _served(page: bytes) -> bytes:
    """The page as it is served: it may ask its own server, and knows that it can."""
    text = page.decode("utf-8").replace(_PLAIN_CSP, _SERVED_CSP, 1)
    return text.replace(_HEAD, f'{_HEAD}\n<meta name="served" content="yes">', 1).encode()


def _given(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names if body.get(name) is not None}
