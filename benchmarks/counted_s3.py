"""No benchmark itself: an S3 server that counts its requests, with pictures that are there in name alone.

The bucket `pictures` has `count` keys `p000000000.jpg`, … with one picture's bytes and ETags made of their names. Every
other bucket keeps what is written. It checks no signature, and minds conditions as S3 does.
"""

import hashlib
import json
import multiprocessing
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

PICTURES = "pictures"
DOLLARS_PER_1000 = {"LIST": 0.005, "PUT": 0.005, "COPY": 0.005, "GET": 0.0004, "HEAD": 0.0004, "DELETE": 0.0}
"""Of S3 Standard in us-east-1, as AWS lists them."""
_PAGE = 1000
_TIME, _DATE = "2026-11-01T00:00:00.000Z", "Sun, 01 Nov 2026 00:00:00 GMT"


def name_of(number: int) -> str:
    """The key of a picture."""
    return f"p{number:09d}.jpg"


def etag_of(key: str, changed_every: int = 0) -> str:
    """The ETag of a picture, another one where each `changed_every`-th was replaced."""
    is_changed = bool(changed_every) and int(key[1:-4]) % changed_every == 0
    return f'"{hashlib.md5(f"{key}-{is_changed}".encode(), usedforsecurity=False).hexdigest()}"'


def dollars(requests: dict[str, int]) -> float:
    """What requests cost, by "KIND bucket"."""
    return sum(DOLLARS_PER_1000[kind.partition(" ")[0]] * count / 1000 for kind, count in requests.items())


