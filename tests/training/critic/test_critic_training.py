import json

import numpy as np
import pytest
import torch
from safetensors.torch import save

from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.models.critics.network import TEMPERATURE, Critic, network
from layoutgen.models.critics.sketch import CHANNELS, SIDE, sketch
from layoutgen.training.critic.__main__ import fit, loss, temperature, train
from layoutgen.training.critic.damages import GRADES, KINDS, damaged
from layoutgen.training.critic.pairs import examples, packed
from layoutgen.training.saliency import Net, Training, folded

GROUND = np.full((64, 64, 3), 240, np.uint8)
SUBJECT = np.zeros((64, 64), np.float32)
SUBJECT[34:60, 20:44] = 1


def text(role, box, px, **other):
    return Element(role, box, "Vase", ("Vase",), "Face", px, px, **other)


PILL = Element(Role.UNDERLAY, (0.1, 0.3, 0.42, 0.36), colour="#cc0000")
LAYOUT = [
    PILL,
    text(Role.TITLE, (0.1, 0.1, 0.6, 0.2), 100),
    text(Role.SELLING_POINT, (0.12, 0.3, 0.4, 0.36), 50, underlay=0),
    text(Role.PRICE, (0.1, 0.4, 0.3, 0.47), 60),
]


def changed(kind, grade, seed=0):
    return damaged(LAYOUT, GROUND, SUBJECT, kind, grade, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_damage_changes_a_layout_more_the_clearer_it_is_and_leaves_the_first_as_it_was(kind):
    before = list(LAYOUT)

    def far(grade):
        pairs = [
            (was, now)
            for seed in range(12)
            if (after := changed(kind, grade, seed)) is not None
            for was, now in zip(LAYOUT, after, strict=True)
        ]
        assert pairs
        return sum(sum(abs(a - b) for a, b in zip(was.box, now.box, strict=True)) for was, now in pairs) + sum(
            abs(int(was.colour[1:3], 16) - int(now.colour[1:3], 16)) / 255 for was, now in pairs
        )

    amounts = [far(grade) for grade in GRADES]
    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[2]
    assert before == LAYOUT


def test_no_damage_leaves_the_canvas_and_a_pill_goes_with_its_text():
    for seed in range(40):
        for kind in KINDS:
            after = changed(kind, "clear", seed)
            if after is None or kind in ("title", "loud"):
                continue
            assert all(-1e-9 <= e.box[0] <= e.box[2] <= 1 + 1e-9 for e in after)
            assert all(-1e-9 <= e.box[1] <= e.box[3] <= 1 + 1e-9 for e in after)
            if after[2].box != LAYOUT[2].box and kind != "scatter":
                moves = [after[i].box[0] - LAYOUT[i].box[0] for i in (0, 2)]
                assert moves[0] == pytest.approx(moves[1], abs=1e-9)


def test_an_unknown_damage_is_an_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match="'rust'; known: shift, subject"):
        changed("rust", "clear")


def test_the_loss_falls_where_the_whole_layout_has_more_than_its_damages():
    good = torch.tensor([2.0, 0.0, 0.0, 1.0, -1.0]).reshape(-1, 1, 1, 1)
    assert loss(good, [3, 2]) < loss(-good, [3, 2])
    assert loss(good * 0, [3, 2]).item() == pytest.approx(np.log(2))


def test_what_is_trained_is_what_runs():
    torch.manual_seed(0)
    net = Net(network, CHANNELS)
    for block in net.convs.values():
        for layer in block.children():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.uniform_(-0.2, 0.2)
                layer.running_var.uniform_(0.5, 1.5)
    net.eval()
    sketches = np.random.default_rng(0).normal(0, 0.3, (3, CHANNELS, SIDE, SIDE)).astype(np.float32)
    with torch.no_grad():
        expected = (net(torch.from_numpy(sketches))[0].flatten() / 2).tolist()
    assert Critic(weights=save({**folded(net), TEMPERATURE: torch.tensor([2.0])})).rate(
        list(sketches)
    ) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_examples_are_of_drawn_posters_and_of_the_rules_and_the_same_every_time():
    first, again = (examples(7, range(2), 3, "all") for _ in range(2))
    assert 2 <= len(first) <= 4
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.sketches, other.sketches)
        assert one.damages == other.damages
        assert one.sketches.shape == (1 + len(one.damages), CHANNELS, SIDE, SIDE)
        assert len({sketch.tobytes() for sketch in one.sketches}) == len(one.sketches)


def test_a_training_that_was_interrupted_gives_the_same_weights(tmp_path, monkeypatch):
    card = train(tmp_path / "whole", seed=1, steps=4, posters=3, every=2)
    step = Training.step

    def until_the_third(self, *arguments):
        if self.done == 2:
            raise KeyboardInterrupt
        return step(self, *arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Training, "step", until_the_third)
        train(tmp_path / "parts", seed=1, steps=4, posters=3, every=2)
    resumed = train(tmp_path / "parts", seed=1, steps=4, posters=3, every=2, resume=True)
    assert resumed["sha256"] == card["sha256"]
    assert json.loads((tmp_path / "parts" / "critic.json").read_text("utf-8"))["sha256"] == card["sha256"]
    assert (
        sum(card["held_back"][grade]["pairs"] for grade in GRADES if grade in card["held_back"])
        == card["pairs"]["held_back"]
    )


def test_the_temperature_makes_leads_log_odds():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-truth))
    assert temperature(3 * np.where(right, truth, -truth)) == pytest.approx(3, rel=0.15)
    assert temperature(np.zeros(0)) == 1


def of_brand(paint, rng):
    """A layout of a brand, whose grounds are all painted alike, and the same with its title on the product."""
    ground = np.clip(rng.normal(paint, 6, (64, 64, 3)), 0, 255).astype(np.uint8)
    whole = [text(Role.TITLE, (0.1, 0.05 + 0.1 * rng.random(), 0.6, 0.2), 100), PILL]
    worse = damaged(whole, ground, SUBJECT, "subject", "clear", rng)
    sketches = [sketch(elements, Canvas(1000, 1000), ground, SUBJECT) for elements in (whole, worse)]
    return packed(sketches, [("subject", "clear")])


def test_a_critic_of_one_brand_says_of_another_brand_that_it_does_not_know_it():
    rng = np.random.default_rng(0)
    pale, dark = ([of_brand(paint, rng) for _ in range(16)] for paint in ((240, 235, 225), (30, 20, 90)))
    torch.manual_seed(0)
    critic = Critic(weights=save(fit(pale, pale[:4], seed=0, steps=6)))
    known = [max(critic.distances(list(example.floats()))) for example in pale]
    unknown = [min(critic.distances(list(example.floats()))) for example in dark]
    assert np.mean(np.array(known) <= 1) >= 0.9
    assert min(unknown) > 1, "none of the other brand's layouts is taken for one of its own"
    for example in dark:
        pair = list(example.floats())
        assert abs(critic.log_odds(pair)[1]) < abs(np.diff(critic.rate(pair))[0])
