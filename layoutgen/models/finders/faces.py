"""Faces: MTCNN with the weights of the `mtcnn` wheel, or YuNet from a file; both run on ONNX Runtime.

MTCNN (Zhang et al. 2016): a small network proposes faces at all scales, two larger ones look at each proposal again.
Of the wheel only the weights are used, not its code, which needs TensorFlow. They are pickles, as joblib writes them:
read from the installed wheel and from nowhere else. A face is found from about 1/20 of the picture's longer side;
faces in profile, turned by more than about 30 degrees or half covered are often missed.
"""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from layoutgen.core.errors import AbsentError
from layoutgen.imaging.shrinking import shrink
from layoutgen.models.base import FaceBox, Faces
from layoutgen.models.finders.onnx_graph import Graph, session

VERSION = "mtcnn-1"
_SIDE = 512
_SMALLEST_PX = 26
_STEP = 0.709
_THRESHOLDS = (0.6, 0.7, 0.95)
_MOST_PROPOSALS = 400


def detector(spec: str = "mtcnn", threads: int = 1) -> Faces | None:
    """Build a face detector: `mtcnn`, or the path of a YuNet ONNX file. None where the `mtcnn` wheel isn't installed
    or `spec` is empty: then nobody looks for faces, and the caller says so. Raises AbsentError for a file that
    isn't there."""
    if spec == "mtcnn":
        weights = wheel_weights()
        return MtcnnFaces(weights, threads) if weights else None
    if not spec:
        return None
    if not Path(spec).is_file():
        raise AbsentError(f"no face detector at {spec}; give `mtcnn` or the path of a YuNet ONNX file")
    return YunetFaces(spec, threads)


def wheel_weights() -> dict[str, list[np.ndarray]] | None:
    """The three networks' arrays by name (pnet, rnet, onet), in Keras' order; None without the wheel."""
    paths = wheel_files()
    if not paths:
        return None
    import joblib

    return {name: joblib.load(path) for name, path in paths.items()}


def wheel_files() -> dict[str, Path]:
    """The files of the three networks by name; none without the wheel."""
    found = find_spec("mtcnn")
    if found is None or found.origin is None or find_spec("joblib") is None or find_spec("lz4") is None:
        return {}
    folder = Path(found.origin).parent / "assets" / "weights"
    paths = {name: folder / f"{name}.lz4" for name in ("pnet", "rnet", "onet")}
    return paths if all(path.is_file() for path in paths.values()) else {}


class MtcnnFaces:
    """MTCNN on the CPU, an image at a time. Deterministic."""

    def __init__(self, weights: dict[str, list[np.ndarray]], threads: int = 1) -> None:
        self._propose = session(_pnet(weights["pnet"]), threads)
        self._refine = session(_rnet(weights["rnet"]), threads)
        self._decide = session(_onet(weights["onet"]), threads)

    def faces(self, images: list[np.ndarray]) -> list[list[FaceBox]]:
        """Return for each image (h, w, 3) uint8 RGB its faces, the surest first."""
        return [self._faces(image) for image in images]

    def _faces(self, image: np.ndarray) -> list[FaceBox]:
        small = shrink(image, _SIDE)
        if min(small.shape[:2]) < 12:
            return []
        pixels = (small.astype(np.float32) - 127.5) / 128
        boxes = _square(self._proposals(pixels))
        for net, side, threshold in ((self._refine, 24, _THRESHOLDS[1]), (self._decide, 48, _THRESHOLDS[2])):
            if not len(boxes):
                return []
            patches = np.stack([_patch(pixels, box, side) for box in boxes])
            shifts, scores = net.run(None, {"image": patches})
            boxes = np.column_stack([_moved(boxes[:, :4], shifts, 1), scores[:, 1]])[scores[:, 1] > threshold]
            boxes = _distinct(boxes, 0.7 if side == 24 else 0.5, of_smaller=side == 48)
            boxes = _square(boxes) if side == 24 else boxes
        height, width = small.shape[:2]
        shares = np.clip(boxes[:, :4] / (width, height, width, height), 0, 1)
        return [
            FaceBox((float(b[0]), float(b[1]), float(b[2]), float(b[3])), float(score))
            for b, score in zip(shares, boxes[:, 4], strict=True)
            if b[2] > b[0] and b[3] > b[1]
        ]

    def _proposals(self, pixels: np.ndarray) -> np.ndarray:
        height, width = pixels.shape[:2]
        scale, found = 12 / _SMALLEST_PX, [np.zeros((0, 5))]
        while min(height, width) * scale >= 12:
            size = round(width * scale), round(height * scale)
            level = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1)[None]
            shifts, scores = self._propose.run(None, {"image": np.ascontiguousarray(level)})
            rows, columns = np.nonzero(scores[0, 1] > _THRESHOLDS[0])
            corners = np.column_stack([2 * columns, 2 * rows, 2 * columns + 12, 2 * rows + 12]).astype(np.float64)
            boxes = _moved(corners, shifts[0, :, rows, columns], 0) / scale
            found.append(_distinct(np.column_stack([boxes, scores[0, 1, rows, columns]]), 0.5))
            scale *= _STEP
        return _distinct(np.concatenate(found), 0.7)[:_MOST_PROPOSALS]


