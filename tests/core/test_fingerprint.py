"""Which of a row's stages a change reaches."""

import pytest

from layoutgen.core.fingerprint import DRAWN, MOST_IMAGES, Versions, file_name, keys, same

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
        ({"versions": Versions("f", "a", "c", "p", render="webp")}, {"render"}),
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


def test_a_row_of_an_earlier_release_is_the_same_where_no_pictures_are_asked_for():
    now = keys(ROW, "sha", STORED, VERSIONS)
    earlier = {name: key for name, key in vars(now).items() if name != "render"}
    assert same(now, earlier)
    assert same(now, earlier | {"render": None})
    assert not same(now, earlier | {"place": "other"})
    drawing = keys(ROW, "sha", STORED, Versions("f", "a", "c", "p", render="webp"))
    assert not same(drawing, earlier)
    assert same(drawing, vars(drawing))


def test_a_run_that_draws_none_leaves_pictures_as_they_are_and_one_that_draws_others_does_not():
    drawn = vars(keys(ROW, "sha", STORED, Versions("f", "a", "c", "p", render="webp")))
    assert same(keys(ROW, "sha", STORED, VERSIONS), drawn)
    assert not same(keys(ROW, "sha", STORED, Versions("f", "a", "c", "p", render="png")), drawn)


def test_a_file_is_named_by_all_that_it_is_made_of_and_by_nothing_else():
    row = {name: name for name in DRAWN} | {"elements": [{"text": "\ud800 法式", "box": [0.1, 0.2, 0.3, 0.4]}]}
    names = {file_name(row, None, "r"), file_name(row, "sha", "r"), file_name(row, None, "q")}
    names |= {file_name(row | {name: "other"}, None, "r") for name in DRAWN}
    assert len(names) == 3 + len(DRAWN)
    assert file_name(row | {"run_id": "x", "stock": 3}, None, "r") in names
    assert all(len(name) == 64 and set(name) <= set("0123456789abcdef") for name in names)
