"""What asks a vision-language model about a picture: InternVL, or a Qwen-VL checkpoint, with or without a LoRA adapter.

Such a model names things, texts and their roles well and places boxes roughly: `grounded` joins its texts with an OCR
engine, `core.covers.key_elements` a cover's key elements with a subject finder.
Decoding is bound to the answer's grammar; what is left to go wrong (an answer cut short, a deadline) becomes a fault.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.framing import main_box
from layoutgen.core.prompts.annotations import PROMPT_VERSION, annotation_grammar, annotation_prompt, parse_annotation
from layoutgen.core.prompts.coordinates import Codec, codec_name, codec_of
from layoutgen.core.prompts.covers import PROMPT_VERSION as COVER_PROMPT_VERSION
from layoutgen.core.prompts.covers import KeyElement, cover_grammar, cover_prompt, parse_cover
from layoutgen.core.prompts.layouts import LayoutPrompt
from layoutgen.core.reading.text_roles import reading_order
from layoutgen.models.base import Fault, Saliency
from layoutgen.models.decoding.answerer import Answerer
from layoutgen.models.decoding.decoder import Answer, Request


def annotation_task(family: str) -> dict[str, str]:
    """The version of what is asked, and how a family writes boxes."""
    return {"prompt_version": PROMPT_VERSION, "codec": codec_name(family)}


def cover_task(family: str) -> dict[str, str]:
    """The version of what is asked about a cover, and how a family writes boxes."""
    return {"prompt_version": COVER_PROMPT_VERSION, "codec": codec_name(family)}


def _about(
    image: np.ndarray, answerer: Answerer, prompt: Callable[[Codec], LayoutPrompt], grammar: Callable[[Codec], str]
) -> tuple[Request | Fault, Codec]:
    """What is asked of an image, and how boxes in the answer are written."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        message = f"{image.dtype} array of shape {image.shape}: give (height, width, 3) uint8 RGB"
        return Fault("image", message), Codec()
    chat, options = answerer.chat, answerer.options
    picture = chat.pictures.prepare(image, options.max_side)
    codec = codec_of(chat.family, picture.size)
    question = prompt(codec)
    tokens = chat.prompt(question.system, question.user, picture)
    limit = (codec.width, codec.height)
    return Request(tokens, grammar(codec), options.max_new_tokens, limit=limit), codec


class VlmPointer:
    """Names the key elements of covers with a checkpoint that was opened for `cover_task`."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    def point(self, images: list[np.ndarray]) -> list[tuple[KeyElement, ...] | Fault]:
        """Return each image's key elements, or why there are none: as `InternVlAnnotator.annotate`."""
        asked = [_about(image, self._answerer, cover_prompt, cover_grammar) for image in images]
        answers = self._answerer.answers([request for request, _ in asked])
        return [
            self._answerer.parsed(answer, partial(parse_cover, codec=codec))
            for (answer,), (_, codec) in zip(answers, asked, strict=True)
        ]


class InternVlAnnotator:
    """Annotates images with a checkpoint that was opened for `annotation_task`. `saliency` finds the subject, None
    leaves it unknown."""

    def __init__(self, answerer: Answerer, saliency: Saliency | None = None) -> None:
        self._answerer, self._saliency = answerer, saliency

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return each image's annotation, or why there is none: `image` for a wrongly shaped array,
        `unparsable_answer` with the answer as it came, or what `Decoder.decode` names."""
        asked = [_about(image, self._answerer, annotation_prompt, annotation_grammar) for image in images]
        answers = self._answerer.answers([request for request, _ in asked])
        return [
            self._annotation(answer, codec, image)
            for (answer,), (_, codec), image in zip(answers, asked, images, strict=True)
        ]

    def _annotation(self, answer: Answer | Fault, codec: Codec, image: np.ndarray) -> Annotation | Fault:
        lines = self._answerer.parsed(answer, partial(parse_annotation, codec=codec))
        if isinstance(lines, Fault):
            return lines
        order = reading_order([line.box for line in lines])
        subject_map = None if self._saliency is None else self._saliency.saliency([image])[0]
        subject = None if subject_map is None else main_box(subject_map)
        return Annotation(tuple(lines[i] for i in order), subject, subject_map)
