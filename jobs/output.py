"""What a job says and how it ends, also where nobody listens any more (`| head`): the exit code stays the job's. And
its command line's beginning, and its settings, which `--config` may name on storage too."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO, TypeVar

from layoutgen import console
from layoutgen.config.base import ConfigError, Settings, load, parse
from layoutgen.core.errors import JobError
from layoutgen.io.storage import Storage, StorageError

Config = TypeVar("Config", bound=Settings)


class _LogFormat(argparse.Action):
    """Takes effect as soon as it is read, so that what is wrong with the rest is said in that form, too."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *given: object) -> None:
        os.environ[console.FORMAT] = str(given[0])
        console.set_up()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with what is wrong with the command line."""
        if console.is_json():
            _refuse(self.prog, message, 2)
            self.exit(2)
        super().error(message)


def command_line(name: str, doc: str | None) -> argparse.ArgumentParser:
    """A command line, `python -m jobs.NAME`, with what all jobs understand; `doc` is its help."""
    arguments = _Parser(
        prog=f"python -m jobs.{name}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "--log-format",
        choices=["text", "json"],
        action=_LogFormat,
        help=f"form of the lines on standard error (default: {console.FORMAT} of the environment, else text)",
    )
    return arguments


def _refuse(name: str, message: str, code: int) -> None:
    """Say on standard error why a job can't be done."""
    if console.is_json():
        logging.getLogger("layoutgen").error("%s", message, extra={"job": name, "exit_code": code})
    else:
        say(f"{name}: {message}", sys.stderr)


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line, by default of the result. Who closed the pipe early has all that they wanted."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        _close(stream)


@dataclass
class Outcome:
    """How a job ended: its exit code."""

    code: int = 0


@contextmanager
def reported(name: str, *refusals: type[Exception]) -> Iterator[Outcome]:
    """Do a job's work inside. Where it can't be done, standard error gets the sentence that says why, and the outcome
    the exit code of the exception: 1 for a `Stop`, 2 for any other `JobError` and for `refusals`."""
    outcome = Outcome()
    ends: tuple[type[Exception], ...] = (JobError, *refusals)
    try:
        yield outcome
    except ends as error:
        outcome.code = error.exit_code if isinstance(error, JobError) else 2
        _refuse(name, str(error), outcome.code)


def end(main: Callable[[], int]) -> NoReturn:
    """Run a job with its logging and end the process with its exit code; what is left in a broken pipe (`--help |
    head`) is no fault."""
    console.set_up()
    try:
        code: int | str | None = main()
    except SystemExit as ended:
        code = ended.code
    except BrokenPipeError:  # argparse writes help at once where PYTHONUNBUFFERED is set, as images of containers do
        if not {"-h", "--help"} & {*sys.argv}:
            raise
        code = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            _close(stream)
    sys.exit(code)


def _close(stream: TextIO) -> None:
    """Let a stream end in nothing: at its end Python writes what is left, and would complain of the broken pipe."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def settings(kind: type[Config], where: str | Path) -> Config:
    """A job's settings from a TOML file, a local one or one on storage, whose endpoint the environment names. Raises
    ConfigError."""
    if not str(where).startswith(("s3://", "file://")):
        return load(kind, where)
    try:
        data = Storage().read(str(where))
    except StorageError as error:
        raise ConfigError(f"--config {where} can't be read: {error}") from None
    return parse(kind, data, str(where))
