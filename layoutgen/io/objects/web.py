"""Images on the web: read over https alone, within limits of bytes, time, redirects and addresses.

A host's name is resolved once a request, all its addresses have to be public, and the connection goes to the address
that was looked at: a name that resolves otherwise a moment later leads nowhere else. So does every redirect. What fails
is a fault of the one image, a host that does not answer too: one shop's server must not end a run. Proxies of the
environment are not asked. Messages leave out what stands behind `?`, which may be a signature.
"""

import hashlib
import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn
from urllib.parse import quote, urljoin, urlsplit

import pyarrow.fs

from layoutgen.io.objects.locations import Entry, FaultKind, StorageError, StorageFault, too_many_bytes
from layoutgen.io.objects.protocol import Admit

MOST_REDIRECTS = 3
MOST_SECONDS = 60.0  # from the first byte asked to the last one read, of one attempt
MOST_BYTES = 2**27  # where the reader sets no limit
_CHUNK = 2**16
_PORT = 443
_BACKOFF_S = 0.2
_SAFE = "/%:@!$&'()*+,;=~-._"
_REDIRECTS = (301, 302, 303, 307, 308)
_CARRIES_IPV4 = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


class _FaultError(Exception):
    """Why an image can't be read, whoever asks again: kind and message."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(kind, message)
        self.kind, self.message = kind, message


class _PassingError(Exception):
    """A failure that may pass."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet: none of this machine, of a private network or of a
    cloud's metadata, and no IPv6 address that stands for an IPv4 one, save the mapped, which is looked at as IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in _CARRIES_IPV4)


class _Connection(http.client.HTTPSConnection):
    """A connection to an address that was looked at; `abort` ends it from another thread."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=timeout_s, context=self._tls)

    def connect(self) -> None:
        """Resolve, look, connect. Raises _FaultError for an address that is not public."""
        entries = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        if private := [address for address in addresses if not is_public(address)]:
            raise _FaultError(
                "address_refused", f"{self.host} is at {private[0]}, no public address; copy the image to storage"
            )
        plain = _first_that_answers(addresses, self.port, self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock.do_handshake()

    def abort(self) -> None:
        """End what it waits for."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _first_that_answers(addresses: Iterable[str], port: int, timeout_s: float | None) -> socket.socket:
    error: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError as failure:
            error = failure
    raise error


