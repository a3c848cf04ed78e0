"""What a model makes of held-back layouts while it is trained: decoded as in serving, and measured without the solver.

A loss hardly shows whether a model looks at the picture; where its boxes lie does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layoutgen.models.backbone import Backbone
from layoutgen.models.checkpoints import Speech
from layoutgen.models.decoding import Decoder
from layoutgen.models.qwen_vl import QwenVlComposer
from layoutgen.training.data import Case
from layoutgen.training.gate import brief_of, proposal_measures

_NEW_TOKENS = 768


def decoded(model: Any, weights: Path, speech: Speech, cases: Sequence[Case], side: int) -> dict[str, float]:
    """The means of `gate`'s measures of proposals over some cases. `weights` is the folder of the model's base."""
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model
    learning = model.training
    model.eval()
    try:
        decoder = Decoder(Backbone(bare, speech.pictures), speech.tokenizer, speech.ends)
        composer = QwenVlComposer(
            weights, frame=_already_framed, max_side=side, max_new_tokens=_NEW_TOKENS, engine=decoder
        )
        answers = composer.compose([brief_of(case, speech.pictures, side) for case in cases])
    finally:
        model.train(learning)
    sums: dict[str, tuple[float, float]] = {}
    for case, answer in zip(cases, answers, strict=True):
        for name, (total, weight) in proposal_measures(case, answer).items():
            before = sums.get(name, (0.0, 0.0))
            sums[name] = (before[0] + total, before[1] + weight)
    return {name: total / weight for name, (total, weight) in sums.items() if weight}


def _already_framed(*_: Any) -> Any:
    raise AssertionError("cases are framed before")
