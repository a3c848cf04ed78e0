"""How a network that denoises comes from noise to a layout, drawn for looking at.

    python -m benchmarks.denoised --photos FOLDER --sheet FILE.jpg [--model radm | layout_image] [--weights embedded]
        [--count 8] [--steps 8] [--only-last] [--full] [--output results.jsonl]

A row is a product photo with a copy of three to five lines: the framed photo, then after each step what the network
says the layout is, each element's box in its role's colour or the image that is drawn, then the layout as composed.
With `--only-last` every photo is one picture, the layout. The JSON line has the seconds of a photo.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from benchmarks.benchmark import Benchmark
from benchmarks.relations import network_of
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Suggestion
from layoutgen.core.proposals.layout_image import COLOURS
from layoutgen.imaging import framed
from layoutgen.imaging.images import encode_jpeg
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.models.base import Brief, Composition
from layoutgen.models.building.composers import frame_default
from layoutgen.models.denoising.boxes import sampling
from layoutgen.models.denoising.boxes.binding import bind
from layoutgen.models.denoising.boxes.steering import boxes
from layoutgen.models.denoising.family import Network
from layoutgen.models.denoising.lines import batch, lines_of
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.denoising.seeds import FREE, row_seed
from layoutgen.models.denoising.view import pixels_of, shown_of
from layoutgen.models.finders.network import NetSaliency
from layoutgen.models.weights import EMBEDDED

BENCHMARK = Benchmark(
    "denoised",
    "a sheet of layouts as a network denoises them, and seconds a photo",
    "nothing: it is for looking at",
    seconds=25,
)
CANVASES = (Canvas(1080, 1440), Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080))
COPIES = (
    Copy("新款上市", ("舒适透气", "￥129起", "立即购买"), language="zh"),
    Copy("Made for every day", ("Soft and light", "$39", "Shop now"), brand="NORD", language="en"),
    Copy("限时特惠", ("满199减50", "48小时发货", "7天无理由", "抢购"), language="zh"),
    Copy("Fresh this week", ("Free delivery", "From $2.50"), language="en"),
)
_SIDE = 240


def brief(photo: Path, number: int) -> Brief:
    """A layout to make of a photo."""
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    (subject,) = NetSaliency().saliency([pixels])
    return Brief(pixels, Annotation((), subject_map=subject), COPIES[number % 4], CANVASES[number % 4], None)


def stages(name: str, network: Network, layout: Brief, framing: Framing, canvas: np.ndarray, steps: int
           ) -> list[np.ndarray]:  # fmt: skip
    """What the network says after each step: boxes on the photo, or the image that it draws."""
    lines, size = lines_of(layout.copy, layout.canvas), network.size
    pixels, shape = pixels_of(layout.image, framing, layout.canvas, shown_of(layout.annotation, framing), size)
    seeds, pictures = [row_seed(layout, FREE, 0, 0)], []
    inputs = pixels[None], torch.tensor([shape], dtype=torch.float32), batch([lines])
    if name == "layout_image":
        from layoutgen.models.denoising.images.sampling import sample

        def keep_image(_: int, __: np.ndarray, prediction: np.ndarray) -> None:
            cut = prediction[0][: shape[1], : shape[0]]
            pictures.append(cv2.resize(cut, canvas.shape[1::-1], interpolation=cv2.INTER_AREA))

        with torch.inference_mode():
            sample(network, network.conditioning(*inputs), seeds, steps=steps, seen=keep_image)
        return pictures

    def bound(_: object, prediction: sampling.Prediction) -> None:
        proposals, roles = bind(prediction, 0, lines)
        elements = [Suggestion(*element) for element in zip(roles, boxes(prediction, 0, proposals), strict=True)]
        pictures.append(drawn(canvas, elements))

    with torch.inference_mode():
        sampling.sample(network, network.scene(*inputs), seeds, steps=steps, seen=bound)
    return pictures


def drawn(canvas: np.ndarray, elements: Sequence[Suggestion]) -> np.ndarray:
    """A framed photo with boxes."""
    image = canvas.copy()
    height, width = image.shape[:2]
    for element in sorted(elements, key=lambda element: element.role != "underlay"):
        left, top, right, bottom = (round(side * (width, height)[k % 2]) for k, side in enumerate(element.box))
        cv2.rectangle(image, (left, top), (right, bottom), COLOURS[element.role], 2)
    return image


def main() -> None:
    """Draw the sheet."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--model", choices=list(FAMILIES), default="radm")
    parser.add_argument("--weights", default=EMBEDDED, help="folder of a network")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--only-last", action="store_true")
    given = parser.parse_args()
    network = network_of(given.weights, given.model)
    photos = sorted(path for path in given.photos.iterdir() if path.suffix in (".jpg", ".png"))
    pictures = []
    began = time.perf_counter()
    for number, photo in enumerate(photos[:: max(1, len(photos) // given.count)][: given.count]):
        layout = brief(photo, number)
        framing = frame_default(layout.image, layout.annotation, layout.canvas)
        canvas = framed.draw(layout.image, framing, layout.canvas, _SIDE)
        if not given.only_last:
            pictures += [canvas, *stages(given.model, network, layout, framing, canvas, given.steps)]
        (answer,) = FAMILIES[given.model].composer(network, frame=frame_default, steps=given.steps).compose([layout])
        pictures.append(drawn(canvas, answer.suggestions if isinstance(answer, Composition) else ()))
        BENCHMARK.say(f"{number + 1} of {given.count} photos")
    columns = 8 if given.only_last else given.steps + 2
    given.sheet.write_bytes(encode_jpeg(contact_sheet(pictures, columns, _SIDE)))
    seconds = round((time.perf_counter() - began) / given.count, 2)
    BENCHMARK.line(f"{given.model}, {given.steps} steps", photos=given.count, seconds=seconds)


if __name__ == "__main__":
    main()
