"""Networks from files: tiny ONNX files with the inputs and outputs of the published exports."""

import os

import numpy as np
import pytest

from layoutgen.models.finders.files import FileSaliency
from layoutgen.models.finders.network import NetSaliency
from layoutgen.models.finders.onnx_graph import Graph


def export(path, side, *, gain, bias, outputs=1, sigmoid=True):
    """A file whose map is gain x mean of the normalised channels + bias, at the input's size."""
    graph = Graph()
    image = graph.input("input", (1, 3, side, side))
    grey = graph.add("ReduceMean", image, axes=[1], keepdims=1)
    map_ = graph.add("Add", graph.add("Mul", grey, graph.constant(np.float32(gain))), graph.constant(np.float32(bias)))
    first = graph.add("Sigmoid", map_) if sigmoid else map_
    # U²-Net has six coarser maps beside the first; here they are wrong on purpose.
    others = {graph.add("Mul", first, graph.constant(np.float32(0))): (1, 1, side, side) for _ in range(outputs - 1)}
    path.write_bytes(graph.model({first: (1, 1, side, side), **others}))
    return path


def photo():
    """A bright square on black: 300 px wide, 200 high."""
    image = np.zeros((200, 300, 3), np.uint8)
    image[60:140, 100:200] = 240
    return image


@pytest.mark.parametrize(
    ("kind", "side", "outputs", "sigmoid"),
    [("u2net", 320, 7, True), ("isnet", 1024, 6, True), ("birefnet", 256, 1, False)],
)
def test_each_format_is_fed_and_read_as_published(tmp_path, kind, side, outputs, sigmoid):
    made = export(tmp_path / "net.onnx", side, gain=20, bias=-2, outputs=outputs, sigmoid=sigmoid)
    (found,) = FileSaliency(made, kind).saliency([photo()])
    assert found.shape == (171, 256) and found.dtype == np.float32
    assert found[85, 128] > 0.95 and found[10, 10] < 0.05
    assert found.min() >= 0 and found.max() <= 1


def test_u2net_divides_by_the_maximum_and_isnet_by_255(tmp_path):
    # The map of the darker picture tells what it was divided by: u2net sees both alike.
    maps = {}
    for kind in ("u2net", "isnet"):
        model = FileSaliency(export(tmp_path / f"{kind}.onnx", 64, gain=1, bias=0), kind)
        maps[kind] = [model._prepared(image)[0, :, 32, 32] for image in (photo(), photo() // 2)]
    assert maps["u2net"][0] == pytest.approx(maps["u2net"][1])
    assert maps["isnet"][0] == pytest.approx([240 / 255 - 0.5] * 3)
    assert maps["isnet"][1] == pytest.approx([120 / 255 - 0.5] * 3)


def test_a_map_without_a_subject_is_not_stretched(tmp_path):
    model = FileSaliency(export(tmp_path / "net.onnx", 64, gain=0.01, bias=0.01, sigmoid=False), "u2net")
    (found,) = model.saliency([photo()])
    assert found.max() < 0.1


def test_a_file_that_is_missing_or_takes_no_picture_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.onnx"):
        FileSaliency(tmp_path / "none.onnx", "u2net")
    graph = Graph()
    out = graph.add("Sigmoid", graph.input("input", (1, 8)))
    (tmp_path / "other.onnx").write_bytes(graph.model({out: (1, 8)}))
    with pytest.raises(ValueError, match="not pictures"):
        FileSaliency(tmp_path / "other.onnx", "u2net")


def test_models_of_a_worker_share_a_network_as_long_as_its_file_is_the_same(tmp_path):
    path = export(tmp_path / "net.onnx", 64, gain=20, bias=-2)
    first, second = (FileSaliency(path, kind) for kind in ("u2net", "isnet"))
    assert first._session is second._session
    assert FileSaliency(path, "u2net", threads=2)._session is not first._session
    before = first.saliency([photo()])[0]
    export(path, 64, gain=-20, bias=9)
    os.utime(path, ns=(1, 1))
    (after,) = FileSaliency(path, "u2net").saliency([photo()])
    assert after[85, 128] < after[10, 10]
    assert np.array_equal(first.saliency([photo()])[0], before)
    assert NetSaliency()._session is NetSaliency()._session
