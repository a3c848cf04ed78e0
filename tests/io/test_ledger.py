"""The ledger's count of drivers: one that slept does not begin work on a run that another works on."""

from pathlib import Path

import pytest

from layoutgen.io.lease import LeaseError
from layoutgen.io.ledger import Ledger
from layoutgen.io.locations import ConflictError
from layoutgen.io.storage import Storage


def test_a_driver_that_slept_before_its_first_word_does_not_stop_the_one_after_it(tmp_path: Path) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")

    def sleeps() -> None:
        assert ledger.begin_attempt(True, lambda: None) == 1  # another one, meanwhile

    with pytest.raises(ConflictError):
        ledger.begin_attempt(True, sleeps)
    assert ledger.attempt() == 1


def test_a_driver_that_lost_the_table_begins_nothing(tmp_path: Path) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")

    def lost() -> None:
        raise LeaseError("taken over")

    with pytest.raises(LeaseError):
        ledger.begin_attempt(False, lost)
    assert ledger.attempt() == 0
