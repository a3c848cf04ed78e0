"""Category commonality (CG): what a category's pictures have in common, as identifier tokens.

A table has `tokens` rows of a text encoder's width for each category, and for none; they are appended to the encoded
prompt, so the tokenizer stays as it is. A category that the table doesn't have is taken for its parent, and so on up;
without any it is none. Attention to them is kept on the ground (`attention`).

A folder has config.json with names and parents, and model.safetensors with the table and, where they were trained with
it, keys and values of the UNet's cross-attention.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from layoutgen.models.denoising import files
from layoutgen.models.denoising.rendering.attention import cross_layers

MODEL_TYPE = "layoutgen_categories"
_PATH = re.compile(r"\s*[>/|›»]\s*")


class Categories(nn.Module):
    """Identifiers of `names`, `tokens` of `width` each, drawn from a seed; `parents` are the parents of categories,
    listed or not. `keys_values` are trained weights of cross-attention layers by their names."""

    def __init__(
        self,
        names: Sequence[str],
        width: int,
        *,
        tokens: int = 1,
        parents: Mapping[str, str] | None = None,
        layers: Mapping[str, tuple[int, int]] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.names, self.parents = tuple(names), dict(parents or {})
        self.tokens, self.width, self.layers = tokens, width, dict(layers or {})
        self._rows = {_plain(name): k + 1 for k, name in enumerate(self.names)}
        self._parents = {_plain(name): parent for name, parent in self.parents.items()}
        drawn = torch.randn(len(names) + 1, tokens, width, generator=torch.Generator().manual_seed(seed))
        self.table = nn.Parameter(0.02 * drawn)
        self.keys_values = nn.ParameterDict(
            {_key(name, part): torch.zeros(shape) for name, shape in self.layers.items() for part in ("to_k", "to_v")}
        )

    def row(self, category: str | None) -> int:
        """The table's row of a category as a manifest says it (`Lamps`, `Home > Lamps`): its own, else that of the
        nearest parent; 0, none, where there is neither."""
        steps = _PATH.split(category.strip()) if category else []
        while steps:
            name, passed = _plain(steps.pop()), set[str]()
            while name and name not in passed:
                if name in self._rows:
                    return self._rows[name]
                passed.add(name)
                name = _plain(self._parents.get(name, ""))
        return 0

    def name(self, row: int) -> str:
        """The category of a row; empty for none."""
        return self.names[row - 1] if row else ""

    def forward(self, rows: Sequence[int]) -> Tensor:
        """Identifier tokens (b, tokens, width) of rows of the table."""
        return self.table[torch.tensor(rows, dtype=torch.long, device=self.table.device)]

    def put_into(self, unet: UNet2DConditionModel) -> None:
        """Add to a UNet's keys and values what was trained of them with the table, if any. Raises ValueError where it
        has no such layers."""
        ours = layers_of(unet)
        for name, shape in self.layers.items():
            if ours.get(name) != tuple(shape):
                raise ValueError(f"the categories' keys and values of {name} are another model's; give their own model")
        with torch.no_grad():
            for name, part, weight in self._weights(unet):
                weight.add_(self.keys_values[_key(name, part)].to(weight))

    def take_from(self, unet: UNet2DConditionModel, before: Mapping[str, Tensor]) -> None:
        """Keep how a UNet's keys and values differ from those `before`, a state of the UNet."""
        with torch.no_grad():
            for name, part, weight in self._weights(unet):
                self.keys_values[_key(name, part)].copy_(weight - before[f"{name}.{part}.weight"])

    def _weights(self, unet: UNet2DConditionModel) -> Iterator[tuple[str, str, Tensor]]:
        for name in self.layers:
            for part in ("to_k", "to_v"):
                yield name, part, unet.get_submodule(f"{name}.{part}").weight


def layers_of(unet: UNet2DConditionModel) -> dict[str, tuple[int, int]]:
    """The shapes of the keys and values of a UNet's cross-attention, by layer."""
    return {name: tuple(unet.get_submodule(name).to_k.weight.shape) for name in cross_layers(unet)}


def save(categories: Categories, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write categories."""
    about = {
        "names": categories.names,
        "parents": categories.parents,
        "tokens": categories.tokens,
        "width": categories.width,
        "layers": categories.layers,
    }
    files.save(categories, MODEL_TYPE, about, folder, dtype)


def load(folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Categories:
    """Read categories. Raises ValueError naming what is wrong."""

    def build(about: dict) -> Categories:
        layers = {name: tuple(shape) for name, shape in about["layers"].items()}
        return Categories(
            about["names"], about["width"], tokens=about["tokens"], parents=about["parents"], layers=layers
        )

    return files.load(folder, MODEL_TYPE, build, device).to(dtype).requires_grad_(False)


def check_fits(categories: Categories, unet: UNet2DConditionModel, folder: Path) -> None:
    """See that categories are for a UNet. Raises ValueError."""
    if categories.width != unet.config.cross_attention_dim:
        raise ValueError(
            f"{folder} has identifiers of {categories.width} numbers, the model reads "
            f"{unet.config.cross_attention_dim}; SD 1.5's go with SD 1.5, SDXL's with SDXL"
        )


def _key(layer: str, part: str) -> str:
    return f"{layer}.{part}".replace(".", "/")  # a ParameterDict's names have no dots


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
