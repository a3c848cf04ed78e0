"""Settings of the stages: pictures, models and limits, each with its default and a sentence."""

import re
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from layoutgen.config.base import Pool, Settings, check_registry

ComposingNetwork = Literal["radm", "layout_image"]
Network = Literal[ComposingNetwork, "plan"]
"""The families of networks that denoise, as settings name them: those of `models.denoising.networks`."""
NETWORKS: tuple[str, ...] = get_args(Network)

Zones = dict[str, dict[str, tuple[float, float, float, float]]]
"""What a platform lays over a picture: ratio to name to box (ltrb, shares of the canvas)."""

WITH_CHECKPOINT = ("internvl", "grounded", "vlm", "qwen_vl", *NETWORKS)
"""The engines that need a checkpoint."""


def is_checkpoint(model: str) -> bool:
    """Whether a setting names weights of any size, and not small ones that are here."""
    return model not in ("", "embedded")


class ImagesSettings(Settings):
    """What the fetch stage makes of image bytes."""

    side: int = Field(768, ge=64, le=8192, description="px of the longer side that travels to the models")
    min_side: int = Field(16, ge=1, description="px; a smaller image is a dead letter")
    max_pixels: int = Field(120_000_000, ge=1, description="pixels; a larger image is a dead letter, undecoded")
    max_bytes: int = Field(100_000_000, ge=1, description="bytes; a larger object is a dead letter, undecoded")
    ahead_mb: float = Field(
        256.0, gt=0, description="MB of objects that one actor holds, read ahead of decoding; a larger one is alone"
    )
    jpeg_quality: int = Field(92, ge=50, le=100, description="of the pixels that travel between stages")
    pool: Pool = Field(Pool(), description="actors of the fetch stage")


class SaliencySettings(Settings):
    """Which model finds what a picture is about."""

    model: str = Field("net", description="`net` (embedded network), `border` (no weights) or an ONNX file's path")
    format: Literal["u2net", "isnet", "birefnet"] = Field("u2net", description="form of the ONNX file, if one is given")
    threads: int = Field(1, ge=1, description="threads of one actor's network")


def _on_the_canvas(value: Zones | None) -> Zones | None:
    for ratio, zones in (value or {}).items():
        if not re.fullmatch("[1-9][0-9]*:[1-9][0-9]*", ratio):
            raise ValueError(f"ratio {ratio!r} is not WIDTH:HEIGHT, such as '3:4'")
        for name, (left, top, right, bottom) in zones.items():
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError(f"zone {name!r} of {ratio!r} is not left, top, right, bottom in [0, 1]")
    return value


class CheckpointSettings(Settings):
    """A vision-language model and how it answers; a stage's own defaults are below."""

    section: ClassVar[str] = ""  # its name in a job's file, for messages
    engine: str = Field("", description="what answers")
    model: str = Field("", description="checkpoint: `embedded`, folder, s3:// prefix or hub id[@revision]")
    adapter: str = Field("", description="LoRA adapter: folder, s3:// prefix or hub id[@revision]")
    cache: str = Field("~/.cache/layoutgen", description="folder on each node where weights are kept")
    decoder: Literal["loop", "vllm"] = Field(
        "loop", description="`loop` is ours; `vllm` needs layoutgen[vllm], Qwen-VL"
    )
    device: str = Field("cpu", description="torch device")
    dtype: Literal["float32", "bfloat16", "float16"] = Field("float32", description="torch dtype")
    int8: bool = Field(False, description="keep the language model's layers in 8 bits: half of bfloat16's memory")
    image_side: int = Field(672, ge=28, description="px of the longer side that the model sees")
    max_new_tokens: int = Field(768, ge=16, description="length limit of an answer")
    batch: int = Field(8, ge=1, description="rows that the model works on at once; halves itself when short of memory")
    prompt_tokens: int = Field(4096, ge=1, description="tokens, pictures included, that are read in one pass")
    deadline_s: float = Field(0.0, ge=0, description="seconds for eight batches, then rows fail; 0 sets no limit")

    @property
    def has_checkpoint(self) -> bool:
        """Whether anything here needs `model`."""
        return self.engine in WITH_CHECKPOINT

    @property
    def is_large(self) -> bool:
        """Whether it has weights of any size, of which not each CPU can have its own."""
        return is_checkpoint(self.model)

    @model_validator(mode="after")
    def _can_answer(self) -> "CheckpointSettings":
        if self.has_checkpoint and not self.model:
            raise ValueError(f"engine {self.engine!r} needs {self.section}.model, a folder, s3:// prefix or hub id")
        if self.decoder == "vllm" and self.deadline_s:
            raise ValueError("decoder 'vllm' keeps no deadline; set deadline_s = 0 or decoder = 'loop'")
        if self.decoder == "vllm" and self.int8:
            raise ValueError("decoder 'vllm' reads quantised checkpoints as they are; name one, or set int8 = false")
        asking: Pool | None = getattr(self, "asking", None)  # a section's pool, below
        if self.has_checkpoint and self.decoder == "loop" and asking and asking.num_gpus > 1:
            raise ValueError(
                f"decoder 'loop' answers on one GPU and an actor of {self.section} reserves {asking.num_gpus:g}: set "
                "decoder = 'vllm', which parts a model among them, or num_gpus = 1"
            )
        return self


