"""The refiner's training: what it learns from, and that it goes on where it stopped."""

import json

import pytest
import torch

from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.models.refiners.inputs import UNKNOWN
from layoutgen.models.refiners.network import BoxRefiner
from layoutgen.models.refiners.refiner import Refiner
from layoutgen.training.data import stored
from layoutgen.training.data.sample import Task
from layoutgen.training.refiner.__main__ import Training, loss, overlap, train
from layoutgen.training.refiner.hints import LEVELS, chosen, hinted, in_part, layouts, moved_by, turned

BOXES = ((0.1, 0.1, 0.6, 0.2), (0.1, 0.25, 0.4, 0.3), (0.1, 0.35, 0.5, 0.4), (0.1, 0.5, 0.3, 0.56))
ROLES = (Role.TITLE, Role.SELLING_POINT, Role.SELLING_POINT, Role.PRICE)
TEXTS = ("Kettle", "1.5 l", "Silent", "$12")


def task(number, elements=4):
    shift = number / 50
    target = tuple(
        Suggestion(role, (box[0] + shift, box[1], box[2] + shift, box[3]), text)
        for role, box, text in zip(ROLES[:elements], BOXES, TEXTS, strict=False)
    )
    return Task(None, Framing(), Canvas(900, 1200), Copy("Kettle", TEXTS[1:elements]), target)


def whole():
    return layouts([task(number, 2 + number % 3) for number in range(12)])


def stored_file(path):
    """A data set with twelve layouts to learn and three to validate by."""
    out = []
    for number in range(15):
        one = task(number)
        answer = [
            {"role": e.role.value, "text": e.text, "box": [round(1000 * side) for side in e.box]} for e in one.target
        ]
        out.append(
            {
                "split": "train" if number < 12 else "validation",
                "key": str(number),
                "product_id": str(number),
                "system": "",
                "user": "",
                "answer": json.dumps(answer),
                "rejected": None,
                "picture": torch.zeros(8, 6, 3).byte().numpy(),
                "canvas_width": 900,
                "canvas_height": 1200,
                "title": "Kettle",
                "selling_points": [*TEXTS[1:]],
                "brand": None,
                "logo": None,
                "language": None,
                "logo_aspect": None,
                "subject": None,
            }
        )
    stored.write(path, out)
    return str(path)


def test_hints_are_boxes_near_the_truth_with_a_level_for_each_edge():
    layout = whole()
    for seed in range(5):
        hints = hinted(layout, torch.Generator().manual_seed(seed), 1.0)
        assert ((hints.ltrb[..., 2:] > hints.ltrb[..., :2]).all(-1) | ~layout.there).all()
        assert (hints.ltrb.min(), hints.ltrb.max()) >= (0, 0)
        known = hints.levels[layout.there] < UNKNOWN
        assert known.any()
        off = ((hints.ltrb - layout.ltrb).abs() / hints.levels)[layout.there][known]
        assert off.max() < 15
        assert hints.levels[layout.there][known].max() < 2.5 * LEVELS[1]
    early = hinted(layout, torch.Generator().manual_seed(0), 0.0).levels
    assert early[early < UNKNOWN].max() < 0.04, "the noise rises with the training"


def test_elements_known_in_part_hide_from_one_to_three_of_place_and_size():
    hints = whole()._replace(levels=torch.full_like(whole().ltrb, 0.002))
    parts = in_part(hints, torch.Generator().manual_seed(1), torch.ones(1, 1, 1))
    unknown = (parts.levels == UNKNOWN)[hints.there]
    assert unknown.any(-1).all()
    assert not unknown.all(-1).all()
    kept = parts.ltrb[hints.there][~unknown]
    assert torch.equal(kept, hints.ltrb[hints.there][~unknown])


def test_layouts_are_mirrored_and_moved_as_a_whole():
    layout = whole()
    moved = turned(layout, torch.Generator().manual_seed(2))
    sizes = [(each.ltrb[..., 2:] - each.ltrb[..., :2])[layout.there] for each in (layout, moved)]
    assert torch.allclose(*sizes, atol=1e-6)
    assert (moved.ltrb[layout.there] >= -1e-6).all()
    assert (moved.ltrb[layout.there] <= 1 + 1e-6).all()
    assert chosen(layout, torch.tensor([0, 3])).ltrb.shape == (2, 2, 4), "no wider than they need"


def test_the_loss_is_lowest_where_hints_are_set_right():
    layout = whole()
    hints = moved_by(layout, 0.01, torch.Generator().manual_seed(3))
    found = BoxRefiner()(hints)
    right = found._replace(ltrb=layout.ltrb)
    assert loss(right, hints, layout) < loss(found, hints, layout)
    assert overlap(layout.ltrb, layout.ltrb)[layout.there].min() == pytest.approx(1.0)


def test_a_training_that_was_interrupted_gives_the_same_weights(tmp_path, monkeypatch):
    data = stored_file(tmp_path / "data.arrow")
    card = train(data, tmp_path / "whole", seed=1, steps=4, every=2)
    step = Training.step

    def until_the_third(self, learnt):
        if self.done == 2:
            raise KeyboardInterrupt
        return step(self, learnt)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Training, "step", until_the_third)
        train(data, tmp_path / "parts", seed=1, steps=4, every=2)
    resumed = train(data, tmp_path / "parts", seed=1, steps=4, every=2, resume=True)
    assert resumed["sha256"] == card["sha256"]
    assert json.loads((tmp_path / "parts" / "refiner.json").read_text("utf-8"))["sha256"] == card["sha256"]
    Refiner((tmp_path / "whole" / "refiner.safetensors").read_bytes())


def test_what_is_made_smaller_can_be():
    """A batch of hints learnt by heart."""
    layout = whole()
    hints = moved_by(layout, 0.03, torch.Generator().manual_seed(4))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = BoxRefiner()
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    lost = []
    for _ in range(40):
        value = loss(network(hints), hints, layout)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        lost.append(value.item())
    assert lost[-1] < 0.7 * lost[0]
