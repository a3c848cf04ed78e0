"""What Ray's text of a worker's end is read back to."""

import pytest

from layoutgen.io.storage import StorageError
from layoutgen.io.tables.lease import LeaseError
from layoutgen.streaming import cause, raised

KINDS = {"StorageError": StorageError, "LeaseError": LeaseError}
TEXT = """ray::Write() (pid=7, ip=10.0.0.1)
  File "write.py", line 3, in write
OSError: [Errno 5] Input/output error

During handling of the above exception, another exception occurred:

layoutgen.io.objects.locations.StorageError: s3://shop can't be reached
layoutgen.io.tables.lease.LeaseError: the table was taken over
"""


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (TEXT, LeaseError, "the table was taken over"),
        (TEXT.rpartition("layoutgen.")[0], StorageError, "s3://shop can't be reached"),
    ],
)
def test_the_last_of_our_own_is_what_ended_a_worker(text: str, kind: type[Exception], message: str) -> None:
    fault = cause(RuntimeError(text), KINDS)
    assert (type(fault), str(fault)) == (kind, message)


def test_a_bug_is_no_fault_of_the_machine_and_can_be_named() -> None:
    error = RuntimeError("Traceback:\nValueError: 3 is no box")
    assert cause(error, KINDS) is None
    assert raised(error) == [("ValueError", "3 is no box")]
