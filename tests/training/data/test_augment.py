"""Augmentation does what it says, as often as it says, and its log says what it did."""

import json
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.config.training import AugmentSettings
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.prompts.layouts import layout_prompt, parse_layout
from layoutgen.core.prompts.refinements import ATTRIBUTES, MOST_HIDDEN, Given, parse_refinement
from layoutgen.training.data.augment import NONE, Augmentation, augmented, jittered, mirrored, reframed, without
from layoutgen.training.data.sample import Task

PHOTO = np.arange(40 * 60 * 3, dtype=np.uint32).astype(np.uint8).reshape(40, 60, 3)
COPY = Copy("Kettle", ("1.5 l", "Steady pour", "$12"), "HAUS", "s3://b/logo.png", "en")
TARGET = (
    Suggestion(Role.UNDERLAY, (0.08, 0.68, 0.52, 0.82)),
    Suggestion(Role.UNDERLAY, (0.08, 0.3, 0.52, 0.45)),
    Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "Kettle"),
    Suggestion(Role.SELLING_POINT, (0.1, 0.32, 0.4, 0.36), "1.5 l"),
    Suggestion(Role.SELLING_POINT, (0.1, 0.38, 0.5, 0.42), "Steady pour"),
    Suggestion(Role.PRICE, (0.1, 0.7, 0.5, 0.8), "$12"),
    Suggestion(Role.LOGO, (0.1, 0.88, 0.3, 0.93)),
)
FRAMING = Framing((0.1, 0.0, 0.9, 1.0), (0.4, 0.0, 1.0, 1.0), "#eeeeee")
TASK = Task(PHOTO, FRAMING, Canvas(1200, 800), COPY, TARGET, 2.5, printed=False, keep=(0.6, 0.2, 0.9, 0.9))
ALL = Augmentation(refine=0.7, perturb=0.5, leave_out=0.2, reorder=0.5)


def size(width, height):
    return max(1, width // 20), max(1, height // 20)


def given_of(sample, copy_of):
    """The given elements of a prompt, with the boxes that the prompt does not hide."""
    listed = json.loads(sample.user).get("given", [])
    answer = parse_layout(sample.answer, copy_of)
    found = []
    for entry, logged in zip(listed, sample.log.get("condition", []), strict=True):
        hidden = frozenset(logged["hidden"])
        numbers = entry.get("box") or entry["place"]
        if "place" in entry:
            x, y, w, h = (value or 0 for value in numbers)
            numbers = [x, y, min(1000, x + (w or 1)), min(1000, y + (h or 1))]
        box = tuple(value / 1000 for value in numbers)
        role = Role(entry["role"]) if entry["role"] else next(a.role for a in answer if a.text == entry["text"])
        found.append(Given(Suggestion(role, box, entry["text"]), entry["locked"], hidden))
    return found


def copy_of(sample):
    told = json.loads(sample.user)
    return Copy(told["title"], tuple(told.get("selling_points", ())), told.get("brand"), "logo", told.get("language"))


@given(st.integers(0, 10**9))
def test_every_sample_is_a_question_of_serving_and_an_answer_that_its_parser_takes(seed):
    sample = augmented(TASK, ALL, (seed,), size)
    copy = copy_of(sample)
    found = parse_layout(sample.answer, copy)
    assert {one.text for one in found if one.role is not Role.UNDERLAY} == {copy.title, *copy.selling_points, ""}
    told = json.loads(sample.user)
    assert sample.pixels.shape == (*size(*told["canvas"])[::-1], 3)
    if "given" in told:
        parse_refinement(sample.answer, copy, given_of(sample, copy))
    else:
        assert sample.user == layout_prompt(copy, Canvas(*told["canvas"]), 2.5).user
    json.dumps(sample.log)


@given(st.integers(0, 10**9))
def test_the_same_seed_gives_the_same_sample(seed):
    one, other = augmented(TASK, ALL, (seed, 2), size), augmented(TASK, ALL, (seed, 2), size)
    assert (one.user, one.answer, one.log) == (other.user, other.answer, other.log)
    assert np.array_equal(one.pixels, other.pixels)


def test_nothing_is_changed_where_nothing_is_asked_for():
    sample = augmented(TASK, NONE, (0,), size)
    assert sample.log == {}
    assert sample.rejected is None
    assert [one.text for one in parse_layout(sample.answer, COPY)] == [
        "Kettle", "1.5 l", "Steady pour", "$12", "", "", ""
    ]  # fmt: skip


def test_noise_has_the_spread_and_the_share_that_were_asked_for():
    boxes = [(0.3, 0.3, 0.6, 0.6)] * 20_000
    moved, deltas = jittered(boxes, 0.01, 0.5, np.random.default_rng(0))
    lots = np.array(deltas)
    assert (lots != 0).mean() == pytest.approx(0.5, abs=0.01)
    assert lots[lots != 0].std() == pytest.approx(0.01, rel=0.02)
    assert lots.mean() == pytest.approx(0, abs=1e-4)
    assert np.allclose(np.array(moved) - boxes, lots)


@given(
    st.tuples(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0.001, 1), st.floats(0.001, 1)),
    st.floats(0, 0.5),
    st.integers(0, 99),
)
def test_noise_leads_no_box_out_of_the_canvas_or_inside_out(corner, sigma, seed):
    x, y, w, h = corner
    box = (x, y, min(1.0, x + w), min(1.0, y + h))
    (moved,), _ = jittered([box], sigma, 1.0, np.random.default_rng(seed))
    assert 0 <= moved[0] < moved[2] <= 1
    assert 0 <= moved[1] < moved[3] <= 1


