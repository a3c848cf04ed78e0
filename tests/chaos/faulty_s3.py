"""A proxy before a local S3 server that fails on demand, and that honours conditional writes: the server does not.

Rules are matched in order against method and path; the first that matches and has some of its `times` left decides what
becomes of a request:

    status 503 / code SlowDown, InternalError …   answered so, the server never hears of it
    "lost"      carried out, but the connection ends before the answer
    "reset"     of a GET half of the body is sent, of a PUT half is read; then the connection is reset
    "stall"     nothing happens for `seconds`
    "stale"     a listing leaves out the keys that were written since the rule was made

Signatures stay valid, because Host is passed on as the client signed it. Requests reach the server one at a time: a PUT
is whole or not there, as in S3.
"""

import hashlib
import http.client
import re
import socket
import struct
import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from layoutgen.demo.s3 import LocalS3

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}


@dataclass
class Rule:
    """What becomes of the requests that match; `after` of them pass first, then `times` are struck."""

    what: str
    method: str = ""
    path: str = ""
    times: int = 1_000_000
    after: int = 0
    every: int = 1
    seconds: float = 0.0
    struck: int = 0
    seen: int = field(default=0, repr=False)

    def strikes(self, method: str, path: str) -> bool:
        """Tell whether this request is struck, and count it."""
        if (self.method and method != self.method) or not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen <= self.after or self.struck >= self.times or self.seen % self.every:
            return False
        self.struck += 1
        return True


class FaultyS3:
    """The proxy, while its context is open. `conditional` makes PUTs honour If-None-Match and If-Match."""

    def __init__(self, server: LocalS3, *, conditional: bool = True) -> None:
        self.server, self.folder = urlsplit(server.endpoint_url).netloc, server.folder
        self.conditional = conditional
        self.rules: list[Rule] = []
        self.conflicts: list[str] = []
        self.lock = threading.Lock()
        self.one_at_a_time = threading.Lock()
        self.hidden: set[str] = set()
        self._http: ThreadingHTTPServer | None = None

    @property
    def endpoint_url(self) -> str:
        """Where clients find it."""
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def add(self, what: str, **values: Any) -> Rule:
        """Add a rule and return it, so that a test can see how often it struck."""
        rule = Rule(what, **values)
        self.rules.append(rule)
        return rule

    def calm(self) -> None:
        """Drop all rules."""
        with self.lock:
            self.rules.clear()
            self.hidden.clear()

    def __enter__(self) -> Self:
        proxy = self

        class Handler(_Handler):
            faulty = proxy

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._http is not None
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client; each request gets a connection of its own to the server."""

    faulty: FaultyS3
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        proxy = self.faulty
        path = unquote(self.path)
        with proxy.lock:
            rule = next((rule for rule in proxy.rules if rule.strikes(self.command, path)), None)
        what = rule.what if rule else ""
        length = int(self.headers.get("Content-Length") or 0)
        if what == "reset" and self.command == "PUT":
            self.rfile.read(length // 2)
            self._reset()
            return
        body = self.rfile.read(length)
        if what == "stall":
            assert rule is not None
            time.sleep(rule.seconds)
            self.close_connection = True
            return
        if what.isdigit() or what in ("SlowDown", "InternalError"):
            code = what if not what.isdigit() else "ServiceUnavailable"
            self._answer(int(what) if what.isdigit() else 503, {}, _error(code))
            return
        with proxy.one_at_a_time:
            refused = self._refused() if self.command == "PUT" and proxy.conditional else None
            status, headers, content = refused or self._forward(body)
        if self.command == "PUT" and status == 200:
            with proxy.lock:
                if any(rule.what == "stale" for rule in proxy.rules):
                    proxy.hidden.add(path.lstrip("/").partition("/")[2])
        if what == "lost":
            self.close_connection = True
            return
        if what == "stale" and status == 200:
            content = _without(content, proxy.hidden)
        if what == "reset" and len(content) < 2:
            self._reset()
            return
        if what == "reset":
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self._reset()
            return
        self._answer(status, headers, content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815

    def _refused(self) -> tuple[int, dict[str, str], bytes] | None:
        """S3's answer to a PUT whose condition does not hold."""
        absent, wanted = self.headers.get("If-None-Match"), self.headers.get("If-Match")
        file = self.faulty.folder / unquote(urlsplit(self.path).path).lstrip("/")
        etag = f'"{hashlib.md5(file.read_bytes()).hexdigest()}"' if file.is_file() else None
        if wanted and etag is None:
            return 404, {}, _error("NoSuchKey")
        if (absent and etag is not None) or (wanted and etag != wanted):
            self.faulty.conflicts.append(self.path)
            return 412, {}, _error("PreconditionFailed")
        return None

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.faulty.server, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
            headers = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP}
            if self.command == "HEAD":
                headers["Content-Length"] = answer.getheader("Content-Length") or "0"
            return answer.status, headers, content
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def _error(code: str) -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>on demand</Message></Error>'.encode()


def _without(listing: bytes, hidden: set[str]) -> bytes:
    """A listing without some keys."""
    ET.register_namespace("", _NAMESPACE)
    try:
        root = ET.fromstring(listing)
    except ET.ParseError:
        return listing
    for entry in root.findall(f"{{{_NAMESPACE}}}Contents"):
        if entry.findtext(f"{{{_NAMESPACE}}}Key") in hidden:
            root.remove(entry)
    return ET.tostring(root)
