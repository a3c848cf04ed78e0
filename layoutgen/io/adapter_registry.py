"""Trained weights by name and version in storage, and which version serves.

    ROOT/<name>/<version>/*.safetensors, *.json     an adapter (or a checkpoint), never changed once it is there; a
                                                    RenderNet has a folder in it, too
    ROOT/<name>/<version>/card.json                 written last: what it is of, learnt from, and worth
    ROOT/<name>/CURRENT                             first line: the version that serves, or empty for none; then the
                                                    history, a JSON object a line, the oldest first

`CURRENT` is swapped by compare-and-swap where the store has it, with its history in the same object, so that of two
promotions at once one fails and nothing is lost. Whether a version is worth it is `training.judging.promotion`'s to
say.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from layoutgen.core.errors import Refusal
from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.storage import Storage

PREFIX = "registry:"
"""How settings name the version that serves: `registry:NAME`."""


class RegistryError(Refusal):
    """What was asked of the registry can't be; it is as it was. The message says why."""


def files_below(folder: Path) -> list[tuple[str, Path]]:
    """The files of trained weights in a folder and its folders, by their names below it; hidden ones are left out."""
    named = [(path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(name, path) for name, path in named if not path.name.startswith((".", "_"))]


@dataclass(frozen=True)
class Serving:
    """What `CURRENT` says: the version that serves, None for none, the history, and the object's own version."""

    version: str | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    etag: str | None = None


@dataclass(frozen=True)
class AdapterRegistry:
    """The registry below `root`."""

    storage: Storage
    root: str

    def serving(self, name: str) -> Serving:
        """What serves under a name; nothing where nothing ever did. Raises RegistryError where `CURRENT` is broken."""
        uri = f"{self._folder(name)}/CURRENT"
        found = self.storage.read_version(uri)
        if found is None:
            return Serving()
        first, _, rest = found[0].decode("utf-8", "replace").partition("\n")
        try:
            return Serving(first.strip() or None, [json.loads(line) for line in rest.splitlines() if line], found[1])
        except ValueError:
            raise RegistryError(f"{uri} is broken; write the version that should serve into its first line") from None

    def uri(self, name: str, version: str) -> str:
        """The folder of a version."""
        return f"{self._folder(name)}/{version}"

    def versions(self, name: str) -> list[str]:
        """The versions that are whole."""
        root = self._folder(name)
        names = [uri[len(root) + 1 :].split("/") for uri in self.storage.list(root)]
        return sorted(parts[0] for parts in names if parts[1:] == ["card.json"])

    def card(self, name: str, version: str) -> dict[str, Any]:
        """A version's card. Raises RegistryError where there is no such version."""
        found = self.storage.read_version(f"{self.uri(name, version)}/card.json")
        if found is None:
            known = ", ".join(self.versions(name)) or "none"
            raise RegistryError(f"{self.root} has no version {version!r} of {name!r}; known are {known}")
        return dict(json.loads(found[0]))

    def add(self, name: str, version: str, folder: Path, card: dict[str, Any]) -> str:
        """Store a folder as a version, its card last; one that is there is left as it is. Returns its URI."""
        uri = self.uri(name, version)
        if self.storage.exists(f"{uri}/card.json"):
            return uri
        for inside, path in files_below(folder):
            self.storage.write(f"{uri}/{inside}", path.read_bytes())
        self.storage.write(f"{uri}/card.json", json.dumps(card, indent=1, ensure_ascii=False).encode())
        return uri

    def swap(self, name: str, version: str | None, before: Serving, action: str, why: str) -> None:
        """Let another version serve (None for none) where `before` still does. Raises RegistryError where another
        swap came first, or the version is not there."""
        if version is not None:
            self.card(name, version)
        event = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"), "action": action, "from": before.version,
            "to": version, "why": why,
        }  # fmt: skip
        lines = [version or "", *(json.dumps(one, ensure_ascii=False) for one in [*before.history, event])]
        uri, text = f"{self._folder(name)}/CURRENT", ("\n".join(lines) + "\n").encode()
        try:
            if self.storage.conditional(self._folder(name)):
                self.storage.write_if(uri, text, before.etag)
                return
            # The window between this look and the writing is all that is left open.
            if self.serving(name).etag != before.etag:
                raise ConflictError(uri)
            self.storage.write(uri, text)
        except ConflictError:
            raise RegistryError(f"{uri} was swapped by another run at this moment; look at it, and try again") from None

    def resolve(self, setting: str) -> str:
        """The URI that a setting `registry:NAME` stands for at this moment; "" where a rollback left nothing serving.
        Other settings stay as they are. Raises RegistryError where nothing was ever promoted under the name."""
        if not setting.startswith(PREFIX):
            return setting
        name = setting.removeprefix(PREFIX)
        if not self.root:
            raise RegistryError(f"{setting!r} needs the registry's root; set registry beside it")
        serving = self.serving(name)
        if serving.etag is None:
            raise RegistryError(f"{self.root} serves nothing under {name!r}; promote a version, or correct the name")
        return "" if serving.version is None else self.uri(name, serving.version)

    def _folder(self, name: str) -> str:
        if not name or "/" in name or name.startswith("."):
            raise RegistryError(f"{name!r} is no name; write registry:NAME with letters, digits, - and .")
        return f"{self.root.rstrip('/')}/{name}"
