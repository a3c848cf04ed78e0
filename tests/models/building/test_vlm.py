"""What is seen of models and adapters before any of them is loaded."""

import json
import logging
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from layoutgen.config.stages import AnnotateSettings, ComposeSettings, ProtectSettings
from layoutgen.core.prompts.layouts import PROMPT_VERSION
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.models.building.vlm import check
from layoutgen.models.decoding.vllm_engine import check_language_only
from layoutgen.models.vlm.checkpoints import ADAPTER_RECORD
from layoutgen.models.vlm.tiny import build_adapter, build_checkpoint

SIDE = 112


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return build_adapter(base, tmp_path / "adapter", max_side=SIDE)


def compose(base: Path, adapter: Path, side: int = SIDE) -> ComposeSettings:
    return ComposeSettings(engine="qwen_vl", model=str(base), adapter=str(adapter), image_side=side)


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
        check(AnnotateSettings(engine="internvl", model=str(base), adapter=str(adapter), image_side=SIDE), Storage())


def test_an_adapter_for_layouts_does_not_point_at_key_elements(base: Path, adapter: Path) -> None:
    with pytest.raises(ValueError, match=r"prompt_version|codec"):
        check(ProtectSettings(engine="vlm", model=str(base), adapter=str(adapter), image_side=SIDE), Storage())


def test_an_original_repository_is_to_be_converted(base: Path, tmp_path: Path) -> None:
    for file in base.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "internvl_chat"}')
    with pytest.raises(ValueError, match=r"python -m jobs\.convert"):
        check(AnnotateSettings(engine="internvl", model=str(tmp_path)), Storage())


def test_an_adapter_that_is_not_there_is_missed(base: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        check(compose(base, tmp_path / "nowhere"), Storage())


def test_what_a_hub_has_is_left_to_the_workers(tmp_path: Path) -> None:
    check(ComposeSettings(engine="qwen_vl", model="Qwen/Qwen2.5-VL-7B-Instruct", adapter=str(tmp_path)), Storage())


def test_a_prefix_is_looked_at_without_its_weights(s3: LocalS3, base: Path, adapter: Path, tmp_path: Path) -> None:
    storage = Storage(s3.endpoint_url)
    for folder in (base, adapter):
        for file in folder.iterdir():
            storage.write(f"s3://shop/{folder.name}/{file.name}", file.read_bytes())
    storage.write("s3://shop/notes/readme.md", b"no weights")
    uris = {"model": "s3://shop/base", "adapter": "s3://shop/adapter", "cache": str(tmp_path)}
    settings = ComposeSettings(engine="qwen_vl", image_side=SIDE, **uris)
    check(settings, storage)
    assert not list(tmp_path.glob("base-*/*.safetensors"))
    with pytest.raises(FileNotFoundError, match=r"s3://shop/notes holds no \.safetensors"):
        check(settings.model_copy(update={"model": "s3://shop/notes"}), storage)


def renamed(folder: Path, old: str, new: str) -> None:
    path = folder / "adapter_model.safetensors"
    save_file({name.replace(old, new): weight for name, weight in load_file(path).items()}, path, {"format": "pt"})


def test_an_adapter_in_older_names_passes_and_one_in_names_of_another_model_does_not(base: Path, adapter: Path) -> None:
    renamed(adapter, "model.language_model.", "model.")
    check(compose(base, adapter), Storage())
    renamed(adapter, "self_attn.q_proj", "attention.wqkv")
    with pytest.raises(ValueError, match=r"it has base_model\S+wqkv\S+, the base has nothing of that name; nearest is"):
        check(compose(base, adapter), Storage())


def test_a_base_of_another_name_is_said(
    base: Path, adapter: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("layoutgen"), "propagate", True)
    (adapter / ADAPTER_RECORD).unlink()
    settings = json.loads((adapter / "adapter_config.json").read_text())
    for named, warnings in (("Qwen/Qwen2-VL-2B", 1), (f"hub/{base.name}", 0)):
        caplog.clear()
        (adapter / "adapter_config.json").write_text(json.dumps(settings | {"base_model_name_or_path": named}))
        check(compose(base, adapter), Storage())
        assert len([record for record in caplog.records if "trained on" in record.message]) == warnings


@pytest.mark.parametrize(
    "asked", [{"use_dora": True}, {"modules_to_save": ["lm_head"]}, {"rank_pattern": {"q_proj": 4}}]
)
def test_what_vllm_does_not_apply_is_refused_for_vllm(base: Path, adapter: Path, asked: dict[str, object]) -> None:
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | asked))
    with pytest.raises(ValueError, match="which vLLM does not apply"):
        check_language_only(adapter)


HARMS = {
    "a shard is missing": (lambda f: (f / "model-2.safetensors").unlink(), r"lacks model-2\.safetensors, named in"),
    "the index is none": (lambda f: (f / "model.safetensors.index.json").write_text("{"), "is no index of shards"),
    "a shard is cut short": (
        lambda f: (f / "model-1.safetensors").write_bytes((f / "model-1.safetensors").read_bytes()[:-5]),
        r"model-1\.safetensors has \d+ bytes where its header asks for",
    ),
    "a shard was swapped": (
        lambda f: save_file({"other": torch.ones(2)}, f / "model-1.safetensors"),
        "lacks \\d+ of the weights that its config.json asks for, such as",
    ),
    "another size": (
        lambda f: (f / "config.json").write_text((f / "config.json").read_text().replace(": 256,", ": 264,")),
        r"of shape \(.*its config\.json asks for",
    ),
    "pickles alone": (
        lambda f: [path.rename(path.with_suffix(".bin")) for path in f.glob("*.safetensors")],
        "has only pickled weights",
    ),
}


@pytest.mark.parametrize("where", ["folder", "prefix"])
@pytest.mark.parametrize("harm", HARMS)
def test_a_checkpoint_that_is_not_whole_is_refused_by_its_headers(
    s3: LocalS3, base: Path, tmp_path: Path, harm: str, where: str
) -> None:
    folder = Path(shutil.copytree(base, tmp_path / "base"))
    tensors = list(load_file(folder / "model.safetensors").items())
    shards = {"model-1.safetensors": dict(tensors[::2]), "model-2.safetensors": dict(tensors[1::2])}
    for name, shard in shards.items():
        save_file(shard, folder / name, {"format": "pt"})
    (folder / "model.safetensors").unlink()
    index = {tensor: name for name, shard in shards.items() for tensor in shard}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    storage, uri = Storage(s3.endpoint_url), f"s3://shop/{harm.replace(' ', '-')}"

    def look() -> None:
        if where == "prefix":
            for name in storage.list(uri):
                storage.delete(name)
            for file in folder.iterdir():
                storage.write(f"{uri}/{file.name}", file.read_bytes())
        model = uri if where == "prefix" else str(folder)
        cache = str(tmp_path / f"cache-{len(list(tmp_path.iterdir()))}")
        check(ComposeSettings(engine="qwen_vl", model=model, image_side=SIDE, cache=cache), storage)

    look()
    HARMS[harm][0](folder)
    with pytest.raises((ValueError, FileNotFoundError), match=HARMS[harm][1]):
        look()
