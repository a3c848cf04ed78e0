"""Holds boxes in vLLM's answers to their order, as `grammar` does in the loop of our own: a grammar can't say that a
box ends right of and below where it begins. vLLM imports this module by its name, in the process of the scores."""

from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor

from layoutgen.core.prompts.answers import box_digits
from layoutgen.models.decoding.grammar import Guides

_TAIL = 32
"""Tokens that hold an unfinished box."""


class BoxOrder(AdapterLogitsProcessor):
    """Takes out the digits with which a box would be inverted or leave its range, of requests with
    `extra_args={"box_limit": (x, y)}`."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        super().__init__(vllm_config, device, is_pin_memory)
        settings = vllm_config.model_config
        tokenizer = AutoTokenizer.from_pretrained(settings.tokenizer, local_files_only=True, trust_remote_code=False)
        self._guides = Guides(tokenizer, settings.get_vocab_size())
        self._wrong = lru_cache(4096)(self._mask)

    def is_argmax_invariant(self) -> bool:
        """It changes which token is best."""
        return False

    def new_req_logits_processor(self, params: Any) -> Any:
        """Return what is done to the scores of one request, None for nothing."""
        limit = (params.extra_args or {}).get("box_limit")
        return partial(self._narrow, tuple(limit)) if limit else None

    def _narrow(self, limit: tuple[int, int], tokens: list[int], scores: torch.Tensor) -> torch.Tensor:
        """Mask one row of scores (vocabulary,) after the answer's tokens so far."""
        corner = box_digits("".join(map(self._guides.text_of, tokens[-_TAIL:])), limit)
        if corner is None:
            return scores
        return scores.masked_fill_(self._wrong(*corner, len(scores), scores.device), float("-inf"))

    def _mask(self, digits: str, may_end: bool, count: int, device: torch.device) -> torch.Tensor:
        """The tokens (count,) that would spoil a box."""
        bits = np.unpackbits(self._guides.narrow(digits, may_end).view(np.uint8), bitorder="little")
        return torch.from_numpy(~bits[:count].astype(bool)).to(device)