@dataclass(frozen=True)
class CountedS3:
    """A server that runs: its address."""

    endpoint_url: str

    def environment(self) -> dict[str, str]:
        """The variables by which clients find it."""
        keys = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark"}
        return {**keys, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": self.endpoint_url}

    def take_requests(self) -> dict[str, int]:
        """The requests since the last call, by "KIND bucket"."""
        counted: dict[str, int] = json.loads(self._ask("/_requests"))
        return dict(sorted(counted.items()))

    def change(self, every: int) -> None:
        """Replace each so-manieth picture."""
        self._ask(f"/_change?every={every}")

    def _ask(self, path: str) -> bytes:
        connection = HTTPConnection(urlsplit(self.endpoint_url).netloc)
        connection.request("GET", path)
        return connection.getresponse().read()


@contextmanager
def counted_s3(folder: Path, count: int, picture: bytes) -> Iterator[CountedS3]:
    """Serve in a process of its own while the context is open."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(folder, count, picture, there), daemon=True)
    process.start()
    try:
        yield CountedS3(f"http://127.0.0.1:{here.recv()}")
    finally:
        process.terminate()
        process.join()


def _serve(folder: Path, count: int, picture: bytes, there: Connection) -> None:
    class Handler(_Handler):
        store = _Store(folder, count, picture)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    there.send(server.server_address[1])
    server.serve_forever()


@dataclass
class _Store:
    """What is stored, and which requests were made."""

    folder: Path
    count: int
    picture: bytes
    changed_every: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    written: dict[str, tuple[str, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def file(self, name: str) -> Path:
        """Where the bytes of `bucket/key` are."""
        return self.folder / hashlib.sha256(name.encode()).hexdigest()

    def entry(self, bucket: str, key: str) -> tuple[str, int] | None:
        """ETag and size of an object."""
        if bucket == PICTURES:
            is_one = len(key) == 14 and key[1:-4].isdigit() and int(key[1:-4]) < self.count
            return (etag_of(key, self.changed_every), len(self.picture)) if is_one else None
        return self.written.get(f"{bucket}/{key}")

    def listed(self, bucket: str, prefix: str, after: str) -> list[tuple[str, str, int]]:
        """A page of keys, and one more where there are others."""
        if bucket == PICTURES:
            number = min(self.count, int(after[1:10] or 0) + (after >= name_of(int(after[1:10] or 0)))) if after else 0
            keys = [name_of(k) for k in range(number, min(self.count, number + _PAGE + 1))]
            return [
                (key, etag_of(key, self.changed_every), len(self.picture)) for key in keys if key.startswith(prefix)
            ]
        start = f"{bucket}/"
        keys = sorted(
            name.removeprefix(start)
            for name in [*self.written]
            if name.startswith(start + prefix) and name > start + after
        )
        return [(key, *self.written[start + key]) for key in keys[: _PAGE + 1]]


class _Handler(BaseHTTPRequestHandler):
    store: _Store
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if bucket.startswith("_"):
            self._control(bucket, query)
            return
        is_copy = "x-amz-copy-source" in self.headers
        kind = "COPY" if is_copy else "LIST" if self.command == "GET" and not key else self.command
        with self.store.lock:
            self.store.requests[f"{kind} {bucket}"] += 1
        if kind == "LIST":
            self._list(bucket, query)
        elif kind in ("PUT", "COPY"):
            self._write(bucket, key, body, is_copy=is_copy)
        elif kind == "DELETE":
            with self.store.lock:
                self.store.written.pop(f"{bucket}/{key}", None)
            self._answer(204)
        else:
            self._read(bucket, key)

    do_GET = do_HEAD = do_PUT = do_DELETE = _serve  # noqa: N815 names of the standard library

    def _control(self, name: str, query: dict[str, str]) -> None:
        with self.store.lock:
            if name == "_change":
                self.store.changed_every = int(query["every"])
            counted = json.dumps(self.store.requests)
            self.store.requests.clear()
        self._answer(200, counted.encode())

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        after = query.get("continuation-token") or query.get("start-after", "")
        with self.store.lock:
            entries = self.store.listed(bucket, query.get("prefix", ""), after)
        page = entries[:_PAGE]
        rows = "".join(
            f"<Contents><Key>{quote(key, safe='/')}</Key><LastModified>{_TIME}</LastModified><ETag>{escape(tag)}</ETag>"
            f"<Size>{size}</Size></Contents>"
            for key, tag, size in page
        )
        more = len(entries) > _PAGE
        token = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if more else ""
        self._answer(
            200,
            f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>".encode(),
        )

    def _write(self, bucket: str, key: str, body: bytes, *, is_copy: bool) -> None:
        store = self.store
        if is_copy:
            source = unquote(self.headers["x-amz-copy-source"]).removeprefix("/")
            body = store.file(source).read_bytes() if source in store.written else b""
        tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        with store.lock:
            there = store.entry(bucket, key)
            wanted = self.headers.get("If-Match")
            if (self.headers.get("If-None-Match") and there) or (wanted and (there is None or there[0] != wanted)):
                self._answer(412, _error("PreconditionFailed"))
                return
            store.file(f"{bucket}/{key}").write_bytes(body)
            store.written[f"{bucket}/{key}"] = (tag, len(body))
        result = f"<CopyObjectResult><ETag>{escape(tag)}</ETag></CopyObjectResult>" if is_copy else ""
        self._answer(200, result.encode(), {"ETag": tag})

    def _read(self, bucket: str, key: str) -> None:
        entry = self.store.entry(bucket, key)
        if entry is None:
            self._answer(404, _error("NoSuchKey"))
            return
        tag, size = entry
        headers = {"ETag": tag, "Last-Modified": _DATE, "Accept-Ranges": "bytes"}
        if self.command == "HEAD":
            self._answer(200, b"", {**headers, "Content-Length": str(size)})
            return
        data = self.store.file(f"{bucket}/{key}").read_bytes() if bucket != PICTURES else self.store.picture
        asked = self.headers.get("Range")
        if not asked:
            self._answer(200, data, headers)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        begin, end = int(first), min(int(last or size), size - 1)
        headers["Content-Range"] = f"bytes {begin}-{end}/{size}"
        self._answer(206, data[begin : end + 1], headers)

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code></Error>".encode()
