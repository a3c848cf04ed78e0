"""The brand kits of a run: read and checked once, before it begins, and their fonts brought to each machine."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from layoutgen.config.base import ConfigError
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.brands.kits import BrandKit, BrandKits
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas
from layoutgen.io import brand_kits
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.kit_checks import check
from layoutgen.models.building.kit_files import font_file

CACHE = Path("~/.cache/layoutgen")


def kits(root: str, storage: Storage, canvases: Iterable[Canvas], styles: Iterable[str]) -> BrandKits:
    """The kits in a folder or prefix, none where `root` is empty. Raises ConfigError with all that is wrong with
    them, for these canvases and house styles."""
    if not root:
        return BrandKits()
    try:
        stored = brand_kits.read(storage, root)
    except (Refusal, StorageError) as error:
        raise ConfigError(f"style.brands: {error}") from None
    faults, done, known, sizes = [], [], [*styles], [*canvases]
    for kit in stored:
        checked = check(kit, sizes, known, CACHE.expanduser())
        faults += [f"{kit.name}: {fault}" for fault in checked.faults]
        if not checked.faults:
            title, text = (_path(uri, kit.files) for uri in (kit.brand.fonts.title, kit.brand.fonts.text))
            done.append(BrandKit(kit.brand, checked.inks, title, text, kit.digest))
    paths: dict[str, str] = {}
    for path in BrandKits.of(tuple(done)).font_files:
        if (other := paths.setdefault(Path(path).stem, path)) != path and Path(other).read_bytes() != Path(
            path
        ).read_bytes():
            faults.append(f"fonts {other} and {path} are two of one name, by which rows say their font; rename one")
    if faults:
        raise ConfigError("style.brands: " + "\n  ".join(faults))
    return BrandKits.of(tuple(done))


def present(of_run: BrandKits, storage: Storage) -> BrandKits:
    """The same kits on this machine, whose fonts are brought here where they are not yet."""
    names = {}
    for name, kit in of_run.by_name.items():
        uris = kit.brand.fonts.title, kit.brand.fonts.text
        title, text = (
            path if not path or Path(path).is_file() else _path(uri, {uri: storage.read(uri)})
            for uri, path in zip(uris, (kit.title_font, kit.text_font), strict=True)
        )
        names[name] = replace(kit, title_font=title, text_font=text)
    return BrandKits(names)


class BrandFaces:
    """The kits of a run, and the fonts that set their brands' texts: a brand's own, then those of the settings."""

    def __init__(self, of_run: BrandKits, settings: PlaceSettings) -> None:
        self.kits, self._settings = of_run, settings
        self._faces: dict[str, FaceFor] = {}

    def of(self, kit: BrandKit) -> FaceFor:
        """The fonts of a brand's texts."""
        if kit.brand.id not in self._faces:
            own = {"bold_font": kit.title_font, "regular_font": kit.text_font}
            settings = self._settings.model_copy(update={name: path for name, path in own.items() if path})
            self._faces[kit.brand.id] = FaceFor(settings)
        return self._faces[kit.brand.id]


def _path(uri: str, files: Mapping[str, object]) -> str:
    data = files.get(uri)
    return str(font_file(uri, data, CACHE.expanduser())) if isinstance(data, bytes) else ""
