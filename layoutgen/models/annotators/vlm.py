"""An annotator that asks a vision-language model: InternVL, or a Qwen-VL checkpoint, with or without a LoRA adapter.

It names texts, roles, languages and tones well and places boxes roughly; `grounded` joins it with an OCR engine.
Decoding is bound to the answer's grammar; what is left to go wrong (an answer cut short, a deadline) becomes a fault.
"""

from pathlib import Path

import numpy as np
import torch

from layoutgen.core.annotation import Annotation
from layoutgen.core.prompts.annotations import PROMPT_VERSION, annotation_grammar, annotation_prompt, parse_annotation
from layoutgen.core.prompts.coordinates import Codec, codec_name, codec_of
from layoutgen.core.reading.text_roles import reading_order
from layoutgen.models.annotators.ocr import subject_box
from layoutgen.models.base import Fault, Saliency
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Engine, Request
from layoutgen.models.vlm.checkpoints import check_adapter, load_chat_format, load_model
from layoutgen.models.weights import weights_sha


class InternVlAnnotator:
    """Annotates images with a checkpoint.

    The model sees an image with its longer side at most `max_side` px, or as many tiles as cover that. `rows` answers
    are under way at once and about `prompt_tokens` are read in one pass; an `engine` that is given answers instead of
    the loop of `decoding`. `saliency` finds the subject, None leaves it unknown. `identity` says what answers.
    """

    def __init__(
        self,
        weights: Path,
        adapter: Path | None = None,
        *,
        saliency: Saliency | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        max_side: int = 1344,
        max_new_tokens: int = 2048,
        rows: int = 8,
        prompt_tokens: int = 8192,
        deadline_s: float | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._chat = load_chat_format(weights)
        self.identity = {
            "family": self._chat.family,
            "weights_sha": weights_sha(weights),
            "adapter_sha": weights_sha(adapter) if adapter else "",
            "prompt_version": PROMPT_VERSION,
            "codec": codec_name(self._chat.family),
            "max_side": str(max_side),
        }
        if adapter:
            check_adapter(adapter, self.identity)
        self._saliency, self._max_side, self._max_new_tokens = saliency, max_side, max_new_tokens
        if engine is None:
            model = load_model(weights, adapter, device, getattr(torch, dtype))
            engine = Decoder(
                Backbone(model, self._chat.pictures),
                self._chat.tokenizer,
                self._chat.ends,
                rows=rows,
                prompt_tokens=prompt_tokens,
                deadline_s=deadline_s,
            )
        self._engine: Engine = engine

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return each image's annotation, or why there is none: `image` for a wrongly shaped array,
        `unparsable_answer` with the answer as it came, or what `Decoder.decode` names."""
        asked = [self._ask(image) for image in images]
        answers = iter(self._engine.decode([one[0] for one in asked if not isinstance(one, Fault)]))
        return [
            one if isinstance(one, Fault) else self._read(next(answers)[0], one[1], image)
            for one, image in zip(asked, images, strict=True)
        ]

    def _ask(self, image: np.ndarray) -> tuple[Request, Codec] | Fault:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            return Fault("image", f"{image.dtype} array of shape {image.shape}: give (height, width, 3) uint8 RGB")
        picture = self._chat.pictures.prepare(image, self._max_side)
        codec = codec_of(self._chat.family, picture.size)
        told = annotation_prompt(codec)
        prompt = self._chat.prompt(told.system, told.user, picture)
        limit = (codec.width, codec.height)
        return Request(prompt, annotation_grammar(codec), self._max_new_tokens, limit=limit), codec

    def _read(self, answer: Answer | Fault, codec: Codec, image: np.ndarray) -> Annotation | Fault:
        if isinstance(answer, Fault):
            return answer
        if not answer.ended:
            message = f"answer is cut off after max_new_tokens={self._max_new_tokens}; raise the limit"
            return Fault("unparsable_answer", message, answer.text)
        try:
            lines = parse_annotation(answer.text, codec)
        except ValueError as error:
            return Fault("unparsable_answer", str(error), answer.text)
        order = reading_order([line.box for line in lines])
        found = None if self._saliency is None else self._saliency.saliency([image])[0]
        return Annotation(tuple(lines[i] for i in order), None if found is None else subject_box(found), found)
