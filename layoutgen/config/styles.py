"""House styles as TOML, and the settings that say which of them rows may have.

A file is one style, named like it: `tech.toml` is the style `tech`. Its keys are those of `core.styles.style.Style`;
what a role's type leaves out is as in the plain style. What can't be used is refused with the file, the key, the value
and the mend.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from layoutgen.config.base import ConfigError, Settings, check_registry
from layoutgen.core.layout import Role
from layoutgen.core.styles.style import Style

AUTO = "auto"
EMBEDDED = Path(__file__).parents[1] / "styles"
_NAME = re.compile("[a-z][a-z0-9_-]*")
_READER = TypeAdapter(list[Style], config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))


class StyleSettings(Settings):
    """Which house styles rows may have."""

    use: str = Field(AUTO, description="style of rows that name none; `auto`: the one that fits picture and copy best")
    allowed: tuple[str, ...] = Field((), description="names of the styles that `auto` weighs; empty: all there are")
    paths: tuple[str, ...] = Field(
        (), description="more styles: TOML files, folders or s3:// prefixes of them, or registry:NAME"
    )
    registry: str = Field("", description="root of the registry that registry:NAME is looked up in, once a run")
    variants: int = Field(1, ge=1, le=100, description="layouts of each canvas, which differ on purpose")
    layout: Literal["single", "auto", "collage"] = Field(
        "single", description="rows of several images that do not say: one is shown, several, or what looks better"
    )
    brands: str = Field("", description="folder or s3:// prefix of brand kits, each of which its brand's rows keep")
    by_category: dict[str, str] = Field({}, description="style of a category's rows: a category to a name or auto")
    by_brand: dict[str, str] = Field({}, description="style of a brand's rows: a brand to a name or auto")

    @model_validator(mode="after")
    def _knows_its_registry(self) -> "StyleSettings":
        for path in self.paths:
            check_registry("style", self.registry, paths=path)
        return self


def parse(data: bytes, uri: str) -> Style:
    """The style that a TOML file holds. Raises ConfigError naming the file, the key, the value and the mend."""
    name = PurePosixPath(uri).stem
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{uri}: a style is named like its file, in small letters, digits, - and _; rename the file")
    if name == AUTO:
        raise ConfigError(f"{uri}: auto is no style's name; rename the file")
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{uri} is not TOML: {error}") from None
    if "name" in values:
        raise ConfigError(f"{uri}: unknown key name; a style is named like its file: leave it out")
    types = values.get("types")
    if isinstance(types, dict):
        values["types"] = {role: _filled(role, kind) for role, kind in types.items()}
    try:
        (style,) = _READER.validate_json(json.dumps([{"name": name, **values}], default=str))
    except ValidationError as error:
        raise ConfigError(f"{uri}: {_explain(error)}") from None
    if style.faults:
        raise ConfigError(f"{uri}: {style.faults[0]}")
    return style


@lru_cache(maxsize=1)
def embedded() -> Mapping[str, Style]:
    """The styles that come with the package, by name, the plain one first."""
    styles = (parse(path.read_bytes(), str(path)) for path in EMBEDDED.glob("*.toml"))
    return {style.name: style for style in sorted(styles, key=lambda style: (style.name != "plain", style.name))}


def _filled(role: str, values: Any) -> Any:
    """A role's type with what it leaves out as in the plain style; what is none is left for the reader to refuse."""
    if not isinstance(values, dict) or role not in [known.value for known in Role] or role == Role.UNDERLAY:
        return values
    return asdict(Style("", "", "").type_of(Role(role))) | values


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"][1:]]
    match first["type"]:
        case "unexpected_keyword_argument":
            return f"unknown key {'.'.join(path)}; known here: {', '.join(_known(path[:-1]))}"
        case "missing":
            return f"{path[-1]} is missing; give a sentence for designers"
        case "enum":
            return f"unknown key {'.'.join(path[:-1])}; known here: {', '.join(_known(path[:-2]))}"
        case _:
            return f"{'.'.join(path)} = {first['input']!r}: {first['msg']}"


def _known(path: list[str]) -> list[str]:
    """The keys that may stand at a place of a style's file."""
    kind: Any = Style
    for part in path:
        kind = get_type_hints(kind)[part] if is_dataclass(kind) else get_args(kind)[1]
    if is_dataclass(kind):
        return [field.name for field in fields(kind) if field.name != "name"]
    return [role.value for role in Role if role is not Role.UNDERLAY]
