import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays

from layoutgen.core.collages import ALIKE, differing
from layoutgen.core.pictures.likeness import SIDE, perceptual_hash

greys = arrays(np.uint8, (SIDE, SIDE))


def scene(seed: int) -> np.ndarray:
    """A few large blots."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    blots = [np.exp(-((x - rng.random()) ** 2 + (y - rng.random()) ** 2) / 0.05) * rng.normal() for _ in range(6)]
    return 128 + 60 * np.sum(blots, axis=0)


def test_noise_light_and_contrast_leave_a_picture_what_it_is():
    rng = np.random.default_rng(0)
    for seed in range(20):
        grey = scene(seed)
        other = 0.8 * grey + 20 + rng.normal(0, 0.2, grey.shape)
        assert differing(perceptual_hash(grey), perceptual_hash(other)) <= ALIKE


def test_other_pictures_are_others():
    hashes = [perceptual_hash(scene(seed)) for seed in range(20)]
    assert min(differing(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > ALIKE


@given(greys)
def test_a_hash_has_64_bits_and_is_the_same_each_time(grey):
    assert 0 <= perceptual_hash(grey) < 1 << 64
    assert perceptual_hash(grey) == perceptual_hash(grey.copy())
