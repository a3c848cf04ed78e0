"""What is seen of models and adapters before any of them is loaded."""

import json
from pathlib import Path

import pytest

from layoutgen.config import Annotate, Compose
from layoutgen.core.prompts import PROMPT_VERSION
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.models.building_vlm import check
from layoutgen.models.checkpoints import ADAPTER_RECORD
from layoutgen.models.tiny import build_adapter, build_checkpoint

SIDE = 112


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return build_adapter(base, tmp_path / "adapter", max_side=SIDE)


def compose(base: Path, adapter: Path, side: int = SIDE) -> Compose:
    return Compose(engine="qwen_vl", model=str(base), adapter=str(adapter), image_side=side)


def test_an_adapter_of_its_base_passes(base: Path, adapter: Path) -> None:
    check(compose(base, adapter), Storage())


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"base_sha": "0" * 64}, "give the checkpoint it was trained on"),
        ({"codec": "absolute"}, "train it again"),
        ({"prompt_version": "layout-0"}, f"used with '{PROMPT_VERSION}'; train it again"),
    ],
)
def test_an_adapter_for_something_else_is_refused(base: Path, adapter: Path, change: dict[str, str], mend: str) -> None:
    record = adapter / ADAPTER_RECORD
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    with pytest.raises(ValueError, match=mend):
        check(compose(base, adapter), Storage())


def test_an_adapter_for_another_image_size_is_refused(base: Path, adapter: Path) -> None:
    with pytest.raises(ValueError, match="set max_side to the adapter's"):
        check(compose(base, adapter, side=448), Storage())


def test_an_adapter_for_layouts_does_not_annotate(base: Path, adapter: Path) -> None:
    with pytest.raises(ValueError, match=r"prompt_version|codec"):
        check(Annotate(engine="internvl", model=str(base), adapter=str(adapter), image_side=SIDE), Storage())


def test_an_original_repository_is_to_be_converted(base: Path, tmp_path: Path) -> None:
    for file in base.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "internvl_chat"}')
    with pytest.raises(ValueError, match=r"python -m layoutgen\.models\.convert_internvl2"):
        check(Annotate(engine="internvl", model=str(tmp_path)), Storage())


def test_an_adapter_that_is_not_there_is_missed(base: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        check(compose(base, tmp_path / "nowhere"), Storage())


def test_what_a_hub_has_is_left_to_the_workers(tmp_path: Path) -> None:
    check(Compose(engine="qwen_vl", model="Qwen/Qwen2.5-VL-7B-Instruct", adapter=str(tmp_path)), Storage())


def test_a_prefix_is_looked_at_without_its_weights(s3: LocalS3, base: Path, adapter: Path, tmp_path: Path) -> None:
    storage = Storage(s3.endpoint_url)
    for folder in (base, adapter):
        for file in folder.iterdir():
            storage.write(f"s3://shop/{folder.name}/{file.name}", file.read_bytes())
    storage.write("s3://shop/notes/readme.md", b"no weights")
    uris = {"model": "s3://shop/base", "adapter": "s3://shop/adapter", "cache": str(tmp_path)}
    settings = Compose(engine="qwen_vl", image_side=SIDE, **uris)
    check(settings, storage)
    assert not list(tmp_path.glob("base-*/*.safetensors"))
    with pytest.raises(FileNotFoundError, match=r"s3://shop/notes holds no \.safetensors"):
        check(settings.model_copy(update={"model": "s3://shop/notes"}), storage)
