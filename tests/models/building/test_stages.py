import pytest

from layoutgen.config.base import ConfigError, load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.stages import AnnotateSettings, ProtectSettings, SaliencySettings
from layoutgen.core.covers.protection import SAFE_ZONES, zones_for
from layoutgen.core.layout import Canvas
from layoutgen.models.building import finders
from layoutgen.models.building.versions import row_versions, saliency_version
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.models.finders.files import FileSaliency


def test_the_subject_finder_is_chosen_by_name_or_path(tmp_path):
    assert isinstance(finders.saliency(SaliencySettings(model="border")), BorderSaliency)
    with pytest.raises(FileNotFoundError):
        finders.saliency(SaliencySettings(model=str(tmp_path / "none.onnx")))
    assert FileSaliency.__name__ == "FileSaliency"


def test_the_version_follows_the_finder_and_a_files_bytes(tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(b"one")
    first = saliency_version(SaliencySettings(model=str(file)), "annotate")
    file.write_bytes(b"two")
    second = saliency_version(SaliencySettings(model=str(file)), "annotate")
    assert len({first, second, saliency_version(SaliencySettings(model="border"), "annotate")}) == 3


def test_the_annotate_key_changes_with_the_finder(tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(b"one")
    config = LayoutsConfig()
    keys = {
        row_versions(config.images, AnnotateSettings(saliency=SaliencySettings(model=model)), None, None).annotate
        for model in ("border", str(file))
    }
    assert len(keys) == 2


def test_the_zones_are_the_shipped_ones_or_a_platforms_own():
    assert finders.zones(ProtectSettings()) is SAFE_ZONES
    own = finders.zones(ProtectSettings(zones={"3:4": {"badge": (0.8, 0.9, 1, 1)}}))
    assert [zone.name for zone in zones_for(Canvas(1080, 1080), own)] == ["badge"]
    assert finders.zones(ProtectSettings(zones={})) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[zones.wide]\nbadge = [0, 0, 1, 1]", "'wide'"),
        ('[zones."3:4"]\nbadge = [0.8, 0.9, 0.7, 1]', "'badge'"),
        ('[zones."3:4"]\nbadge = [0.8, 0.9, 1.2, 1]', "'badge'"),
    ],
)
def test_zones_that_lie_nowhere_are_an_error(tmp_path, text, said):
    path = tmp_path / "protect.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load(ProtectSettings, path)


def test_without_a_face_detector_the_caller_learns_it():
    assert finders.faces(ProtectSettings(faces="")) is None
