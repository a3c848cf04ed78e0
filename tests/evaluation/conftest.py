"""A served gallery in a real browser."""

import threading
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from layoutgen.core import schema
from layoutgen.core.gallery import files as gallery
from layoutgen.evaluation.review_room import open_room
from layoutgen.evaluation.review_server import ReviewServer
from layoutgen.io.storage import Storage
from layoutgen.stages.preview import Preview
from tests.browser import Browser
from tests.drawn import encoded

TITLE = {"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5, 0.2], "lines": ["Vase"], "font": "NotoSans-Bold",
         "font_px": 40, "line_height_px": 52, "colour": "#1c1c1e", "alignment": "left"}  # fmt: skip
LOGO = {"role": "logo", "text": "", "box": [0.6, 0.1, 0.8, 0.2], "lines": []}


def layouts(folder, count=2, **changes):
    """A table of layouts over a photo of one colour, the last of them without its photo."""
    (folder / "a.jpg").write_bytes(encoded(Image.new("RGB", (300, 400), (230, 226, 218))))
    (folder / "logo.png").write_bytes(encoded(Image.new("RGBA", (40, 20), (220, 20, 20, 255)), "PNG"))
    row = {"canvas": "300x400", "canvas_width": 300, "canvas_height": 400, "status": "ok", "crop": [0, 0, 1, 1],
           "picture": [0, 0, 1, 1], "backdrop": "#ffffff", "elements": [TITLE, LOGO], "run_id": "r", "title": "Vase",
           "logo": str(folder / "logo.png"), **changes}  # fmt: skip
    images = [*["a.jpg"] * (count - 1), "gone.jpg"]
    rows = [
        {**row, "row_id": f"p{i}", "product_id": f"p{i}", "image": str(folder / image)}
        for i, image in enumerate(images)
    ]
    return pa.Table.from_pylist(rows, schema.LAYOUTS)


@pytest.fixture
def table(tmp_path):
    return layouts(tmp_path)


def write_page(folder, table, **more):
    """The page of a table in `folder`/page, with its previews; returns where."""
    pq.write_table(table, folder / "layouts.parquet")
    page = folder / "page"
    faults = Preview(Storage(), str(page / "previews"), 400, (), layers=True)(table).to_pylist()
    rows = [{**row, "_fault": drawn["fault"]} for row, drawn in zip(table.to_pylist(), faults, strict=True)]
    for name, content in gallery.files(rows, [], "r", **more):
        (page / name).parent.mkdir(parents=True, exist_ok=True)
        (page / name).write_bytes(content)
    return page


def room_of(page, feedback=None):
    """The room of a page that `write_page` made."""
    files = (feedback or str(page / "feedback.jsonl"), str(page / "preferences.jsonl"))
    return open_room(Storage(), str(page.parent / "layouts.parquet"), str(page), *files, run_id=None, limit=100)


@contextmanager
def serving(room, port=0, token=""):
    """Serve a room in a thread."""
    with ReviewServer(room, port, token) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        yield started
