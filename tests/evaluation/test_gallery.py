"""What a gallery says of a row's own limits: its brand's colours, and safe zones of its brand and application."""

from layoutgen.core.brands.brand import Brand
from layoutgen.core.brands.kits import NO_KITS, BrandKit, BrandKits
from layoutgen.evaluation.gallery import _own_limits

SETTINGS = {"marketing": {"zones": {"1:1": {"banner": [0.0, 0.9, 1.0, 1.0]}}}}
ROW = {"row_id": "a", "canvas": "1080x1080", "brand": "Haus", "application": "marketing"}


def test_a_rows_brand_and_application_add_their_zones_and_colours():
    brand = Brand(
        "haus",
        ("haus",),
        colours={"primary": ("#112233", "#ffffff"), "text": ("#ffffff",)},
        safe_zones={"1:1": {"seal": (0.0, 0.0, 0.2, 0.2)}},
    )
    kits = BrandKits.of((BrandKit(brand),))
    own = [{"name": "player", "box": [0.4, 0.4, 0.6, 0.6]}]
    limits = _own_limits({**ROW, "safe_zones": own}, SETTINGS, kits)
    assert limits["_palette"] == ["#112233", "#ffffff"]
    assert [zone["name"] for zone in limits["safe_zones"]] == ["player", "seal", "banner"]
    assert _own_limits({**ROW, "application": "poster", "brand": "another"}, SETTINGS, kits) == {}
    assert [zone["name"] for zone in _own_limits(ROW, SETTINGS, NO_KITS)["safe_zones"]] == ["banner"]
    assert _own_limits(ROW, {}, NO_KITS) == {}