class AnnotateSettings(CheckpointSettings):
    """Which model reads the images."""

    section: ClassVar[str] = "annotate"

    engine: Literal["ocr", "internvl", "grounded", "none"] = Field(
        "ocr",
        description="`ocr` is embedded; `internvl`: a vision-language model; `grounded`: both joined; `none`: neither",
    )
    threads: int = Field(1, ge=1, description="threads of one actor's networks")
    image_side: int = Field(1344, ge=28, description="px of the longer side that a vision-language model sees")
    max_new_tokens: int = Field(2048, ge=16, description="length limit of an answer")
    prompt_tokens: int = Field(8192, ge=1, description="tokens, pictures included, that are read in one pass")
    saliency: SaliencySettings = Field(SaliencySettings(), description="finder of the subject")
    pool: Pool = Field(Pool(), description="actors of the annotate stage")
    ground: Pool = Field(Pool(), description="actors of the stage that asks the language model for `grounded`")

    @property
    def asking(self) -> Pool:
        """The actors that hold the language model."""
        return self.ground if self.engine == "grounded" else self.pool


class ProtectSettings(CheckpointSettings):
    """What titles must not cover on a cover."""

    section: ClassVar[str] = "protect"

    engine: Literal["ocr", "none", "vlm"] = Field(
        "ocr",
        description="`ocr` protects text in the picture; `vlm` also what a language model names; `none`: neither",
    )
    max_new_tokens: int = Field(1024, ge=16, description="length limit of an answer")
    threads: int = Field(1, ge=1, description="threads of one actor's text reader")
    saliency: SaliencySettings = Field(SaliencySettings(), description="finder of the subject")
    opinion: str = Field(
        "auto",
        description="finder that the acceptance check asks besides: `net`, `border`, an ONNX file like saliency's; "
        "`auto`: `border`, or `net` where `border` finds the subject; empty: none",
    )
    faces: str = Field("mtcnn", description="`mtcnn` (embedded), a YuNet ONNX file's path, or empty: nobody looks")
    zones: Annotated[Zones | None, AfterValidator(_on_the_canvas)] = Field(
        None, description="the player's controls: ratio to name to box (ltrb, shares); unset: those of common players"
    )
    pool: Pool = Field(Pool(), description="actors of the protect stage")
    point: Pool = Field(Pool(), description="actors of the stage that asks the language model for `vlm`")

    @model_validator(mode="after")
    def _asks_another(self) -> "ProtectSettings":
        if self.opinion == self.saliency.model:
            raise ValueError(
                f"protect.opinion = {self.opinion!r} is the finder that covers are placed by (protect.saliency); name "
                "another one, or auto"
            )
        return self

    @property
    def second(self) -> SaliencySettings | None:
        """The finder of the second opinion; None where there is none."""
        other = "net" if self.saliency.model == "border" else "border"
        name = other if self.opinion == "auto" else self.opinion
        return self.saliency.model_copy(update={"model": name}) if name else None

    @property
    def asking(self) -> Pool:
        """The actors that hold the language model."""
        return self.point

    @property
    def reading(self) -> AnnotateSettings:
        """How text in the picture is read and the subject found."""
        engine: Literal["ocr", "none"] = "none" if self.engine == "none" else "ocr"
        return AnnotateSettings(engine=engine, threads=self.threads, batch=self.batch, saliency=self.saliency)


