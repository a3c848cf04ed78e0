"""`brand.json`: what is read, what is kept and listed, what is refused."""

import json

import pytest

from layoutgen.core.brands.brand import Disclaimer, Measure, folded
from layoutgen.core.brands.form import parse
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Role
from layoutgen.goods.brands import CHAYU, NORDLYS
from layoutgen.io.objects.locations import join_allowed


def kit(values, folder="nordlys"):
    data = values if isinstance(values, bytes) else json.dumps(values).encode()
    return parse(data, folder, lambda path: join_allowed("s3://shop/brands/nordlys", (), path))


def test_a_whole_kit_is_read():
    read = kit(NORDLYS)
    brand = read.brand
    assert read.faults == ()
    assert brand.names == ("nordlys", "Nordlys", "北光")
    assert brand.fonts.title == "s3://shop/brands/nordlys/fonts/SourceSerif4.ttf"
    assert brand.colours["background"] == ("#0b1f3a", "#eef3f8")
    assert ("#ffb000", "#ffffff") in brand.forbidden_pairs
    assert brand.forbids("#ffffff", "#ffb000")
    assert [logo.variant for logo in brand.logos] == ["full-lockup", "full-lockup", "icon"]
    assert brand.logos[0].clear_space == Measure(0.5, "x")
    assert brand.logos[0].least_height.px(0, 1080) == pytest.approx(32.4)
    assert brand.tone.cases == {Role.TITLE: "upper"}
    assert brand.safe_zones["9:16"]["caption"] == (0, 0.9, 1, 1)


def test_keys_of_somebody_elses_file_are_kept_and_listed():
    read = kit(
        {
            **NORDLYS,
            "keller_type": "master",
            "voice_synthesis": {"provider": "x"},
            "visual_guidelines": {"photography": {"realism": "natural"}, "logo_placement": {"min_height": "40px"}},
        }
    )
    assert read.faults == ()
    assert read.brand.further["voice_synthesis"] == {"provider": "x"}
    assert {"keller_type", "voice_synthesis", "visual_guidelines.photography", "tone.voice"} <= {*read.ignored}
    assert read.brand.logos[0].least_height == Measure(40, "px")


def test_a_house_of_brands_is_read_by_the_folders_name():
    house = {"house": {"domain": "x.example", "name": "X"}, "brands": [{"id": "other", "names": []}, NORDLYS]}
    assert kit(house).brand.id == "nordlys"
    with pytest.raises(Refusal, match="several brands"):
        kit(house, "x")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (b"{", "is no JSON"),
        (b"[1]", "holds list, not an object"),
        ({"house": "nike.example"}, "only points to the house 'nike.example'"),
        ({"authoritative_location": "https://x.example/b.json"}, "only points to 'https"),
    ],
)
def test_what_is_no_brands_file_is_refused(values, said):
    with pytest.raises(Refusal, match=said):
        kit(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"colors": {"primary": "red"}}, 'colors.primary is "red"; give #rrggbb'),
        ({"colors": "red"}, "colors is"),
        ({"forbidden_pairs": [["primary", "gold"]]}, "give two colours, #rrggbb or roles of colors (none)"),
        ({"logos": ["logo.png"]}, "logos[0] is"),
        ({"logos": [{"url": "../../secret.png"}]}, "climbs out"),
        ({"logos": [{"url": "/etc/passwd"}]}, "outside of"),
        ({"logos": [{"url": "a.png", "background": "dark"}]}, "known: dark-bg, light-bg"),
        ({"visual_guidelines": {"logo_placement": {"min_clear_space": "wide"}}}, '"0.5x" of the logo'),
        ({"tone": {"case": "Title"}}, "tone.case"),
        ({"tone": {"case": {"headline": "upper"}}}, "an object of roles"),
        ({"tone": {"exclamation": "never"}}, "known: keep, none"),
        ({"disclaimers": [{"context": "all"}]}, "give an object with text"),
        ({"styles": "plain"}, "styles is"),
        ({"safe_zones": {"3:4": {"foot": [0, 0.9, 1, 0.8]}}}, "left, top, right, bottom in [0, 1]"),
        ({"safe_zones": {"wide": {}}}, "give a ratio such as 3:4"),
        ({"fonts": {"only": "yes"}}, "give true or false"),
        ({"visual_guidelines": {"logo_placement": {"plate": "no"}}}, "logo_placement.plate is"),
        ({"id": 7}, "id is 7"),
    ],
)
def test_a_value_that_a_key_cannot_have_is_a_fault(values, said):
    assert any(said in fault for fault in kit(values).faults), kit(values).faults


def test_web_addresses_of_fonts_are_listed_and_not_fetched():
    read = kit({"fonts": {"font_urls": ["https://x.example/a.woff2", "fonts/a.ttf", "fonts/b.ttf"]}})
    assert read.brand.fonts.files == ("s3://shop/brands/nordlys/fonts/a.ttf", "s3://shop/brands/nordlys/fonts/b.ttf")
    assert "fonts.font_urls: https://x.example/a.woff2" in read.ignored


def test_names_are_told_apart_without_capitals_spaces_and_widths():
    assert folded("Nord Lys") == folded(" NORDLYS ") == folded("ＮＯＲＤｌｙｓ")


def test_texts_stand_by_category_and_market():
    brand = kit(CHAYU, "chayu").brand
    assert brand.texts_for("食品", "zh-CN") == ("图片仅供参考，以实物为准", "不能代替药物")
    assert brand.texts_for("food", "en_GB") == ("Serving suggestion",)
    assert brand.texts_for(None, None) == ()
    optional = kit({"disclaimers": [{"text": "x", "required": False}, {"text": "y"}]}).brand
    assert optional.disclaimers == (Disclaimer("y"),)
