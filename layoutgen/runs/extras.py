"""What `[publish]` asks for that is an extra of its own: whether it is installed."""

import importlib

from layoutgen.config.jobs import PublishSettings
from layoutgen.core.errors import Refusal


def check_extras(settings: PublishSettings) -> None:
    """See that what the settings ask for is installed. Raises Refusal."""
    for wanted, package, extra in (
        (settings.iceberg, "pyiceberg", "iceberg"),
        (settings.delta, "deltalake", "delta"),
        (settings.lineage, "openlineage.client", "lineage"),
    ):
        if wanted:
            try:
                importlib.import_module(package)
            except ImportError:
                raise Refusal(
                    f"[publish] asks for {extra}, and {package.partition('.')[0]} is not installed; install "
                    f"layoutgen[{extra}], or leave publish.{extra} out"
                ) from None