@dataclass(frozen=True)
class WebObjects:
    """The image at an https address, to be read only; see `objects.protocol.Objects`. Its version is the server's ETag,
    else its date and size, "" where the server tells neither. Faults are values, after `attempts` where they may
    pass."""

    uri: str
    attempts: int
    timeout_s: float

    @property
    def _shown(self) -> str:
        return self.uri.partition("?")[0]

    def read(self, max_bytes: int | None, admit: Admit | None = None) -> tuple[bytes, str] | StorageFault:
        """Bytes and version, read together; nobody is asked to `admit` them, which would take of an image's time."""
        return self._tried(lambda: self._asked("GET", MOST_BYTES if max_bytes is None else max_bytes))

    def version(self) -> str | StorageFault:
        """The version alone."""
        answer = self._tried(lambda: self._asked("HEAD", MOST_BYTES))
        return answer if isinstance(answer, StorageFault) else answer[1]

    def exists(self) -> bool:
        """Whether the server has it."""
        return not isinstance(self.version(), StorageFault)

    def open(self) -> BinaryIO:
        """The image, read whole. Raises StorageError."""
        answer = self.read(None)
        if isinstance(answer, StorageFault):
            raise StorageError(answer.message, answer)
        return io.BytesIO(answer[0])

    def _tried(self, ask: Callable[[], tuple[bytes, str]]) -> tuple[bytes, str] | StorageFault:
        reason = ""
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(_BACKOFF_S * 2**attempt)
            try:
                return ask()
            except _FaultError as fault:
                return StorageFault(fault.kind, fault.message)
            except ssl.SSLCertVerificationError:
                return StorageFault("web_error", f"{self._shown}: its server's certificate is not trusted")
            except ValueError:  # of addresses that are none, such as one with a space in its host
                return StorageFault("web_error", f"{self._shown} is no web address; correct it")
            except (_PassingError, OSError, http.client.HTTPException) as error:
                reason = str(error) if isinstance(error, _PassingError) else type(error).__name__
        return StorageFault(
            "unreachable", f"{self._shown} can't be read ({reason}), tried {self.attempts} times; see that it is up"
        )

    def _asked(self, method: str, max_bytes: int) -> tuple[bytes, str]:
        """Ask, and follow redirects. Raises _FaultError, _PassingError, OSError or HTTPException."""
        url, end = self.uri, time.monotonic() + MOST_SECONDS
        first = urlsplit(url).port or _PORT
        for _ in range(MOST_REDIRECTS + 1):
            parts = urlsplit(url)
            port = parts.port or _PORT
            if parts.scheme != "https" or not parts.hostname or parts.username or port not in (_PORT, first):
                raise _FaultError("address_refused", f"{self._shown} leads to an address that is not plain https")
            connection = _Connection(parts.hostname, port, self.timeout_s)
            watch = threading.Timer(max(0.0, end - time.monotonic()), connection.abort)
            watch.daemon = True
            watch.start()
            try:
                path = quote(parts.path or "/", safe=_SAFE) + (
                    f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
                )
                connection.request(method, path, headers={"Accept-Encoding": "identity", "User-Agent": "layoutgen"})
                answer = connection.getresponse()
                if answer.status in _REDIRECTS and (target := answer.getheader("Location")):
                    url = urljoin(url, target)
                    continue
                return self._taken(answer, method, max_bytes)
            finally:
                watch.cancel()
                connection.close()
        raise _FaultError(
            "too_many_redirects", f"{self._shown} leads on more than {MOST_REDIRECTS} times; give the last address"
        )

    def _taken(self, answer: http.client.HTTPResponse, method: str, max_bytes: int) -> tuple[bytes, str]:
        """The bytes of an answer and its version."""
        if answer.status in (404, 410):
            raise _FaultError("not_found", f"nothing at {self._shown} ({answer.status}); put it there, or correct it")
        if answer.status in (401, 403):
            raise _FaultError(
                "access_denied", f"{self._shown} is forbidden ({answer.status}); allow everybody to read it"
            )
        if answer.status == 429 or answer.status >= 500:
            raise _PassingError(f"status {answer.status}")
        if answer.status != 200:
            raise _FaultError("web_error", f"{self._shown} is answered with the status {answer.status}, no image")
        length = answer.getheader("Content-Length") or ""
        size = int(length) if length.isdecimal() else None
        etag, date = answer.getheader("ETag"), answer.getheader("Last-Modified")
        version = etag or (hashlib.sha256(f"{date} {length}".encode()).hexdigest()[:32] if date else "")
        if size and (fault := too_many_bytes(self._shown, size, max_bytes, version)):
            raise _FaultError(fault.kind, fault.message)
        data = bytearray()
        while method == "GET" and (chunk := answer.read(_CHUNK)):
            data += chunk
            if fault := too_many_bytes(self._shown, len(data), max_bytes, version):
                raise _FaultError(fault.kind, fault.message)
        if method == "GET" and size is not None and len(data) != size:
            raise _PassingError("it ended early")
        return bytes(data), version

    def _read_only(self) -> NoReturn:
        raise StorageError(f"{self._shown} is on the web, where images are read only; give a path of storage")

    def write(self, data: bytes) -> None:
        """Refused."""
        self._read_only()

    def write_if(self, data: bytes, version: str | None) -> str:
        """Refused."""
        self._read_only()

    def copy_from(self, source: "WebObjects", version: str) -> str:
        """Refused."""
        self._read_only()

    def delete(self) -> None:
        """Refused."""
        self._read_only()

    def listed(self, attempt: Callable[[str, Callable[[], Any]], Any]) -> Iterable[Entry]:
        """Refused."""
        self._read_only()

    def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """Refused."""
        self._read_only()

    def check(self) -> None:
        """Refused: no table or manifest is on the web."""
        self._read_only()
