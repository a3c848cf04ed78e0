"""Which of a row's stages a change reaches."""

import pytest

from layoutgen.core.fingerprint import MOST_IMAGES, Versions, keys

VERSIONS = Versions("f", "a", "c", "p")
IMAGES = [f"{number}.jpg" for number in range(MOST_IMAGES + 2)]
ROW = {
    "images": IMAGES, "logo": "logo.png", "canvas_width": 800, "canvas_height": 600,
    "title": "Vase", "selling_points": ["Blue"], "brand": None, "language": "en", "notes": [],
}  # fmt: skip
STORED = {uri: f"v-{uri}" for uri in [*IMAGES, "logo.png"]}


def changed(row=ROW, image="sha", stored=STORED, versions=VERSIONS):
    before, after = vars(keys(ROW, "sha", STORED, VERSIONS)), vars(keys(row, image, stored, versions))
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ({}, set()),
        ({"stored": STORED | {IMAGES[1]: "new"}}, {"source"}),
        ({"stored": {k: v for k, v in STORED.items() if k != IMAGES[1]}}, {"source"}),
        ({"stored": STORED | {IMAGES[1]: None}}, {"source"}),
        ({"stored": STORED | {IMAGES[MOST_IMAGES]: "new"}}, set()),
        ({"stored": {k: v for k, v in STORED.items() if k not in IMAGES[MOST_IMAGES:]}}, set()),
        ({"stored": STORED | {"logo.png": "new"}}, {"source", "compose", "place"}),
        ({"stored": STORED | {"logo.png": None}}, {"source", "compose", "place"}),
        ({"image": "other"}, {"annotate", "compose", "place"}),
        ({"row": ROW | {"title": "Jug"}}, {"compose", "place"}),
        ({"row": ROW | {"notes": ["title: &amp; is read as &"]}}, {"place"}),
        ({"row": ROW | {"canvas_width": 801}}, {"compose", "place"}),
        ({"versions": Versions("f", "a", "c", "q")}, {"place"}),
        ({"versions": Versions("f", "a", "d", "p")}, {"compose", "place"}),
        ({"versions": Versions("g", "a", "c", "p")}, {"annotate", "compose", "place"}),
    ],
)
def test_a_change_reaches_the_stages_that_see_it_and_those_after_them(change, stages):
    assert changed(**change) == stages


def test_what_cannot_be_read_tonight_either_is_no_change():
    gone = STORED | {IMAGES[1]: None, "logo.png": None}
    unnamed = {uri: version for uri, version in gone.items() if version}
    assert keys(ROW, "sha", gone, VERSIONS) == keys(ROW, "sha", unnamed, VERSIONS)
