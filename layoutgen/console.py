"""What an operator reads on standard error: the project's own lines, each with its time, and faults. What Ray and the
libraries say of their own plan stays in the logs of Ray's session.

With `LAYOUTGEN_LOG_FORMAT=json` in the environment each line is a JSON object, for programs that collect logs.
"""

import io
import json
import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime
from typing import TextIO, cast

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LIBRARIES = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
"""Read by the libraries when they are imported; who sets one of them is heard."""
_RAY = ("ray", "ray.data", "ray.train")


FORMAT = "LAYOUTGEN_LOG_FORMAT"
"""The environment's variable for the form of lines: text or json."""


MORE = ("job", "exit_code", "run_id", "table")
"""What records may have besides, as logging's `extra`."""


class _Json(logging.Formatter):
    """A record as a line of JSON: `time` (UTC), `level`, `logger`, `message`, `host`, `process`, what it has of `MORE`,
    and `error` where there was an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "host": socket.gethostname(),
            "process": record.process,
        }
        line |= {name: vars(record)[name] for name in MORE if name in vars(record)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Console(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def is_json() -> bool:
    """Whether lines are JSON."""
    return os.environ.get(FORMAT) == "json"


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
        root.addHandler(_Console())
    text = logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")
    for handler in root.handlers:
        if isinstance(handler, _Console):
            handler.setFormatter(_Json() if is_json() else text)
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


class _Lines(io.TextIOBase):
    """What is printed, as records."""

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        """Take over whole lines, and keep the rest until it is one."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in map(_COLOURS.sub, ("",) * len(lines), lines):
            if line.strip():
                logging.getLogger("layoutgen.ray").warning("%s", line)
        return len(text)


def for_prints() -> TextIO:
    """Where to let others print: standard error, by way of the log where its lines are JSON."""
    return cast(TextIO, _Lines()) if is_json() else sys.stderr


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
