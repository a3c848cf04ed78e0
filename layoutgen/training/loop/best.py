"""The weights with the lowest validation loss so far, kept in storage until a training exports them.

RUN/best/step-00000200.safetensors    the learnt weights
RUN/best.json                         names that file with its step, loss and sha256; written after it
"""

import hashlib
import json
import math
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from layoutgen.io.storage import Storage, StorageError
from layoutgen.training.loop.saving import CheckpointError


class Best:
    """What was best, as rank 0 keeps it: nothing before the first `put`."""

    def __init__(self, storage: Storage, root: str) -> None:
        self._storage, self._root = storage, root
        stored = storage.read_version(f"{root}/best.json")
        self._about: dict[str, Any] = json.loads(stored[0]) if stored else {}

    @property
    def loss(self) -> float:
        """The lowest validation loss; infinite before the first."""
        return float(self._about.get("loss", math.inf))

    @property
    def step(self) -> int:
        """The steps that had been taken then."""
        return int(self._about.get("step", 0))

    def put(self, step: int, loss: float, weights: dict[str, Tensor]) -> None:
        """Keep these instead. Raises CheckpointError where there is no room."""
        before, name = self._about.get("file"), f"best/step-{step:08d}.safetensors"
        data = save({key: weight.contiguous() for key, weight in weights.items()})
        about = {"file": name, "step": step, "loss": loss, "sha256": hashlib.sha256(data).hexdigest()}
        try:
            self._storage.write(f"{self._root}/{name}", data)
            self._storage.write(f"{self._root}/best.json", json.dumps(about).encode())
            if before and before != name:
                self._storage.delete(f"{self._root}/{before}")
        except (OSError, StorageError) as error:
            raise CheckpointError(f"{self._root}/{name} can't be written: {error}; make room there") from error
        self._about = about

    def weights(self) -> dict[str, Tensor]:
        """Read them. Raises CheckpointError where they are damaged."""
        uri = f"{self._root}/{self._about['file']}"
        data = self._storage.read(uri)
        if hashlib.sha256(data).hexdigest() != self._about["sha256"]:
            raise CheckpointError(f"{uri} is damaged: its sha256 is not the one it was written with; remove the run")
        return load(data)
