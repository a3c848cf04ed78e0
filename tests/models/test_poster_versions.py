"""What shapes a poster changes the keys of the stages that it shapes, and of no others: every setting of jobs.posters
is in one of the tables here or in those of `test_versions`."""

import pytest

from layoutgen.config.base import Pool
from layoutgen.config.posters import PostersConfig
from layoutgen.io.storage import Storage
from layoutgen.models.building import styles
from layoutgen.models.building.poster_versions import poster_versions
from tests.models.test_versions import NEUTRAL, PLANNED, ROUTED, SHAPES, fields, having, on_disk, other, value_at

CONFIG = PostersConfig()
OWN = {
    "place.margin": (0.05, {"compose", "place"}),
    "place.min_font": (0.05, {"compose", "place"}),
    "place.min_contrast": (3.0, {"paint", "place"}),
    "place.regular_font": ("brand.ttf", {"compose", "place"}),
    "place.bold_font": ("brand.ttf", {"compose", "place"}),
    "place.emoji_font": ("brand.ttf", {"compose", "place"}),
    "place.words": ("words.txt", {"compose", "place"}),
    "style.use": ("plain", {"compose", "place"}),
    "style.allowed": (("plain",), {"compose", "place"}),
    "style.paths": ("own.toml", {"compose", "place"}),
    "style.by_category": ({"Shoes": "plain"}, {"compose", "place"}),
    "style.by_brand": ({"VALE": "plain"}, {"compose", "place"}),
    "run.seed": (1, {"compose", "paint"}),
    "images.side": (500, {"fetch", "paint"}),
    "images.jpeg_quality": (80, {"fetch", "paint"}),
    "images.max_pixels": (1000, {"fetch", "cut_out"}),
    "images.max_bytes": (1000, {"fetch", "cut_out"}),
    "images.min_side": (20, {"fetch"}),
    "annotate.engine": ("none", {"annotate"}),
    "annotate.saliency.model": ("border", {"annotate"}),
    "compose.engine": ("layout_image", {"compose"}),
    "plan.engine": ("plannet", {"compose"}),
    "plan.model": ("elsewhere", set()),  # of a network alone: below
    "plan.steps": (3, set()),
    "plan.candidates": (2, set()),
    "cut_out.by_finder": (False, {"cut_out"}),
    "cut_out.faces": ("", {"cut_out"}),
    "paint.engine": ("flat", {"paint"}),
    "paint.model": ("elsewhere", {"paint"}),
    "paint.steps": (3, {"paint"}),
    "paint.strength": (0.5, {"paint"}),
    "paint.tries": (5, {"paint"}),
}
HOW = {"plan.registry", "paint.registry", "cut_out.threads", "plan.batch", "plan.cache", "plan.device", "paint.batch"}
"""How the work is done, not what comes out."""
OF_DIFFUSION = {
    *("variant", "controlnet", "control", "control_scale", "rendernet", "categories", "ip_adapter", "ip_adapter_file"),
    *("image_encoder", "style_layers", "lora", "lora_file", "lora_scale", "guidance", "sampler", "dtype", "words"),
}
"""What shapes the grounds of `stable_diffusion` alone."""
HOW |= {"paint.cache", "paint.device", "paint.scenes", *(f"paint.{name}" for name in OF_DIFFUSION)}
HOW |= {f"{pool}.{name}" for pool in ("cut_out.pool", "plan.pool", "paint.pool", "paint.finish", "paint.repaint")
        for name in Pool.model_fields}  # fmt: skip


def dressed(config):
    return styles.version(styles.wardrobe(config.style, Storage()))


def test_every_setting_of_posters_is_known_to_shape_rows_or_not_to():
    assert fields(PostersConfig) <= {*OWN, *HOW, *SHAPES, *NEUTRAL, *PLANNED, *ROUTED}


@pytest.mark.parametrize("path", sorted(fields(PostersConfig) - {"marketing.first", "marketing.zones"}))
def test_a_setting_changes_the_keys_that_it_shapes_and_no_others(path, tmp_path):
    value, expected = OWN.get(path, (None, set()))
    if path.startswith("render.") or (path not in OWN and path in SHAPES):
        return  # of files, or of models that these settings don't use: `test_versions`
    value = on_disk(value, tmp_path) if path in OWN else other(value_at(CONFIG, path))
    configs = (CONFIG, having(CONFIG, path, value))
    before, after = (vars(poster_versions(each, dressed(each))["poster"]) for each in configs)
    assert {name for name in before if before[name] != after[name]} == expected


def test_posters_have_all_keys_and_marketing_its_own():
    versions = poster_versions(having(CONFIG, "marketing.first", ("price",)))
    assert all(
        getattr(versions["poster"], name) for name in ("fetch", "annotate", "cut_out", "compose", "paint", "place")
    )
    changed = {name for name, value in vars(versions["marketing"]).items() if value != vars(versions["poster"])[name]}
    assert changed == {"compose"}


@pytest.mark.parametrize(("path", "value"), [("plan.steps", 3), ("plan.candidates", 2)])
def test_a_planning_network_counts_with_its_steps_and_candidates(path, value):
    config = having(CONFIG, "plan.engine", "plannet")
    before, after = (vars(poster_versions(each)["poster"]) for each in (config, having(config, path, value)))
    assert {name for name in before if before[name] != after[name]} == {"compose"}
