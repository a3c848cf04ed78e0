"""The log of a run in storage: lines, events, a curve; nothing twice after an interruption."""

import json
import struct
from pathlib import Path

from layoutgen.io.storage import Storage
from layoutgen.training.loop.logbook import Logbook, events


def test_a_run_that_goes_on_drops_the_lines_of_steps_it_takes_again(tmp_path: Path) -> None:
    book = Logbook(Storage(), str(tmp_path))
    for step in range(1, 6):
        book.add("step", step, loss=6.0 - step)
    book.add("validation", 5, loss=1.5)
    book.keep()
    again = Logbook(Storage(), str(tmp_path), 3)
    again.add("step", 4, loss=9.0)
    again.keep()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in lines] == [(1, 5.0), (2, 4.0), (3, 3.0), (4, 9.0)]


def test_the_curve_and_tensorboards_events_lie_beside_it(tmp_path: Path) -> None:
    book = Logbook(Storage(), str(tmp_path))
    book.add("step", 1, loss=2.0)
    book.add("validation", 1, loss=2.5)
    book.add("stopped", 1, why="no number")
    book.keep()
    curve = (tmp_path / "curve.svg").read_text()
    assert curve.startswith("<svg xmlns")
    assert "training: 2" in curve
    assert "validation: 2.5" in curve
    board = (tmp_path / "tensorboard" / "events.out.tfevents.0.layoutgen").read_bytes()
    assert b"step/loss" in board
    assert b"validation/loss" in board


def test_rewards_have_a_curve_of_their_own(tmp_path: Path) -> None:
    book = Logbook(Storage(), str(tmp_path))
    book.add("validation", 0, loss=2.5, objections=2.0, held_out=2.5)
    book.add("step", 1, loss=0.1, reward=-4.0)
    book.keep()
    curve = (tmp_path / "rewards.svg").read_text()
    assert all(text in curve for text in ("rollouts: 4", "judge: 2", "held-out: 2.5"))


def test_events_are_scalars_with_their_steps_and_times() -> None:
    from tensorboardX.proto.event_pb2 import Event

    data = events([{"kind": "step", "step": 300, "at": 2.0, "loss": 1.5, "why": "text"}])
    found = []
    while data:
        length = struct.unpack("<Q", data[:8])[0]
        found.append(Event.FromString(data[12 : 12 + length]))
        data = data[12 + length + 4 :]
    scalars = [(event.step, event.wall_time, v.tag, v.simple_value) for event in found for v in event.summary.value]
    assert scalars == [(300, 2.0, "step/loss", 1.5)]
