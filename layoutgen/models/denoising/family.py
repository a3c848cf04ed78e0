"""What the rest of the house knows of a kind of network that denoises layouts: one frozen value, `Family`.

A network's module is imported where the network is made or read, not where its family is named: some need libraries
that not every machine has.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from layoutgen.core.layout import Suggestion
from layoutgen.models.base import Composer
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.denoising.chains import Chains
from layoutgen.models.denoising.inputs import Inputs
from layoutgen.models.vlm.canvas_painter import ChooseFraming

Network = Any
"""A family's torch module; its `size` says which numbers it was made with."""


class NetworkSize(Protocol):
    """The numbers of a network, by a name: the side of its pictures in px and their channels, and how many texts and
    how many elements of a layout it takes; None: any number."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def side(self) -> int: ...  # noqa: D102
    @property
    def channels(self) -> int: ...  # noqa: D102
    @property
    def lines(self) -> int: ...  # noqa: D102
    @property
    def most_elements(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True)
class NetworkParts:
    """What a new network is made with besides its size, where its family takes any: the folders of a pretrained
    backbone and of a text encoder, and which relations it lacks."""

    backbone: Path | None = None
    encoder: Path | None = None
    without: tuple[str, ...] = ()


class MakesComposer(Protocol):
    """Makes what composes with a network: `steps` of denoising, `samples` a layout of which the best by `rank` is
    taken, `rows` layouts at once."""

    def __call__(  # noqa: D102
        self,
        network: Network,
        *,
        frame: ChooseFraming,
        steps: int,
        samples: int = 1,
        rows: int = 8,
        seed: int = 0,
        rank: Rank = rough,
    ) -> Composer: ...


@dataclass(frozen=True)
class Family:
    """A kind of network that denoises.

    | field | what it is |
    | --- | --- |
    | `name` | as settings say it |
    | `version` | rises with every change of what the same network makes of the same brief |
    | `model_type` | what config.json of a checkpoint says |
    | `summary` | a sentence for the card of a version that is shipped |
    | `sizes` | the sizes that a new network may have, by their names |
    | `build` | a new network of a size with weights drawn from a seed |
    | `load` | a network from a folder, on a device; raises ValueError naming what is wrong |
    | `save` | a network into a folder, its numbers as a dtype |
    | `size_in` | the size of the network in a folder, from config.json alone; raises ValueError |
    | `composer` | what composes with it |
    | `encode` | what it learns of elements on a canvas (width, height) px besides their truth; None for nothing |
    | `loss` | of inputs, each with a seed of its time and noise: the mean loss, and the share of hits |
    | `chains` | makes what it learns from rewards by; None: it can't |
    | `whole_map` | it learns of subjects by their map wherever there is one, and never by their box alone |
    | `library` | the key in `building.libraries` of a library whose release shapes its layouts |
    """

    name: str
    version: str
    model_type: str
    summary: str
    sizes: Mapping[str, NetworkSize]
    build: Callable[[Any, int, NetworkParts], Network]
    load: Callable[[Path, str], Network]
    save: Callable[[Network, Path, torch.dtype], None]
    size_in: Callable[[Path], NetworkSize]
    composer: MakesComposer
    encode: Callable[[Sequence[Suggestion], tuple[int, int], NetworkSize], Tensor | None]
    loss: Callable[[Network, Sequence[Inputs], Sequence[int]], tuple[Tensor, float]]
    chains: Callable[[], Chains] | None = None
    whole_map: bool = False
    library: str = ""

    def new(self, size: str = "small", seed: int = 0, parts: NetworkParts = NetworkParts()) -> Network:
        """A new network with drawn weights, the same for a seed. Raises ValueError where there is none such."""
        return self.build(self.size(size), seed, parts)

    def size(self, name: str) -> NetworkSize:
        """The numbers of a size. Raises ValueError where there is none of that name."""
        if name not in self.sizes:
            raise ValueError(f"{self.name} has no size {name!r}, only {', '.join(self.sizes)}; leave the setting out")
        return self.sizes[name]
