"""Packages that formats need beyond the core, and what is said where one is missing."""

from importlib.util import find_spec

from layoutgen.core.errors import Refusal

_PACKAGES = {"pptx": ("pptx", "python-pptx"), "psd": ("psd_tools", "psd-tools")}


def check(name: str) -> None:
    """Raise Refusal where a format's package is not installed."""
    module, package = _PACKAGES.get(name, ("", ""))
    if module and find_spec(module) is None:
        raise Refusal(
            f"the format {name!r} needs the package {package}, which is not installed here; "
            f"install the extra `files` (pip install 'layoutgen[files]'), on every machine that draws"
        )
