"""Settings of what serves variants: ranking heads of brands and categories."""

from pydantic import Field, model_validator

from layoutgen.config.base import Settings, check_registry


class ServeSettings(Settings):
    """Which variant of each canvas is served."""

    variants: bool = Field(False, description="choose one variant of each canvas, and keep what layouts are told by")
    head: str = Field("", description="a ranking head: folder, s3:// prefix or registry:NAME; empty: variants evenly")
    registry: str = Field("", description="root of the registry that registry:NAME is looked up in, once a run")
    canary: str = Field("", description="another head for some products: a version of the registry's name, or a folder")
    canary_share: float = Field(0.0, ge=0, le=1, description="share of products, by their ids, that the canary serves")
    explore: float = Field(0.1, ge=0, le=1, description="share of serving that is spread evenly over variants")
    draws: int = Field(1000, ge=10, le=100_000, description="draws from the head's posterior that propensities count")

    @model_validator(mode="after")
    def _is_whole(self) -> "ServeSettings":
        check_registry("serve", self.registry, head=self.head)
        if self.canary and not self.canary_share:
            raise ValueError("serve.canary_share = 0: give the share of products that the canary serves, such as 0.05")
        if self.canary_share and not self.canary:
            raise ValueError("serve.canary is missing: name the version that serves this share of products")
        return self
