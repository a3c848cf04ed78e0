import numpy as np

from layoutgen.imaging.grounds import flat_ground, panel_colour


def photo(ground):
    """A dark red thing on a ground, and the map of it."""
    image = np.full((600, 600, 3), ground, np.uint8)
    subject = np.zeros((600, 600), np.float32)
    subject[180:420, 180:420] = 1
    image[180:420, 180:420] = (150, 30, 40)
    return image, subject


def test_the_ground_is_flat_where_the_photos_edge_has_one_colour():
    image, subject = photo((240, 238, 230))
    assert flat_ground(image, subject) == "#f0eee6"
    image[:300] = 90
    assert flat_ground(image, subject) is None
    assert flat_ground(image, np.ones_like(subject)) is None


def test_a_panel_is_pale_beside_a_light_photo_and_deep_beside_a_dark_one():
    pale, deep = (panel_colour(*photo(ground)) for ground in ((240, 240, 240), (25, 25, 28)))
    assert min(int(pale[i : i + 2], 16) for i in (1, 3, 5)) > 200
    assert max(int(deep[i : i + 2], 16) for i in (1, 3, 5)) < 90
