"""A gallery of several kinds of rows in a real browser."""

import numpy as np
import pytest
from PIL import Image

from layoutgen.core.gallery import files as gallery
from tests.browser import Browser
from tests.core.gallery.reviewing import MANY, RUN
from tests.core.gallery.test_files import NASTY, dead
from tests.core.gallery.test_rows import element, row
from tests.drawn import encoded


def layouts():
    """Rows of several kinds; the first is the one that tests edit: a title on an underlay and a price."""
    underlay = element("underlay", "", box=[0.1, 0.1, 0.5, 0.3], colour="#ffffff", opacity=0.8, z=0)
    title = element(box=[0.15, 0.15, 0.45, 0.25], underlay=0, z=2)
    price = element("price", "￥9", box=[0.6, 0.6, 0.8, 0.7], z=2)
    first = row(row_id="first@1000x1000", canvas="1000x1000", canvas_width=1000, canvas_height=1000, run_id=RUN,
                elements=[underlay, title, price], subject_box=[0.2, 0.2, 0.8, 0.8], crop=[0, 0, 1, 1],
                picture=[0, 0, 1, 1], suggestion=[{"role": "title", "text": "新品", "box": [0.1, 0.1, 0.4, 0.2]}],
                safe_zones=[{"name": "badge", "box": [0.8, 0.9, 1, 1]}])  # fmt: skip
    evil = row(row_id=NASTY, title=NASTY, run_id=RUN, notes=[NASTY], category=NASTY, composer=NASTY, image=NASTY,
               elements=[element("title", NASTY, lines=[NASTY], colour='red" onload="x')],
               suggestion=[{"role": "title", "text": NASTY, "box": [0, 0, 1, 1]}])  # fmt: skip
    cover = row(row_id="cover@9x16", canvas="1080x1920", canvas_height=1920, application="video_cover", accepted=False,
                reasons=["face_touched"], run_id="run-0", contrast=2.0)  # fmt: skip
    rest = [row(row_id=f"p{i}@1080x1080", title=f"product {i}", run_id=RUN, subject_covered=i / 1000)
            for i in range(MANY)]  # fmt: skip
    return [first, evil, cover, *rest]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A gallery's index.html in a folder whose name needs escaping."""
    folder = tmp_path_factory.mktemp("page") / "gallery 新#1"
    rows = layouts()
    failed = [dead(message=f"nothing at {NASTY}", input_row='{"title": "花瓶"}', run_id=RUN)]
    for name, content in gallery.files(rows, failed, RUN, maps=True, limits=gallery.Limits(margin=0.05)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "previews").mkdir()
    for one in rows:
        shape = (100, round(100 * one["canvas_height"] / one["canvas_width"]))
        for part in ("", "ground", "ink"):
            picture = encoded(Image.new("RGB", shape, (200, 210, 220)), "PNG" if part == "ink" else "JPEG")
            (folder / "previews" / gallery.preview_name(one["row_id"], part)).write_bytes(picture)
        cover = Image.fromarray(np.full((*shape[::-1], 4), 120, np.uint8))
        (folder / "previews" / gallery.preview_name(one["row_id"], "map")).write_bytes(encoded(cover, "PNG"))
    return (folder / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory, address):
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        started.open(address)
        yield started


@pytest.fixture
def page(browser, address):
    """The page as somebody sees it for the first time; scripts that failed fail the test."""
    browser.requests.clear()
    browser.tab(0)
    browser.first_visit(address)
    yield browser
    assert browser.errors == []
    assert {url.split(":", 1)[0] for url in browser.requests} <= {"file", "data", "blob"}
