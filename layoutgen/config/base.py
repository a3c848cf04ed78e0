"""How settings are read: small frozen models, one sentence a field; an unknown key is an error that names it.

A job's TOML file is read by `load` into a `…Config`, whose sections are `…Settings`; every shipped file is loaded by a
test. Settings don't enter the other classes: builders turn them into plain arguments.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from layoutgen.core.errors import Refusal


class ConfigError(Refusal):
    """The settings can't be used; the message names the key, the value and the mend."""


class Settings(BaseModel):
    """What every section and every file of settings is: frozen, and strict about types and unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_what_it_is(cls, value: Any, info: ValidationInfo) -> Any:
        """TOML tells numbers, strings and truth apart; pydantic would take true and "1" for the number 1."""
        kinds = set(_kinds(cls.model_fields[info.field_name or ""].annotation))
        if bool not in kinds and _holds_truth(value):
            raise ValueError("true and false are no values here; give a " + _wanted(kinds))
        if kinds == {bool} and not isinstance(value, bool):
            raise ValueError("give true or false, without quotes")
        if isinstance(value, str) and kinds <= {int, float, NoneType}:
            raise ValueError("give a number, without quotes")
        return value


def _kinds(annotation: Any) -> Iterator[Any]:
    """The plain types in an annotation."""
    inner = [kind for part in get_args(annotation) for kind in _kinds(part)]
    yield from inner or [annotation]


def _wanted(kinds: set[Any]) -> str:
    return "number" if kinds & {int, float} else "string in quotes"


def _holds_truth(value: Any) -> bool:
    """Tell whether true or false stands in a value, as it is or in a list; a section looks at its own."""
    if isinstance(value, list | tuple):
        return any(map(_holds_truth, value))
    return isinstance(value, bool)


class Pool(Settings):
    """An actor pool of a stage: explicit numbers. With `size` alone it stays as it is. Stages that share actors
    (`run.pools`) don't read theirs."""

    size: int = Field(1, ge=0, description="actors at the start; left out where `min` is given, it is that")
    min: int | None = Field(
        None, ge=0, description="actors at least, 0: none while nothing is to do; without it `size`"
    )
    max: int | None = Field(None, ge=1, description="actors at most, as the queue asks for them; without it `size`")
    rest_after_s: float = Field(60.0, ge=0, description="seconds without work after which `min = 0` lets the last go")
    num_cpus: float = Field(1.0, ge=0, description="CPUs that one actor reserves")
    num_gpus: float = Field(0.0, ge=0, description="GPUs that one actor reserves")
    memory_gb: float = Field(0.0, ge=0, description="memory that one actor reserves, GB; 0 reserves none")

    @field_validator("num_gpus")
    @classmethod
    def _whole_above_one(cls, value: float) -> float:
        if value > 1 and value != int(value):
            raise ValueError("above 1 it is a whole number: an actor has a part of one GPU, or whole ones")
        return value

    @model_validator(mode="before")
    @classmethod
    def _begins_with_least(cls, values: Any) -> Any:
        least = values.get("min") if isinstance(values, Mapping) else None
        return {"size": least, **values} if type(least) is int else values

    @model_validator(mode="after")
    def _begins_between(self) -> "Pool":
        if not self.least <= self.size <= self.most:
            raise ValueError(f"size = {self.size} is not between min = {self.least} and max = {self.most}")
        if not self.most:
            raise ValueError("a pool of no actors does nothing: give size, or min = 0 with max")
        return self

    @property
    def least(self) -> int:
        """How many actors there always are."""
        return self.size if self.min is None else self.min

    @property
    def most(self) -> int:
        """How many actors there may be."""
        return self.size if self.max is None else self.max

    @property
    def place(self) -> int:
        """How many actors must find a place: one at least, or a pool that rests would never begin."""
        return max(1, self.least)

    @property
    def breathes(self) -> bool:
        """Whether the number of actors follows the queue."""
        return self.least < self.most

    def fixed(self, size: int) -> "Pool":
        """A pool of so many of these actors."""
        return self.model_copy(update={"size": size, "min": None, "max": None})


class Node(Settings):
    """A kind of node of a cluster that adds nodes by itself."""

    cpus: float = Field(ge=0, description="CPUs of one")
    gpus: float = Field(0.0, ge=0, description="GPUs of one")
    gpu_memory_gb: float = Field(0.0, ge=0, description="memory of one of its GPUs, GiB; 0: unknown")
    memory_gb: float = Field(0.0, ge=0, description="memory of one, GB")
    most: int = Field(1, ge=1, description="how many there may be")


Config = TypeVar("Config", bound=Settings)


def known(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Settings that a run wrote down, of those that there are today: keys of other releases are passed over. Raises
    ConfigError where a value can't be used any more."""
    try:
        return kind.model_validate(_of_today(kind, values))
    except ValidationError as error:
        raise ConfigError(f"the settings of the table's run: {_explain(kind, error)}") from None


def _of_today(kind: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    today = {}
    for name, value in values.items():
        if name in kind.model_fields:
            part = kind.model_fields[name].annotation
            is_section = isinstance(part, type) and issubclass(part, BaseModel) and isinstance(value, Mapping)
            today[name] = _of_today(part, value) if is_section else value  # type: ignore[arg-type]  # a section's model
    return today


def load(kind: type[Config], path: str | Path) -> Config:
    """Read a job's settings from a TOML file. Raises ConfigError with the file, the key and what is allowed."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"no config file at {path}; give another with --config") from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read ({error.strerror}); give another with --config") from None
    return parse(kind, data, str(path))


def parse(kind: type[Config], data: bytes, name: str) -> Config:
    """A job's settings from what a TOML file holds; `name` is the file's, for messages. Raises ConfigError."""
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} is not TOML: {error}") from None
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{name}: {_explain(kind, error)}") from None


def _explain(kind: type[Settings], error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{key} = {first['input']!r}: {first['msg'].removeprefix('Value error, ')}"
    model: type[BaseModel] = kind
    for part in first["loc"][:-1]:
        model = model.model_fields[str(part)].annotation  # type: ignore[assignment]  # a section's type is its model
    return f"unknown key {key}; known here: {', '.join(model.model_fields)}"


def check_registry(section: str, registry: str, **uris: str) -> None:
    """Raises ValueError where one of a section's settings names weights in a registry, and the section has none."""
    for name, uri in uris.items():
        if uri.startswith("registry:") and not registry:
            raise ValueError(f"{section}.{name}: registry:NAME needs {section}.registry, the root of the registry")
