"""Font files as people have them: variable ones with their axes in any order, collections, damaged ones."""

import string
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables.TupleVariation import TupleVariation

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Role
from layoutgen.imaging import fonts
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.versions import row_versions

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


@pytest.mark.parametrize("axes", [(WGHT,), (OPSZ, WGHT), (WDTH, WGHT), (WGHT, WDTH), (OPSZ, WDTH, WGHT)])
def test_the_weight_is_set_wherever_it_stands_and_other_axes_keep_their_defaults(tmp_path, axes):
    path = str(font(tmp_path / "Tiny[axes].ttf", axes))
    bold, regular = fonts.face(path, fonts.BOLD), fonts.face(path, fonts.REGULAR)
    assert (bold.name, regular.name) == ("Tiny-Bold", "Tiny-Regular")
    assert regular.width("Handmade", 100) == 8 * 50
    assert bold.width("Handmade", 100) == pytest.approx(8 * (50 + 20 * (700 - 400) / (900 - 400)), abs=8 * 0.5)
    drawn = bold.at(100).getmask("Handmade").getbbox()
    assert drawn[2] - drawn[0] > 8 * 60 - 10


def test_a_weight_out_of_the_axis_is_the_nearest_there_is(tmp_path):
    path = str(font(tmp_path / "Light.ttf", (("wght", 100, 300, 500, "W"),)))
    assert fonts.face(path, fonts.BOLD).width("a", 100) == 70


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
        assert face.width("abc", 100) == 150 and face.covers("a") and not face.covers("ż")


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


def test_one_flipped_byte_anywhere_is_a_font_or_a_refusal(tmp_path):
    data = font(tmp_path / "Tiny.ttf", (OPSZ, WGHT)).read_bytes()
    for at in range(0, len(data), 211):
        path = tmp_path / f"flipped-{at}.ttf"
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            fonts.face(str(path), fonts.BOLD).width("Handmade", 40)
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


@pytest.mark.parametrize("text", ["AVATAR To Wa.", "ffi fl", "Zażółć", "无线 Pro", "1/3"])
@pytest.mark.parametrize("px", [13, 48, 131])
def test_what_is_measured_is_what_is_drawn(text, px):
    for face in fonts.faces("", fonts.BOLD):
        whole = face.at(px).getlength(text)
        assert face.width(text, px) == whole == pytest.approx(sum(face.width(c, px) for c in text), abs=0.01 * px)
