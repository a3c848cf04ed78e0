"""House styles by name: those of the package, and those that the settings add, read once a run."""

from collections.abc import Iterator

from layoutgen.config import styles
from layoutgen.config.base import ConfigError
from layoutgen.config.styles import AUTO, StyleSettings
from layoutgen.core.fingerprint import digest
from layoutgen.core.layout import Role
from layoutgen.core.styles.choosing import Wardrobe
from layoutgen.core.styles.style import Style
from layoutgen.imaging import fonts
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.digests import file_digest
from layoutgen.io.objects.locations import StorageError
from layoutgen.io.storage import Storage

_MOST_BYTES = 1 << 20


def load(settings: StyleSettings, storage: Storage) -> dict[str, Style]:
    """All styles there are, by name: a path's replaces an embedded one of its name. Raises ConfigError for a file that
    can't be used, two of one name, and names in the settings that no style has."""
    known = dict(styles.embedded())
    sources: dict[str, str] = {}
    for uri in (uri for path in settings.paths for uri in _files(path, settings, storage)):
        style = styles.parse(_read(uri, storage), uri)
        if style.name in sources:
            raise ConfigError(f"{sources[style.name]} and {uri} are both the style {style.name!r}; rename one")
        sources[style.name] = uri
        _check_fonts(style, uri)
        known[style.name] = style
    named = [("style.use", settings.use), *(("style.allowed", name) for name in settings.allowed)]
    named += [(f"style.by_category.{key}", name) for key, name in settings.by_category.items()]
    named += [(f"style.by_brand.{key}", name) for key, name in settings.by_brand.items()]
    for key, name in named:
        if name not in known and (name != AUTO or key == "style.allowed"):
            raise ConfigError(f"{key} = {name!r} is no style; known: {', '.join(known)}; add its file to style.paths")
    return known


def wardrobe(settings: StyleSettings, storage: Storage) -> Wardrobe:
    """Which styles rows may have, as settings say. Raises ConfigError as `load` does."""
    known = load(settings, storage)
    return Wardrobe(known, settings.use, settings.allowed, settings.by_category, settings.by_brand)


def version(chosen: Wardrobe) -> str:
    """What tells the styles of one run, and how rows come by them, from those of another."""
    return digest(repr(chosen), [file_digest(path) for path in font_files(chosen)])


def font_files(chosen: Wardrobe) -> tuple[str, ...]:
    """The font files that styles name, each once."""
    return tuple(dict.fromkeys(path for style in chosen.known.values() for path in style.fonts.values()))


def _check_fonts(style: Style, uri: str) -> None:
    """Raise ConfigError where a style's font file can't be used, or lacks a weight that the style asks for."""
    for family, path in style.fonts.items():
        roles = (role for role in Role if role is not Role.UNDERLAY)
        asked = sorted({kind.weight for role in roles if (kind := style.type_of(role)).family == family})
        try:
            faces = [fonts.face(path, weight) for weight in asked]
        except ValueError as error:
            raise ConfigError(f"{uri}: fonts.{family}: {error}") from None
        least, most = faces[0].weights
        lacking = [weight for weight in asked if faces[0].has_weights and not least <= weight <= most]
        if lacking:
            weights = ", ".join(map(str, lacking))
            raise ConfigError(f"{uri}: fonts.{family} = {path!r} has no weight {weights}; ask for weights that it has")
        if len(asked) > 1 and not faces[0].has_weights:
            weights = ", ".join(map(str, asked))
            raise ConfigError(
                f"{uri}: fonts.{family} = {path!r} has one weight, and types ask for {weights}; give a variable font, "
                "or one weight to all roles of the family"
            )


def _files(path: str, settings: StyleSettings, storage: Storage) -> Iterator[str]:
    """The TOML files at a path of the settings, in order."""
    try:
        uri = AdapterRegistry(storage, settings.registry).resolve(path)
        if uri.endswith(".toml"):
            yield uri
            return
        inside = [below for below in sorted(storage.list(uri)) if below.endswith(".toml")] if uri else []
    except StorageError as error:
        raise ConfigError(f"style.paths: {path}: {error}") from None
    if not inside:
        raise ConfigError(f"style.paths: {path} holds no .toml file; give a file, or a folder or prefix with some")
    yield from inside


def _read(uri: str, storage: Storage) -> bytes:
    try:
        return storage.read(uri, _MOST_BYTES)
    except StorageError as error:
        raise ConfigError(f"style.paths: {uri}: {error}") from None
