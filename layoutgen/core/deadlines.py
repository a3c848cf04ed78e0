"""Until when a run works, as people write it: a time of day, or a moment."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from layoutgen.core.errors import Refusal

_FORM = "give a time of day such as 06:00, 06:00+08:00 or '06:00 Asia/Shanghai', or a moment such as 2026-12-01T06:00Z"
_TEXT = re.compile(
    r"(?:(?P<day>\d{4}-\d\d-\d\d)[T ])?(?P<time>\d\d:\d\d(?::\d\d)?)\s?(?P<offset>Z|[+-]\d\d:?\d\d)?"
    r"(?: (?P<zone>[A-Za-z]\S*))?"
)
PASSED = timedelta(hours=12)
"""How long after its time of day a run that was cut off is still held to it: a later start means the next one."""


def moment(text: str, now: datetime) -> datetime:
    """The moment, in UTC, that a text names; of a time of day the next one after `now`. Without a zone it is this
    machine's. Raises Refusal where it can't be read."""
    parts = _TEXT.fullmatch(text.strip())
    if parts is None or (parts["offset"] and parts["zone"]):
        raise Refusal(f"--until {text!r} is no time; {_FORM}")
    zone = _zone(text, parts["offset"], parts["zone"])
    try:
        clock = time.fromisoformat(parts["time"])
        if parts["day"]:
            return _at(datetime.fromisoformat(parts["day"]), clock, zone)
    except ValueError as error:
        raise Refusal(f"--until {text!r}: {error}; {_FORM}") from None
    today = now.astimezone(zone)
    days = (today + timedelta(days=ahead) for ahead in (-1, 0, 1, 2))
    return next(at for at in (_at(day, clock, zone) for day in days) if at > now)


def of_resumed(text: str, planned: datetime, now: datetime) -> datetime:
    """The moment of a run that goes on and was planned until `planned`: the same, but of a time of day that passed more
    than `PASSED` ago, as on the night after, the next one."""
    parts = _TEXT.fullmatch(text.strip())
    is_fixed = parts is not None and parts["day"] is not None
    return planned if is_fixed or now - planned < PASSED else moment(text, now)


def _zone(text: str, offset: str | None, name: str | None) -> tzinfo | None:
    if offset:
        return datetime.fromisoformat(f"2000-01-01T00:00{offset}").tzinfo
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal(f"--until {text!r}: no time zone is called {name!r}; {_FORM}") from None


def _at(day: datetime, clock: time, zone: tzinfo | None) -> datetime:
    return datetime.combine(day.date(), clock, zone).astimezone(UTC)
