"""What an operator reads on standard error: the project's own lines, each with its time, and faults. What Ray and the
libraries say of their own plan stays in the logs of Ray's session."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import TextIO

_LIBRARIES = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
"""Read by the libraries when they are imported; who sets one of them is heard."""
_RAY = ("ray", "ray.data", "ray.train")


class _Console(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def set_up() -> None:
    """Set up the logging of a job or of one of its workers, whatever Ray has set up there before. Handlers that write
    to files of Ray's session stay; those that write to the console make room for one."""
    for name, value in _LIBRARIES.items():
        os.environ.setdefault(name, value)
    root = logging.getLogger()
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler or handler.get_name() == "console":
            root.removeHandler(handler)
    if not any(isinstance(handler, _Console) for handler in root.handlers):
        handler = _Console()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("layoutgen").setLevel(logging.INFO)
    for logger in map(logging.getLogger, _RAY):
        for handler in list(logger.handlers):
            if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
                logger.removeHandler(handler)
    ray = logging.getLogger("ray")
    ray.setLevel(logging.ERROR)
    ray.propagate = True
    logging.getLogger("DeepSpeed").addFilter(_is_error)  # a filter: it sets its level itself when it is imported


@contextmanager
def without_native_lines() -> Iterator[None]:
    """Let nobody hear what libraries in C++ write to the process's standard error, past Python: Ray's have the same
    lines in the logs of its session. What Python writes is heard."""
    sys.stderr.flush()
    console, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        with open(console, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False) as ours:
            is_native = _number(sys.stderr) == 2  # a test's is not
            os.dup2(nothing, 2)
            with redirect_stderr(ours if is_native else sys.stderr):
                yield
    finally:
        os.dup2(console, 2)
        os.close(console)
        os.close(nothing)


def _number(stream: object) -> int | None:
    """The descriptor that a stream writes to; None where it has none."""
    try:
        return int(stream.fileno())  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return None
