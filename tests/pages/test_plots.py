from xml.etree import ElementTree

import pytest

from layoutgen.pages import plots
from layoutgen.pages.rendering import number


def texts(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter() if node.text and node.tag == "text"]


@pytest.mark.parametrize("values", [[], [3.0], [1.0] * 5, [0.0, 1e-12], [-5.0, 0.0, 1e9]])
def test_a_histogram_is_sound_xml_whatever_the_values(values):
    assert plots.histogram(values).count("nan") == 0
    ElementTree.fromstring(plots.histogram(values))
    ElementTree.fromstring(plots.histogram(values, baseline=[0.5, 2.0]))


def test_a_histograms_bars_hold_every_value():
    svg = plots.histogram([0.0] * 75 + [1.0] * 25)
    shares = [node.text.split(": ")[1] for node in ElementTree.fromstring(svg).iter("title")]
    assert shares == ["75.0%", "25.0%"]


def test_a_baseline_is_an_outline():
    assert "<polyline" in plots.histogram([1.0], baseline=[2.0])
    assert "<polyline" not in plots.histogram([1.0])


def test_intervals_are_drawn_on_one_scale_and_labels_escaped():
    svg = plots.dots([("<b>", 0.5, 0.2, 0.8), ("none", None, None, None), ("alone", 1.0, None, None)])
    root = ElementTree.fromstring(svg)
    assert len(list(root.iter("circle"))) == 2
    assert "<b>" in [node.text for node in root.iter("title")]
    ElementTree.fromstring(plots.dots([]))
    ElementTree.fromstring(plots.dots([("same", 0.0, 0.0, 0.0)]))


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (0.01234, "0.0123"), (1234.5, "1,234"), (-0.00001, "-1e-05"), (7.0, "7")],
)
def test_numbers_are_short(value, text):
    assert number(value) == text
