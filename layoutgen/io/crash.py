"""Named points at which a process stops when told so: how the chaos tests kill whom they want, exactly where they want.

The environment's `LAYOUTGEN_CRASH` names a folder on this machine. The first process that comes to a point for which
there is a file of its name renames the file to `<name>.<pid>` and stops (SIGSTOP) until somebody lets it go on or kills
it; others pass. Without the variable a point costs one look at the environment.
"""

import contextlib
import os
import signal

from layoutgen.io.objects.local import WRITING


def crash_point(name: str) -> None:
    """Stop here where the environment says so."""
    folder = os.environ.get("LAYOUTGEN_CRASH")
    if folder:
        _stop(os.path.join(folder, name))


def _stop(wanted: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.rename(wanted, f"{wanted}.{os.getpid()}")
        with WRITING:  # stopped in mid-write it would keep all other processes from the table
            os.kill(os.getpid(), signal.SIGSTOP)
