from layoutgen.core import collages

FAR = [0, (1 << 64) - 1, (1 << 32) - 1, 0xFFFF0000FFFF0000, 0x00FF00FF00FF00FF, 0x0F0F0F0F0F0F0F0F, 0x3333333333333333]


def test_a_photo_that_looks_like_one_before_it_is_left_out_and_named():
    taken, notes = collages.chosen({"a": 0, "b": 0b111, "c": FAR[1]}, "collage")
    assert taken == ["a", "c"]
    assert notes == ["image b is not on the collage: it looks like a"]


def test_stages_of_one_thing_may_look_alike():
    for kind in ("steps", "before_after"):
        assert collages.chosen({"a": 0, "b": 1}, kind) == (["a", "b"], [])


def test_of_many_photos_the_first_are_shown_and_the_others_counted():
    hashes = {str(i): bits for i, bits in enumerate(FAR)}
    taken, notes = collages.chosen(hashes, "grid")
    assert taken == list("012345")
    assert notes == ["1 more images are not on the collage: it shows at most 6"]
    taken, notes = collages.chosen(hashes, "before_after")
    assert taken == ["0", "1"] and notes[0].startswith("5 more")


def test_a_layout_says_which_photos_it_does_not_show():
    assert collages.left_out(["a", "b", "c"], ["a", "c"], "grid") == [
        "image b is not on the collage: no tile of it keeps its subject whole"
    ]
    (note,) = collages.left_out(["a", "b"], ["a"], "grid")
    assert note == "layout grid: the images give no collage on this canvas; it is laid out single"
