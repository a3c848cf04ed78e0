"""Lines of any script become features, each by itself."""

import torch

from layoutgen.core.layout import Canvas, Copy
from layoutgen.models.denoising.letters import LetterEncoder
from layoutgen.models.denoising.lines import MOST_LETTERS, batch, lines_of
from tests.models.denoising.tiny import CANVASES, COPIES, TINY

CANVAS = Canvas(1080, 1080)


def encoder():
    torch.manual_seed(0)
    return LetterEncoder(TINY.text, TINY.letters).eval()


def features(*rows):
    with torch.inference_mode():
        return encoder()(batch(rows))


def test_the_lines_are_those_that_the_copy_demands():
    lines = lines_of(Copy("Kettle", ("1.5 l", " ", "￥89"), brand="ACME", logo="l.png"), CANVAS, 2.0)
    assert [line.slot.text for line in lines] == ["Kettle", "1.5 l", "￥89", ""]
    assert [line.kind for line in lines] == [0, 1, 1, 2]
    assert lines_of(Copy(""), CANVAS) == ()


def test_a_line_has_the_same_features_in_any_batch():
    rows = [lines_of(copy, canvas) for copy, canvas in zip(COPIES, CANVASES, strict=True)]
    together = features(*rows)
    for k, row in enumerate(rows):
        assert torch.allclose(together[k, : len(row)], features(row)[0], atol=1e-6)
        assert (together[k, len(row) :] == 0).all()


def test_letters_their_order_their_length_and_the_role_tell_lines_apart():
    def line(title, points=(), canvas=CANVAS):
        return features(lines_of(Copy(title, points), canvas))[0]

    same = line("保温杯")[0]
    for other in ("保温瓶", "杯温保", "保温杯保温杯", "Kettle", "保"):
        assert (line(other)[0] - same).abs().max() > 1e-2
    assert (line("Tea", ("保温杯",))[1] - same).abs().max() > 1e-2  # as a selling point
    assert (line("保温杯", canvas=Canvas(1920, 1080))[0] - same).abs().max() > 1e-2


def test_every_letter_of_unicode_and_any_length_can_be_read():
    strange = "".join(map(chr, (0x1F600, 0x10FFFF, 0x20BB7, 0xAC00, 0x5D0, 10)))
    found = features(lines_of(Copy(strange, ("字" * 500, "x" * MOST_LETTERS)), CANVAS))
    assert found.isfinite().all()


def test_rows_without_lines_are_zeros():
    assert (features((), lines_of(Copy("Tea"), CANVAS))[0] == 0).all()
    assert features(()).shape == (1, 1, TINY.text)