class ComposeSettings(CheckpointSettings):
    """Which model proposes layouts."""

    section: ClassVar[str] = "compose"

    engine: Literal["rules", "qwen_vl", ComposingNetwork, "ensemble"] = Field(
        "rules",
        description="`rules` needs no `model`; `qwen_vl` writes, `radm` denoises boxes, `layout_image` draws; "
        "`ensemble` takes the best that the rules and `members` propose",
    )
    members: tuple[ComposingNetwork, ...] = Field((), description="networks that an `ensemble` asks besides the rules")
    model: str = Field("", description="checkpoint: `embedded`, folder, s3://…, hub id[@revision], or registry:NAME")
    adapter: str = Field("", description="LoRA adapter: folder, s3:// prefix, hub id[@revision], or registry:NAME")
    registry: str = Field("", description="root of the registry that registry:NAME is looked up in, once a run")
    candidates: int = Field(1, ge=1, le=64, description="answers to a layout, of which the best is taken; 1 is greedy")
    temperature: float = Field(0.8, gt=0, le=2, description="of the candidates that are drawn")
    steps: int = Field(8, ge=1, le=1000, description="steps of denoising of `radm` and `layout_image`")
    pool: Pool = Field(Pool(), description="actors of the compose stage")
    prepare: Pool = Field(Pool(), description="actors of the stage that draws pictures for `qwen_vl`, without GPUs")

    @property
    def asking(self) -> Pool:
        """The actors that hold the language model."""
        return self.pool

    @property
    def has_checkpoint(self) -> bool:
        """Whether anything here needs `model`; an ensemble of the rules alone does not."""
        return super().has_checkpoint or bool(self.networks)

    @property
    def is_by_rules(self) -> bool:
        """Whether all layouts are the rules', whoever chooses among them."""
        return self.engine in ("rules", "ensemble") and not self.networks

    @property
    def networks(self) -> "tuple[ComposeSettings, ...]":
        """The settings of each network that denoises here: of the engine, or of an ensemble's members."""
        if self.engine in NETWORKS:
            return (self,)
        names = self.members if self.engine == "ensemble" else ()
        return tuple(self.model_copy(update={"engine": name, "candidates": 1}) for name in names)

    @model_validator(mode="after")
    def _members_have_weights(self) -> "ComposeSettings":
        if self.engine == "ensemble" and len(self.members) != 1 and self.model not in ("", "embedded"):
            raise ValueError(
                f"compose.model = {self.model!r} is of one network and an ensemble has {len(self.members)} members; "
                "name the one in compose.members, or take model = 'embedded'"
            )
        return self

    @model_validator(mode="after")
    def _knows_its_registry(self) -> "ComposeSettings":
        check_registry("compose", self.registry, model=self.model, adapter=self.adapter)
        is_told = self.adapter or self.decoder != "loop" or self.dtype != "float32"
        if self.engine in (*NETWORKS, "ensemble") and is_told:
            raise ValueError(f"engine {self.engine!r} takes no adapter, no vllm and float32 alone; leave them out")
        return self


