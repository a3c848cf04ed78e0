"""Images over https: limits of bytes, time, redirects and addresses, each a fault of the one image."""

import datetime
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from layoutgen.io.objects import web
from layoutgen.io.objects.locations import StorageError, StorageFault, join_allowed
from layoutgen.io.storage import Storage
from tests.chaos.quick import SETTINGS, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import dead, published, write_manifest

IMAGE = encoded(photo(80, 100))


class _Handler(BaseHTTPRequestHandler):
    """A shop's server: what it answers is in the path."""

    asked: list[str] = []  # noqa: RUF012 each test empties it
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.asked.append(self.path)
        what, _, rest = self.path.strip("/").partition("/")
        headers = {"ETag": '"v1"'}
        status, body = 200, IMAGE
        match what:
            case "status":
                status, body = int(rest), b""
            case "hop":
                status, body = 302, b""
                headers["Location"] = "/image.jpg" if rest == "0" else f"/hop/{int(rest) - 1}"
            case "to":
                status, body = 302, b""
                headers["Location"] = {"plain": "http://localhost/a", "metadata": "https://169.254.169.254/"}[rest]
            case "flaky" if self.asked.count(self.path) < 2:
                status, body = 503, b""
            case "short":
                headers["Content-Length"] = str(len(IMAGE) + 9)
            case "endless":
                headers["Transfer-Encoding"] = "chunked"
            case "drip":
                headers["Content-Length"] = "1000000"
                body = b""
        self.send_response(status)
        if "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            if what == "endless":
                while True:
                    self.wfile.write(b"400\r\n" + bytes(1024) + b"\r\n")
            while what == "drip":
                self.wfile.write(b".")
                threading.Event().wait(0.05)
            self.wfile.write(body)
        except OSError:
            pass
        self.close_connection = what == "short"

    do_HEAD = do_GET  # noqa: N815 the name that the server calls

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def _certificate(folder: Path) -> Path:
    """A certificate of localhost that signs itself, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a shop's server that speaks TLS, and its certificate."""
    certificate = _certificate(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}", certificate
    server.shutdown()


@pytest.fixture
def shop(served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """The server's address, whose certificate is trusted, and this machine's address allowed as a public one is."""
    is_public = web.is_public
    monkeypatch.setenv("SSL_CERT_FILE", str(served[1]))
    monkeypatch.setattr(web, "is_public", lambda address: address in ("127.0.0.1", "::1") or is_public(address))
    monkeypatch.setattr(web, "_BACKOFF_S", 0.0)
    _Handler.asked.clear()
    return served[0]


def _storage(*prefixes: str, **more: Any) -> Storage:
    return Storage(web_prefixes=prefixes, **{"attempts": 2, "timeout_s": 5, **more})


def _fault(storage: Storage, uri: str, max_bytes: int | None = None) -> StorageFault:
    (read,) = storage.read_many([uri], max_bytes)
    assert isinstance(read, StorageFault), read[:40]
    return read


def test_an_image_is_read_with_its_version_and_after_a_few_redirects(shop: str) -> None:
    storage = _storage(shop)
    assert storage.fetch([f"{shop}/image.jpg"]) == [(IMAGE, '"v1"')]
    assert storage.versions([f"{shop}/image.jpg", f"{shop}/status/404"]) == ['"v1"', None]
    assert storage.read(f"{shop}/hop/{web.MOST_REDIRECTS - 1}") == IMAGE
    assert storage.read(f"{shop}/flaky") == IMAGE, "a passing failure passes"
    assert storage.read(f"{shop}/a b%20ü.jpg") == IMAGE
    assert storage.exists(f"{shop}/image.jpg")
    with storage.open(f"{shop}/image.jpg") as file:
        assert file.read(2) == IMAGE[:2]


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("status/404", "not_found", "nothing at"),
        ("status/403", "access_denied", "is forbidden"),
        ("status/418", "web_error", "the status 418"),
        ("status/503", "unreachable", r"\(status 503\), tried 2 times"),
        ("hop/9", "too_many_redirects", "more than 3 times"),
        ("to/plain", "address_refused", "not plain https"),
        ("to/metadata", "address_refused", "169.254.169.254, no public address"),
        ("short", "unreachable", "it ended early|IncompleteRead"),
        ("image.jpg?secret=1", "too_many_bytes", "the limit is 100"),
        ("endless", "too_many_bytes", "the limit is"),
    ],
)
def test_what_goes_wrong_is_a_fault_of_its_kind(shop: str, path: str, kind: str, words: str) -> None:
    fault = _fault(_storage(shop), f"{shop}/{path}", 100 if "secret" in path else 10**6)
    assert fault.kind == kind
    assert re.search(words, fault.message), fault.message
    assert "secret" not in fault.message


