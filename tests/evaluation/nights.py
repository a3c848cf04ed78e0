"""Two nights of a table: products with two canvases and a variant, laid out otherwise on the second night."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from layoutgen.config.jobs import Pool
from layoutgen.core import rows, schema
from layoutgen.core.layout import Element, Role
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import line_height
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.imaging import fonts
from layoutgen.io.storage import Storage
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo

FONT = "NotoSans-Bold"
FIRST, SECOND = "20261129T220000Z-aaaa", "20261130T220000Z-bbbb"


def text(role, words, box, px, canvas):
    element = Element(role, box, words, (words,), FONT, px, line_height(px), colour="#1c1c1e", underlay=None, z=2)
    return rows.element_row(with_runs(element, fonts.typeface(FONT), (box[2] - box[0]) * canvas[0]))


def layout(folder, product, canvas, run_id, top, variant=0, **changes):
    """A row with a title and a price at a height of the canvas."""
    width, height = canvas
    key = f"{product}@{width}x{height}" + (f"@v{variant}" if variant else "")
    elements = [
        text(Role.TITLE, f"Vase {product}", (0.08, top, 0.68, top + 0.12), round(0.09 * height), canvas),
        text(Role.PRICE, "$19", (0.08, top + 0.14, 0.4, top + 0.22), round(0.06 * height), canvas),
    ]
    suggestion = [{"role": "title", "text": f"Vase {product}", "box": [0.2, 0.7, 0.8, 0.82]},
                  {"role": "price", "text": "$19", "box": [0.2, 0.85, 0.5, 0.93]}]  # fmt: skip
    return {"row_id": key, "product_id": product, "canvas": f"{width}x{height}", "canvas_width": width,
            "canvas_height": height, "status": "ok", "crop": [0, 0, 1, 1], "picture": [0, 0, 1, 1], "run_id": run_id,
            "backdrop": "#ffffff", "image": str(folder / "a.jpg"), "title": f"Vase {product}", "elements": elements,
            "category": "vases", "selling_points": ["$19"], "suggestion": suggestion, "composer": "rules-1",
            **changes}  # fmt: skip


def publish(folder, run_id, table_rows):
    """Write a snapshot as a job does, and name it."""
    snapshot = folder / "table" / "snapshots" / run_id
    snapshot.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(table_rows, schema=schema.POSTERS), snapshot / "part-00000.parquet")
    manifest = {"settings": {"place": None}, "files": [{"name": "part-00000.parquet", "rows": len(table_rows)}]}
    (snapshot / "_manifest.json").write_text(json.dumps(manifest))
    (folder / "table" / "CURRENT").write_text(f"{run_id}\n")


def two_nights(folder, products=("p0", "p1", "p2")):
    """The table, whose first product stayed as it was; returns where it is."""
    (folder / "a.jpg").write_bytes(encoded(photo(320, 320)))
    canvases = ((240, 240), (240, 320))
    for run_id, top in ((FIRST, 0.1), (SECOND, 0.5)):
        table_rows = []
        for product in products:
            stays = product == products[0]
            run, place = (FIRST, 0.1) if stays else (run_id, top)
            table_rows += [layout(folder, product, canvas, run, place) for canvas in canvases]
            table_rows.append(layout(folder, product, canvases[0], run, place + 0.15, variant=1))
        publish(folder, run_id, table_rows)
    return str(folder / "table")


def two_grounds(folder):
    """A table of one poster on two nights, whose ground was painted from another seed on the second."""
    pixels = np.zeros((80, 60, 4), np.uint8)
    pixels[10:70, 5:55] = (200, 30, 30, 255)
    (folder / "vase.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    for seed, run_id in ((3, FIRST), (4, SECOND)):
        picture = folder / f"{seed}.png"
        picture.write_bytes(encoded(photo(240, 240, seed), "PNG"))
        background = {"format": "png", "uri": str(picture), "sha256": "0" * 64, "bytes": 1}
        vase = str(folder / "vase.png")
        poster = {"background": background, "background_seed": seed, "product_box": [0.3, 0.5, 0.7, 0.9],
                  "cut_out": "alpha", "images": [vase], "image": vase}  # fmt: skip
        publish(folder, run_id, [layout(folder, "p9", (240, 240), run_id, 0.1 + seed / 100, **poster)])
    return str(folder / "table")


def draw(folder, table, **more):
    """The page of the newest night."""
    Image.init()
    options = {"run_id": None, "limit": 100, "side": 240, "font_files": (), "pool": Pool(), "stream": in_process}
    return run_gallery(Storage(), table, str(folder / "page"), **options, **more)
