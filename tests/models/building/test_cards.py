"""Settings whose model is larger than the cards that they ask for are refused, with what would fit."""

from pathlib import Path
from typing import Any

import pytest

from layoutgen.config.base import Node, Pool, load
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.stages import CheckpointSettings, ComposeSettings
from layoutgen.config.training import RetrainConfig
from layoutgen.io.storage import Storage
from layoutgen.models.building import cards
from layoutgen.models.decoding.memory import GIB, PUBLISHED, serving, training
from layoutgen.models.vlm.tiny import build_checkpoint

ROOT = Path(__file__).parents[3]
SHIPPED = load(LayoutsConfig, ROOT / "jobs" / "layouts.cluster.toml")


def check(settings: CheckpointSettings, gpu_memory_gb: float, pool: Pool | None = None) -> str:
    node = Node(cpus=12, gpus=1, gpu_memory_gb=gpu_memory_gb)
    return cards.check("compose", settings, pool or Pool(num_gpus=1.0), [node], Storage())


def without_adapter(**more: Any) -> ComposeSettings:
    return SHIPPED.compose.model_copy(update={"adapter": "", **more})


def test_the_shipped_settings_fit_the_cards_that_the_manifests_ask_for() -> None:
    assert check(without_adapter(), SHIPPED.run.nodes[-1].gpu_memory_gb).endswith("of 43.9 GiB on a card")
    annotate = load(AnnotateConfig, ROOT / "jobs" / "annotate.cluster.toml")
    published = annotate.annotate.model_copy(update={"model": "OpenGVLab/InternVL2-8B"})
    assert check(published, annotate.run.nodes[-1].gpu_memory_gb)
    covers = load(CoversConfig, ROOT / "jobs" / "covers.cluster.toml")
    for settings, nodes in ((covers.protect, covers.run.nodes), (SHIPPED.protect, SHIPPED.run.nodes)):
        assert settings.engine == "vlm" and check(settings, nodes[-1].gpu_memory_gb)


def test_retraining_and_its_gate_fit_them_too() -> None:
    config = load(RetrainConfig, ROOT / "jobs" / "retrain.cluster.toml")
    train, gate = config.train, config.gate
    measures = PUBLISHED[train.model.partition("@")[0]]
    learns = training(
        measures,
        dtype=train.dtype,
        micro=train.micro,
        max_tokens=train.max_tokens,
        answer_tokens=gate.max_new_tokens,
        rank=train.rank,
    )
    judges = serving(
        measures,
        dtype=gate.dtype,
        rows=gate.batch,
        prompt_tokens=4096,
        image_side=train.image_side,
        max_new_tokens=gate.max_new_tokens,
        rank=train.rank,
    )
    assert max(learns.total, judges.total) <= config.nodes[-1].gpu_memory_gb * GIB


def test_a_card_that_is_too_small_is_refused_with_the_batch_that_fits() -> None:
    with pytest.raises(
        ValueError, match=r"batch = 64 may take 3\d\.\d GiB \(weights 15\.4, cache .*has 30 GiB"
    ) as error:
        check(without_adapter(), 30.0)
    fits = int(str(error.value).partition("set compose.batch = ")[2].partition(",")[0])
    assert 0 < fits < 64
    assert check(without_adapter(batch=fits), 30.0)
    with pytest.raises(ValueError, match=f"set compose.batch = {fits}"):
        check(without_adapter(batch=fits + 1), 30.0)


def test_weights_alone_that_are_too_large_have_no_batch_that_fits() -> None:
    with pytest.raises(ValueError, match="take a smaller model, or ask for larger cards"):
        check(without_adapter(), 12.0)


def test_a_share_of_a_card_is_all_that_an_actor_has() -> None:
    assert check(without_adapter(batch=8), 30.0, Pool(num_gpus=1.0))
    with pytest.raises(ValueError, match="an actor has 22 GiB of a card"):
        check(without_adapter(batch=64), 44.0, Pool(num_gpus=0.5))


@pytest.mark.parametrize(
    "more",
    [{"device": "cpu"}, {"decoder": "vllm", "model": "someone/else"}, {"model": "someone/else@" + 40 * "0"}],
    ids=str,
)
def test_what_is_not_known_is_not_refused(more: dict[str, str]) -> None:
    assert check(without_adapter(**more), 1.0) == ""
    assert check(without_adapter(), 0.0) == ""


def test_vllm_parts_weights_among_as_many_gpus_as_divide_the_heads_and_hold_them() -> None:
    large = without_adapter(decoder="vllm", model="Qwen/Qwen2.5-VL-72B-Instruct")
    whole = without_adapter(decoder="vllm")
    assert check(whole, 43.9, Pool(num_gpus=2)) == "7.7 GiB of weights on each of 2 GPUs of 43.9 GiB"
    with pytest.raises(
        ValueError, match=r"has 28 attention heads, which can't be parted among 8 GPUs; .* \[1, 2, 4, 7"
    ):
        check(whole, 0.0, Pool(num_gpus=8))
    with pytest.raises(ValueError, match=r"take 15\.4 GiB of each of 1 GPUs and vLLM has 14\.4 GiB .*; raise num_gpus"):
        check(whole, 16.0)
    assert check(large, 43.9, Pool(num_gpus=4)) == ""


def test_a_checkpoint_in_a_folder_is_measured_by_its_files(tmp_path: Path) -> None:
    model = str(build_checkpoint("internvl", tmp_path / "tiny"))
    assert "GiB (weights 0.0" in check(without_adapter(model=model), 2.0)
    with pytest.raises(ValueError, match=r"tiny with compose\.batch = 64 may take 1\.\d GiB"):
        check(without_adapter(model=model), 0.5)


def test_the_pages_table_is_the_commands() -> None:
    assert cards.table() in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
