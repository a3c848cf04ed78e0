import numpy as np
import pytest

from layoutgen.core.layout import inside, iou
from layoutgen.models.finders import faces
from layoutgen.models.finders.faces import MtcnnFaces, YunetFaces, detector
from layoutgen.models.finders.onnx_graph import Graph

skimage = pytest.importorskip("skimage.data")
ASTRONAUT = (0.352, 0.115, 0.525, 0.345)


@pytest.fixture(scope="module")
def mtcnn():
    found = detector()
    assert isinstance(found, MtcnnFaces)
    return found


def test_a_face_is_found_where_it_is(mtcnn):
    (found,) = mtcnn.faces([skimage.astronaut()])
    assert len(found) == 1
    assert iou(found[0].box, ASTRONAUT) > 0.7
    assert found[0].score > 0.95


@pytest.mark.parametrize("picture", ["chelsea", "coffee", "rocket"])
def test_a_cat_a_cup_and_a_rocket_have_none(mtcnn, picture):
    assert mtcnn.faces([getattr(skimage, picture)()]) == [[]]


def test_two_faces_are_two_the_surest_first(mtcnn):
    one = skimage.astronaut()[:256, 100:356]
    (found,) = mtcnn.faces([np.concatenate([one, one[:, ::-1]], 1)])
    assert len(found) == 2
    assert found[0].score >= found[1].score
    assert {face.box[0] > 0.5 for face in found} == {True, False}


@pytest.mark.parametrize("scale", [0.4, 2.0])
def test_size_does_not_matter_within_reason(mtcnn, scale):
    import cv2

    (found,) = mtcnn.faces([cv2.resize(skimage.astronaut(), None, fx=scale, fy=scale)])
    assert len(found) == 1 and iou(found[0].box, ASTRONAUT) > 0.6


def test_a_face_at_the_edge_stays_in_the_picture(mtcnn):
    (found,) = mtcnn.faces([skimage.astronaut()[80:300, 195:420]])
    assert all(inside(face.box, (0, 0, 1, 1)) for face in found)


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (11, 11), (40, 2000)])
def test_a_picture_of_any_size_has_an_answer(mtcnn, size):
    assert mtcnn.faces([np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)]) == [[]]


def test_the_answer_is_the_same_in_any_company(mtcnn):
    photos = [skimage.astronaut(), skimage.chelsea(), skimage.astronaut()]
    together = mtcnn.faces(photos)
    assert together == [mtcnn.faces([photo])[0] for photo in photos]
    assert together[0] == together[2]


def test_without_the_wheel_the_caller_learns_that_nobody_looks(monkeypatch):
    monkeypatch.setattr(faces, "find_spec", lambda name: None)
    assert detector() is None
    assert detector("") is None


def test_a_path_to_nothing_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"/no/such\.onnx"):
        detector("/no/such.onnx")


def yunet(path, at, fixed):
    """A file of YuNet's form that sees one face at row and column `at` of stride 16, 3 cells wide and 4 high, whatever
    the picture: constants, and the input times zero so that it has one."""
    graph = Graph()
    side = 128
    image = graph.input("input", (1, 3, side, side) if fixed else (1, 3, "h", "w"))
    nothing = graph.add("ReduceSum", graph.add("Mul", image, graph.constant(np.float32(0))), keepdims=0)
    outputs = {}
    for stride in (8, 16, 32):
        cells = (side // stride) ** 2
        values = {"cls": np.zeros((1, cells, 1), np.float32), "obj": np.zeros((1, cells, 1), np.float32)}
        values["bbox"] = np.zeros((1, cells, 4), np.float32)
        if stride == 16:
            k = at[0] * (side // stride) + at[1]
            values["cls"][0, k], values["obj"][0, k] = 0.9, 0.9
            values["bbox"][0, k] = (0.5, 0.5, np.log(3), np.log(4))
        for name, value in values.items():
            outputs[graph.add("Add", nothing, graph.constant(value), name=f"{name}_{stride}")] = value.shape
    path.write_bytes(graph.model(outputs))
    return str(path)


@pytest.mark.parametrize("fixed", [True, False])
def test_yunet_is_read_from_a_file(tmp_path, fixed):
    found = detector(yunet(tmp_path / "yunet.onnx", (3, 4), fixed))
    assert isinstance(found, YunetFaces)
    ((face,),) = found.faces([np.zeros((128, 128, 3), np.uint8)])
    # The middle of the cell at row 3, column 4 of 16 px cells, 48 x 64 px, of 128.
    assert face.box == pytest.approx((48 / 128, 24 / 128, 96 / 128, 88 / 128))
    assert face.score == pytest.approx(0.9)