class PlaceSettings(Settings):
    """The hard limits of a placed layout."""

    regular_font: str = Field("", description="font file for running text; empty: embedded fonts")
    bold_font: str = Field("", description="font file for titles; empty: embedded fonts")
    emoji_font: str = Field("", description="font file for emoji, in colours (COLR, CBDT) or not; empty: outlines")
    words: str = Field("", description="text file of words that no line break parts, such as brands, one a line")
    min_font: float = Field(0.024, gt=0, lt=0.5, description="smallest font, share of the canvas's short side")
    margin: float = Field(0.045, ge=0, lt=0.3, description="free edge, share of the canvas's short side")
    min_contrast: float = Field(4.5, ge=1, le=15, description="least contrast ratio (WCAG) of text and background")
    pool: Pool = Field(Pool(), description="actors of the place stage")


class RepairSettings(Settings):
    """What is done about layouts that the judge objects to, in the place stage's actors."""

    rounds: int = Field(1, ge=0, le=8, description="rounds in which texts are moved; 0: layouts are only judged")
    candidates: int = Field(3, ge=1, le=16, description="moves that are tried of a layout in a round")
    above: float = Field(0.5, ge=0, description="objections up to which a layout is left as it is; 1: sent back")
    anew: bool = Field(True, description="whether the rules compose what then has 1 objection or more, if they did not")


class CoverPlaceSettings(PlaceSettings):
    """How covers are laid out, and when they are accepted."""

    min_font: float = Field(24 / 1080, gt=0, lt=0.5, description="smallest font, share of the canvas's width")
    max_font: float = Field(0.17, gt=0, lt=0.5, description="largest font of a title, share of the short side")
    most_covered: float = Field(0.05, ge=0, le=1, description="share of the protected area that elements may cover")
    most_cut: float = Field(0.03, ge=0, le=1, description="share of the subject that the crop may leave out")
    most_on_subject: float = Field(0.05, ge=0, le=1, description="share of a text's box that may lie on the subject")


class CoverSettings(CoverPlaceSettings):
    """How jobs.layouts lays out rows of the application `video_cover`."""

    canvases: tuple[str, ...] = Field((), description="output sizes of rows that name none; empty: those of [input]")


class MarketingSettings(Settings):
    """What rows of the application `marketing` have of their own; the rest is as for posters."""

    canvases: tuple[str, ...] = Field((), description="output sizes of rows that name none; empty: those of [input]")
    first: tuple[Literal["price", "call_to_action"], ...] = Field(
        (), description="kinds of selling points that go before all others, in this order"
    )
    zones: Annotated[Zones, AfterValidator(_on_the_canvas)] = Field(
        {}, description="what the platform lays over the picture, and is kept free: ratio to name to box (ltrb, shares)"
    )


class LoadSettings(Settings):
    """How shards are read and compared with the snapshot before."""

    pool: Pool = Field(Pool(num_cpus=0.05), description="actors of the load stage")


class RenderSettings(Settings):
    """Which finished pictures and files are made of rows."""

    formats: tuple[Literal["webp", "png", "jpeg", "svg", "pptx", "psd"], ...] = Field(
        (), description="files of each row, the first its picture; empty: none are made"
    )
    quality: int = Field(85, ge=1, le=100, description="of webp and jpeg")
    max_kb: float = Field(0.0, ge=0, description="most kB (1,000 bytes) of a webp, png or jpeg; 0 sets no limit")
    least_quality: int = Field(50, ge=1, le=100, description="how far quality goes down to keep max_kb; then rows fail")
    pool: Pool = Field(Pool(), description="actors of the render stage")

    @model_validator(mode="after")
    def _each_once(self) -> "RenderSettings":
        if twice := [name for name in self.formats if self.formats.count(name) > 1]:
            raise ValueError(f"formats names {twice[0]!r} twice; name it once")
        if self.max_kb and self.least_quality > self.quality:
            raise ValueError(f"least_quality = {self.least_quality} is above quality = {self.quality}; lower it")
        return self


class WriteSettings(Settings):
    """How the tables are written."""

    compression: Literal["zstd", "snappy", "none"] = Field("zstd", description="of the Parquet files")
    pool: Pool = Field(Pool(), description="actors of the write stage")
