"""Published sets built small, in the forms and with the faults of the real ones: drawn posters whose texts can be read.

Each builder writes a set below a folder; `POSTERS` of them are whole, `TOLD` of a set that says its texts. What is
wrong with others is said beside them.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont

from tests.drawn import encoded, photo

WIDTH, HEIGHT = 513, 750
POSTERS = 5
TOLD = 9
LICENCE = "CC BY 4.0"
_NAMES = ("Copper Kettle", "Linen Jacket", "Garden Chair", "Silver Watch", "Walnut Table", "Desert Boots", "Sun Hat")
Px = tuple[int, int, int, int]


@dataclass(frozen=True)
class Drawn:
    """A poster, the same without its elements, and these: class, box in px, text ("" for none)."""

    poster: Image.Image
    canvas: Image.Image
    elements: tuple[tuple[str, Px, str], ...]


@lru_cache
def drawn(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Drawn:
    """A poster of a title, a line below it, a text on a panel and a round logo, placed differently for each number."""
    width, height = size
    canvas = photo(width, height, number)
    poster = canvas.copy()
    pen = ImageDraw.Draw(poster)
    left, top = 30 + 9 * number, 40 + 7 * number
    elements: list[tuple[str, Px, str]] = []

    def write(text: str, x: int, y: int, px: int, colour: str) -> None:
        font = ImageFont.load_default(px)
        pen.text((x, y), text, colour, font)
        box = pen.textbbox((x, y), text, font=font)
        elements.append(("text", (int(box[0]), int(box[1]), int(box[2]) + 1, int(box[3]) + 1), text))

    write(_NAMES[number % len(_NAMES)], left, top, 48, "#10204a")
    write(f"Ready in {number + 2} days", left, top + 70, 26, "#10204a")
    panel = (left, height - 90, left + 240, height - 40)
    pen.rectangle(panel, fill="#a01830")
    elements.append(("underlay", panel, ""))
    write("Order it now", left + 20, height - 80, 30, "#ffffff")
    round_logo = (width - 80, 20, width - 30, 70)
    pen.ellipse(round_logo, fill="#208040")
    elements.append(("logo", round_logo, ""))
    return Drawn(poster, canvas, tuple(elements))


def _save(path: Path, image: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(image) if path.suffix == ".jpg" else encoded(image, "PNG", compress_level=1))


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def pku(folder: Path, posters: int = POSTERS) -> None:
    """Besides whole posters: one with the class 0, one mostly outside, one whose number of elements differs, one whose
    picture is gone, a canvas without a layout. Boxes of poster 1 are inverted, and one of poster 2 has no area, one
    reaches out a little, one stands twice."""
    numbers = {"text": 1, "logo": 2, "underlay": 3}
    rows: list[tuple[str, int, int, str]] = []
    for number in range(posters + 4):
        made = drawn(number)
        boxes = [(numbers[kind], list(box)) for kind, box, _ in made.elements]
        total = len(boxes)
        match number - posters:
            case 0:
                boxes[0] = (0, boxes[0][1])
            case 1:
                boxes[0] = (1, [-900, 40, 100, 90])
            case 2:
                total += 1
        if number == 1:
            boxes = [(kind, [box[2], box[3], box[0], box[1]]) for kind, box in boxes]
        if number == 2:
            boxes[-1] = (2, [WIDTH - 80, 20, WIDTH + 9, 70])
            boxes += [(1, [300, 300, 300, 340]), boxes[0]]
            total = len(boxes)
        path = f"train/{number + 1}.png"
        rows += [(path, total, kind, str(box)) for kind, box in boxes]
        if number - posters != 3:
            _save(folder / "train" / "original_poster" / f"{number + 1}.png", made.poster)
            _save(folder / "train" / "inpainted_poster" / f"{number + 1}_mask001.png", made.canvas)
            _save(folder / "train" / "saliencymaps_basnet" / f"{number + 1}.png", made.canvas.convert("L"))
    _csv(folder / "annotation" / "train_csv_9973.csv", ("poster_path", "total_elem", "cls_elem", "box_elem"), rows)
    _csv(folder / "annotation" / "test_csv_905.csv", ("poster_path",), [("1.png",)])


def _csv(path: Path, names: tuple[str, ...], rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])


CGL_NUMBERS = {"logo": 1, "text": 2, "underlay": 3}
CGL_NAMES = {1: "Logo", 2: "文字", 3: "衬底", 4: "符号元素", 5: "强调突出子部分文字"}


def _instances(pictures: list[tuple[str, Drawn]], grouped: bool, numbers: dict[str, int]) -> dict[str, Any]:
    images = [
        {"id": 70 + i, "file_name": name, "width": made.poster.width, "height": made.poster.height}
        for i, (name, made) in enumerate(pictures)
    ]
    of_image = [
        [
            {
                "image_id": 70 + i,
                "category_id": numbers[kind],
                "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
            }
            for kind, box, _ in made.elements
        ]
        for i, (_, made) in enumerate(pictures)
    ]
    annotations = of_image if grouped else [annotation for part in of_image for annotation in part]
    return {"images": images, "annotations": annotations}


def cgl(folder: Path, posters: int = POSTERS, names: dict[int, str] | None = CGL_NAMES) -> None:
    """Besides whole posters: two of one id. Poster 0 has an ornament and a highlighted part of its title."""
    pictures = [(f"O1CN_{number}!!x.jpg", drawn(number)) for number in range(posters + 2)]
    whole = _instances(pictures, grouped=True, numbers=CGL_NUMBERS)
    x, y, across, down = whole["annotations"][0][0]["bbox"]
    whole["annotations"][0] += [
        {"image_id": 70, "category_id": 5, "bbox": [x + 2, y + 2, across // 2, down - 4]},
        {"image_id": 70, "category_id": 4, "bbox": [400, 300, 20, 20]},
    ]
    whole["images"][-1]["id"] = whole["images"][-2]["id"]
    if names:
        whole["categories"] = [{"id": number, "name": name} for number, name in names.items()]
    _json(folder / "layout_train_6w_fixed_v2.json", whole)
    for name, made in pictures:
        _save(folder / "layout_imgs_6w_1" / name, made.poster)


def radm(folder: Path, posters: int = TOLD) -> None:
    """Erased canvases alone; texts with places for all but the last two of the training posters, of which one has words
    without places and one too few of them."""
    pictures = [(f"O1CN_{number}!!x_mask002.jpg", drawn(number)) for number in range(posters + 1)]
    whole = _instances(pictures, grouped=False, numbers=CGL_NUMBERS)
    whole["categories"] = [{"id": number, "name": name} for number, name in CGL_NAMES.items()]
    _json(folder / "annotations" / "train.json", whole)
    lines = []
    for number, (name, made) in enumerate(pictures):
        _save(folder / "images" / "train" / name, made.canvas)
        words = [(box, text) for _, box, text in made.elements if text]
        if number >= posters - 1:
            listed = [text for _, text in words][number - posters + 1 :]
            lines.append(f"{name}\t{ {'blc_text': listed[:1], 'adv_sellpoint': listed[1:]} }")
            continue
        data = [
            {
                "userSelectedValue": {"name": text},
                "categoryDesc": "text",
                "points": [{"x": x, "y": y} for x in box[::2] for y in box[1::2]],
            }
            for box, text in words
        ]
        lines.append(
            str({"isSample": "0", "image": f"ali_anno_1/{number}.png", "rotate": 0.0, "data": data, "pin": "p"})
        )
    (folder / "texts").mkdir()
    (folder / "texts" / "train.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "text_features").mkdir()
    (folder / "text_features" / "0.pth").write_bytes(b"no pickle is opened")


CRELLO_TYPES = ["SvgElement", "TextElement", "ImageElement", "ColoredBackground"]


def crello(folder: Path, posters: int = TOLD, names: list[str] | None = CRELLO_TYPES, px: bool = False) -> None:
    """Besides whole designs: one with a turned text. The last whole one has a preview alone."""
    rows = []
    for number in range(posters + 1):
        made = drawn(number)
        texts = [(box, text) for _, box, text in made.elements if text]
        boxes = [(0, 0, WIDTH, HEIGHT), *(box for box, _ in texts)]
        scale = (1, 1) if px else (WIDTH, HEIGHT)
        rendered = {"bytes": encoded(made.canvas), "path": None}
        blank = {"bytes": encoded(Image.new("RGBA", (4, 4)), "PNG"), "path": None}
        is_flat = number == posters - 1
        rows.append(
            {
                "id": f"5d{number}",
                "canvas_width": WIDTH,
                "canvas_height": HEIGHT,
                "category": 0,
                "type": [2, *(1 for _ in texts)],
                "left": [box[0] / scale[0] for box in boxes],
                "top": [box[1] / scale[1] for box in boxes],
                "width": [(box[2] - box[0]) / scale[0] for box in boxes],
                "height": [(box[3] - box[1]) / scale[1] for box in boxes],
                "angle": [0.0, 0.6 if number == posters else 0.0, *(0.0 for _ in texts[1:])],
                "opacity": [1.0] * len(boxes),
                "text": ["", *(text for _, text in texts)],
                "image": None if is_flat else [rendered, *(blank for _ in texts)],
                "preview": {"bytes": encoded(made.poster), "path": None},
            }
        )
    table = pa.Table.from_pylist(rows)
    features: dict[str, Any] = {"category": {"names": ["beauty"], "_type": "ClassLabel"}}
    if names:
        features["type"] = {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "Sequence"}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(about), folder / "train-00000-of-00001.parquet")


def qbposter(folder: Path, posters: int = TOLD) -> None:
    """Besides whole posters: one whose box has no centre. Goods are elements; one has a class of nobody."""
    named = {"logo": "item logo", "underlay": "text background"}
    whole: dict[str, Any] = {}
    for number in range(posters + 1):
        made = drawn(number)
        titles = iter(("title", "subtitle", "text"))
        boxes = [
            {
                "label": next(titles) if kind == "text" else named[kind],
                "xc": (box[0] + box[2]) / 2,
                "yc": (box[1] + box[3]) / 2,
                "width": box[2] - box[0],
                "height": box[3] - box[1],
                "text": text,
            }
            for kind, box, text in made.elements
        ]
        boxes.append({"label": "item" if number else "sticker", "xc": 260, "yc": 470, "width": 200, "height": 300})
        if number == posters:
            del boxes[0]["xc"]
        whole[f"vid{number}"] = {
            "split": "train", "img": f"vid{number}.png", "width": WIDTH, "height": HEIGHT, "boxes": boxes,
            "intent": "sale",
        }  # fmt: skip
        _save(folder / "original_poster" / f"vid{number}.png", made.poster)
        _save(folder / "inpainted_1x" / f"vid{number}.png", Image.new("RGB", (WIDTH, HEIGHT), "grey"))
    _json(folder / "annotation.json", whole)


def labelstudio(folder: Path, posters: int = TOLD) -> None:
    """Besides whole tasks: one nobody annotated, one with a turned rectangle, one with a polygon, one of two classes.
    Poster 0 has two annotators and a box turned by 90 degrees; poster 1 has its class as a choice."""
    named = {"text": "卖点", "logo": "logo", "underlay": "underlay"}
    tasks = []
    for number in range(posters + 4):
        made = drawn(number)
        results: list[dict[str, Any]] = []
        for k, (kind, box, text) in enumerate(made.elements):
            value = {
                "x": box[0] / WIDTH * 100, "y": box[1] / HEIGHT * 100, "rotation": 0,
                "width": (box[2] - box[0]) / WIDTH * 100, "height": (box[3] - box[1]) / HEIGHT * 100,
            }  # fmt: skip
            region = {"id": f"r{k}", "original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
            label = "title" if k == 0 else named[kind]
            if number == 1:
                results += [{**region, "type": "choices", "value": {"choices": [label]}}]
                results += [{**region, "type": "rectangle", "value": value}]
            else:
                results += [{**region, "type": "rectanglelabels", "value": {**value, "rectanglelabels": [label]}}]
            if text:
                results += [{**region, "type": "textarea", "value": {**value, "text": [text]}}]
        first = results[0]["value"]
        annotations = [{"id": 1, "result": results, "was_cancelled": False, "updated_at": "2026-01-02"}]
        match number - posters:
            case 0:
                annotations[0]["was_cancelled"] = True
            case 1:
                first["rotation"] = 30
            case 2:
                results.append({"id": "p", "type": "polygonlabels", "value": {"points": [[1, 1], [9, 1], [5, 9]]}})
            case 3:
                first["rectanglelabels"] = ["title", "logo"]
        if number == 0:
            across, down = first["width"] * WIDTH / HEIGHT, first["height"] * HEIGHT / WIDTH
            first.update(x=first["x"] + first["width"], width=down, height=across, rotation=90)
            results[1]["value"].update({key: first[key] for key in ("x", "width", "height", "rotation")})
            results.append({"id": "whole", "type": "choices", "value": {"choices": ["good"]}})
            annotations.append({"id": 2, "result": [], "was_cancelled": False, "updated_at": "2026-01-01"})
        address = (
            f"/data/upload/1/0a1b2c3d-poster{number}.png"
            if number % 2
            else f"/data/local-files/?d=img%2Fposter{number}.png"
        )
        tasks.append({"id": number, "data": {"image": address}, "annotations": annotations, "predictions": []})
        _save(folder / "img" / f"poster{number}.png", made.poster)
    _json(folder / "export.json", tasks)


def coco(folder: Path, posters: int = TOLD) -> None:
    """Besides whole posters: an annotation of no image, an image without annotations; a class that nobody knows."""
    pictures = [(f"poster{number}.jpg", drawn(number)) for number in range(posters + 1)]
    whole = _instances(pictures, grouped=False, numbers={"text": 4, "logo": 9, "underlay": 7})
    texts = [text for _, made in pictures for _, _, text in made.elements]
    for annotation, text in zip(whole["annotations"], texts, strict=True):
        annotation["attributes"] = {"text": text} if text else {}
    whole["annotations"] = [a for a in whole["annotations"] if a["image_id"] != 70 + posters]
    whole["annotations"] += [
        {"image_id": 999, "category_id": 4, "bbox": [1, 1, 9, 9]},
        {"image_id": 70, "category_id": 33, "bbox": [200, 300, 90, 90]},
    ]
    whole["categories"] = [
        {"id": number, "name": name} for number, name in ((4, "Copy"), (9, "Brand mark"), (7, "underlay"), (33, "leaf"))
    ]
    _json(folder / "instances.json", whole)
    (folder / "labels.toml").write_text('Copy = "text"\n"brand mark" = "logo"\n', encoding="utf-8")
    for name, made in pictures:
        _save(folder / "images" / name, made.poster)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "pku": pku, "cgl": cgl, "cgl2": radm, "radm": radm, "crello": crello, "qbposter": qbposter,
    "labelstudio": labelstudio, "coco": coco,
}  # fmt: skip
