"""Lines of a copy read by a pretrained text encoder of transformers instead of ours, as published RADM reads them.

    line = LayerNorm(mean of the encoder's last states over the line's tokens + K[kind] + W_2 GELU(W_1 numbers))

The encoder's weights stay as they are; kind and numbers are `letters`' and are learnt.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from layoutgen.models.denoising.lines import KINDS, NUMBERS, Lines

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_MOST_TOKENS = 96


class PretrainedEncoder(nn.Module):
    """Lines to features (b, l, text) of the encoder's width; those of lines that are not there are 0."""

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast") -> None:
        super().__init__()
        self.model, self.tokenizer = model.requires_grad_(False), tokenizer
        self.text = int(model.config.hidden_size)
        self.kind = nn.Embedding(KINDS, self.text)
        self.numbers = nn.Sequential(nn.Linear(NUMBERS, self.text), nn.GELU(), nn.Linear(self.text, self.text))
        self.norm = nn.LayerNorm(self.text)

    def train(self, mode: bool = True) -> "PretrainedEncoder":
        """As any module; the encoder itself drops nothing out."""
        super().train(mode)
        self.model.eval()
        return self

    def forward(self, lines: Lines) -> Tensor:
        """Encode."""
        rows, count = lines.kinds.shape
        means = torch.zeros(rows, count, self.text, dtype=self.norm.weight.dtype, device=lines.kinds.device)
        means[lines.there] = self._means(lines.letters[lines.there]).to(means)
        return self.norm(means + self.kind(lines.kinds) + self.numbers(lines.numbers)) * lines.there[..., None]

    @torch.no_grad()
    def _means(self, letters: Tensor) -> Tensor:
        if not len(letters):
            return letters.new_zeros(0, self.text)
        said = ["".join(chr(code - 1) for code in line if code) for line in letters.tolist()]
        told = self.tokenizer(said, padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt")
        told = told.to(letters.device)
        states = self.model(**told).last_hidden_state
        there = told["attention_mask"][..., None].to(states)
        return (states * there).sum(1) / there.sum(1).clamp(min=1)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the tokenizer; returns the configuration that `rebuilt` takes."""
        self.tokenizer.save_pretrained(folder)
        return dict(self.model.config.to_dict())


def read(folder: Path) -> PretrainedEncoder:
    """The encoder in a folder in transformers format, such as of a BERT or RoBERTa. Raises ValueError or OSError."""
    from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

    tokenizer = AutoTokenizer.from_pretrained(folder)
    if not isinstance(tokenizer, PreTrainedTokenizerFast) or tokenizer.pad_token is None:
        raise ValueError(f"the encoder in {folder} has no fast tokenizer with a padding token; give a BERT or RoBERTa")
    return PretrainedEncoder(AutoModel.from_pretrained(folder, dtype=torch.float32), tokenizer)


def rebuilt(config: dict[str, Any], folder: Path) -> PretrainedEncoder:
    """An encoder as `save` described it, with drawn weights and the tokenizer in a folder."""
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    told = dict(config)
    model = AutoModel.from_config(AutoConfig.for_model(told.pop("model_type"), **told))
    return PretrainedEncoder(model, PreTrainedTokenizerFast.from_pretrained(folder))
