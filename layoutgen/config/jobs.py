"""Settings of the jobs: small frozen models, one sentence a field; an unknown key is an error that names it.

A job's TOML file is read by `load`; every shipped file is loaded by a test. Config does not enter the other classes:
builders turn it into plain arguments.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

EMPTY_WORDS = (
    *("NULL", "Null", "null", "(null)", "<null>", r"\N", "nan", "NaN", "NaT", "<NA>", "None", "none", "NONE"),
    *("undefined", "#N/A", "#NA", "N/A", "n/a", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#DIV/0!", "#NUM!"),
    *("-", "--", "---", "\u2013", "\u2014"),
)


class ConfigError(ValueError):
    """The settings can't be used; the message names the key, the value and the mend."""


class _Settings(BaseModel):
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


class Pool(_Settings):
    """An actor pool of a stage: explicit numbers, no guessing of hardware."""

    size: int = Field(1, ge=1, description="actors")
    num_cpus: float = Field(1.0, ge=0, description="CPUs that one actor reserves")
    num_gpus: float = Field(0.0, ge=0, description="GPUs that one actor reserves")
    memory_gb: float = Field(0.0, ge=0, description="memory that one actor reserves, GB; 0 reserves none")

    @field_validator("num_gpus")
    @classmethod
    def _whole_above_one(cls, value: float) -> float:
        if value > 1 and value != int(value):
            raise ValueError("above 1 it is a whole number: an actor has a part of one GPU, or whole ones")
        return value


class Node(_Settings):
    """A kind of node of a cluster that adds nodes by itself."""

    cpus: float = Field(ge=0, description="CPUs of one")
    gpus: float = Field(0.0, ge=0, description="GPUs of one")
    memory_gb: float = Field(0.0, ge=0, description="memory of one, GB")
    most: int = Field(1, ge=1, description="how many there may be")


class Run(_Settings):
    """The run as a whole."""

    rows_per_shard: int = Field(512, ge=1, description="rows in a shard, the unit of scheduling, retry and commit")
    max_failed_fraction: float = Field(0.05, ge=0, le=1, description="share of failed rows above which the exit is 1")
    seed: int = Field(0, description="seed of everything that draws lots")
    ray_address: str = Field("", description="cluster to join; empty: that of RAY_ADDRESS, else a local one")
    autoscaling: bool = Field(False, description="the cluster adds nodes by itself: pools may exceed what it has now")
    nodes: tuple[Node, ...] = Field((), description="kinds of nodes that autoscaling ends at; the pools must fit them")
    lease_seconds: float = Field(60.0, gt=0, description="time after which a dead run's table may be taken over")
    breaker_rows: int = Field(1000, ge=1, description="window of finished rows that the circuit breaker looks at")
    breaker_fraction: float = Field(0.5, gt=0, le=1, description="share of failed rows in it that stops the run early")
    dollars_per_hour: float = Field(0.0, ge=0, description="price of the cluster, for dollars per 1,000 images")
    log_seconds: float = Field(10.0, gt=0, description="seconds between progress lines")
    stale_days: float = Field(7.0, ge=0, description="days that a published row stays which fails for a passing reason")
    max_deleted_fraction: float = Field(0.2, ge=0, le=1, description="share of published rows that a night may delete")
    shard_mb: float = Field(
        256.0, gt=0, description="pictures of a shard, MB: rows_per_shard holds as far as it allows"
    )


class Input(_Settings):
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


class Storage(_Settings):
    """How to reach object storage; credentials come from the environment, never from a file here."""

    endpoint_url: str = Field("", description="S3 endpoint; empty: AWS_ENDPOINT_URL of the environment, else AWS")
    attempts: int = Field(4, ge=1, le=20, description="tries of a request that fails for a passing reason")
    timeout_s: float = Field(20.0, gt=0, description="seconds that one request may take")
    concurrency: int = Field(16, ge=1, le=256, description="requests in flight in one fetch actor")
    addressing: Literal["auto", "path", "virtual"] = Field(
        "auto", description="bucket in the path or (OSS, COS, TOS) in the host name; auto: by the endpoint"
    )


