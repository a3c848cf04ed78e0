"""Commands in processes forked off one that has imported what they need: importing takes longer than a small night.

A forked process answers what tests ask of a `subprocess.Popen`.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path


def forking(imports: list[str]) -> ForkServerContext:
    """Forks off a process that has imported these modules. There is one such process at a time, and the one that runs
    takes no wishes: one with other modules ends first."""
    server = forkserver._forkserver
    if server._preload_modules != imports:
        server._stop()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(imports)
    return context


class Forked:
    """`python -m MODULE ARGUMENTS` in an environment: its standard output goes to `out`, its errors are added to `log`.

    `imports` are the modules that the process is to have imported, from which all others of this one are forked."""

    def __init__(
        self, module: str, arguments: list[str], environment: dict[str, str], out: Path, log: Path, imports: list[str]
    ) -> None:
        self._module, self._out = module, out
        asked = (module, arguments, environment, out, log)
        self._process = forking([__name__, *imports]).Process(target=_work, args=asked)
        self._process.start()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, minus a signal's number where one ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Look whether it has ended."""
        return self._process.exitcode

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Wait for its end; return its standard output. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.is_alive():
            raise subprocess.TimeoutExpired(self._module, timeout or 0)
        return self._out.read_text() if self._out.exists() else "", None


def _work(module: str, arguments: list[str], environment: dict[str, str], out: Path, log: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for path, descriptor, flags in ((out, 1, os.O_TRUNC), (log, 2, os.O_APPEND)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644), descriptor)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