def test_both_families_come_as_often_as_was_asked_for_and_by_lots_of_their_own():
    how = Augmentation(refine=0.5, perturb=0.2)
    logs = [augmented(TASK, how, (seed,), size).log for seed in range(3000)]
    condition = np.array(["condition" in log for log in logs])
    target = np.array(["target" in log for log in logs])
    assert condition.mean() == pytest.approx(0.5, abs=0.03)
    assert target.mean() == pytest.approx(0.2, abs=0.025)
    assert (condition & target).mean() == pytest.approx(0.1, abs=0.02), "independent of each other"
    assert np.mean(["mirrored" in log for log in logs]) == pytest.approx(0.5, abs=0.03)
    assert np.mean(["order" in log for log in logs]) == pytest.approx(0.3, abs=0.04)
    assert np.mean(["window" in log for log in logs]) == pytest.approx(0.25, abs=0.06)
    given_ones = [entry for log in logs for entry in log.get("condition", [])]
    assert np.mean([entry["locked"] for entry in given_ones]) == pytest.approx(0.35, abs=0.03)
    hidden = Counter(len(entry["hidden"]) for entry in given_ones)
    assert set(hidden) == set(range(MOST_HIDDEN + 1))
    some = sum(hidden[count] for count in range(1, MOST_HIDDEN + 1)) / len(given_ones)
    assert some == pytest.approx(0.5 * 4 / 5, abs=0.03), "half are chosen, one in five of these loses nothing"
    names = Counter(name for entry in given_ones for name in entry["hidden"])
    assert set(names) == set(ATTRIBUTES)
    moved = np.array([entry["moved"] for entry in given_ones if not entry["locked"]])
    assert moved[moved != 0].std() == pytest.approx(0.01, rel=0.05)


def test_hints_are_told_as_moved_and_answered_as_they_should_be():
    how = replace(NONE, refine=1.0)
    how = replace(how, lock=0.0, hide=0.0, jitter=0.02, jitter_share=1.0)
    sample = augmented(TASK, how, (4,), size)
    assert parse_layout(sample.answer, COPY)[0].box == TARGET[2].box
    for entry, logged in zip(json.loads(sample.user)["given"], sample.log["condition"], strict=True):
        told, true = np.array(entry["box"]) / 1000, np.array(TARGET[logged["element"]].box)
        assert np.allclose(told - true, logged["moved"], atol=0.0011)
        assert not entry["locked"]


def test_a_perturbed_target_is_near_the_true_one():
    sample = augmented(TASK, replace(NONE, perturb=1.0, perturb_sigma=0.01), (1,), size)
    found = parse_layout(sample.answer, COPY)
    apart = np.array(found[0].box) - np.array(TARGET[2].box)
    assert np.allclose(apart, sample.log["target"]["moved"][2], atol=0.0011)
    assert np.abs(apart).max() > 0