class Images(_Settings):
    """What the fetch stage makes of image bytes."""

    side: int = Field(768, ge=64, le=8192, description="px of the longer side that travels to the models")
    min_side: int = Field(16, ge=1, description="px; a smaller image is a dead letter")
    max_pixels: int = Field(120_000_000, ge=1, description="pixels; a larger image is a dead letter, undecoded")
    max_bytes: int = Field(100_000_000, ge=1, description="bytes; a larger object is a dead letter, undecoded")
    jpeg_quality: int = Field(92, ge=50, le=100, description="of the pixels that travel between stages")
    pool: Pool = Field(Pool(), description="actors of the fetch stage")


class Saliency(_Settings):
    """Which model finds what a picture is about."""

    model: str = Field("border", description="`border` (no weights), `net` (embedded network) or an ONNX file's path")
    format: Literal["u2net", "isnet", "birefnet"] = Field("u2net", description="form of the ONNX file, if one is given")
    threads: int = Field(1, ge=1, description="threads of one actor's network")


class Protect(_Settings):
    """What titles must not cover on a cover."""

    engine: Literal["ocr", "none"] = Field("ocr", description="`ocr` protects text in the picture; `none` reads none")
    threads: int = Field(1, ge=1, description="threads of one actor's text reader")
    batch: int = Field(8, ge=1, description="images handed to the models at once")
    saliency: Saliency = Field(Saliency(model="net"), description="finder of the subject")
    faces: str = Field("mtcnn", description="`mtcnn` (embedded), a YuNet ONNX file's path, or empty: nobody looks")
    zones: dict[str, dict[str, tuple[float, float, float, float]]] | None = Field(
        None, description="the player's controls: ratio to name to box (ltrb, shares); unset: those of common players"
    )
    pool: Pool = Field(Pool(), description="actors of the protect stage")

    @field_validator("zones")
    @classmethod
    def _lie_on_the_canvas(
        cls, value: dict[str, dict[str, tuple[float, float, float, float]]] | None
    ) -> dict[str, dict[str, tuple[float, float, float, float]]] | None:
        for ratio, zones in (value or {}).items():
            if not re.fullmatch("[1-9][0-9]*:[1-9][0-9]*", ratio):
                raise ValueError(f"ratio {ratio!r} is not WIDTH:HEIGHT, such as '3:4'")
            for name, (left, top, right, bottom) in zones.items():
                if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                    raise ValueError(f"zone {name!r} of {ratio!r} is not left, top, right, bottom in [0, 1]")
        return value


NETWORKS = ("radm", "layout_image")
"""The engines that denoise."""
WITH_CHECKPOINT = ("internvl", "grounded", "qwen_vl", *NETWORKS)
"""The engines that need a checkpoint."""


class Checkpoint(_Settings):
    """A vision-language model and how it answers; a stage's own defaults are below."""

    engine: str = Field("", description="what answers")
    model: str = Field("", description="checkpoint: `embedded`, folder, s3:// prefix or hub id[@revision]")
    adapter: str = Field("", description="LoRA adapter: folder, s3:// prefix or hub id[@revision]")
    cache: str = Field("~/.cache/layoutgen", description="folder on each node where weights are kept")
    decoder: Literal["loop", "vllm"] = Field(
        "loop", description="`loop` is ours; `vllm` needs layoutgen[vllm], Qwen-VL"
    )
    device: str = Field("cpu", description="torch device")
    dtype: Literal["float32", "bfloat16", "float16"] = Field("float32", description="torch dtype")
    image_side: int = Field(672, ge=28, description="px of the longer side that the model sees")
    max_new_tokens: int = Field(768, ge=16, description="length limit of an answer")
    batch: int = Field(8, ge=1, description="rows that the model works on at once; halves itself when short of memory")
    prompt_tokens: int = Field(4096, ge=1, description="tokens, pictures included, that are read in one pass")
    deadline_s: float = Field(0.0, ge=0, description="seconds for eight batches, then rows fail; 0 sets no limit")

    @model_validator(mode="after")
    def _can_answer(self) -> "Checkpoint":
        if self.engine in WITH_CHECKPOINT and not self.model:
            section = type(self).__name__.lower()
            raise ValueError(f"engine {self.engine!r} needs {section}.model, a folder, s3:// prefix or hub id")
        if self.decoder == "vllm" and self.deadline_s:
            raise ValueError("decoder 'vllm' keeps no deadline; set deadline_s = 0 or decoder = 'loop'")
        return self


