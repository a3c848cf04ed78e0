"""Font files as people have them: variable ones with their axes in any order, collections, damaged ones."""

import pickle
import string
import struct
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from fontTools.ttLib.tables.TupleVariation import TupleVariation
from PIL import Image

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Role
from layoutgen.imaging import fonts
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.versions import row_versions
from tests.drawn import encoded

LETTERS = {ord(letter): f"g{ord(letter)}" for letter in string.ascii_letters + string.digits + " .,-"}
OPSZ, WGHT, WDTH = ("opsz", 14, 14, 32, "O"), ("wght", 100, 400, 900, "W"), ("wdth", 50, 100, 150, "D")


def font(path: Path, axes: tuple = (), *, cff: bool = False, letters: dict[int, str] = LETTERS) -> Path:
    """A font of boxes, 500 units wide; with a weight axis 700 at its boldest, with a width axis 900 at its widest."""
    names = [".notdef", *letters.values()]
    builder = FontBuilder(1000, isTTF=not cff)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(letters)
    pen = T2CharStringPen(500, None) if cff else TTGlyphPen(None)
    pen.moveTo((40, 0))
    for point in ((40, 700), (460, 700), (460, 0)):
        pen.lineTo(point)
    pen.closePath()
    if cff:
        builder.setupCFF("Tiny", {}, dict.fromkeys(names, pen.getCharString()), {})
    else:
        builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 40)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Tiny", "styleName": "Regular"})
    if axes:
        builder.setupFvar(list(axes), [])
        grown = {"wght": 200, "wdth": 400, "opsz": 300}
        builder.setupGvar(
            {
                name: [
                    TupleVariation({tag: (0, 1, 1)}, [(0, 0), (0, 0), *[(by, 0)] * 2, (0, 0), (by, 0), (0, 0), (0, 0)])
                    for tag, by in grown.items()
                    if tag in [axis[0] for axis in axes]
                ]
                for name in names
            }
        )
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def bitmaps(made, glyph, side=64):
    """Tables of one strike in which a glyph is a PNG: index format 1, image format 17."""
    drawn = min(side, 127)  # what metrics can say
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[:, : side // 2], pixels[:, side // 2 :] = (230, 51, 26, 255), (0, 153, 51, 255)
    png = encoded(Image.fromarray(pixels), "PNG")
    line = struct.pack(">bbBbbbbbbbbb", drawn, 0, drawn, *[0] * 9)
    size = struct.pack(">IIII", 56, 24, 1, 0) + line * 2 + struct.pack(">HHBBBb", glyph, glyph, drawn, drawn, 32, 1)
    index = struct.pack(">HHIHHIII", glyph, glyph, 8, 1, 17, 4, 0, 9 + len(png))
    image = struct.pack(">BBbbBI", drawn, drawn, 0, drawn - 8, drawn, len(png)) + png
    for tag, data in (
        ("CBLC", struct.pack(">HHI", 3, 0, 1) + size + index),
        ("CBDT", struct.pack(">HH", 3, 0) + image),
    ):
        made[tag] = DefaultTable(tag)
        made[tag].data = data
    del made["glyf"], made["loca"]  # as Noto Color Emoji has none


@pytest.mark.parametrize("axes", [(WGHT,), (OPSZ, WGHT), (WDTH, WGHT), (WGHT, WDTH), (OPSZ, WDTH, WGHT)])
def test_the_weight_is_set_wherever_it_stands_and_the_optical_size_follows_the_font_size(tmp_path, axes):
    path = str(font(tmp_path / "Tiny[axes].ttf", axes))
    assert (fonts.face(path, fonts.BOLD).name, fonts.face(path, fonts.REGULAR).name) == ("Tiny-Bold", "Tiny-Regular")
    for px, share in ((10, 0.0), (23, 0.5), (100, 1.0)):
        optical = 0.3 * share if OPSZ in axes else 0.0
        assert width(path, "Handmade", px, "Tiny-Regular") == pytest.approx(8 * px * (0.5 + optical), rel=0.01)
        bold = 8 * px * (0.5 + optical + 0.2 * (700 - 400) / (900 - 400))
        assert width(path, "Handmade", px, "Tiny-Bold") == pytest.approx(bold, rel=0.01)


def width(path: str, text: str, px: int, name: str) -> float:
    return fonts.typeface(name, (path,)).width(text, px)


def test_a_weight_out_of_the_axis_is_the_nearest_there_is(tmp_path):
    path = str(font(tmp_path / "Light.ttf", (("wght", 100, 300, 500, "W"),)))
    assert width(path, "a", 100, "Light-Bold") == 70


@pytest.mark.parametrize(
    ("file", "axes", "name"),
    [
        ("DejaVuSans-Bold.ttf", (), "DejaVuSans-Bold"),
        ("Brand.ttf", (), "Brand"),
        ("Wide.ttf", (WDTH,), "Wide"),
        ("Inter-VariableFont_opsz,wght.ttf", (OPSZ, WGHT), "Inter-Bold"),
        ("BrandVF.ttf", (WGHT,), "Brand-Bold"),
    ],
)
def test_a_name_says_the_weight_once_and_only_where_the_font_is_drawn_in_it(tmp_path, file, axes, name):
    path = str(font(tmp_path / file, axes))
    assert fonts.face(path, fonts.BOLD).name == name
    assert fonts.by_name(name, (path,)).path == Path(path)


def test_collections_and_cff_outlines_are_fonts_too(tmp_path):
    single = font(tmp_path / "a.ttf")
    collection = TTCollection()
    collection.fonts = [TTFont(single), TTFont(single)]
    collection.save(tmp_path / "both.ttc")
    for path in (tmp_path / "both.ttc", font(tmp_path / "outlines.otf", cff=True)):
        face = fonts.face(str(path), fonts.BOLD)
        assert width(str(path), "abc", 100, face.name) == 150 and face.covers("a") and not face.covers("ż")


def damaged(folder: Path, kind: str) -> Path:
    path = font(folder / "Tiny.ttf")
    data = path.read_bytes()
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("<html>not found</html>")
        case "cut":
            path.write_bytes(data[: len(data) * 2 // 3])
        case "woff2":
            path.write_bytes(b"wOF2" + data[4:])
        case "no letters":
            font(path, letters={})
        case "folder":
            path.unlink()
            path.mkdir()
        case "gone":
            path.unlink()
    return path


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "woff2", "no letters", "folder", "gone"])
def test_a_file_that_is_no_whole_font_is_refused_in_one_sentence_with_its_path(tmp_path, kind):
    path = damaged(tmp_path, kind)
    with pytest.raises(ValueError) as refused:
        FaceFor(PlaceSettings(bold_font=str(path)))
    message = str(refused.value)
    assert str(path) in message and "\n" not in message and "; " in message
    assert "0x" not in message


@pytest.mark.parametrize(("pictures", "reason"), [(None, "has neither outlines nor pictures"), (4000, "4000 px, more")])
def test_a_font_without_outlines_has_pictures_of_a_sane_size(tmp_path, pictures, reason):
    path = font(tmp_path / "Empty.ttf")
    with TTFont(path) as made:
        if pictures:
            bitmaps(made, made.getGlyphID("g97"), pictures)
        else:
            del made["glyf"], made["loca"]
        made.save(tmp_path / "Saved.ttf")
    with pytest.raises(ValueError, match=reason):
        fonts.face(str(tmp_path / "Saved.ttf"), fonts.BOLD)


def test_one_flipped_byte_anywhere_is_a_font_or_a_refusal(tmp_path):
    data = font(tmp_path / "Tiny.ttf", (OPSZ, WGHT)).read_bytes()
    for at in range(0, len(data), 211):
        path = tmp_path / f"flipped-{at}.ttf"
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            width(str(path), "Handmade", 40, fonts.face(str(path), fonts.BOLD).name)
        except ValueError as refused:
            assert str(path) in str(refused)


def test_two_files_of_one_name_are_refused_and_an_embedded_font_gives_way(tmp_path):
    (tmp_path / "b").mkdir()
    first, second = font(tmp_path / "Brand.ttf"), font(tmp_path / "b" / "Brand.ttf")
    with pytest.raises(ValueError, match="have the same name 'Brand'"):
        FaceFor(PlaceSettings(bold_font=str(first), regular_font=str(second)))
    own = font(tmp_path / "NotoSansKR-Bold.ttf")
    face_for = FaceFor(PlaceSettings(bold_font=str(own)))
    assert [face.path for face in face_for.bold if face.name == "NotoSansKR-Bold"] == [own]


def test_a_title_that_the_users_font_lacks_is_set_whole_in_another(tmp_path):
    face_for = FaceFor(PlaceSettings(bold_font=str(font(tmp_path / "Brand.ttf"))))
    assert face_for(Role.TITLE, "Handmade").name == "Brand"
    assert face_for(Role.TITLE, "Ręcznie").name == "NotoSans-Bold"
    assert face_for(Role.SELLING_POINT, "Handmade").name == "NotoSansKR-Regular"


def test_one_file_of_one_weight_for_both_weights_is_told(tmp_path, caplog):
    path = str(font(tmp_path / "Brand.ttf"))
    config = LayoutsConfig(place=PlaceSettings(bold_font=path, regular_font=path))
    row_versions(config.images, config.annotate, None, config.place)
    assert "has no axis of weights" in caplog.text and path in caplog.text
    caplog.clear()
    path = str(font(tmp_path / "Brand[wght].ttf", (WGHT,)))
    row_versions(config.images, config.annotate, None, PlaceSettings(bold_font=path, regular_font=path))
    assert not caplog.text


def test_a_file_larger_than_any_font_is_refused_unread(tmp_path):
    path = font(tmp_path / "Huge.ttf")
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(ValueError, match="1099511627776 bytes, more than any font"):
        fonts.face(str(path), fonts.BOLD)


def test_the_open_fonts_of_a_process_are_one_object_a_file_and_weight():
    first = fonts.by_name("NotoSansSC-Bold")
    assert fonts.by_name("NotoSansSC-Bold") is first is pickle.loads(pickle.dumps(first))
    assert {face.path for face in fonts.faces("", fonts.BOLD)} == set(fonts.EMBEDDED)


def test_every_embedded_font_is_known_by_its_name_in_both_weights():
    for weight in (fonts.REGULAR, fonts.BOLD):
        for face in fonts.faces("", weight):
            assert fonts.by_name(face.name) is face or not face.has_weights
