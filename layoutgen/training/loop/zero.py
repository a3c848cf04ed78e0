"""DeepSpeed's ZeRO as an engine: stage 2 shards gradients and optimiser state over ranks, stage 3 the weights too.

What a rank saves fits as many ranks as wrote it; with another number only the adapter goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from layoutgen.training.loop.engines import ranks_of

_TAG = "zero"


class ZeroEngine:
    """A rank of a training by DeepSpeed. Every rank must call `weights` and `save`, not rank 0 alone."""

    def __init__(self, learner: Any, *, stage: int, micro: int, clip: float, decay: float) -> None:
        deepspeed = _deepspeed()
        self.learner = learner
        self.rank, self.ranks = ranks_of()
        self._stage = stage
        learnt = [weight for weight in learner.parameters() if weight.requires_grad]
        settings: dict[str, Any] = {
            "train_micro_batch_size_per_gpu": micro,
            "gradient_accumulation_steps": 1,  # steps end where we say: see `accumulate`
            "gradient_clipping": clip,
            "bf16": {"enabled": learner.bf16},
            "zero_optimization": {"stage": stage, "overlap_comm": learnt[0].device.type == "cuda"},
            "zero_allow_untested_optimizer": True,
            "zero_force_ds_cpu_optimizer": False,
            "steps_per_print": 10**9,
        }
        optimiser = torch.optim.AdamW(learnt, lr=0.0, weight_decay=decay)
        self._engine, self._optimiser, *_ = deepspeed.initialize(
            model=learner, optimizer=optimiser, config=settings, dist_init_required=False
        )

    def accumulate(self, batch: Any, scale: float, *, last: bool) -> Tensor:
        """Add gradients."""
        self._engine.set_gradient_accumulation_boundary(last)
        sums: Tensor = self._engine(batch)
        self._engine.backward(sums[0] * scale)
        if not last:
            self._engine.step()  # counts the batch; weights change at the boundary alone
        return sums.detach()

    @torch.no_grad()
    def evaluate(self, batch: Any) -> Tensor:
        """The learner's sums."""
        sums: Tensor = self._engine(batch)
        return sums

    def step(self, rate: float) -> float:
        """Clip and step."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._engine.step()
        return float(self._engine.get_global_grad_norm())

    def weights(self) -> dict[str, Tensor]:
        """The learnt weights, gathered from all ranks a few at a time: under stage 3 a rank's own are empty."""
        deepspeed = _deepspeed()
        named = [(name, weight) for name, weight in self.learner.named_parameters() if weight.requires_grad]
        if self._stage < 3:
            return {name: weight.detach().cpu().clone() for name, weight in named}
        whole: dict[str, Tensor] = {}
        for first in range(0, len(named), 64):
            batch = named[first : first + 64]
            with deepspeed.zero.GatheredParameters([weight for _, weight in batch]):
                if self.rank == 0:
                    whole |= {name: weight.detach().cpu().clone() for name, weight in batch}
        return whole

    def save(self, folder: Path) -> None:
        """Write this rank's part."""
        self._engine.save_checkpoint(str(folder), tag=_TAG, exclude_frozen_parameters=True)
        for script in folder.glob("zero_to_*.py"):
            script.unlink()  # DeepSpeed's converters: a checkpoint holds no code

    def load(self, folder: Path) -> None:
        """Read the parts of all ranks."""
        where, _ = self._engine.load_checkpoint(str(folder), tag=_TAG, load_module_strict=False)
        if where is None:
            raise ValueError(f"{folder} has no DeepSpeed state; remove this checkpoint, the one before is taken")


@contextmanager
def sharded(*, bf16: bool) -> Iterator[None]:
    """Models that transformers loads in here are sharded over the ranks at once, as stage 3 has them: no rank ever
    holds a whole one on its device."""
    _deepspeed()
    from transformers.integrations.deepspeed import HfDeepSpeedConfig, unset_hf_deepspeed_config

    settings = {"train_micro_batch_size_per_gpu": 1, "bf16": {"enabled": bf16}, "zero_optimization": {"stage": 3}}
    config = HfDeepSpeedConfig(settings)  # transformers looks at it through a weak reference
    try:
        yield
    finally:
        unset_hf_deepspeed_config()
        del config


def _deepspeed() -> Any:
    try:
        import deepspeed
    except ImportError:
        raise ValueError("train.zero = 2 or 3 needs DeepSpeed: pip install 'layoutgen[train]', or set 0") from None
    # Between processes of one machine gloo does; the op for it would be compiled at the first start, which takes a
    # compiler, ninja on PATH and a minute and a half.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    return deepspeed