def test_a_mirror_turns_photo_frame_and_boxes_and_twice_is_once():
    turned = mirrored(TASK)
    assert np.array_equal(turned.photo, PHOTO[:, ::-1])
    assert turned.framing.picture == (0.0, 0.0, 0.6, 1.0)
    assert turned.target[2].box == pytest.approx((0.5, 0.1, 0.9, 0.2))
    again = mirrored(turned)
    assert np.allclose([one.box for one in again.target], [one.box for one in TARGET])
    for seed in range(40):
        assert "mirrored" not in augmented(replace(TASK, printed=True), ALL, (seed,), size).log


@given(st.integers(0, 10**6))
def test_another_canvas_shows_every_element_and_the_product_where_they_were(seed):
    sample = augmented(TASK, replace(NONE, reframe=1.0), (seed,), size)
    if "window" not in sample.log:
        return
    x1, y1, x2, y2 = sample.log["window"]
    assert x1 <= TASK.keep[0]
    assert x2 >= TASK.keep[2]
    width, height = json.loads(sample.user)["canvas"]
    assert (width, height) == (round(1200 * (x2 - x1)), round(800 * (y2 - y1)))
    found = parse_layout(sample.answer, COPY)[0].box
    back = (found[0] * (x2 - x1) + x1, found[1] * (y2 - y1) + y1)
    assert back == pytest.approx(TARGET[2].box[:2], abs=2e-3)


def test_a_cut_canvas_shows_the_same_pixels():
    whole = Task(PHOTO, Framing(), Canvas(60, 40), Copy("a"), (Suggestion(Role.TITLE, (0.4, 0.4, 0.6, 0.6), "a"),))
    cut = reframed(whole, (0.25, 0.0, 0.75, 1.0))
    sample = augmented(cut, NONE, (0,), lambda width, height: (width, height))
    assert np.array_equal(sample.pixels, PHOTO[:, 15:45])
    wider = reframed(replace(whole, framing=Framing(picture=(0, 0, 0.9, 1), backdrop="#102030")), (0, 0, 1.5, 1))
    assert wider.framing.picture[2] == pytest.approx(0.6)
    assert wider.canvas == Canvas(90, 40)


def test_a_selling_point_that_is_left_out_takes_its_underlay_along_when_nothing_else_stands_on_it():
    task = without(TASK, [2])
    assert task.copy.selling_points == ("1.5 l", "Steady pour")
    assert [one.role for one in task.target].count(Role.UNDERLAY) == 1
    assert [one.role for one in without(TASK, [0]).target].count(Role.UNDERLAY) == 2, "one still stands on it"
    assert [one.role for one in without(TASK, [0, 1]).target].count(Role.UNDERLAY) == 1


def test_preferences_have_both_answers_and_are_whole():
    ours = tuple(replace(one, box=(one.box[0], one.box[1], one.box[2] + 0.1, one.box[3])) for one in TARGET)
    for seed in range(60):
        sample = augmented(replace(TASK, rejected=ours), ALL, (seed,), size)
        copy = copy_of(sample)
        assert sample.rejected is not None
        assert "given" not in json.loads(sample.user)
        assert len(parse_layout(sample.rejected, copy)) == len(parse_layout(sample.answer, copy))


def test_what_is_given_is_drawn_on_the_picture_where_that_is_asked_for_and_nothing_else_changes() -> None:
    how = replace(NONE, refine=1.0, lock=0.5)
    for seed in range(8):
        plain = augmented(TASK, how, (seed,), size)
        shown = augmented(TASK, replace(how, draw_given=True), (seed,), size)
        assert (shown.user, shown.answer, shown.log) == (plain.user, plain.answer, plain.log)
        drawn = any("box" in element for element in json.loads(plain.user)["given"])
        assert (shown.pixels != plain.pixels).any() == drawn
    whole = augmented(TASK, replace(NONE, draw_given=True), (0,), size)
    assert (whole.pixels == augmented(TASK, NONE, (0,), size).pixels).all()


def test_the_settings_have_the_defaults_of_augmentation() -> None:
    assert AugmentSettings().model_dump() == asdict(Augmentation())
