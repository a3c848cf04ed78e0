"""What is decoded once while a table is worked on."""

import numpy as np
import pytest

from layoutgen.imaging import decoded, images
from layoutgen.stages.travelling import map_as_png, read_map


class Counting:
    """A decoder that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, data: bytes) -> np.ndarray:
        self.calls += 1
        return np.frombuffer(data, np.uint8).copy()


def test_the_same_bytes_are_decoded_once_inside_and_anew_outside() -> None:
    decode = Counting()
    with decoded.caching():
        first, second = decoded.once("a", b"photo", decode), decoded.once("a", bytes(bytearray(b"photo")), decode)
        assert first is second
        assert decode.calls == 1
        decoded.once("b", b"photo", decode)
        assert decode.calls == 2, "another way of decoding gives another array"
    decoded.once("a", b"photo", decode)
    with decoded.caching():
        decoded.once("a", b"photo", decode)
    assert decode.calls == 4


def test_what_is_kept_can_not_be_written_to_and_has_the_same_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    jpeg, png = images.encode_jpeg(pixels), map_as_png(pixels[..., 0] / 255)
    with decoded.caching():
        for read, data in ((images.decode_jpeg, jpeg), (read_map, png)):
            array = read(data)
            assert read(data) is array
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
    np.testing.assert_array_equal(images.decode_jpeg(jpeg), images.decode_jpeg(jpeg))
    assert images.decode_jpeg(jpeg).flags.writeable


def test_no_more_is_kept_than_there_is_room_for() -> None:
    decode = Counting()
    with decoded.caching(10):
        for _ in range(3):
            for data in (b"12345", b"67890", b"abcde"):
                decoded.once("a", data, decode)
    assert decode.calls == 5, "the first two are kept, the third is decoded each time"
