"""Serves a gallery on this machine alone, to whoever has the address that it prints.

    GET  /?token=…        sets a cookie that scripts can't read, and leads to the page without the token
    GET  /…               files of the page
    GET  /api/state       decisions and choices of the page's rows; ?since=VERSION
    POST /api/decisions   {decisions, choices}: merged into their files
    POST /api/draw        {row_id, elements, side}: an edit's picture, PNG
    POST /api/carried     {annotator, drafts}: the rows that decisions change; {row_id, key}: what became of them there
    GET  /api/carried     ?row_id=…&key=…&side=…: the picture of such a row, PNG

It listens on the loopback interface. A request needs the token, the server's own name as its host (a foreign name that
was made to lead here is refused), and must come from its own pages, where the browser says where it comes from. Bodies
have a length and a limit.
"""

import hmac
import json
import logging
import secrets
import socket
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from layoutgen.core.errors import JobError, Refusal
from layoutgen.evaluation.review_room import RequestError, Room, body_of, path_of

log = logging.getLogger("layoutgen")

HOST, PORT = "127.0.0.1", 8765
MOST_BYTES = 8 << 20
"""Of a request's body."""
_NAMES = (HOST, "localhost")
_PATIENCE_S = 30.0
_KEPT = "private, max-age=3600"  # what is asked for by a key of its own never changes
# No redirect: after a link in a chat that would still count as the chat's, and a strict cookie would not be sent.
_ENTRY = b'<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>layoutgen</title>'
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "script-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'",
}


class ReviewServer(ThreadingHTTPServer):
    """A server of one room. `port` 0 takes any that is free. Raises Refusal where it is taken."""

    daemon_threads = True

    def __init__(self, room: Room, port: int = PORT, token: str = "") -> None:
        self.room = room
        self.token = token or secrets.token_urlsafe(32)
        self._connections: set[socket.socket] = set()
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise Refusal(f"--port {port} can't be listened on ({reason}); give another one, or 0 for any") from None

    @property
    def address(self) -> str:
        """Where the page is, with the token that lets one in."""
        return f"http://{HOST}:{self.server_port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers share cookies between the ports of a host."""
        return f"layoutgen-{self.server_port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection, which browsers keep open."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Listen no more, and end what connections are open."""
        super().server_close()
        for connection in [*self._connections]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no news."""
        log.debug("a request from %s ended early", client_address, exc_info=True)

    def serve(self) -> None:
        """Serve until it is interrupted."""
        try:
            self.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            log.info("interrupted: the server has stopped; decisions are in %s", self.room.decisions.uri)
        finally:
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: ReviewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "layoutgen", ""
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        if not self._is_ours():
            return
        if "token" in asked:
            self._let_in(asked["token"][0])
        elif not self._is_known():
            self._refuse(403, "open the address that the command printed: it lets you in")
        elif parts.path == "/api/state":
            self._json(lambda: self.server.room.state(asked.get("since", [""])[0]))
        elif parts.path == "/api/carried":
            row_id, key, side = (asked.get(name, [""])[0] for name in ("row_id", "key", "side"))
            self._answer(lambda: (self.server.room.carried_picture(row_id, key, side), "image/png"), _KEPT)
        else:
            self._file()

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = self._body()
        if body is None or not self._is_ours():
            return
        if not self._is_known():
            self._refuse(403, "open the address that the command printed: it lets you in")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(415, "send application/json")
        elif path == "/api/decisions":
            self._json(lambda: self.server.room.write(body_of(body)))
        elif path == "/api/styles":
            self._json(lambda: self.server.room.styles(body_of(body)))
        elif path == "/api/refine":
            self._json(lambda: self.server.room.refine(body_of(body)))
        elif path == "/api/carried":
            self._json(lambda: self.server.room.carried(body_of(body)))
        elif path == "/api/draw":
            self._answer(lambda: (self.server.room.draw(body_of(body)), "image/png"))
        else:
            self._refuse(404, f"nothing is at {path}")

    def _body(self) -> bytes | None:
        """The request's body; None where it was refused."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._refuse(411, "say how long the body is", close=True)
            return None
        if int(length) > MOST_BYTES:
            self._refuse(413, f"the body has {length} bytes, the limit is {MOST_BYTES}", close=True)
            return None
        data = self.rfile.read(int(length))
        if len(data) < int(length):
            self._refuse(400, "the body ended early", close=True)
            return None
        return data

    def _is_ours(self) -> bool:
        """Whether the request names this server, and comes from its own pages or from nobody's."""
        port = self.server.server_port
        hosts = {f"{name}:{port}" for name in _NAMES} | ({*_NAMES} if port == 80 else set())
        if self.headers.get("Host", "") not in hosts:
            self._refuse(421, f"this is {HOST}:{port} and serves nobody under another name", close=True)
            return False
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "none")
        is_entry = "token" in parse_qs(urlsplit(self.path).query)  # a link may stand anywhere, such as in a chat
        foreign = origin is not None and origin not in {f"http://{host}" for host in hosts}
        if foreign or (site not in ("none", "same-origin") and not is_entry):
            self._refuse(403, "this answers its own pages alone")
            return False
        return True

    def _is_known(self) -> bool:
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(self.server.cookie)
        except CookieError:
            return False
        return cookie is not None and self._is_token(cookie.value)

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode("utf-8", "replace"), self.server.token.encode())

    def _let_in(self, token: str) -> None:
        if not self._is_token(token):
            return self._refuse(403, "the token is another server's; open the address that the command printed")
        self.send_response(200)
        cookie = f"{self.server.cookie}={self.server.token}; HttpOnly; SameSite=Strict; Path=/"
        self._end({"Content-Type": "text/html", "Set-Cookie": cookie, "Cache-Control": "no-store"}, _ENTRY)
        return None

    def _file(self) -> None:
        tag = self.headers.get("If-None-Match", "").strip('"')
        try:
            file = self.server.room.file(path_of(self.path), tag or None)
        except JobError as error:
            return self._refuse(502, str(error))
        if file is None:
            return self._refuse(404, "no such file belongs to the page")
        data, kind, version = file
        self.send_response(200 if data or version is None else 304)
        headers = {"Content-Type": kind, "Cache-Control": "private, no-cache" if version else "no-store"}
        self._end(headers | ({"ETag": f'"{version}"'} if version else {}), data)
        return None

    def _json(self, act: Any) -> None:
        self._answer(lambda: (json.dumps(act(), ensure_ascii=False).encode(), "application/json"))

    def _answer(self, act: Any, caching: str = "no-store") -> None:
        try:
            data, kind = act()
        except RequestError as error:
            return self._refuse(400, str(error))
        except JobError as error:
            log.warning("%s", error)
            return self._refuse(502, str(error))
        self.send_response(200)
        self._end({"Content-Type": kind, "Cache-Control": caching}, data)
        return None

    def _refuse(self, status: int, message: str, *, close: bool = False) -> None:
        """Answer with why not; the connection ends where a body may still be on its way."""
        self.close_connection = self.close_connection or close
        self.send_response(status)
        data = json.dumps({"error": message}, ensure_ascii=False).encode()
        self._end({"Content-Type": "application/json", "Cache-Control": "no-store"}, data)

    def _end(self, headers: dict[str, str], data: bytes) -> None:
        for name, value in (headers | _HEADERS).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *values: Any) -> None:
        """Requests are for who debugs; their first line may hold the token."""
        log.debug("%s", values[1] if len(values) > 1 else "request")
