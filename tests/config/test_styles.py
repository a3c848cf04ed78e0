"""Styles as files: what they may say, and what is refused."""

import pytest

from layoutgen.config.base import ConfigError
from layoutgen.config.stages import PlaceSettings
from layoutgen.config.styles import StyleSettings, embedded, parse
from layoutgen.core.layout import Role
from layoutgen.io.storage import Storage
from layoutgen.models.building import styles
from layoutgen.models.building.fonts import FaceFor
from tests.imaging.test_fonts import font

OWN = 'title = "Own"\ndescription = "Ours."\n'


def test_every_embedded_style_can_be_used_and_says_what_it_is():
    assert next(iter(embedded())) == "plain"
    for name, style in embedded().items():
        assert style.name == name
        assert style.title
        assert style.description.endswith(".")
        assert not style.faults


def test_what_a_type_leaves_out_is_as_in_the_plain_style():
    style = parse(f"{OWN}[types.price]\nweight = 900\n".encode(), "s3://shop/styles/own.toml")
    assert style.name == "own"
    assert (style.type_of(Role.PRICE).scale, style.type_of(Role.PRICE).weight) == (1.25, 900)
    assert style.type_of(Role.SELLING_POINT).container == "pill"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("radus = 1", "own.toml: unknown key radus; known here: title, description, types, palette"),
        ("[types.title]\nwight = 1", "unknown key types.title.wight; known here: scale, weight, family"),
        ("[types.titel]\nweight = 700", "unknown key types.titel; known here: title, subtitle, selling_point"),
        ("[palette]\nwarmth = 1", "unknown key palette.warmth; known here: scheme, panel_lightness"),
        ("[types.title]\nweight = '700'", "types.title.weight = '700': Input should be a valid integer"),
        ("[types.title]\nweight = true", "types.title.weight = True: Input should be a valid integer"),
        ("[grounds]\nbleed = nan", "grounds.bleed = nan"),
        ("types = 3", "types = 3: Input should be an object"),
        ("[types.title]\nweight = 1000", "types.title.weight is 1000; give 100 to 900"),
        ("[types.badge]\ncontainer = 'blob'", "types.badge.container is 'blob'; known: none, rounded"),
        ("title_least = 0.2\ntitle_most = 0.1", "title_least is 0.2 and title_most 0.1; give"),
        ("[types.title]\nscale = 1.2", "types.title.scale is what all others are multiples of"),
        ("[types.was_price]\nscale = 1.4", "types.was_price.scale is 1.4; a struck price is smaller"),
        ("[grounds]\n", "grounds is empty; name one"),
        ("name = 'x'", "unknown key name; a style is named like its file"),
        ("title", "is not TOML"),
    ],
)
def test_what_cannot_be_used_is_refused_with_file_key_value_and_mend(text, said):
    with pytest.raises(ConfigError) as caught:
        parse((OWN + text).encode(), "folder/own.toml")
    assert str(caught.value).startswith("folder/own.toml")
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["Own.toml", "auto.toml", "3.toml", ".toml"])
def test_a_file_that_no_style_can_be_named_after_is_refused(name):
    with pytest.raises(ConfigError, match="rename the file"):
        parse(OWN.encode(), name)


def test_what_has_no_title_is_refused():
    with pytest.raises(ConfigError, match="title is missing"):
        parse(b'description = "Ours."', "own.toml")


def test_styles_are_read_from_files_and_folders_and_hide_embedded_ones(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "own.toml").write_text(OWN)
    (tmp_path / "more" / "notes.txt").write_text("no style")
    (tmp_path / "plain.toml").write_text(OWN)
    known = styles.load(StyleSettings(paths=(f"{tmp_path}/more", f"{tmp_path}/plain.toml")), Storage())
    assert {"own", "plain"} <= set(known)
    assert known["plain"].title == "Own"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"use": "loud"}, "style.use = 'loud' is no style; known: "),
        ({"allowed": ("auto",)}, "style.allowed = 'auto' is no style"),
        ({"by_category": {"Shoes": "loud"}}, "style.by_category.Shoes = 'loud' is no style"),
        ({"by_brand": {"VALE": "loud"}}, "style.by_brand.VALE = 'loud' is no style"),
        ({"paths": ("FOLDER/none.toml",)}, "style.paths: FOLDER/none.toml: "),
        ({"paths": ("FOLDER",)}, "style.paths: FOLDER holds no .toml file"),
    ],
)
def test_settings_that_name_what_is_not_there_are_refused(tmp_path, settings, said):
    if "paths" in settings:
        settings = {"paths": tuple(path.replace("FOLDER", str(tmp_path)) for path in settings["paths"])}
    with pytest.raises(ConfigError) as caught:
        styles.load(StyleSettings(**settings), Storage())
    assert said.replace("FOLDER", str(tmp_path)) in str(caught.value)


def test_two_files_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "own.toml").write_text(OWN)
    with pytest.raises(ConfigError, match="are both the style 'own'; rename one"):
        styles.load(StyleSettings(paths=(f"{tmp_path}/a", f"{tmp_path}/b")), Storage())


def test_a_registry_is_needed_where_one_is_named():
    with pytest.raises(ValueError, match=r"needs style\.registry"):
        StyleSettings(paths=("registry:house",))


@pytest.mark.parametrize(
    ("axes", "types", "said"),
    [
        ((), "[types.title]\nweight = 700\n", "has one weight, and types ask for 400, 500, 700"),
        ((("wght", 300, 400, 700, "W"),), "[types.title]\nweight = 900\n", "has no weight 900; ask for"),
    ],
)
def test_a_font_file_that_lacks_a_weight_is_refused(tmp_path, axes, types, said):
    path = font(tmp_path / "House.ttf", axes)
    (tmp_path / "own.toml").write_text(f'{OWN}[fonts]\nsans = "{path}"\n{types}')
    with pytest.raises(ConfigError) as caught:
        styles.load(StyleSettings(paths=(f"{tmp_path}/own.toml",)), Storage())
    assert f"own.toml: fonts.sans = '{path}' {said}" in str(caught.value)


def test_a_font_file_that_is_not_there_is_refused_and_one_that_is_sets_its_familys_texts(tmp_path):
    (tmp_path / "own.toml").write_text(f'{OWN}[fonts]\nsans = "{tmp_path}/none.ttf"\n')
    settings = StyleSettings(paths=(f"{tmp_path}/own.toml",), use="own")
    with pytest.raises(ConfigError, match=r"own\.toml: fonts\.sans: no font file at .*none\.ttf"):
        styles.load(settings, Storage())
    path = font(tmp_path / "House.ttf", (("wght", 100, 400, 900, "W"),))
    (tmp_path / "own.toml").write_text(f'{OWN}[fonts]\nsans = "{path}"\n')
    chosen = styles.wardrobe(settings, Storage())
    assert styles.font_files(chosen) == (str(path),)
    face = FaceFor(PlaceSettings()).speaking("en", chosen.named("own"))(Role.TITLE, "Linen")
    assert face.name == "House-Bold"
