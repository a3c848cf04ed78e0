"""Settings of `jobs.posters` and of the stages that it alone has: cutting out, planning, painting."""

from typing import Literal

from pydantic import Field, model_validator

from layoutgen.config.base import Pool, Settings, check_registry
from layoutgen.config.jobs import (
    CanarySettings,
    ExpectSettings,
    InputSettings,
    PublishSettings,
    RunSettings,
    StorageSettings,
)
from layoutgen.config.serving import ServeSettings
from layoutgen.config.stages import (
    AnnotateSettings,
    ComposeSettings,
    ImagesSettings,
    LoadSettings,
    MarketingSettings,
    PlaceSettings,
    RenderSettings,
    WriteSettings,
    is_checkpoint,
)
from layoutgen.config.styles import StyleSettings

CHECKPOINTS = ("model", "controlnet", "rendernet", "categories", "ip_adapter", "image_encoder", "lora")
"""The settings of `[paint]` that name checkpoints."""


class CutOutSettings(Settings):
    """How products are cut out of their photos."""

    by_finder: bool = Field(
        True, description="the subject finder's map may cut out what has no alpha, mask or plain ground"
    )
    faces: str = Field("mtcnn", description="who looks for persons that wear it: `mtcnn`, a YuNet ONNX, or empty")
    threads: int = Field(1, ge=1, description="threads of one actor's face detector")
    pool: Pool = Field(Pool(), description="actors of the cut-out stage")


class PlanSettings(Settings):
    """Which model plans where product and copy go."""

    engine: Literal["rules", "plannet"] = Field(
        "rules", description="`rules` needs no weights; `plannet` denoises where the product and every text go"
    )
    model: str = Field(
        "embedded", description="network of `plannet`: `embedded`, folder, s3://…, hub id[@revision] or registry:NAME"
    )
    registry: str = Field("", description="root of the registry that registry:NAME is looked up in, once a run")
    cache: str = Field("~/.cache/layoutgen", description="folder on a worker's disk where fetched weights are kept")
    device: str = Field("cpu", description="torch device of `plannet`")
    steps: int = Field(8, ge=1, le=1000, description="steps of denoising of `plannet`")
    candidates: int = Field(4, ge=1, le=64, description="plans of `plannet` for a row, of which the best is taken")
    batch: int = Field(8, ge=1, description="rows that the planner works on at once")
    pool: Pool = Field(Pool(), description="actors of the plan stage")

    @model_validator(mode="after")
    def _knows_its_registry(self) -> "PlanSettings":
        check_registry("plan", self.registry, model=self.model)
        return self


