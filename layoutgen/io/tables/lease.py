"""One writer a table: a lease with an epoch, and the swap of `CURRENT` that only its holder can make.

`OUTPUT/_lease.json` names the holder, its run, an epoch that grows with every take-over, and until when it is held;
the holder renews it at a third of that time. Another run refuses at once while it is held. One that looks expired, or
held for longer than any holder asks for, is watched for its whole time before it is taken over, so that a clock that
runs ahead takes nothing from a living holder, and a dead one's blocks nobody for long. Where the store has conditional
writes, whoever takes over rewrites `CURRENT` with the new epoch: a stale writer that wakes up holds an old version of
it, and its swap fails.

Where the store has conditional writes (`If-None-Match`, `If-Match`; local folders too) all of this is exact. Elsewhere
a writer writes, waits, and reads back: two runs that start within `SETTLE_S` of each other are told apart by the last
to write, and a stale writer is stopped by reading the lease just before it publishes, not in the same instant.
"""

import json
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from layoutgen.core.errors import Stop
from layoutgen.io.objects.locations import ConflictError, StorageError
from layoutgen.io.storage import Storage

log = logging.getLogger("layoutgen")

SETTLE_S = 1.0


class LeaseError(Stop):
    """Another run holds the table, or has taken it; the message names it."""


class HeldError(LeaseError):
    """The table could not be had in the first place: nothing was done."""

    exit_code = 2


@dataclass(frozen=True)
class Current:
    """What `CURRENT` says: the published run (None for none), the epoch of its writer, and the object's version."""

    run_id: str | None
    epoch: int
    version: str | None


def read_current(storage: Storage, root: str) -> Current:
    """Read `CURRENT`; a table without one has published nothing."""
    stored = storage.read_version(f"{root.rstrip('/')}/CURRENT")
    if stored is None:
        return Current(None, 0, None)
    run_id, _, epoch = stored[0].decode().partition("\n")
    return Current(run_id.strip() or None, int(epoch.split()[-1]) if epoch.split() else 0, stored[1])


