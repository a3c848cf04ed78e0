"""Pools that the settings give and a run does not read, since its stages share actors (`run.pools = "auto"`)."""

import logging
from collections.abc import Iterator, Sequence

from layoutgen.config.base import Pool, Settings
from layoutgen.streaming import Step

log = logging.getLogger("layoutgen")


def unread(settings: Settings, steps: Sequence[Step], arranged: Sequence[Step]) -> list[str]:
    """The keys of such pools, such as "place.pool", which the log says; `steps` as the settings have them, `arranged`
    as they are run."""
    shared = {part for step in arranged if not step.is_alone for part in step.parts}
    pools = [step.pool for step in steps if step.name in shared]
    keys = [key for key, pool in _given(settings) if any(pool is shared_pool for shared_pool in pools)]
    if keys:
        log.warning(
            "%s %s not read: with run.pools = 'auto' these stages share actors, one a CPU; set run.pools = 'given' to "
            "have the pools that the settings give",
            ", ".join(keys),
            "is" if len(keys) == 1 else "are",
        )
    return keys


def _given(settings: Settings, section: str = "") -> Iterator[tuple[str, Pool]]:
    """The pools that somebody wrote down, with their keys: no defaults, nor those that a job handed over from other
    settings, which have every field."""
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, Pool):
            if value.model_fields_set < set(Pool.model_fields):
                yield f"{section}{name}", value
        elif isinstance(value, Settings):
            yield from _given(value, f"{section}{name}.")
