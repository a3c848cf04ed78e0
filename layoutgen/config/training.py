"""Settings of `jobs.retrain` and `jobs.examples`: see `config.base` for how settings are read; an unknown key is an
error here too."""

from typing import Literal

from pydantic import Field, model_validator

from layoutgen.config.base import Node, Pool, Settings
from layoutgen.config.jobs import StorageSettings
from layoutgen.config.stages import NETWORKS, PlaceSettings

GROUNDS = ("scene", "paint", "painting")
"""What `train.model` may say for networks that paint grounds, besides `NETWORKS`, which lay out."""
NEW = (*NETWORKS, *GROUNDS)
"""What it may say for a network that begins new."""
REWARDED = ("best_of", "grpo")
"""What `train.method` may say for learning from rewards."""


class AugmentSettings(Settings):
    """How samples are changed: shares of samples, unless something else is said."""

    refine: float = Field(0.5, ge=0, le=1, description="given in part, to be finished")
    lock: float = Field(0.35, ge=0, le=1, description="of given elements: locked")
    jitter: float = Field(0.01, ge=0, le=0.2, description="noise on given boxes, share of the side")
    jitter_share: float = Field(0.5, ge=0, le=1, description="of given coordinates: moved by it")
    hide: float = Field(0.5, ge=0, le=1, description="of given elements: 0 to 4 of role, x, y, w, h hidden")
    perturb: float = Field(0.2, ge=0, le=1, description="answer moved")
    perturb_sigma: float = Field(0.003, ge=0, le=0.1, description="by that share of the side")
    reframe: float = Field(0.25, ge=0, le=1, description="canvas cut or extended")
    flip: float = Field(0.5, ge=0, le=1, description="of pictures without letters: mirrored")
    reorder: float = Field(0.3, ge=0, le=1, description="selling points in another order")
    leave_out: float = Field(0.08, ge=0, le=1, description="of selling points: left out")
    disguise: float = Field(0.0, ge=0, le=1, description="copy with other letters of the same widths")
    draw_given: bool = Field(
        False,
        description="the picture of an unfinished layout shows what is given of it; for language models",
    )


class DataSettings(Settings):
    """What is learnt, and what the outcome is judged by."""

    source: str = Field(
        "",
        description="`corpus` (drawn posters, wishes for scenes, or scenes), the folder of a data set or of "
        "scenes.jsonl, or an .arrow file; --data replaces it",
    )
    posters: int = Field(2000, ge=2, description="drawn posters, or wishes, to learn from")
    held_back: int = Field(200, ge=2, description="drawn ones to validate by, and as many to judge by, of other goods")
    fixed: int = Field(60, ge=0, description="drawn ones of the fixed set, the same for every corpus and data set")
    folder: str = Field("", description="folder of photos that drawn posters show, besides drawn products")
    photo_share: float = Field(0.5, ge=0, le=1, description="share of drawn posters that show one of them")
    style: Literal["designer", "left_third"] = Field("designer", description="how drawn posters are laid out")
    subjects: Literal["none", "net"] = Field("none", description="who finds the subjects of a data set's photos")
    side: int = Field(448, ge=64, le=2048, description="px of the longer side at which posters and photos are kept")
    seed: int = Field(0, ge=0, description="of posters and of augmentation")
    augment: AugmentSettings = AugmentSettings()


class ExploreSettings(Settings):
    """How `best_of` and `grpo` learn from what the model makes itself; a reward is in the judge's objections."""

    group: int = Field(8, ge=2, le=256, description="layouts that are made of a photo and its copy, to be compared")
    temperature: float = Field(1.0, gt=0, le=4, description="at which a language model writes them")
    updates: int = Field(1, ge=1, le=64, description="steps of the optimiser on what was made in one step")
    clip: float = Field(0.2, gt=0, lt=1, description="how far one step may move a choice's likelihood (`grpo`)")
    kl: float = Field(0.02, ge=0, description="weight of the divergence from what training began with (`grpo`)")
    proposal: float = Field(0.5, ge=0, description="weight of objections to a proposal that the solver would mend")
    critic: float = Field(0.0, ge=0, description="weight of the critic's rating; it is logged in any case")
    patience: int = Field(
        0, ge=0, description="validations without fewer objections of the held-out judge that end learning; 0: none do"
    )


