"""Published sets as the folder of `rows`, as far as their forms are known. Their licences are theirs: BG60k and AutoPP1M
are for academic use, PITA's is not in its README, PPG30k was announced and not seen.

| set | what it is | its files |
| --- | --- | --- |
| PITA (T-Stars-Poster) | JSON lines: `img_path`, `mask_path`, `img_wh`, `background prompt`, `graphic_layout` of Logo, Tagline, Underlay with boxes ltrb in [0, 1] | by paths in the folder |
| BG60k (CG, PG) | lines of a picture's name and a category; `bgpair_info.txt`: of a picture, a reference and a category | pictures and masks of one name in two folders |
| AutoPP1M | lines of the URLs of poster, product and letters, and the ground in words, which may hold commas | by the last part of their URL: `images`, and masks of the poster's name in `masks` |
| PPG30k (P&R) | a poster with layout, product mask, text and caption: JSON lines with these under any of the names that other sets have for them | by paths in the folder |

What is no row is left out and counted by its reason: `unreadable` (no row of the set), `no_picture`, `no_mask` (it
names none), `duplicate` (its picture came before); `box` counts elements whose box is none, whose row stays.
"""

# ruff: noqa: E501 - a table reads best with one set a line

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from layoutgen.core.layout import Role
from layoutgen.training.painting.rows import FILE, RowError

_ROLES = {
    "logo": Role.LOGO,
    "tagline": Role.TITLE,
    "title": Role.TITLE,
    "text": Role.TITLE,
    "slogan": Role.TITLE,
    "underlay": Role.UNDERLAY,
    "embellishment": None,
}
_IMAGE, _MASK = ("image", "img_path", "poster", "poster_path"), ("mask", "mask_path", "product_mask")
_LAYOUT, _CAPTION = ("layout", "graphic_layout", "elements"), ("caption", "background prompt", "prompt")
Dropped = Counter[str]


def pita(line: str, dropped: Dropped) -> dict[str, Any]:
    """A row of PITA."""
    about = json.loads(line)
    row = {"image": about["img_path"], "mask": about["mask_path"], "caption": about.get("background prompt") or None}
    return row | {"elements": list(_elements(about.get("graphic_layout") or [], about.get("img_wh"), dropped))}


def ppg30k(line: str, dropped: Dropped) -> dict[str, Any]:
    """A row of PPG30k, by the names that its parts may have."""
    about = json.loads(line)
    image, mask, layout, caption = (_first(about, names) for names in (_IMAGE, _MASK, _LAYOUT, _CAPTION))
    size = about.get("img_wh") or about.get("size")
    row = {"image": image, "mask": mask, "caption": caption, "category": about.get("category")}
    return row | {"elements": list(_elements(layout or [], size, dropped))}


def bg60k(line: str, dropped: Dropped, *, images: str, masks: str) -> dict[str, Any]:
    """A row of BG60k, of pictures in a folder `images` and masks in `masks`."""
    name, _, rest = line.partition(",") if "," in line else _parted(line)
    parts = [part.strip() for part in rest.replace("\t", ",").split(",") if part.strip()]
    if not name or len(parts) not in (1, 2):
        raise ValueError("it is not a picture, maybe a reference, and a category")
    row = {"image": f"{images}/{name.strip()}", "mask": f"{masks}/{name.strip()}", "category": parts[-1]}
    return row | ({"reference": f"{images}/{parts[0]}"} if len(parts) == 2 else {})


def autopp1m(line: str, dropped: Dropped, *, images: str, masks: str) -> dict[str, Any]:
    """A row of AutoPP1M. The product's own picture is not laid out as on the poster: the mask is one that was made for
    the poster."""
    urls = line.split("\t", 3) if line.count("\t") >= 2 else line.split(",", 3)
    names = [unquote(urlsplit(url.strip().strip('"')).path).rpartition("/")[2] for url in urls[:3]]
    if len(urls) < 3 or not all("." in name for name in names):
        raise ValueError("it is not three URLs of pictures and a text")
    caption = urls[3].strip().strip('"') if len(urls) == 4 else ""
    stem = names[0].rpartition(".")[0]
    return {"image": f"{images}/{names[0]}", "mask": f"{masks}/{stem}.png", "caption": caption or None}


Reader = Callable[[str, Dropped], dict[str, Any]]


def rows_of(file: Path, reader: Reader, dropped: Dropped) -> Iterator[dict[str, Any]]:
    """The rows of a set's file; what is left out is counted. Raises RowError where the file can't be read."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise RowError(f"{file} can't be read ({error}); give the set's file") from None
    pictures = set()
    for line in filter(None, map(str.strip, lines)):
        try:
            row = reader(line, dropped)
        except (AttributeError, KeyError, TypeError, ValueError):
            dropped["unreadable"] += 1
            continue
        reason = "no_picture" if not row["image"] else "no_mask" if not row["mask"] else ""
        if reason := reason or ("duplicate" if (row["image"], row.get("reference")) in pictures else ""):
            dropped[reason] += 1
            continue
        pictures.add((row["image"], row.get("reference")))
        yield row


def write(rows: Iterator[dict[str, Any]], folder: Path) -> int:
    """Write `scenes.jsonl` beside the pictures; how many rows it has. Raises RowError where there are none."""
    lines = [json.dumps({name: value for name, value in row.items() if value}, ensure_ascii=False) for row in rows]
    if not lines:
        raise RowError("the file has no row of the set; give the set's file, or name the set that it is of")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return len(lines)


def _elements(layout: Any, size: Any, dropped: Dropped) -> Iterator[dict[str, Any]]:
    """Elements told as a list of {label or type, box or bbox}, or as {label: [boxes]}, boxes normalised or, with a
    `size`, in px; what has no role of ours is no element."""
    if isinstance(layout, dict):
        layout = [{"label": label, "box": box} for label, boxes in layout.items() for box in boxes]
    for element in layout:
        label = str(element.get("label") or element.get("type") or element.get("role")).lower()
        if not (role := _ROLES.get(label)):
            continue
        box = [float(side) for side in element.get("box") or element["bbox"]]
        if max(box) > 2 and size:
            box = [side / float(size[k % 2]) for k, side in enumerate(box)]
        box = [min(1.0, max(0.0, side)) for side in box]
        if len(box) == 4 and box[0] < box[2] and box[1] < box[3]:
            text = element.get("text")
            yield {"role": str(role), "box": box} | ({"text": str(text)} if text else {})
        else:
            dropped["box"] += 1


def _first(about: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((about[name] for name in names if about.get(name)), None)


def _parted(line: str) -> tuple[str, str, str]:
    name, sign, rest = line.partition("\t") if "\t" in line else line.partition(" ")
    return name, sign, rest.strip()
