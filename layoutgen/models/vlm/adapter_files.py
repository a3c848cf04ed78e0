"""What an adapter's folder says of it, read without its weights: the settings that shape what it does, and the name,
dtype and shape of each tensor."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from layoutgen.core.errors import AbsentError
from layoutgen.models.headers import Header, read_header
from layoutgen.models.weights import check_weights

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_DTYPES = ("F64", "F32", "F16", "BF16")
_BEYOND = (
    *("layer_replication", "target_parameters", "alora_invocation_tokens", "arrow_config", "use_qalora", "use_bdlora"),
    *("kasa_config", "monteclora_config", "velora_config", "trainable_token_indices", "lora_ga_config"),
)
"""Settings of peft that change what an adapter does in ways that are not merged here."""
Rank = Annotated[int, Field(gt=0, le=65_536)]


class Settings(BaseModel):
    """The fields of adapter_config.json that shape what an adapter does; peft's documentation says what they mean."""

    peft_type: Literal["LORA"] = "LORA"
    base_model_name_or_path: str | None = None
    r: Rank = 8
    lora_alpha: Annotated[float, Field(allow_inf_nan=False)] = 8
    target_modules: list[str] | str | None = None
    exclude_modules: list[str] | str | None = None
    layers_to_transform: list[int] | int | None = None
    layers_pattern: list[str] | str | None = None
    modules_to_save: list[str] | None = None
    rank_pattern: dict[str, Rank] | None = None
    alpha_pattern: dict[str, Annotated[float, Field(allow_inf_nan=False)]] | None = None
    bias: Literal["none", "all", "lora_only"] = "none"
    lora_bias: bool = False
    use_dora: bool = False
    use_rslora: bool = False
    init_lora_weights: bool | Literal["gaussian", "orthogonal", "eva", "pissa", "olora"] | None = True

    @model_validator(mode="before")
    @classmethod
    def _can_be_merged(cls, said: Any) -> Any:
        beyond = [name for name in _BEYOND if isinstance(said, dict) and said.get(name)]
        if beyond:
            raise ValueError(f"{beyond[0]} is more than can be merged; merge it into its base by peft")
        return said

    @field_validator("target_modules", "exclude_modules", "modules_to_save", "rank_pattern", "alpha_pattern")
    @classmethod
    def _are_patterns(cls, value: Any) -> Any:
        for pattern in [value] if isinstance(value, str) else value or ():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression ({error})") from None
        return value


@dataclass(frozen=True)
class AdapterFile:
    """An adapter's settings, and each tensor's dtype and shape by its name."""

    folder: Path
    settings: Settings
    tensors: Header

    def misfit(self, what: str) -> ValueError:
        """The error that says how it does not fit its base."""
        return ValueError(f"adapter {self.folder} does not fit its base: {what}")


def read(folder: Path) -> AdapterFile:
    """Read an adapter's settings and header. Raises AbsentError or ValueError, with the mend."""
    check_weights(folder)
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise AbsentError(f"{folder} has no {name}; give the folder that peft saved the adapter in")
    path = folder / CONFIG
    try:
        settings = Settings.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        value = "" if isinstance(first["input"], dict) else f" is {str(first['input'])[:80]!r}"
        raise ValueError(f"{path}: {where}{value}: {first['msg']}; correct it, or save the adapter again") from None
    tensors = read_header(folder / WEIGHTS)
    for name, (dtype, _) in tensors.items():
        if dtype not in _DTYPES:
            raise ValueError(f"{folder / WEIGHTS} holds {name} as {dtype}; save it as one of {', '.join(_DTYPES)}")
    if not tensors:
        raise ValueError(f"{folder / WEIGHTS} holds no tensor; save the adapter again")
    return AdapterFile(folder, settings, tensors)