class TrainSettings(Settings):
    """How a model is trained; `training.loop.steps.Recipe` says what the numbers of a recipe do."""

    name: str = Field("layouts", pattern="^[a-z0-9][a-z0-9._-]{0,63}$", description="name in the registry")
    model: str = Field(
        "",
        description="checkpoint to train on: `embedded`, folder, s3:// prefix or hub id; `radm`, `layout_image`, "
        "`plan`, `scene`, `paint`: new; `painting`: a part for the Stable Diffusion in `backbone`",
    )
    part: Literal["rendernet", "categories", "lora", "ip_adapter"] = Field(
        "rendernet", description="what a `painting` learns; [paint] takes each by the setting of its name"
    )
    variant: Literal["", "fp16"] = Field("", description="which files of that Stable Diffusion are read")
    tokens: int = Field(1, ge=1, le=16, description="of a category's identifier; of a reference, 4 at least")
    cache: str = Field("~/.cache/layoutgen", description="folder on each node where weights and data are kept")
    method: Literal["lora", "dpo", "full", "best_of", "grpo"] = Field(
        "lora",
        description="adapter, adapter from preferences, all weights; from the judge's rewards for what the model makes "
        "itself, an adapter, or all weights of a network that denoises: its best layouts, or policy gradients",
    )
    explore: ExploreSettings = ExploreSettings()
    rank: int = Field(16, ge=1, le=512, description="of the adapter")
    alpha: int = Field(32, ge=1, description="the adapter's scale, times its rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="of what enters the adapter")
    vision: bool = Field(False, description="adapt the vision tower, too; some engines can't serve such an adapter")
    size: Literal["small", "paper", "discrete"] = Field(
        "small",
        description="of a new network: `radm` has no `discrete`, which denoises states; `layout_image`, `scene` and "
        "`paint` have `small`; of a RenderNet `paper` has 64 channels, `small` 8",
    )
    backbone: str = Field(
        "",
        description="pretrained backbone of a new `radm`, named as `model`, empty: drawn weights; of a `painting` its "
        "Stable Diffusion",
    )
    encoder: str = Field(
        "",
        description="pretrained text encoder of a new `radm`, named as `model`, empty: our own; of `part` ip_adapter a "
        "CLIP image encoder",
    )
    without: tuple[Literal["geometric", "textual"], ...] = Field((), description="relations that a new `radm` lacks")
    denoising_steps: int = Field(
        8, ge=1, le=1000, description="in which layouts and grounds are made of noise for the verdict"
    )
    average: float = Field(0.0, ge=0, lt=1, description="decay of the moving average of weights that is exported")
    epochs: float = Field(3.0, gt=0, description="how often each sample is learnt; `steps` goes before it")
    steps: int = Field(0, ge=0, description="steps to take; 0: as many as `epochs` make")
    batch: int = Field(32, ge=1, description="samples a step, all workers together")
    micro: int = Field(4, ge=1, description="samples that one device works on at once")
    window: int = Field(8, ge=1, description="batches whose samples are sorted by length together")
    rate: float = Field(1e-4, gt=0, description="highest learning rate; preferences want about 5e-6")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps in which the rate rises")
    decay: float = Field(0.0, ge=0, description="weight decay (AdamW)")
    clip: float = Field(1.0, gt=0, description="most that the gradients' norm may be")
    beta: float = Field(0.1, gt=0, description="how far preferences may lead away from the base")
    image_side: int = Field(672, ge=28, description="px of the longer side that the model sees; the same as in serving")
    max_tokens: int = Field(4096, ge=64, description="tokens of a sample, picture included; a longer one is an error")
    seed: int = Field(0, ge=0, description="of the adapter's first weights and of the samples' order")
    dtype: Literal["bfloat16", "float32"] = Field("bfloat16", description="what is computed in")
    checkpointing: bool | Literal["auto"] = Field(
        "auto",
        description="compute activations twice and keep few: less memory, a third slower; `auto`: on a GPU that would "
        "not hold them all",
    )
    free: bool = Field(False, description="learn only what the answer's grammar leaves free: roles and numbers")
    dense_steps: int = Field(0, ge=0, description="steps that teach the vision tower where subjects are, before all")
    dense_rate: float = Field(1e-3, gt=0, description="learning rate of these")
    decode_cases: int = Field(0, ge=0, description="held-back layouts made at each validation; 0: none")
    device: Literal["cpu", "cuda"] = Field("cpu", description="torch device of a worker")
    workers: int = Field(1, ge=1, description="processes that train together, a GPU each where they have one")
    least_workers: int = Field(0, ge=0, description="go on with as few as these where nodes are lost; 0: `workers`")
    worker: Pool = Field(Pool(), description="CPUs and GPUs that one worker reserves; its size is `workers`")
    zero: Literal[0, 2, 3] = Field(0, description="ZeRO stage (DeepSpeed); 0: every worker holds everything")
    max_failures: int = Field(3, ge=0, description="how often training goes on after a worker's death")
    readers: int = Field(1, ge=1, description="threads of a worker that prepare samples")
    processes: bool = Field(False, description="prepare samples in processes of their own instead")
    log_every: int = Field(10, ge=1, description="steps between lines of the log")
    validate_every: int = Field(200, ge=1, description="steps between validations")
    validation_samples: int = Field(256, ge=0, description="samples of a validation; 0 validates nothing")
    export: Literal["best", "last"] = Field(
        "best", description="weights that become the outcome: those of the lowest validation loss, or of the last step"
    )
    checkpoint_every: int = Field(200, ge=1, description="steps between checkpoints")
    keep: int = Field(2, ge=1, description="checkpoints that stay, besides the one under way")

    @model_validator(mode="after")
    def _fits_together(self) -> "TrainSettings":
        if self.least_workers > self.workers:
            raise ValueError(f"least_workers = {self.least_workers} is more than workers = {self.workers}; lower it")
        if self.device == "cuda" and not self.worker.num_gpus:
            raise ValueError("device 'cuda' needs worker.num_gpus = 1, or no worker has a GPU")
        if self.dense_steps and self.method != "full":
            raise ValueError("dense_steps teaches the vision tower, which method = 'full' alone exports; set it to 0")
        if self.model in NEW and self.method in REWARDED:
            raise ValueError(
                f"method {self.method!r} goes on with a model that makes layouts, and {self.model!r} is a new one; "
                "name a checkpoint, or `embedded`"
            )
        if self.model in NEW and (self.method != "full" or self.zero or self.dense_steps):
            raise ValueError(
                f"model {self.model!r} learns all its weights; set method = 'full', zero = 0, dense_steps = 0"
            )
        if self.model == "painting" and not self.backbone:
            raise ValueError("model 'painting' learns a part for a Stable Diffusion; name it in backbone")
        if self.average and self.zero:
            raise ValueError("average needs whole weights on a worker, and ZeRO parts them; set zero = 0")
        if self.decode_cases and self.zero == 3:
            raise ValueError("decode_cases needs whole weights on a worker, and zero = 3 parts them; set it to 0")
        if self.worker.size != 1:
            raise ValueError("worker.size is not used; set workers")
        self._explores()
        return self

    def _explores(self) -> None:
        """Raise where the settings of learning from rewards don't go with the others."""
        other = {name: value for name, value in self.explore if value != ExploreSettings.model_fields[name].default}
        alone = [f"explore.{name}" for name in other if self.method not in REWARDED]
        alone += [f"explore.{name}" for name in ("clip", "kl") if name in other and self.method == "best_of"]
        if alone:
            raise ValueError(f"{', '.join(alone)} has no meaning with method = {self.method!r}; leave it out")
        if self.method not in REWARDED:
            return
        if self.zero == 3:
            raise ValueError(
                f"method {self.method!r} makes layouts with whole weights, and zero = 3 parts them; set it to 0"
            )
        if self.explore.patience and not self.validation_samples:
            raise ValueError("explore.patience counts validations; set validation_samples")


Guard = Literal[
    "parsed",
    "placed",
    "violations",
    "count_error",
    "overlap",
    "objections",
    "second_objections",
    "loss",
    "palette",
]
"""Measures of which a new version must have no worse one."""


class GateSettings(Settings):
    """When a new adapter is better than the one that serves."""

    metric: Literal["iou", "placed_iou", "objections", "loss", "palette", "preferred"] = Field(
        "iou",
        description="what must be better on the held-back split; of grounds: loss, palette; of choices: preferred",
    )
    guards: tuple[Guard, ...] = Field(
        ("parsed", "placed", "violations", "count_error"),
        description="what must not fall, on either set; of grounds: loss, palette, or none",
    )
    tolerance: float = Field(0.005, ge=0, description="fall of a guard's mean that is taken for noise")
    held_out: bool = Field(
        True, description="refuse what the judge objects to less, and the held-out judge to more: it pleases the judge"
    )
    resamples: int = Field(2000, ge=100, description="bootstrap resamples behind an interval")
    level: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    cases: int = Field(500, ge=2, description="layouts of each set that are made, at most")
    device: Literal["cpu", "cuda"] = Field("cpu", description="torch device")
    dtype: Literal["float32", "bfloat16", "float16"] = Field("float32", description="torch dtype, as in serving")
    batch: int = Field(8, ge=1, description="rows that the model works on at once")
    max_new_tokens: int = Field(768, ge=16, description="length limit of an answer")
    pool: Pool = Field(Pool(), description="CPUs and GPUs that evaluation reserves; its size is 1")


class RetrainConfig(Settings):
    """Settings of `jobs.retrain`."""

    ray_address: str = Field("", description="cluster to join; empty: that of RAY_ADDRESS, else a local one")
    autoscaling: bool = Field(False, description="the cluster adds nodes by itself: workers may exceed what it has now")
    nodes: tuple[Node, ...] = Field((), description="kinds of nodes that autoscaling ends at; workers must fit them")
    lease_seconds: float = Field(60.0, gt=0, description="time after which a dead run may be taken over")
    storage: StorageSettings = StorageSettings()
    data: DataSettings = DataSettings()
    train: TrainSettings = TrainSettings()
    gate: GateSettings = GateSettings()
    place: PlaceSettings = PlaceSettings()


class SelectSettings(Settings):
    """What becomes an example, and of which part of the data set."""

    take_undecided: bool = Field(False, description="learn from layouts that nobody decided about, too")
    shares: tuple[float, float, float] = Field(
        (0.9, 0.05, 0.05), description="shares of products to learn from, to validate by, to judge by"
    )
    salt: str = Field("", description="another text gives other parts")


class ExamplesConfig(Settings):
    """Settings of `jobs.examples`."""

    ray_address: str = Field("", description="cluster to join; empty: that of RAY_ADDRESS, else a local one")
    autoscaling: bool = Field(
        False, description="the cluster adds nodes by itself: the pool may exceed what it has now"
    )
    nodes: tuple[Node, ...] = Field((), description="kinds of nodes that autoscaling ends at; the pool must fit them")
    storage: StorageSettings = StorageSettings()
    select: SelectSettings = SelectSettings()
    gather: Pool = Field(Pool(), description="actors that read tables and write parts")


class IngestConfig(ExamplesConfig):
    """Settings of `jobs.ingest`; `select.take_undecided` is about layouts and means nothing here."""

    reader: Literal["ocr", "none"] = Field(
        "ocr",
        description="what reads texts that a set does not tell, and checks that erasing took them away; none: sets "
        "have to tell them, and nobody checks",
    )
    file_rows: int = Field(200, ge=1, description="posters that an actor reads at once")