class PaintSettings(Settings):
    """Which model paints the grounds."""

    engine: Literal["drawn", "painted", "flat", "gradient", "blurred", "stable_diffusion"] = Field(
        "drawn",
        description="`drawn`: scenes drawn as a network proposes; `painted`: the same, painted by another network; "
        "`flat`: one colour; `gradient`: wall and floor; `blurred`: the photo itself; these three need no weights; "
        "`stable_diffusion` needs `model`",
    )
    model: str = Field(
        "embedded",
        description="network of `drawn` or `painted`: `embedded`, a folder, s3://…, hub id[@revision] or "
        "registry:NAME; of `stable_diffusion`: a folder of Stable Diffusion 1.x, its inpainting, or SDXL",
    )
    registry: str = Field(
        "",
        description="root of the registry that registry:NAME is looked up in, once a run, for all that names weights",
    )
    scenes: str = Field("embedded", description="network that proposes scenes to `painted`: as `model` of `drawn`")
    cache: str = Field("~/.cache/layoutgen", description="folder on each node where weights are kept")
    steps: int = Field(
        12, ge=1, le=1000, description="steps of denoising; `stable_diffusion` without few-step LoRA: 30"
    )
    variant: Literal["", "fp16"] = Field("", description="which of a checkpoint's files: *.fp16.safetensors or plain")
    controlnet: str = Field(
        "", description="ControlNet for the model, by the product's picture: folder, s3://…, hub id"
    )
    control: Literal["inpaint", "canny"] = Field("inpaint", description="what that ControlNet is shown of the product")
    control_scale: float = Field(1.0, ge=0, le=2, description="how much ControlNet or RenderNet counts")
    rendernet: str = Field("", description="RenderNet for the model, by product and layout: folder, s3://… or hub id")
    categories: str = Field("", description="identifiers of categories for the model: folder, s3://… or hub id")
    ip_adapter: str = Field("", description="folder of IP-Adapters, which follow references: folder, s3://… or hub id")
    ip_adapter_file: str = Field("", description="file in it, such as models/ip-adapter_sd15.safetensors")
    image_encoder: str = Field("", description="its CLIP image encoder; empty: image_encoder/ beside its file")
    style_layers: Literal["all", "style"] = Field("all", description="layers that hear references; `style`: SDXL alone")
    lora: str = Field("", description="folder of a LoRA of the UNet, such as few-step ones: folder, s3://… or hub id")
    lora_file: str = Field("", description="file in it; empty: the only .safetensors there")
    lora_scale: float = Field(1.0, ge=0, le=2, description="how much the LoRA counts")
    guidance: float = Field(7.0, ge=0, le=30, description="classifier-free guidance; 1 or less: none, twice as fast")
    sampler: Literal["ddim", "lcm", "euler"] = Field(
        "ddim", description="`lcm` for LCM's LoRAs, `euler` for Lightning's"
    )
    dtype: Literal["float32", "bfloat16", "float16"] = Field("float32", description="torch dtype")
    device: str = Field("cpu", description="torch device")
    words: str = Field("", description="text file of more words that background prompts may be made of, a line each")
    strength: float = Field(0.8, ge=0, le=1, description="how closely references are followed where rows don't say")
    tries: int = Field(3, ge=1, le=16, description="grounds that are painted for a row until one passes the checks")
    batch: int = Field(4, ge=1, description="rows that the painter works on at once")
    pool: Pool = Field(
        Pool(), description="actors that paint; without GPUs they check and store grounds as well, in one stage"
    )
    finish: Pool = Field(
        Pool(), description="actors that check and store grounds where those of `paint.pool` have GPUs; they need none"
    )
    repaint: Pool = Field(
        Pool(), description="actors that paint anew what did not pass, where those of `paint.pool` have GPUs"
    )

    @property
    def is_large(self) -> bool:
        """Whether it has weights of any size, of which not each CPU can have its own."""
        return is_checkpoint(self.model)

    @model_validator(mode="after")
    def _names_its_model(self) -> "PaintSettings":
        if self.engine == "stable_diffusion" and self.model in ("", "embedded"):
            raise ValueError("paint.engine 'stable_diffusion' needs paint.model, a folder, s3:// prefix or hub id")
        if self.controlnet and self.rendernet:
            raise ValueError("paint.controlnet and paint.rendernet are two ways of one control; give one of them")
        check_registry("paint", self.registry, **{name: getattr(self, name) for name in (*CHECKPOINTS, "scenes")})
        return self


class PostersConfig(Settings):
    """Settings of `jobs.posters`."""

    run: RunSettings = RunSettings()
    expect: ExpectSettings = ExpectSettings()
    publish: PublishSettings = PublishSettings()
    canary: CanarySettings = CanarySettings()
    input: InputSettings = InputSettings()
    storage: StorageSettings = StorageSettings()
    images: ImagesSettings = ImagesSettings()
    load: LoadSettings = LoadSettings()
    annotate: AnnotateSettings = AnnotateSettings()
    cut_out: CutOutSettings = CutOutSettings()
    plan: PlanSettings = PlanSettings()
    compose: ComposeSettings = ComposeSettings()
    style: StyleSettings = StyleSettings()
    paint: PaintSettings = PaintSettings()
    place: PlaceSettings = PlaceSettings()
    marketing: MarketingSettings = MarketingSettings()
    serve: ServeSettings = ServeSettings()
    render: RenderSettings = RenderSettings(formats=("webp",))
    write: WriteSettings = WriteSettings()

    @property
    def plans_with_checkpoint(self) -> bool:
        """Whether the actors of the plan stage hold weights of any size, to plan or to compose what keeps its photo."""
        return is_checkpoint(self.plan.model) or self.compose.is_large

    @model_validator(mode="after")
    def _shows_posters(self) -> "PostersConfig":
        if self.input.application == "video_cover":
            raise ValueError("input.application: jobs.posters makes no covers; jobs.covers does")
        if self.compose.pool != Pool():
            raise ValueError("compose.pool: rows without a cut-out are composed by the actors of plan; set plan.pool")
        return self
