"""The brand kits of a run or a table: read and checked once, and their fonts brought to each machine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from layoutgen.config.base import ConfigError
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.brands.kits import BrandKit, BrandKits
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas
from layoutgen.io import brand_kits, font_files
from layoutgen.io.brand_kits import BrandKit as StoredKit
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.kit_checks import check


def kits(root: str, storage: Storage, canvases: Iterable[Canvas], styles: Iterable[str] | None) -> BrandKits:
    """The kits in a folder or prefix, none where `root` is empty, with their fonts as all machines name them. Raises
    ConfigError with all that is wrong with them, for these canvases and house styles (None: whichever they name)."""
    if not root:
        return BrandKits()
    try:
        stored = brand_kits.read(storage, root)
    except (Refusal, StorageError) as error:
        raise ConfigError(f"style.brands: {error}") from None
    faults, done, sizes = [], [], [*canvases]
    known = None if styles is None else [*styles]
    for kit in stored:
        checked = check(kit, sizes, known, font_files.CACHE)
        faults += [f"{kit.name}: {fault}" for fault in checked.faults]
        if not checked.faults:
            title, text = (_address(uri, kit.files) for uri in (kit.brand.fonts.title, kit.brand.fonts.text))
            done.append(BrandKit(kit.brand, checked.inks, title, text, kit.digest))
    faults += _namesakes(stored)
    if faults:
        raise ConfigError("style.brands: " + "\n  ".join(faults))
    return BrandKits.of(tuple(done))


def _address(uri: str, files: Mapping[str, object]) -> str:
    data = files.get(uri)
    return font_files.address(uri, data) if isinstance(data, bytes) else ""


def _namesakes(stored: Iterable[StoredKit]) -> Iterator[str]:
    """Fonts of one name that are not the same: rows say their font by its name."""
    known: dict[str, tuple[str, bytes]] = {}
    for kit in stored:
        for uri in kit.brand.fonts.files:
            data = kit.files[uri]
            if isinstance(data, bytes):
                other, same = known.setdefault(Path(uri).stem, (uri, data))
                if same != data:
                    yield f"fonts {other} and {uri} are two of one name, by which rows say their font; rename one"


def present(of_run: BrandKits, storage: Storage) -> BrandKits:
    """The same kits with the paths of their fonts on this machine. Raises as `font_files.here` does."""
    names = {}
    for name, kit in of_run.by_name.items():
        title, text = (font_files.here([font], storage)[0] if font else "" for font in (kit.title_font, kit.text_font))
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
