"""The painter: scenes in, grounds out, some at a time.

The product is shown to the model, at its place, and painted over; whoever uses the ground pastes the product's own
pixels there. Rows of one frame are sampled together; what is wrong with a row is its own fault.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from layoutgen.models.base import Fault, Painted, Scene
from layoutgen.models.decoding.devices import in_halves
from layoutgen.models.denoising.rendering import placed
from layoutgen.models.denoising.rendering.attention import Guide
from layoutgen.models.denoising.rendering.category import Categories
from layoutgen.models.denoising.rendering.checkpoint import Checkpoint
from layoutgen.models.denoising.rendering.control import Control
from layoutgen.models.denoising.rendering.frames import frame_for
from layoutgen.models.denoising.rendering.placed import PlacedScene, place
from layoutgen.models.denoising.rendering.references import reference_fault
from layoutgen.models.denoising.rendering.sampling import Request, Sampling, encode, masked_code, sample
from layoutgen.models.denoising.rendering.style import Style
from layoutgen.models.denoising.rendering.words import NEGATIVE, SceneWords

NOT_FINITE = Fault(
    "not_finite", "the picture has numbers that are not finite; use dtype bfloat16 or float32, or another checkpoint"
)
UNSAFE = Fault("unsafe_picture", "the checkpoint's safety checker flags the picture; change the prompt or the seed")


@dataclass(frozen=True, eq=False)
class _Task:
    scene: Scene
    placed: PlacedScene
    prompt: str
    category: int


class StableDiffusionPainter:
    """Paints with a checkpoint whose UNet has a `guide` (`attention.guided`), and with what else there is: a `control`,
    `categories`, a `style`. `rows` scenes at once."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        guide: Guide,
        *,
        control: Control | None = None,
        categories: Categories | None = None,
        style: Style | None = None,
        words: SceneWords | None = None,
        how: Sampling | None = None,
        rows: int = 4,
    ) -> None:
        self._checkpoint, self._guide = checkpoint, guide
        self._control, self._categories, self._style = control, categories, style
        self._words, self._how, self._rows = words or SceneWords(), how or Sampling(), rows

    def paint(self, scenes: list[Scene]) -> list[Painted | Fault]:
        """Return each scene's ground, or why there is none: `prompt_not_safe`, `reference_is_graphic`,
        `reference_too_small`, `no_style` (a reference, and nothing that reads it), `no_product`,
        `unsafe_picture`, `not_finite`, `out_of_memory`."""
        tasks = [self._task(scene) for scene in scenes]
        answers: dict[int, Painted | Fault] = {k: task for k, task in enumerate(tasks) if isinstance(task, Fault)}
        frames = defaultdict(list)
        for k, task in enumerate(tasks):
            if isinstance(task, _Task):
                frames[task.placed.frame].append(k)
        for rows in frames.values():
            for first in range(0, len(rows), self._rows):
                chunk = rows[first : first + self._rows]
                batch = [task for k in chunk if isinstance(task := tasks[k], _Task)]
                answers |= dict(zip(chunk, in_halves(self._batch, batch), strict=True))
        return [answers[k] for k in range(len(scenes))]

    def _task(self, scene: Scene) -> _Task | Fault:
        prompt = self._words.prompt(scene.category, scene.prompt)
        if isinstance(prompt, Fault):
            return prompt
        if scene.reference is not None:
            if self._style is None:
                return Fault("no_style", "the row has a reference, which nothing reads; set paint.ip_adapter")
            if fault := reference_fault(scene.reference):
                return fault
        category = self._categories.row(scene.category) if self._categories else 0
        frame = frame_for(scene.canvas, self._checkpoint.side)
        try:
            return _Task(scene, place(scene, frame), prompt, category)
        except ValueError as error:
            return Fault("no_product", str(error))

    def _batch(self, tasks: Sequence[_Task]) -> list[Painted | Fault]:
        pictures, finite = sample(self._checkpoint, self._guide, self._control, self._request(tasks), self._how)
        flagged = self._flagged(pictures)
        return [
            NOT_FINITE if not whole else UNSAFE if unsafe else self._painted(picture, task)
            for picture, whole, unsafe, task in zip(pictures, finite.tolist(), flagged, tasks, strict=True)
        ]

    @torch.inference_mode()
    def _request(self, tasks: Sequence[_Task]) -> Request:
        checkpoint, scenes = self._checkpoint, [task.placed for task in tasks]
        request = Request(
            encode(checkpoint, [task.prompt for task in tasks]),
            encode(checkpoint, [NEGATIVE] * len(tasks)),
            [task.scene.seed for task in tasks],
            scenes[0].frame.latent,
            ground=torch.stack([scene.ground for scene in scenes]),
        )
        if self._control is not None:
            request = replace(request, condition=self._control.condition(scenes))
        if checkpoint.is_inpainting:
            request = replace(request, masked=masked_code(checkpoint, *placed.inpainted(scenes)))
        if self._categories is not None:
            rows = [task.category for task in tasks]
            request = replace(request, identifiers=(self._categories(rows), self._categories([0] * len(tasks))))
        references = [task.scene.reference for task in tasks]
        if self._style is not None and any(picture is not None for picture in references):
            strengths = [0.0 if task.scene.reference is None else task.scene.strength for task in tasks]
            request = replace(request, reference=self._style.tokens(references), strength=torch.tensor(strengths))
        return request

    @torch.inference_mode()
    def _flagged(self, pictures: Tensor) -> list[bool]:
        """Which pictures the checkpoint's safety checker flags; none where it has none."""
        if self._checkpoint.checker is None:
            return [False] * len(pictures)
        prepare, network = self._checkpoint.checker
        pixels = [_pixels(picture) for picture in pictures]
        seen_as = prepare(pixels).to(self._checkpoint.device)
        _, flags = network(images=[picture.copy() for picture in pixels], clip_input=seen_as)
        return [bool(flag) for flag in flags]

    def _painted(self, picture: Tensor, task: _Task) -> Painted:
        left, top, width, height = task.placed.frame.inner
        pixels = _pixels(picture)[top : top + height, left : left + width]
        scene, how = task.scene, self._how
        about = [f"{how.sampler} {how.steps} steps", f"guidance {how.guidance:g}", f"prompt {task.prompt!r}"]
        if task.category and self._categories is not None:
            about.append(f"category {self._categories.name(task.category)!r}")
        if scene.reference is not None:
            about.append(f"reference at {scene.strength:g}")
        return Painted(np.ascontiguousarray(pixels), is_shaded=True, condition=", ".join(about))


def _pixels(picture: Tensor) -> np.ndarray:
    return (picture * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
