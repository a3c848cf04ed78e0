"""A folder of brand kits, `<id>/brand.json` with fonts and logos beside it, here or in a bucket."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from layoutgen.core.brands.brand import Brand, folded
from layoutgen.core.brands.form import NAME, Kit, parse
from layoutgen.core.errors import Refusal
from layoutgen.io.font_files import LARGEST
from layoutgen.io.objects.locations import join_allowed
from layoutgen.io.storage import Storage, StorageFault


@dataclass(frozen=True)
class BrandKit:
    """A kit as it lies in storage: what its file says, and the bytes that its fonts and logos have by URI (or why there
    are none)."""

    name: str
    kit: Kit
    files: dict[str, bytes | StorageFault] = field(repr=False)

    @property
    def brand(self) -> Brand:
        """The brand that it is of."""
        return self.kit.brand

    @property
    def digest(self) -> str:
        """What stands for the kit and the bytes of its files, wherever they lie: 16 hex digits."""
        parts = [repr(self.brand).encode(), *(b if isinstance(b, bytes) else b"" for b in self.files.values())]
        lengths = b"".join(len(part).to_bytes(8, "big") for part in parts)
        return hashlib.blake2b(lengths + b"".join(parts), digest_size=8).hexdigest()


def read(storage: Storage, root: str) -> list[BrandKit]:
    """Every kit in a folder of kits, or the one that `root` is the folder of, by name. Raises Refusal where there is
    none, where a file is no brand's at all, or where two brands have the same name; StorageError for a fault of
    storage."""
    root = root.rstrip("/")
    below = [uri for uri in storage.list(root) if uri.rsplit("/", 1)[-1] == NAME]
    folders = sorted({uri.rsplit("/", 1)[0] for uri in below})
    own = [folder for folder in folders if folder.rstrip("/") == root] or [
        folder for folder in folders if folder.rsplit("/", 1)[0] == root
    ]
    if not own:
        raise Refusal(f"{root} has no brand kit; lay one at {root}/ID/{NAME}, or give another folder")
    kits = [_read(storage, folder) for folder in own]
    names: dict[str, str] = {}
    for each in kits:
        for name in dict.fromkeys(map(folded, each.brand.names)):
            if names.setdefault(name, each.name) != each.name:
                raise Refusal(f"{root}: kits {names[name]} and {each.name} are both named {name!r}; rename one")
    return kits


def _read(storage: Storage, folder: str) -> BrandKit:
    name = folder.rsplit("/", 1)[-1]
    kit = parse(storage.read(f"{folder}/{NAME}", 4_000_000), name, _resolver(folder))
    uris = dict.fromkeys((*kit.brand.fonts.files, *(logo.uri for logo in kit.brand.logos)))
    return BrandKit(name, kit, dict(zip(uris, storage.read_many([*uris], LARGEST), strict=True)))


def _resolver(folder: str) -> Callable[[str], str]:
    return lambda path: join_allowed(folder, (), path)


def by_name(brands: Sequence[Brand]) -> dict[str, Brand]:
    """Brands by each of their names, folded."""
    return {folded(name): brand for brand in brands for name in brand.names}
