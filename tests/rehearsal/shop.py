"""What lies in the rehearsal's bucket before it begins: products of every application, posters, and two base models."""

import io
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageOps
from safetensors.torch import load_file, save_file

from layoutgen.goods import catalogue
from layoutgen.imaging.images import encode_png
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.internvl2.convert import convert
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from tests.models.vlm.internvl2.original import build_original, spm_pieces

ROOT = "s3://rehearsal"
_HEAD, _SPARE = "language_model.output.weight", 4
APPLICATIONS = ("poster", "marketing", "video_cover")


def stock(folder: Path, storage: Storage, *, products: int, posters: int) -> None:
    """Draw it all into `folder` and put it into the bucket: `catalogue.jsonl` with `products` products, one in five a
    cover, and two that are broken, `posters.jsonl`, and `models/`."""
    manifest = catalogue.draw(folder / "catalogue", products=products, scale=0.4)
    rows = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    whole = [row for row in rows if row["product_id"] not in catalogue.BROKEN]
    broken = [{**row, "canvases": ["1:1"]} for row in rows if row["product_id"] in catalogue.BROKEN][:2]
    chosen = [_application(row, number, folder) for number, row in enumerate(whole)]
    manifest.write_text(_lines([*chosen, *broken]), "utf-8")
    _draw_posters(folder / "posters", posters)
    build_checkpoint("qwen2_5_vl", folder / "models" / "qwen2.5-vl")
    converted_internvl2(folder / "models")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = file.relative_to(folder)
        if place.parts[0] in ("catalogue", "posters", "models"):
            storage.write(f"{ROOT}/{place.as_posix()}", file.read_bytes())


def converted_internvl2(folder: Path) -> Path:
    """A tiny InternVL2 in its original layout, and what the converter makes of it, which is returned."""
    original = build_original(folder / "internvl2-original", llm={"max_position_embeddings": 8192})
    _let_end(original)
    return convert(original, folder / "internvl2")


def _application(row: dict[str, Any], number: int, folder: Path) -> dict[str, Any]:
    """A row of the catalogue for one of the applications: of ten, five are posters, three marketing, two covers, and
    every second cover is a clip."""
    application = APPLICATIONS[(0, 0, 2, 0, 1, 0, 1, 2, 0, 1)[number % 10]]
    canvases = {"poster": ["3:4"], "marketing": ["1:1"], "video_cover": ["3:4", "16:9"]}[application]
    row = {**row, "application": application, "canvases": canvases}
    if application == "video_cover" and number % 10 == 7:
        image = row.pop("image", None) or row.pop("images")[0]
        row["video"] = f"clips/{row['product_id']}.mp4"
        (folder / "catalogue" / "clips").mkdir(exist_ok=True)
        (folder / "catalogue" / row["video"]).write_bytes(_clip(folder / "catalogue" / image))
    return row


def _clip(image: Path) -> bytes:
    """Two seconds in which the camera moves over a photo."""
    with Image.open(image) as opened:
        picture = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    wide, high = picture.shape[1] * 4 // 10 * 2, picture.shape[0] // 2 * 2
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=12)
        stream.width, stream.height, stream.pix_fmt = wide, high, "yuv420p"
        for left in np.linspace(0, picture.shape[1] - wide, 24).astype(int):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:high, left : left + wide]), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def _let_end(original: Path) -> None:
    """Have the random model's answers end before its limit: what closes a text or a list weighs more in its head."""
    closing = [
        number for number, (piece, _, kind) in enumerate(spm_pieces()) if kind != _SPARE and set(piece) & {'"', "]"}
    ]
    for file in original.glob("*.safetensors"):
        weights = load_file(file)
        if _HEAD in weights:
            weights[_HEAD][closing] *= 6.0
            save_file(weights, file, metadata={"format": "pt"})


def _draw_posters(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    corpus = Corpus(CorpusSpec(seed=5, grounds=6))
    rows = []
    for number in range(count):
        poster = corpus.poster(number)
        (folder / f"{number}.png").write_bytes(encode_png(poster.picture()))
        rows.append({"product_id": f"poster-{number}", "image": f"{number}.png", "category": poster.category})
    # A picture without letters: nobody asks the language model about it.
    (folder / "plain.png").write_bytes(encode_png(corpus.poster(count).ground))
    rows.append({"product_id": "plain", "image": "plain.png", "category": "none"})
    (folder / "posters.jsonl").write_text(_lines(rows), "utf-8")


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
