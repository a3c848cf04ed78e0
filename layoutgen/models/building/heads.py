"""Ranking heads, and what variants are served by, from settings."""

from layoutgen.config.serving import ServeSettings
from layoutgen.core.fingerprint import digest
from layoutgen.core.taste.head import FILE, Head, HeadError, read
from layoutgen.io.adapter_registry import PREFIX, AdapterRegistry
from layoutgen.io.objects.locations import StorageError
from layoutgen.io.storage import Storage
from layoutgen.models.critics import features

Named = tuple[str, Head]
"""A head's version, and the head."""


def serving(settings: ServeSettings, storage: Storage) -> tuple[Named | None, Named | None]:
    """The head that serves now, None for none, and that of the canary, likewise. Raises HeadError for a file that can't
    be used, RegistryError for a name or version that the registry has not."""
    registry = AdapterRegistry(storage, settings.registry)
    uri, canary = resolved(settings, storage), settings.canary
    if canary and "/" not in canary:
        name = settings.head.removeprefix(PREFIX)
        if not settings.head.startswith(PREFIX):
            raise HeadError(f"serve.canary = {canary!r} is a version, and serve.head names no registry; give a folder")
        registry.card(name, canary)  # of a version that is whole
        canary = registry.uri(name, canary)
    return (load(uri, storage) if uri else None), (load(canary, storage) if canary else None)


def resolved(settings: ServeSettings, storage: Storage) -> str:
    """The folder of the head that the settings name, as it is now; "" for none. Raises RegistryError."""
    return AdapterRegistry(storage, settings.registry).resolve(settings.head)


def load(uri: str, storage: Storage) -> Named:
    """The head in a folder, and its version. Raises HeadError."""
    place = storage.join(uri.rstrip("/") + "/", FILE)
    try:
        data = storage.read(place)
    except StorageError as error:
        if error.fault is None:
            raise
        raise HeadError(f"{error}; name a folder that jobs.taste made, or registry:NAME") from None
    head = read(data, place)
    if head.features != features.version():
        raise HeadError(
            f"{place} was trained on {head.features}, and rows have {features.version()} now; train it again "
            "(jobs.taste) on tables of this release, or leave serve.head empty until then"
        )
    return digest(data.hex()), head