class YunetFaces:
    """YuNet (Wu et al. 2023) from an ONNX file with the outputs cls_S, obj_S, bbox_S for strides S of 8, 16 and 32, on
    the CPU. `threshold` is the least score, sqrt(cls * obj). Raises ValueError for a file that has none of them.

    OpenCV's own `FaceDetectorYN` (tried with 5.0) gives the same box on the file that tests draw. It is not used: it
    refuses files without landmarks, prints a warning for each detector, and takes its threads from the whole process.
    """

    def __init__(self, path: str, threads: int = 1, threshold: float = 0.7) -> None:
        self._session, self._threshold = session(path, threads), threshold
        wanted = {f"{name}_{stride}" for name in ("cls", "obj", "bbox") for stride in (8, 16, 32)}
        if missing := wanted - {out.name for out in self._session.get_outputs()}:
            raise ValueError(
                f"{path} is no YuNet: it has no {', '.join(sorted(missing))}; give another file, or `mtcnn`"
            )
        given = self._session.get_inputs()[0]
        self._input = given.name
        self._size = (given.shape[2], given.shape[3]) if all(isinstance(n, int) for n in given.shape[2:]) else None

    def faces(self, images: list[np.ndarray]) -> list[list[FaceBox]]:
        """Return for each image (h, w, 3) uint8 RGB its faces, the surest first."""
        return [self._faces(image) for image in images]

    def _faces(self, image: np.ndarray) -> list[FaceBox]:
        small = shrink(image, min(self._size) if self._size else 640)
        height, width = small.shape[:2]
        tall, wide = self._size or (-(-height // 32) * 32, -(-width // 32) * 32)
        padded = np.zeros((tall, wide, 3), np.float32)
        padded[:height, :width] = small[..., ::-1]
        names = [out.name for out in self._session.get_outputs()]
        out = dict(zip(names, self._session.run(None, {self._input: padded.transpose(2, 0, 1)[None]}), strict=True))
        found = [np.zeros((0, 5))]
        for stride in (8, 16, 32):
            scores = np.sqrt(np.clip(out[f"cls_{stride}"].ravel(), 0, 1) * np.clip(out[f"obj_{stride}"].ravel(), 0, 1))
            at = np.flatnonzero(scores > self._threshold)
            moved = out[f"bbox_{stride}"].reshape(-1, 4)[at].astype(np.float64)
            rows, columns = np.divmod(at, wide // stride)
            x, y = (columns + moved[:, 0]) * stride, (rows + moved[:, 1]) * stride
            w, h = np.exp(moved[:, 2]) * stride / 2, np.exp(moved[:, 3]) * stride / 2
            found.append(np.column_stack([x - w, y - h, x + w, y + h, scores[at]]))
        boxes = _distinct(np.concatenate(found), 0.3)
        shares = np.clip(boxes[:, :4] / (width, height, width, height), 0, 1)
        return [
            FaceBox((float(b[0]), float(b[1]), float(b[2]), float(b[3])), float(score))
            for b, score in zip(shares, boxes[:, 4], strict=True)
            if b[2] > b[0] and b[3] > b[1]
        ]


def _moved(boxes: np.ndarray, shifts: np.ndarray, more: int) -> np.ndarray:
    """Boxes (n, 4) ltrb in px moved by a network's answer, in shares of their size."""
    size = boxes[:, 2:] - boxes[:, :2] + more
    moved: np.ndarray = boxes + shifts * np.column_stack([size, size])
    return moved


def _square(boxes: np.ndarray) -> np.ndarray:
    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    half = (boxes[:, 2:4] - boxes[:, :2]).max(1, keepdims=True) / 2
    return np.column_stack([middle - half, middle + half, boxes[:, 4]])


def _patch(pixels: np.ndarray, box: np.ndarray, side: int) -> np.ndarray:
    """What lies in a box, (3, side, side), 0 (grey) where the box leaves the picture."""
    left, top, right, bottom = (round(float(v)) for v in box[:4])
    height, width = pixels.shape[:2]
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    patch = np.zeros((bottom - top, right - left, 3), np.float32)
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if x2 > x1 and y2 > y1:
        patch[y1 - top : y2 - top, x1 - left : x2 - left] = pixels[y1:y2, x1:x2]
    return cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)


def _distinct(boxes: np.ndarray, most: float, *, of_smaller: bool = False) -> np.ndarray:
    """Non-maximum suppression of boxes (n, 5), ltrb and score, the surest first: of two that overlap by more than
    `most` (IoU, or share of the smaller one) the surer stays."""
    left = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        corner = np.minimum(left[:, 2:4], best[2:4]) - np.maximum(left[:, :2], best[:2])
        shared = np.clip(corner, 0, None).prod(1)
        areas, own = (left[:, 2:4] - left[:, :2]).prod(1), (best[2:4] - best[:2]).prod()
        whole = np.minimum(areas, own) if of_smaller else areas + own - shared
        left = left[shared <= most * whole]
    return np.array(kept).reshape(-1, 5)


class _Keras:
    """Adds layers to a graph with the weights of a list in Keras' order: (h, w, in, out), bias, slopes."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        self.graph, self._weights = Graph(), iter(weights)

    def conv(self, x: str, *, relu: bool = True) -> str:
        weight, bias = next(self._weights), next(self._weights)
        return self._bent(self.graph.conv(x, weight.transpose(3, 2, 0, 1), bias), (-1, 1, 1), relu)

    def dense(self, x: str, *, relu: bool = False) -> str:
        weight, bias = (self.graph.constant(next(self._weights)) for _ in range(2))
        return self._bent(self.graph.add("Gemm", x, weight, bias), (-1,), relu)

    def _bent(self, x: str, shape: tuple[int, ...], relu: bool) -> str:
        if not relu:
            return x
        return self.graph.add("PRelu", x, self.graph.constant(next(self._weights).reshape(shape)))

    def pool(self, x: str, size: int, padding: str = "SAME_UPPER") -> str:
        return self.graph.add("MaxPool", x, kernel_shape=[size] * 2, strides=[2, 2], auto_pad=padding)

    def flat(self, x: str) -> str:
        return self.graph.add("Flatten", self.graph.add("Transpose", x, perm=[0, 3, 2, 1]))

    def ends(self, shifts: str, scores: str, *rest: int | str) -> bytes:
        first = "n" if not rest else 1
        return self.graph.model(
            {shifts: (first, 4, *rest), self.graph.add("Softmax", scores, axis=1): (first, 2, *rest)}
        )


def _pnet(weights: list[np.ndarray]) -> bytes:
    k = _Keras(weights)
    x = k.pool(k.conv(k.graph.input("image", (1, 3, "h", "w"))), 2)
    x = k.conv(k.conv(x))
    return k.ends(k.conv(x, relu=False), k.conv(x, relu=False), "y", "x")


def _rnet(weights: list[np.ndarray]) -> bytes:
    k = _Keras(weights)
    x = k.pool(k.conv(k.graph.input("image", ("n", 3, 24, 24))), 3)
    x = k.conv(k.pool(k.conv(x), 3, "VALID"))
    x = k.dense(k.flat(x), relu=True)
    return k.ends(k.dense(x), k.dense(x))


def _onet(weights: list[np.ndarray]) -> bytes:
    k = _Keras(weights)
    x = k.pool(k.conv(k.graph.input("image", ("n", 3, 48, 48))), 3)
    x = k.pool(k.conv(x), 3, "VALID")
    x = k.conv(k.pool(k.conv(x), 2))
    x = k.dense(k.flat(x), relu=True)
    shifts, _ = k.dense(x), k.dense(x)  # the landmarks are not needed
    return k.ends(shifts, k.dense(x))
