"""Which pool worked when, drawn as a picture: a lane an actor, a bar a table that it worked on."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_POOL = re.compile(r"MapBatches\((\w+)\)\)\.submit")
_WIDTH, _LANE, _LEFT, _TOP = 1400, 22, 190, 40
_COLOURS = ("#3b6ea5", "#c8553d", "#5b8e55", "#8a5a9e", "#c79a2b", "#4a9a9a", "#a05a6c", "#6b6b6b")


@dataclass(frozen=True)
class Work:
    """An actor's work on a table, in seconds since the first of all began; `lost` where its node died over it."""

    pool: str
    actor: str
    node: str
    began_s: float
    ended_s: float
    lost: bool = False


def read(tasks: Iterable[Mapping[str, Any]]) -> list[Work]:
    """The work of a job's pools from Ray's record of its tasks; what never ended is left out."""
    ended = [task for task in tasks if all(task.get(name) for name in ("actor_id", "start_time_ms", "end_time_ms"))]
    pools = [(match[1].lower(), task) for task in ended if (match := _POOL.search(task["name"]))]
    first = min((task["start_time_ms"] for _, task in pools), default=0)
    work = [
        Work(
            *(pool, task["actor_id"], task["node_id"]),
            *((task[end] - first) / 1000 for end in ("start_time_ms", "end_time_ms")),
            lost=task["state"] != "FINISHED",
        )
        for pool, task in pools
    ]
    return sorted(work, key=lambda part: part.began_s)


def shares(work: Sequence[Work]) -> dict[str, dict[str, float]]:
    """For each pool: tables worked on, actors that worked, seconds busy, and the share of the run's time in which its
    actors were idle."""
    total = max((part.ended_s for part in work), default=0.0)
    by_pool = defaultdict(list)
    for part in work:
        by_pool[part.pool].append(part)
    pools = {}
    for pool, parts in by_pool.items():
        actors = {part.actor for part in parts}
        busy = sum(_busy([part for part in parts if part.actor == actor]) for actor in actors)
        pools[pool] = {
            "tables": len(parts),
            "actors": len(actors),
            "busy_s": round(busy, 1),
            "idle": round(1 - busy / (len(actors) * total), 3) if total else 0.0,
        }
    return pools


def _busy(parts: Sequence[Work]) -> float:
    """Seconds in which an actor worked: it may take the next table before the last one has ended."""
    busy = until = 0.0
    for part in sorted(parts, key=lambda part: part.began_s):
        busy += max(0.0, part.ended_s - max(part.began_s, until))
        until = max(until, part.ended_s)
    return busy


def draw(work: Sequence[Work], title: str) -> Image.Image:
    """The picture: lanes by pool in the order of the data, bars coloured by node and empty where it died, and below
    them the tables in flight."""
    total = max((part.ended_s for part in work), default=1.0)
    lanes = list(dict.fromkeys((part.pool, part.actor) for part in work))
    pools = list(dict.fromkeys(pool for pool, _ in lanes))
    lanes.sort(key=lambda lane: pools.index(lane[0]))
    nodes = list(dict.fromkeys(part.node for part in work))
    bottom = _TOP + _LANE * len(lanes)
    picture = Image.new("RGB", (_WIDTH, bottom + 150), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(13)

    def across(seconds: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 30) * seconds / total

    pen.text(
        (12, 10),
        f"{title}: {total:.0f} s, {len(nodes)} nodes (by colour; an empty bar was lost with its node)",
        "black",
        font,
    )
    idle = shares(work)
    for number, (pool, actor) in enumerate(lanes):
        top = _TOP + _LANE * number
        if number == 0 or lanes[number - 1][0] != pool:
            pen.text((12, top + 2), f"{pool}: {idle[pool]['idle']:.0%} idle", "black", font)
            pen.line((12, top - 1, _WIDTH - 30, top - 1), "#dddddd")
        for part in work:
            if (part.pool, part.actor) == (pool, actor):
                box = (
                    across(part.began_s),
                    top + 3,
                    max(across(part.ended_s), across(part.began_s) + 1),
                    top + _LANE - 3,
                )
                colour = _COLOURS[nodes.index(part.node) % len(_COLOURS)]
                pen.rectangle(box, None if part.lost else colour, colour)
    _draw_flight(pen, font, work, pools, across, bottom)
    step = next(step for step in (1, 2, 5, 10, 20, 60, 300, 1e9) if total <= 12 * step)
    for tick in np.arange(0.0, total, step):
        pen.text((across(tick), bottom + 130), f"{tick:.0f} s", "#555555", font)
    return picture


def _draw_flight(
    pen: ImageDraw.ImageDraw, font: Any, work: Sequence[Work], pools: Sequence[str], across: Any, top: float
) -> None:
    """Tables that the first pool has begun and the last has not ended, over time."""
    changes = sorted(
        [(part.began_s, 1) for part in work if part.pool == pools[0] and not part.lost]
        + [(part.ended_s, -1) for part in work if part.pool == pools[-1] and not part.lost]
    )
    flight, before, steps = 0, 0.0, []
    for when, change in changes:
        steps.append((before, when, flight))
        flight, before = max(0, flight + change), when
    highest = max((count for *_, count in steps), default=1) or 1
    pen.text((12, top + 60), f"tables in flight, at most {highest}", "black", font)
    for begin, end, count in steps:
        pen.rectangle((across(begin), top + 120 - 100 * count / highest, across(end), top + 120), "#b9c7d6")