class Annotate(Checkpoint):
    """Which model reads the images."""

    engine: Literal["ocr", "internvl", "grounded", "none"] = Field(
        "ocr",
        description="`ocr` is embedded; `internvl`: a vision-language model; `grounded`: both joined; `none`: neither",
    )
    threads: int = Field(1, ge=1, description="threads of one actor's networks")
    image_side: int = Field(1344, ge=28, description="px of the longer side that a vision-language model sees")
    max_new_tokens: int = Field(2048, ge=16, description="length limit of an answer")
    prompt_tokens: int = Field(8192, ge=1, description="tokens, pictures included, that are read in one pass")
    saliency: Saliency = Field(Saliency(), description="finder of the subject")
    pool: Pool = Field(Pool(), description="actors of the annotate stage")


class Compose(Checkpoint):
    """Which model proposes layouts."""

    engine: Literal["rules", "qwen_vl", "radm", "layout_image"] = Field(
        "rules",
        description="`rules` needs no `model`; `qwen_vl` writes, `radm` denoises boxes, `layout_image` draws",
    )
    model: str = Field("", description="checkpoint: `embedded`, folder, s3://…, hub id[@revision], or registry:NAME")
    adapter: str = Field("", description="LoRA adapter: folder, s3:// prefix, hub id[@revision], or registry:NAME")
    registry: str = Field("", description="root of the registry that registry:NAME is looked up in, once a run")
    candidates: int = Field(1, ge=1, le=64, description="answers to a layout, of which the best is taken; 1 is greedy")
    temperature: float = Field(0.8, gt=0, le=2, description="of the candidates that are drawn")
    steps: int = Field(8, ge=1, le=1000, description="steps of denoising of `radm` and `layout_image`")
    pool: Pool = Field(Pool(), description="actors of the compose stage")
    prepare: Pool = Field(Pool(), description="actors of the stage that draws pictures for `qwen_vl`, without GPUs")

    @model_validator(mode="after")
    def _knows_its_registry(self) -> "Compose":
        if not self.registry and any(uri.startswith("registry:") for uri in (self.model, self.adapter)):
            raise ValueError("registry:NAME needs compose.registry, the root of the registry")
        if self.engine in NETWORKS and (self.adapter or self.decoder != "loop" or self.dtype != "float32"):
            raise ValueError(f"engine {self.engine!r} takes no adapter, no vllm and float32 alone; leave them out")
        return self


class Place(_Settings):
    """The hard limits of a placed layout."""

    regular_font: str = Field("", description="font file for running text; empty: embedded fonts")
    bold_font: str = Field("", description="font file for titles; empty: embedded fonts")
    min_font: float = Field(0.024, gt=0, lt=0.5, description="smallest font, share of the canvas's short side")
    margin: float = Field(0.045, ge=0, lt=0.3, description="free edge, share of the canvas's short side")
    min_contrast: float = Field(4.5, ge=1, le=15, description="least contrast ratio (WCAG) of text and background")
    pool: Pool = Field(Pool(), description="actors of the place stage")


class Load(_Settings):
    """How shards are read and compared with the snapshot before."""

    pool: Pool = Field(Pool(num_cpus=0.05), description="actors of the load stage")


