"""A time of day is the next one in its zone, a moment is itself, and what is neither is refused with what to write."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import deadlines
from layoutgen.core.errors import Refusal

NOW = datetime(2026, 11, 30, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("06:00Z", datetime(2026, 12, 1, 6)),
        ("22:15Z", datetime(2026, 12, 1, 22, 15)),
        ("22:16+00:00", datetime(2026, 11, 30, 22, 16)),
        ("06:00+08:00", datetime(2026, 12, 1, 22) - timedelta(days=1) + timedelta(hours=24)),
        ("06:30 Asia/Shanghai", datetime(2026, 11, 30, 22, 30)),
        ("06:00 America/New_York", datetime(2026, 12, 1, 11)),
        ("2026-12-01T06:00+08:00", datetime(2026, 11, 30, 22)),
        ("2026-12-01 06:00 Asia/Shanghai", datetime(2026, 11, 30, 22)),
        ("2027-07-01T06:00:30 Europe/Berlin", datetime(2027, 7, 1, 4, 0, 30)),
    ],
)
def test_a_time_is_a_moment_in_utc(text: str, wanted: datetime) -> None:
    assert deadlines.moment(text, NOW) == wanted.replace(tzinfo=UTC)


def test_the_night_on_which_clocks_go_forward_has_its_own_length() -> None:
    evening = datetime(2027, 3, 27, 22, 0, tzinfo=UTC)
    assert deadlines.moment("06:00 Europe/Berlin", evening) == datetime(2027, 3, 28, 4, 0, tzinfo=UTC)


@given(st.times(), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_a_time_of_day_is_ahead_by_a_day_at_most(clock, now) -> None:  # type: ignore[no-untyped-def]  # of hypothesis
    at = deadlines.moment(f"{clock:%H:%M} Asia/Shanghai", now)
    assert timedelta(0) < at - now <= timedelta(days=1)


@pytest.mark.parametrize(
    "text", ["", "6", "6:00", "24:00", "06:61", "06:00 Mars/Olympus", "06:00+08:00 UTC", "2026-13-01T06:00", "morning"]
)
def test_what_is_no_time_is_refused_with_a_form(text: str) -> None:
    with pytest.raises(Refusal, match="give a time of day such as 06:00"):
        deadlines.moment(text, NOW)


def test_a_run_that_goes_on_keeps_its_deadline_but_not_yesterdays() -> None:
    planned = datetime(2026, 12, 1, 6, tzinfo=UTC)
    for now in (planned - timedelta(hours=9), planned + timedelta(minutes=5)):
        assert deadlines.of_resumed("06:00Z", planned, now) == planned
    assert deadlines.of_resumed("06:00Z", planned, planned + timedelta(hours=16)) == planned + timedelta(days=1)
    assert deadlines.of_resumed("2026-12-01T06:00Z", planned, planned + timedelta(days=3)) == planned