def test_a_server_that_drips_is_left_when_its_time_is_over(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes well within the time of one wait."""
    monkeypatch.setattr(web, "MOST_SECONDS", 0.4)
    assert _fault(_storage(shop, attempts=1), f"{shop}/drip").kind == "unreachable"


def test_who_is_not_there_or_not_trusted_is_told(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"https://localhost:{free.getsockname()[1]}"
    assert _fault(_storage(gone), f"{gone}/a.jpg").kind == "unreachable"
    monkeypatch.delenv("SSL_CERT_FILE")
    fault = _fault(_storage(shop), f"{shop}/image.jpg")
    assert (fault.kind, "certificate is not trusted" in fault.message) == ("web_error", True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "198.18.0.1", "240.0.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not web.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14"])
def test_public_addresses_are_not(address: str) -> None:
    assert web.is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f000001", "[::1]"])
def test_this_machine_is_refused_however_it_is_written(served: tuple[str, Path], host: str) -> None:
    uri = f"https://{host}:{served[0].rpartition(':')[2]}/image.jpg"
    _Handler.asked.clear()
    assert _fault(_storage("https://"), uri).kind in ("address_refused", "unreachable")
    assert not _Handler.asked


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to a public address first and to a private one then: it is resolved once, and the
    connection goes to what was looked at."""
    lookups: list[Any] = []
    connected: list[str] = []
    resolve, connect = socket.getaddrinfo, socket.create_connection

    def rebinding(host: Any, *arguments: Any, **more: Any) -> Any:
        if host != "rebind.example":
            return resolve(host, *arguments, **more)
        lookups.append(host)
        return resolve("93.184.215.14" if len(lookups) == 1 else "10.0.0.1", *arguments, **more)

    def recording(address: tuple[str, int], *arguments: Any, **more: Any) -> socket.socket:
        connected.append(address[0])
        return connect(("127.0.0.1", address[1]), *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", recording)
    uri = f"https://rebind.example:{shop.rpartition(':')[2]}/image.jpg"
    fault = _fault(_storage(uri, attempts=1), uri)
    assert "certificate" in fault.message, "it got as far as the handshake, with that name"
    assert (lookups, connected) == (["rebind.example"], ["93.184.215.14"])
    assert _fault(_storage(uri, attempts=1), uri).kind == "address_refused"
    assert connected == ["93.184.215.14"], "the private one is never asked"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("https://cdn.example/shop/a.jpg", True),
        ("https://cdn.example/shop/a.jpg?w=800&sig=x/y", True),
        ("https://cdn.example/shops/a.jpg", False),
        ("https://cdn.example/shop/../a.jpg", False),
        ("https://cdn.example/shop/%2e%2e/a.jpg", False),
        ("https://cdn.example/shop/%2e%2e%2fa.jpg", False),
        ("https://cdn.example/shop/..%5ca.jpg", False),
        ("https://cdn.example@evil.example/shop/a.jpg", False),
        ("https://cdn.example.evil/shop/a.jpg", False),
        ("http://cdn.example/shop/a.jpg", False),
        ("//cdn.example/shop/a.jpg", False),
    ],
)
def test_prefixes_say_which_addresses_a_manifest_may_name(path: str, allowed: bool) -> None:
    prefixes = ("https://cdn.example/shop", "s3://other")
    if allowed:
        assert join_allowed("s3://shop/m", prefixes, path) == path
        return
    with pytest.raises(ValueError, match=r"web address|without its scheme"):
        join_allowed("s3://shop/m", prefixes, path)


def test_nothing_is_written_or_listed_there_and_no_other_address_is_read(shop: str) -> None:
    storage = _storage(shop)
    for act in (lambda: storage.write(f"{shop}/a", b""), lambda: storage.list(shop), lambda: storage.check(shop)):
        with pytest.raises(StorageError, match="read only"):
            act()
    with pytest.raises(StorageError, match="is a web address"):
        Storage().read(f"{shop}/image.jpg")


@pytest.mark.slow
def test_a_night_reads_photos_of_the_web_and_its_faults_are_dead_letters(shop: str, tmp_path: Path) -> None:
    paths = ["image.jpg", "status/404", "to/metadata", "hop/9", "status/503", "hop/1"]
    products = [{"product_id": f"v{i}", "image": f"{shop}/{path}", "title": "Kettle"} for i, path in enumerate(paths)]
    products.append({"product_id": "else", "image": "https://elsewhere.example/a.jpg", "title": "Kettle"})
    manifest, output = write_manifest(tmp_path, products), str(tmp_path / "out")
    config = SETTINGS.model_copy(
        update={
            "input": SETTINGS.input.model_copy(update={"allowed_prefixes": (shop,)}),
            "storage": SETTINGS.storage.model_copy(update={"attempts": 2}),
        }
    )
    summary = night(manifest, output, config=config)
    assert sorted(row["product_id"] for row in published(output)) == ["v0", "v5"]
    faults = {row["product_id"]: row["kind"] for row in dead(output, summary["run_id"])}
    assert faults == {
        "v1": "not_found", "v2": "address_refused", "v3": "too_many_redirects", "v4": "unreachable", "else": "bad_path",
    }  # fmt: skip
    assert night(manifest, output, config=config)["computed"] in range(5), "what has not changed is not laid out again"
