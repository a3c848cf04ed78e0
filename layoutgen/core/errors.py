"""How work ends that can't be done: an exception that a job says in one sentence, with its exit code."""

from typing import ClassVar


class JobError(Exception):
    """What ends a job with a sentence; the machine's own (storage, cluster) are of this kind alone."""

    exit_code: ClassVar[int] = 2


class Refusal(JobError, ValueError):  # noqa: N818 it may be no error of the program
    """Nothing was done: what was asked for, or what it was asked of, can't be used."""


class AbsentError(Refusal, FileNotFoundError):
    """A file or folder that is asked for, such as a model's weights, is not there or can't be read."""


class Partial(JobError):  # noqa: N818 as above
    """The work is done and published but for a part, which is left for the next run."""

    exit_code = 4  # 3 is cluster/outcome.py's


class Stop(JobError, RuntimeError):  # noqa: N818 as above
    """The work was begun, and its result must not be published."""

    exit_code = 1
