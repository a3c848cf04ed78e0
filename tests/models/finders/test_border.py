import cv2
import numpy as np
import pytest

from layoutgen.models.finders.border import BorderSaliency, border_contrast

FINDER = BorderSaliency()


def find(image):
    return FINDER.saliency([image])[0]


def plain(height=480, width=400):
    rng = np.random.default_rng(0)
    return np.clip(rng.normal(232, 1.5, (height, width, 3)), 0, 255).astype(np.uint8)


def busy(height=480, width=400):
    """A wall of soft patches and a floor, as in a lifestyle photo."""
    rng = np.random.default_rng(1)
    patches = cv2.resize(
        rng.normal(150, 22, (12, 10, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    patches[int(height * 0.7) :] -= 45
    return np.clip(patches + rng.normal(0, 4, patches.shape), 0, 255).astype(np.uint8)


def with_subject(ground, shape, colour=(170, 40, 50)):
    """Draw a subject and return the photo and the subject's mask."""
    height, width = ground.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    middle, size = (int(width * 0.52), int(height * 0.55)), int(min(height, width) * 0.24)
    if shape == "disc":
        cv2.circle(mask, middle, size, 1, cv2.FILLED)
    elif shape == "box":
        cv2.rectangle(mask, (middle[0] - size, middle[1] - size), (middle[0] + size, middle[1] + size), 1, cv2.FILLED)
    else:  # a bottle
        cv2.rectangle(
            mask,
            (middle[0] - size // 2, middle[1] - size // 2),
            (middle[0] + size // 2, middle[1] + size),
            1,
            cv2.FILLED,
        )
        cv2.rectangle(
            mask, (middle[0] - size // 5, middle[1] - size), (middle[0] + size // 5, middle[1]), 1, cv2.FILLED
        )
    image = ground.copy()
    image[mask == 1] = colour
    return image, mask.astype(bool)


def iou(found, mask):
    grown = cv2.resize(found, mask.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.7
    return (grown & mask).sum() / (grown | mask).sum()


@pytest.mark.parametrize("shape", ["disc", "box", "bottle"])
@pytest.mark.parametrize("colour", [(170, 40, 50), (40, 60, 160), (35, 35, 38)])
def test_a_subject_on_a_plain_ground_is_found_to_its_outline(shape, colour):
    image, mask = with_subject(plain(), shape, colour)
    assert iou(find(image), mask) > 0.8


@pytest.mark.parametrize("shape", ["disc", "box", "bottle"])
@pytest.mark.parametrize("colour", [(170, 40, 50), (40, 60, 160)])
def test_a_subject_on_a_busy_ground_is_found(shape, colour):
    image, mask = with_subject(busy(), shape, colour)
    assert iou(find(image), mask) > 0.6


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (300, 5), (11, 11), (12, 12), (16, 2000), (1200, 900)])
def test_every_size_of_photo_has_a_map_of_its_shape(size):
    rng = np.random.default_rng(0)
    found = find(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
    scale = min(1, 160 / max(size))
    assert found.shape == tuple(max(1, round(side * scale)) for side in size)
    assert found.dtype == np.float32
    assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1


@pytest.mark.parametrize("value", [0, 128, 255])
def test_in_a_flat_image_the_middle_is_protected(value):
    found = find(np.full((300, 200, 3), value, np.uint8))
    assert found[found.shape[0] // 2, found.shape[1] // 2] > 0.8
    assert found[0, 0] < 0.2


def test_what_lies_in_a_subjects_hollow_is_half_protected():
    image, _ = with_subject(plain(), "disc")
    cv2.circle(image, (208, 264), 60, (232, 232, 232), cv2.FILLED)
    image[264:400] = 232  # an arch
    found = find(image)
    assert 0.4 < found[round(255 / 3), round(208 / 3)] <= 1


def test_the_map_is_the_same_every_time_and_in_any_company():
    photos = [with_subject(busy(), "disc")[0], with_subject(plain(), "box")[0], np.zeros((5, 300, 3), np.uint8)]
    together = FINDER.saliency(photos)
    for photo, found in zip(photos, together, strict=True):
        assert np.array_equal(find(photo), found)


@pytest.mark.parametrize("ground", [plain(), busy()])
def test_the_contrast_to_the_edge_is_high_on_the_subject_and_low_at_the_edge(ground):
    image, mask = with_subject(ground, "disc")
    found = border_contrast(image)
    small = cv2.resize(mask.astype(np.uint8), found.shape[::-1], interpolation=cv2.INTER_AREA) > 0
    assert found.shape == (64, 64) and found.dtype == np.float32
    edge = np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]])
    assert found[small].mean() > edge.mean() + 0.4


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (64, 64)])
def test_every_picture_has_a_contrast(size):
    found = border_contrast(np.full((*size, 3), 77, np.uint8))
    assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1