class Write(_Settings):
    """How the tables are written."""

    compression: Literal["zstd", "snappy", "none"] = Field("zstd", description="of the Parquet files")
    pool: Pool = Field(Pool(), description="actors of the write stage")


class LayoutsConfig(_Settings):
    """Settings of `jobs.layouts`."""

    run: Run = Run()
    input: Input = Input()
    storage: Storage = Storage()
    images: Images = Images()
    load: Load = Load()
    annotate: Annotate = Annotate()
    compose: Compose = Compose()
    place: Place = Place()
    write: Write = Write()


class AnnotateConfig(_Settings):
    """Settings of `jobs.annotate`."""

    run: Run = Run()
    input: Input = Input()
    storage: Storage = Storage()
    images: Images = Images(side=1280)
    load: Load = Load()
    annotate: Annotate = Annotate()
    write: Write = Write()


class CoverPlace(Place):
    """How covers are laid out, and when they are accepted."""

    min_font: float = Field(24 / 1080, gt=0, lt=0.5, description="smallest font, share of the canvas's width")
    max_font: float = Field(0.13, gt=0, lt=0.5, description="largest font of a title, share of the short side")
    most_lines: int = Field(4, ge=1, le=8, description="lines of a title")
    most_covered: float = Field(0.05, ge=0, le=1, description="share of the protected area that elements may cover")


class CoversConfig(_Settings):
    """Settings of `jobs.covers`."""

    run: Run = Run()
    input: Input = Input(canvases=("3:4", "1:1", "16:9", "9:16"), application="video_cover")
    storage: Storage = Storage()
    images: Images = Images(side=1080)
    load: Load = Load()
    protect: Protect = Protect()
    place: CoverPlace = CoverPlace()
    write: Write = Write()


class Sampling(_Settings):
    """Which rows of a large table are evaluated."""

    rows: int = Field(20_000, ge=0, description="rows evaluated at most, drawn with run.seed; 0 evaluates all")
    by: tuple[Literal["category", "canvas", "application", "composer", "adapter"], ...] = Field(
        ("category", "canvas"), description="columns whose values are the strata: each is drawn in proportion"
    )


class Score(_Settings):
    """How rows are scored."""

    content: bool = Field(True, description="fetch the photos and measure what layouts cover")
    image_side: int = Field(768, ge=64, le=8192, description="px of the longer side that a photo is decoded to")
    min_font: float = Field(0.024, gt=0, lt=0.5, description="smallest font, share of the canvas's short side")
    min_contrast: float = Field(4.5, ge=1, le=21, description="least contrast ratio (WCAG) of text and background")
    fonts: tuple[str, ...] = Field((), description="font files that the layouts name, besides embedded ones")
    pool: Pool = Field(Pool(), description="actors of the score stage")


class Report(_Settings):
    """What the report holds."""

    resamples: int = Field(2000, ge=100, description="bootstrap resamples behind an interval")
    level: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    worst: int = Field(20, ge=0, description="worst layouts that are shown with pictures")
    preview_side: int = Field(420, ge=64, le=2000, description="px of a picture's longer side")
    reference_rows: int = Field(1000, ge=2, description="rows of each side that distributions are compared by, at most")


class EvaluateConfig(_Settings):
    """Settings of `jobs.evaluate`."""

    run: Run = Run()
    storage: Storage = Storage()
    sampling: Sampling = Sampling()
    score: Score = Score()
    report: Report = Report()


Config = TypeVar("Config", bound=_Settings)


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


def _explain(kind: type[_Settings], error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{key} = {first['input']!r}: {first['msg']}"
    model: type[BaseModel] = kind
    for part in first["loc"][:-1]:
        model = model.model_fields[str(part)].annotation  # type: ignore[assignment]  # a section's type is its model
    return f"unknown key {key}; known here: {', '.join(model.model_fields)}"
