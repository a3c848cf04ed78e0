"""Settings of the jobs that read and score tables: the run as a whole, its input, its storage, its stages."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from layoutgen.config.base import Node, Pool, Settings
from layoutgen.config.serving import ServeSettings
from layoutgen.config.stages import (
    AnnotateSettings,
    ComposeSettings,
    CoverPlaceSettings,
    CoverSettings,
    ImagesSettings,
    LoadSettings,
    MarketingSettings,
    PlaceSettings,
    ProtectSettings,
    RenderSettings,
    RepairSettings,
    SaliencySettings,
    WriteSettings,
)
from layoutgen.config.styles import StyleSettings

EMPTY_WORDS = (
    *("NULL", "Null", "null", "(null)", "<null>", r"\N", "nan", "NaN", "NaT", "<NA>", "None", "none", "NONE"),
    *("undefined", "#N/A", "#NA", "N/A", "n/a", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#DIV/0!", "#NUM!"),
    *("-", "--", "---", "\u2013", "\u2014"),
)


class RunSettings(Settings):
    """The run as a whole."""

    rows_per_shard: int = Field(512, ge=1, description="rows in a shard, the unit of scheduling, retry and commit")
    max_failed_fraction: float = Field(0.05, ge=0, le=1, description="share of failed rows above which the exit is 1")
    seed: int = Field(0, description="seed of everything that draws lots")
    ray_address: str = Field("", description="cluster to join; empty: that of RAY_ADDRESS, else a local one")
    autoscaling: bool = Field(False, description="the cluster adds nodes by itself: pools may exceed what it has now")
    nodes: tuple[Node, ...] = Field((), description="kinds of nodes that autoscaling ends at; the pools must fit them")
    pools: Literal["given", "auto"] = Field(
        "given",
        description="`given`: each stage has its `pool`; `auto`: those without GPU or checkpoint share actors, 1 a CPU",
    )
    lease_seconds: float = Field(60.0, gt=0, description="time after which a dead run's table may be taken over")
    breaker_rows: int = Field(1000, ge=1, description="window of finished rows that the circuit breaker looks at")
    breaker_fraction: float = Field(0.5, gt=0, le=1, description="share of failed rows in it that stops the run early")
    dollars_per_hour: float = Field(0.0, ge=0, description="price of the cluster, for dollars per 1,000 images")
    log_seconds: float = Field(10.0, gt=0, description="seconds between progress lines")
    stale_days: float = Field(7.0, ge=0, description="days that a published row stays which fails for a passing reason")
    max_deleted_fraction: float = Field(0.2, ge=0, le=1, description="share of published rows that a night may delete")
    priority: str = Field("", description="column of numbers; shards with the largest sum of it are worked on first")
    shard_mb: float = Field(
        256.0, gt=0, description="pictures of a shard, MB: rows_per_shard holds as far as it allows"
    )

    @property
    def cluster(self) -> dict[str, Any]:
        """Where stages run, as keywords of `streaming.stream`."""
        cluster = {"address": self.ray_address, "autoscaling": self.autoscaling, "nodes": self.nodes}
        return cluster | {"auto": self.pools == "auto"}

    @model_validator(mode="after")
    def _counts_what_is_there(self) -> "RunSettings":
        if self.pools == "auto" and self.autoscaling:
            raise ValueError(
                "pools = 'auto' counts the CPUs that are there, and with autoscaling = true others come; leave one of "
                "them out"
            )
        return self


class ExpectSettings(Settings):
    """What a night must be like to be published by itself, besides `run.max_failed_fraction` and
    `run.max_deleted_fraction`; one that is not is refused."""

    min_rows: int = Field(0, ge=0, description="rows that a published table has at least")
    max_dead_letters: dict[str, float] = Field(
        {}, description="shares of the table that may fail by `kind` or `stage/kind`: {not_found = 0.01}"
    )
    max_stale_fraction: float = Field(1.0, ge=0, le=1, description="share of published rows that may be stale")
    drift_confidence: float = Field(
        0.0, ge=0, lt=1, description="of the intervals that fonts, roles and judged rows stay in; 0: not looked at"
    )

    @field_validator("max_dead_letters")
    @classmethod
    def _are_shares(cls, value: dict[str, float]) -> dict[str, float]:
        for kind, share in value.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{kind} = {share:g}: give a share from 0 to 1")
        return value


class IcebergSettings(Settings):
    """An Iceberg table that published snapshots are registered in."""

    catalog: str = Field(description="name of the catalogue in PyIceberg's own configuration, which has its address")
    table: str = Field(description="the table there: `namespace.name`; made where it is not there")

    @field_validator("table")
    @classmethod
    def _in_a_namespace(cls, value: str) -> str:
        if not all(part.strip() for part in value.split(".")) or "." not in value:
            raise ValueError(f"{value!r} has no namespace; write `namespace.name`, such as 'catalogue.layouts'")
        return value


class PublishSettings(Settings):
    """Where else a published snapshot can be found, besides as plain Parquet, and who hears of runs."""

    iceberg: IcebergSettings | None = Field(None, description="{catalog = …, table = …}: registered there")
    delta: bool = Field(False, description="OUTPUT is a Delta table, too")
    lineage: str = Field("", description="namespace of the job in events for OpenLineage; empty: none are sent")
    partition_by: Literal["", "canvas", "category", "application", "language"] = Field(
        "", description="column by whose values a second copy is parted into folders; Iceberg and Delta take that one"
    )


class CanarySettings(Settings):
    """Other settings for a share of the products: see `runs.canary`."""

    settings: str = Field("", description="TOML file of the job that makes these products; empty: there is no canary")
    share: float = Field(0.05, gt=0, lt=1, description="share of the products, by a hash of their ids")


class InputSettings(Settings):
    """What the manifest's rows get where they say nothing."""

    canvases: tuple[str, ...] = Field(("1:1",), description="output sizes: `WIDTHxHEIGHT` or a named ratio")
    short_side: int = Field(1080, ge=64, le=8192, description="px of a named ratio's short side")
    allowed_prefixes: tuple[str, ...] = Field(
        (), description="URIs that images may come from, besides the manifest's folder"
    )
    application: Literal["poster", "marketing", "video_cover"] = Field("poster", description="default application")
    empty_words: tuple[str, ...] = Field(
        EMPTY_WORDS, description="texts that exports write for nothing: a title fails, other copy is left out"
    )
    delimiter: str = Field(",", description="character between the fields of a CSV, such as ';' or a tab")
    encoding: str = Field("utf-8", description="encoding of CSV and JSON lines, such as 'gb18030' or 'utf-16'")
    rename: dict[str, str] = Field({}, description="new names for the manifest's columns: its name to the new one")

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) != 1 or value in '"\r\n ':
            raise ValueError("give one character, no quote, space or line break")
        return value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            b"".decode(value)
        except (LookupError, ValueError):
            raise ValueError("no encoding of text; write one such as 'utf-8', 'gb18030' or 'utf-16'") from None
        return value

    @field_validator("canvases")
    @classmethod
    def _at_least_one(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("give at least one canvas, such as '1:1'")
        return value


class StorageSettings(Settings):
    """How to reach object storage; credentials come from the environment, never from a file here."""

    endpoint_url: str = Field("", description="S3 endpoint; empty: AWS_ENDPOINT_URL of the environment, else AWS")
    attempts: int = Field(4, ge=1, le=20, description="tries of a request that fails for a passing reason")
    timeout_s: float = Field(20.0, gt=0, description="seconds that one request may take")
    concurrency: int = Field(16, ge=1, le=256, description="requests in flight in one fetch actor")
    addressing: Literal["auto", "path", "virtual"] = Field(
        "auto", description="bucket in the path or (OSS, COS, TOS) in the host name; auto: by the endpoint"
    )
    web_prefixes: tuple[str, ...] = Field(
        (), description="https addresses below which jobs that have no input may read the photos of tables"
    )


class LayoutsConfig(Settings):
    """Settings of `jobs.layouts`."""

    run: RunSettings = RunSettings()
    expect: ExpectSettings = ExpectSettings()
    publish: PublishSettings = PublishSettings()
    canary: CanarySettings = CanarySettings()
    input: InputSettings = InputSettings()
    storage: StorageSettings = StorageSettings()
    images: ImagesSettings = ImagesSettings()
    load: LoadSettings = LoadSettings()
    annotate: AnnotateSettings = AnnotateSettings()
    compose: ComposeSettings = ComposeSettings()
    style: StyleSettings = StyleSettings()
    place: PlaceSettings = PlaceSettings()
    repair: RepairSettings = RepairSettings()
    marketing: MarketingSettings = MarketingSettings()
    protect: ProtectSettings = ProtectSettings()
    cover: CoverSettings = CoverSettings()
    serve: ServeSettings = ServeSettings()
    render: RenderSettings = RenderSettings()
    write: WriteSettings = WriteSettings()

    @model_validator(mode="after")
    def _shares_pools(self) -> "LayoutsConfig":
        for name, other in (("protect", "annotate"), ("cover", "place")):
            if getattr(self, name).pool != Pool():
                raise ValueError(
                    f"{name}.pool: covers are worked on by the actors of {other}; set {other}.pool instead"
                )
        return self


class AnnotateConfig(Settings):
    """Settings of `jobs.annotate`."""

    run: RunSettings = RunSettings()
    expect: ExpectSettings = ExpectSettings()
    publish: PublishSettings = PublishSettings()
    canary: CanarySettings = CanarySettings()
    input: InputSettings = InputSettings()
    storage: StorageSettings = StorageSettings()
    images: ImagesSettings = ImagesSettings(side=1280)
    load: LoadSettings = LoadSettings()
    annotate: AnnotateSettings = AnnotateSettings()
    write: WriteSettings = WriteSettings()


class CoversConfig(Settings):
    """Settings of `jobs.covers`."""

    run: RunSettings = RunSettings()
    expect: ExpectSettings = ExpectSettings()
    publish: PublishSettings = PublishSettings()
    canary: CanarySettings = CanarySettings()
    input: InputSettings = InputSettings(canvases=("3:4", "1:1", "16:9", "9:16"), application="video_cover")
    storage: StorageSettings = StorageSettings()
    images: ImagesSettings = ImagesSettings(side=1080)
    load: LoadSettings = LoadSettings()
    protect: ProtectSettings = ProtectSettings()
    style: StyleSettings = StyleSettings()
    place: CoverPlaceSettings = CoverPlaceSettings()
    render: RenderSettings = RenderSettings()
    write: WriteSettings = WriteSettings()

    @model_validator(mode="after")
    def _has_one_layout(self) -> "CoversConfig":
        if self.style.variants != 1:
            raise ValueError(f"style.variants = {self.style.variants}: a cover has one layout; leave it 1")
        return self


class RenderConfig(Settings):
    """Settings of `jobs.render`."""

    run: RunSettings = RunSettings()
    storage: StorageSettings = StorageSettings()
    images: ImagesSettings = ImagesSettings()
    render: RenderSettings = RenderSettings(formats=("webp",))


class RefineSettings(Settings):
    """How published layouts are changed by feedback."""

    side: int = Field(768, ge=64, le=8192, description="px of the photos in which subjects are looked for")
    pool: Pool = Field(Pool(), description="actors that change rows")


class RefineConfig(Settings):
    """Settings of `jobs.refine`; all that shapes layouts is as the table's run had it."""

    run: RunSettings = RunSettings(rows_per_shard=32)
    expect: ExpectSettings = ExpectSettings()
    storage: StorageSettings = StorageSettings()
    load: LoadSettings = LoadSettings()
    refine: RefineSettings = RefineSettings()
    write: WriteSettings = WriteSettings()


class ReferencesSettings(Settings):
    """What text-to-image models of other teams are given, and how their pictures are written."""

    model: Literal["sd15", "sdxl"] = Field(
        "sdxl", description="class of models: painted at about 512 or 1024 px square"
    )
    saliency: SaliencySettings = Field(SaliencySettings(), description="finder of the product")
    format: Literal["webp", "png", "jpeg"] = Field("webp", description="of the pictures that are taken back")
    quality: int = Field(90, ge=1, le=100, description="of these, where the format loses anything")
    pool: Pool = Field(Pool(), description="actors that write folders, and that take pictures back")


class ReferencesConfig(Settings):
    """Settings of `jobs.references`."""

    run: RunSettings = RunSettings(rows_per_shard=32)
    storage: StorageSettings = StorageSettings()
    images: ImagesSettings = ImagesSettings()
    references: ReferencesSettings = ReferencesSettings()


class SamplingSettings(Settings):
    """Which rows of a large table are evaluated."""

    rows: int = Field(20_000, ge=0, description="rows evaluated at most, drawn with run.seed; 0 evaluates all")
    by: tuple[Literal["category", "canvas", "application", "composer", "adapter", "arm"], ...] = Field(
        ("category", "canvas"), description="columns whose values are the strata: each is drawn in proportion"
    )


class ScoreSettings(Settings):
    """How rows are scored."""

    content: bool = Field(True, description="fetch the photos and measure what layouts cover")
    image_side: int = Field(768, ge=64, le=8192, description="px of the longer side that a photo is decoded to")
    saliency: SaliencySettings = Field(
        SaliencySettings(model="border"),
        description="finder of the subject; `border`, whatever the run that made the table used",
    )
    min_font: float = Field(0.024, gt=0, lt=0.5, description="smallest font, share of the canvas's short side")
    min_contrast: float = Field(4.5, ge=1, le=21, description="least contrast ratio (WCAG) of text and background")
    fonts: tuple[str, ...] = Field((), description="font files that the layouts name, besides embedded ones")
    brands: str = Field("", description="brand kits that rows are held against; empty: those of the table's own run")
    pool: Pool = Field(Pool(), description="actors of the score stage")


class ReportSettings(Settings):
    """What the report holds."""

    resamples: int = Field(2000, ge=100, description="bootstrap resamples behind an interval")
    level: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    worst: int = Field(20, ge=0, description="worst layouts that are shown with pictures")
    preview_side: int = Field(420, ge=64, le=2000, description="px of a picture's longer side")
    reference_rows: int = Field(1000, ge=2, description="rows of each side that distributions are compared by, at most")


class OutcomesSettings(Settings):
    """How it is estimated what a ranking head would have earned."""

    reward: Literal["clicks", "orders"] = Field("clicks", description="what outcomes count")
    by: Literal["brand", "category"] = Field("brand", description="column whose values earn differently")
    folds: int = Field(5, ge=2, le=20, description="parts of the products: each is expected by what the others earned")
    explore: float = Field(0.1, ge=0, le=1, description="share that is served evenly, as serve.explore is to be")
    draws: int = Field(1000, ge=10, le=100_000, description="draws from the head's posterior, as serve.draws is to be")


class EvaluateConfig(Settings):
    """Settings of `jobs.evaluate`."""

    run: RunSettings = RunSettings()
    storage: StorageSettings = StorageSettings()
    sampling: SamplingSettings = SamplingSettings()
    score: ScoreSettings = ScoreSettings()
    outcomes: OutcomesSettings = OutcomesSettings()
    report: ReportSettings = ReportSettings()