class Lease:
    """The right to write a table, held and renewed until `release` or the end of the `with` block."""

    def __init__(self, storage: Storage, root: str, seconds: float, conditional: bool) -> None:
        self._storage, self._root, self._seconds, self._conditional = storage, root.rstrip("/"), seconds, conditional
        self._uri = f"{self._root}/_lease.json"
        self._nonce = secrets.token_hex(8)
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._version: str | None = None
        self.run_id = ""
        self.epoch = 0
        self.last_run: str | None = None
        self.current = Current(None, 0, None)

    def acquire(self) -> None:
        """Take the lease. Raises HeldError at once where another run holds it. Afterwards `last_run` is the run that
        held it before, `current` what CURRENT says."""
        try:
            self._take()
        except LeaseError as error:
            raise HeldError(str(error)) from None
        threading.Thread(target=self._renew, daemon=True).start()

    def _take(self) -> None:
        stored = self._storage.read_version(self._uri)
        if stored is not None:
            held = json.loads(stored[0])
            self.last_run, self.epoch = held["run_id"] or None, held["epoch"]
            if held["holder"]:
                self._wait_out(held, stored[1])
            self._version = stored[1]
        self.epoch += 1
        try:
            self._write(self._holder, is_ours=False)
        except LeaseError:
            raise LeaseError(f"another run took {self._root} at this moment; try again when it is done") from None
        if not self._conditional:
            time.sleep(SETTLE_S)
            self._confirm()
        self._fence()

    def name(self, run_id: str) -> None:
        """Write into the lease which run it is for. Raises LeaseError where the lease was lost."""
        self.run_id = run_id
        with self._lock:
            self._write(self._holder)

    def publish(self, run_id: str) -> None:
        """Swap CURRENT to a run. Raises LeaseError where the lease was lost."""
        with self._lock:
            self._confirm()
            self._swap(run_id)

    def confirm(self) -> None:
        """Raises LeaseError where another run has taken the table over."""
        self._confirm()

    def holds(self) -> bool:
        """Tell whether the table is still ours, as far as that can be told now."""
        try:
            self._confirm()
        except LeaseError:
            return False
        except StorageError:
            return True
        return True

    def release(self) -> None:
        """Give the lease back, if it is still ours; where that can't be done it runs out by itself."""
        self._over.set()
        with self._lock:
            try:
                self._write("")
            except LeaseError:
                return
            except StorageError as error:
                log.warning("the lease of %s can't be given back and runs out by itself: %s", self._root, error)

    def __enter__(self) -> "Lease":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _wait_out(self, held: dict[str, Any], version: str) -> None:
        """Return where the holder is gone; raise where it lives."""
        who = f"{self._root} is being written by run {held['run_id'] or '(starting)'} of {held['holder']}"
        host, _, pid = held["holder"].rpartition(":")
        if host == socket.gethostname() and held["boot"] == _boot() and not _alive(int(pid)):
            return
        if time.time() < held["until"] <= time.time() + 2 * held["seconds"]:
            raise LeaseError(f"{who}; wait for it, or stop it")
        log.info("%s, or was: its lease looks forgotten; watching it for %g s", who, held["seconds"])
        began = time.monotonic()
        while time.monotonic() - began < held["seconds"]:
            time.sleep(min(0.5, held["seconds"] / 4))
            now = self._storage.read_version(self._uri)
            if now is None or now[1] != version:
                raise LeaseError(f"{who}; wait for it, or stop it")

    def _fence(self) -> None:
        """Rewrite CURRENT with our epoch, so that the swap of a writer before us fails. Without conditions it would not
        fail, and we might undo it."""
        self.current = read_current(self._storage, self._root)
        if self._conditional and (self.epoch > 1 or self.current.version):
            self._swap(self.current.run_id)

    def _swap(self, run_id: str | None) -> None:
        uri, text = f"{self._root}/CURRENT", f"{run_id or ''}\nepoch {self.epoch}\n".encode()
        try:
            if self._conditional:
                version: str | None = self._storage.write_if(uri, text, self.current.version)
            else:
                self._storage.write(uri, text)
                version = None
        except ConflictError:
            raise LeaseError(
                f"CURRENT of {self._root} was changed by another run; this one publishes nothing"
            ) from None
        self.current = Current(run_id, self.epoch, version)

    def _confirm(self) -> str:
        """Return the lease's version; raise LeaseError where it is not ours."""
        stored = self._storage.read_version(self._uri)
        held = json.loads(stored[0]) if stored else {}
        if stored is None or held.get("nonce") != self._nonce:
            raise LeaseError(
                f"{self._root} was taken over by run {held.get('run_id')} of {held.get('holder')}; "
                "this one publishes nothing"
            )
        return stored[1]

    def _write(self, holder: str, *, is_ours: bool = True) -> None:
        """Write the lease. Without conditions, which would see to it, whose it is now is read first."""
        held = {
            "holder": holder,
            "boot": _boot(),
            "run_id": self.run_id or self.last_run or "",
            "epoch": self.epoch,
            "nonce": self._nonce,
            "seconds": self._seconds,
            "until": time.time() + self._seconds,
        }
        text = json.dumps(held).encode()
        if not self._conditional:
            if is_ours:
                self._confirm()
            self._storage.write(self._uri, text)
            return
        for _ in range(2):
            try:
                self._version = self._storage.write_if(self._uri, text, self._version)
                return
            except ConflictError:
                # Ours all the same where a write that was given up had been carried out.
                self._version = self._confirm()
        raise LeaseError(f"{self._uri} changes under our hands; see who writes it")

    def _renew(self) -> None:
        while not self._over.wait(self._seconds / 3):
            with self._lock:
                if self._over.is_set():
                    return
                try:
                    self._write(self._holder)
                except LeaseError:
                    return  # lost: `publish` will say so
                except StorageError as error:
                    log.warning("the lease of %s can't be renewed now: %s", self._root, error)


def _boot() -> str:
    """What process ids mean here: this start of this machine, and the container. "" where that can't be told."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _alive(pid: int) -> bool:
    """Tell whether a process of this host still runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not os.path.isdir("/proc/self")
