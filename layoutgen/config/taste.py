"""Settings of `jobs.taste`, which learns ranking heads."""

from typing import Literal

from pydantic import Field

from layoutgen.config.base import Settings
from layoutgen.config.jobs import StorageSettings


class LearnSettings(Settings):
    """What a ranking head is learnt from."""

    name: str = Field("taste", min_length=1, description="of the head in the registry")
    by: Literal["brand", "category"] = Field("brand", description="column whose values have heads of their own")
    reward: Literal["clicks", "orders"] = Field("clicks", description="what outcomes count")
    folds: int = Field(
        5, ge=2, le=20, description="parts of the products that a head is judged on, learnt without them"
    )
    seed: int = Field(0, description="of these parts and of the gate's resamples")


class HeadGateSettings(Settings):
    """When a new ranking head is better than the one that serves."""

    metric: Literal["log_loss", "value"] = Field("log_loss", description="what must be better, by its whole interval")
    guards: tuple[Literal["log_loss", "value"], ...] = Field(("value",), description="what must not fall")
    tolerance: float = Field(0.1, ge=0, description="fall of a guard's mean that is taken for noise")
    least: int = Field(20, ge=2, description="products with new evidence below which nothing is promoted")
    resamples: int = Field(2000, ge=100, description="bootstrap resamples behind an interval")
    level: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    explore: float = Field(0.1, ge=0, le=1, description="share that is served evenly, as serve.explore is to be")
    draws: int = Field(1000, ge=10, le=100_000, description="draws from the posterior, as serve.draws is to be")


class TasteConfig(Settings):
    """Settings of `jobs.taste`."""

    storage: StorageSettings = StorageSettings()
    learn: LearnSettings = LearnSettings()
    gate: HeadGateSettings = HeadGateSettings()
