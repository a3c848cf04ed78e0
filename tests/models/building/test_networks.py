"""The settings name a network, and rows say which one."""

import numpy as np
import pytest

from layoutgen.config.base import ConfigError, load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition
from layoutgen.models.building import composers
from layoutgen.models.building import networks as radm
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.versions import row_versions
from layoutgen.models.denoising.boxes import checkpoint
from layoutgen.models.weights import fetch_weights
from tests.models.denoising.tiny import network


def test_a_composer_is_built_from_a_folder_and_says_what_it_is(tmp_path):
    checkpoint.save(network(), tmp_path)
    settings = ComposeSettings(engine="radm", model=str(tmp_path), steps=2, candidates=2)
    made, told = composers.composer(settings, PlaceSettings(), FaceFor(PlaceSettings()), 7, Storage())
    assert told["composer"].startswith("radm-7 ")
    assert told["composer"].endswith("2 steps")
    assert (told["adapter"], told["prompt_version"], told["seed"]) == (None, None, 7)
    photo = np.full((60, 80, 3), 90, np.uint8)
    photo[20:50, 30:60] = (200, 30, 30)
    composed = made.compose([Brief(photo, Annotation(()), Copy("Kettle", ("1.5 l",)), Canvas(1080, 1080))])[0]
    assert isinstance(composed, Composition)
    assert {"Kettle", "1.5 l"} <= {one.text for one in composed.suggestions}


def test_the_compose_key_changes_with_the_weights_the_steps_and_the_samples(tmp_path):
    keys = set()
    for seed, how in ((0, {}), (1, {}), (1, {"steps": 3}), (1, {"candidates": 3})):
        folder = tmp_path / str(seed)
        checkpoint.save(network(seed), folder)
        config = LayoutsConfig(compose=ComposeSettings(engine="radm", model=str(folder), **how))
        keys.add(row_versions(config.images, config.annotate, config.compose, config.place).compose)
    assert len(keys) == 4


def test_what_is_no_network_is_refused_before_the_run(tmp_path):
    checkpoint.save(network(), tmp_path)
    radm.check(ComposeSettings(engine="radm", model=str(tmp_path)), Storage())
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_vl"}')
    with pytest.raises(ValueError, match="no network of this kind"):
        radm.check(ComposeSettings(engine="radm", model=str(tmp_path)), Storage())
    with pytest.raises(FileNotFoundError):
        radm.check(ComposeSettings(engine="radm", model=str(tmp_path / "nowhere")), Storage())


@pytest.mark.parametrize(
    "text",
    ['engine = "radm"', 'engine = "radm"\nmodel = "x"\nadapter = "y"', 'engine = "radm"\nmodel = "x"\nsteps = 0'],
)
def test_settings_that_do_not_fit_are_an_error(tmp_path, text):
    path = tmp_path / "layouts.toml"
    path.write_text(f"[compose]\n{text}", encoding="utf-8")
    with pytest.raises(ConfigError, match="compose"):
        load(LayoutsConfig, path)


@pytest.mark.parametrize("engine", ["radm", "layout_image"])
def test_both_networks_come_with_the_package(engine):
    radm.check(ComposeSettings(engine=engine, model="embedded"), Storage())


def test_an_embedded_network_that_is_not_there_is_no_hub_id(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no 'embedded/painter'; train a network"):
        fetch_weights("embedded/painter", tmp_path)
