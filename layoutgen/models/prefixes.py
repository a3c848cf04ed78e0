"""What an `s3://` prefix of weights holds at a moment: its objects' names, sizes and stored versions.

A prefix such as `adapters/current` holds other weights tomorrow, or in an hour. So a run looks once, and from then on
names what it saw as `s3://bucket/prefix@0123456789abcdef`, 16 digits that stand for the content: all its machines load
that content or say that it is gone.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layoutgen.io.storage import Storage

PATTERNS = ("*.safetensors", "*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt")
"""The files of a checkpoint that are fetched; all others (code, pickles, pictures) stay where they are."""

BESIDE_WEIGHTS = (
    *("preprocessor_config.json", "processor_config.json", "tokenizer*", "vocab.*", "merges.txt", "*.model"),
    *("added_tokens.json", "special_tokens_map.json", "chat_template.*", "*.jinja"),
)
"""Files that answers hang on besides the weights and their config.json or adapter_config.json."""

_SHAPING = ("*.safetensors", "config.json", "adapter_config.json", "*.index.json", *BESIDE_WEIGHTS)
_OF_TREES = ("model_index.json", "scheduler_config.json")
_PINNED = re.compile(r"(?P<uri>s3://.+)@(?P<pin>[0-9a-f]{16})")


@dataclass(frozen=True)
class Listing:
    """A prefix's files, bytes by name, and what stands for the content of those that shape answers."""

    sizes: dict[str, int]
    pin: str

    @property
    def fetched(self) -> dict[str, int]:
        """Of the files those that are fetched."""
        return {name: size for name, size in self.sizes.items() if is_fetched(name)}


def split_pin(uri: str) -> tuple[str, str]:
    """A name of weights in its parts: the URI, and the pin, "" where it has none."""
    found = _PINNED.fullmatch(uri)
    return (found["uri"], found["pin"]) if found else (uri.rstrip("/"), "")


def look(uri: str, storage: "Storage", *, tree: bool = False) -> Listing:
    """Look at a prefix, which may be pinned; a `tree` has its files in folders of its own, too.
    Raises ValueError where it holds another content than it is pinned to."""
    uri, pin = split_pin(uri)
    named = {full[len(uri) + 1 :]: size for full, size in storage.sizes(uri).items()}
    sizes = {name: size for name, size in named.items() if tree or "/" not in name}
    patterns = (*_SHAPING, *_OF_TREES) if tree else _SHAPING
    shaping = [name for name in sizes if any(fnmatch(_last(name), pattern) for pattern in patterns)]
    versions = storage.versions([f"{uri}/{name}" for name in shaping])
    held = [(name, sizes[name], version) for name, version in zip(shaping, versions, strict=True)]
    found = Listing(sizes, hashlib.sha256(json.dumps(sorted(held)).encode()).hexdigest()[:16])
    if pin and pin != found.pin:
        raise ValueError(
            f"weights {uri} were changed: this run uses what was there as @{pin}, now there is @{found.pin}; start it "
            "again, and let new weights have a prefix of their own, as registry:NAME gives them"
        )
    return found


def is_fetched(name: str) -> bool:
    """Whether a file of a checkpoint is fetched."""
    return any(fnmatch(_last(name), pattern) for pattern in PATTERNS)


def _last(name: str) -> str:
    return name.rpartition("/")[2]
