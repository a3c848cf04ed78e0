"""The timeline of a run, from records of tasks as Ray lists them."""

from tests.rehearsal import timeline


def _task(pool, began, ended, *, call="submit", state="FINISHED"):
    name = f"MapWorker(MapBatches({pool})).{call}"
    times = {"start_time_ms": 1000 + began, "end_time_ms": 1000 + ended if ended else None}
    return {"name": name, "actor_id": f"{pool}-actor", "node_id": "n", "state": state, **times}


TASKS = [
    _task("Load", 0, 2000),
    _task("Load", 1000, 3000),
    _task("Place", 3000, 4000, state="FAILED"),
    _task("Place", 5000, 10_000),
    _task("Place", 9000, None),
    _task("Place", -900, 100, call="__init__"),
]


def test_a_table_is_work_and_an_actors_birth_is_none():
    work = timeline.read(TASKS)
    assert [(part.pool, part.began_s, part.ended_s, part.lost) for part in work] == [
        ("load", 0.0, 2.0, False),
        ("load", 1.0, 3.0, False),
        ("place", 3.0, 4.0, True),
        ("place", 5.0, 10.0, False),
    ]


def test_time_in_which_an_actor_has_two_tables_counts_once():
    pools = timeline.shares(timeline.read(TASKS))
    assert pools["load"] == {"tables": 2, "actors": 1, "busy_s": 3.0, "idle": 0.7}
    assert pools["place"] == {"tables": 2, "actors": 1, "busy_s": 6.0, "idle": 0.4}


def test_a_picture_has_a_lane_for_each_actor():
    assert timeline.draw(timeline.read(TASKS), "night").height == timeline.draw([], "night").height + 2 * timeline._LANE
