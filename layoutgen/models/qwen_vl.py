"""A composer that asks a Qwen vision-language model: Qwen2-VL, Qwen2.5-VL or Qwen3-VL, with or without a LoRA adapter.

Decoding is greedy and bound to the answer's grammar, so an answer is JSON with the copy's own texts in it; what is
left to go wrong (an answer cut short) becomes a fault. It is a plain loop, one model step for each token.
"""

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForImageTextToText, GenerationConfig
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.models.qwen2_vl.processing_qwen2_vl import Qwen2VLProcessor
from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor

from layoutgen.core.layout import Canvas, Copy, Framing
from layoutgen.core.prompts import (
    CODEC,
    PROMPT_VERSION,
    LayoutPrompt,
    layout_prompt,
    parse_layout,
)
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.decoding import AnswerGrammar
from layoutgen.models.weights import check_weights, weights_sha

ADAPTER_RECORD = "layoutgen_adapter.json"
"""Beside an adapter's weights: the `max_side`, `codec`, `prompt_version` and `base_sha` it was trained with."""

_PROCESSORS = {"qwen2_vl": Qwen2VLProcessor, "qwen2_5_vl": Qwen2_5_VLProcessor, "qwen3_vl": Qwen3VLProcessor}


class QwenVlComposer:
    """Composes layouts with a Qwen-VL checkpoint.

    `frame` says how a brief's photo lies on its canvas. `render(image, framing, canvas, max_side)` draws that canvas
    at the size the model sees: the longer side is `max_side` pixels. Visual tokens, and with them most of the time,
    grow with its square. `identity` says what answers: rows made under another identity are other rows.
    """

    def __init__(
        self,
        weights: Path,
        adapter: Path | None = None,
        *,
        frame: Callable[[Brief], Framing],
        render: Callable[[np.ndarray, Framing, Canvas, int], np.ndarray],
        device: str = "cpu",
        dtype: str = "float32",
        max_side: int = 672,
        max_new_tokens: int = 768,
        batch_size: int = 8,
        constrained: bool = True,
    ) -> None:
        self.identity = {
            "family": _family(weights),
            "weights_sha": weights_sha(weights),
            "adapter_sha": weights_sha(adapter) if adapter else "",
            "prompt_version": PROMPT_VERSION,
            "codec": CODEC,
            "max_side": str(max_side),
        }
        if adapter:
            _check_adapter(adapter, self.identity)
        self._frame = frame
        self._render = render
        self._max_side = max_side
        self._max_new_tokens = max_new_tokens
        self._batch_size = batch_size
        self._processor = _load_processor(weights, self.identity["family"])
        self._tokenizer = self._processor.tokenizer
        self._model = _load_model(weights, adapter, device, getattr(torch, dtype))
        self._ends = self._tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
        # Published checkpoints switch sampling and a repetition penalty on, which spoils coordinates. Fields left out
        # of a config given to `generate` would be filled from theirs, so theirs goes.
        self._model.generation_config = GenerationConfig(
            do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=self._ends, pad_token_id=self._ends[1]
        )
        # The model's vocabulary, which is padded past the tokenizer's.
        vocabulary = self._model.config.text_config.vocab_size
        self._grammar = AnswerGrammar(self._tokenizer, vocabulary) if constrained else None

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `empty_copy`, `copy_too_long` or `unparsable_answer`
        with the answer as it came."""
        answers: list[Composition | Fault | None] = [None] * len(briefs)
        asked: list[tuple[int, LayoutPrompt]] = []
        for index, brief in enumerate(briefs):
            prompt = self._ask(brief)
            if isinstance(prompt, Fault):
                answers[index] = prompt
            else:
                asked.append((index, prompt))
        for start in range(0, len(asked), self._batch_size):
            batch = asked[start : start + self._batch_size]
            some = [briefs[index] for index, _ in batch]
            framings = [self._frame(brief) for brief in some]
            pictures = [
                self._render(brief.image, framing, brief.canvas, self._max_side)
                for brief, framing in zip(some, framings, strict=True)
            ]
            raws = self._generate([prompt for _, prompt in batch], pictures, [brief.copy for brief in some])
            for (index, _), framing, (raw, ended) in zip(batch, framings, raws, strict=True):
                answers[index] = self._read(raw, ended, briefs[index].copy, framing)
        return [answer for answer in answers if answer is not None]

    def _ask(self, brief: Brief) -> LayoutPrompt | Fault:
        try:
            prompt = layout_prompt(brief.copy, brief.canvas, brief.logo_aspect)
        except ValueError as error:
            return Fault("empty_copy", str(error))
        # An answer repeats the copy, so a copy longer than an answer can be has none; it would only fill the memory.
        length = len(self._tokenizer(prompt.user, truncation=True, max_length=self._max_new_tokens + 1).input_ids)
        if length > self._max_new_tokens:
            return Fault(
                "copy_too_long",
                f"copy takes more tokens than max_new_tokens={self._max_new_tokens}; shorten it or raise the limit",
            )
        return prompt

    def _read(self, raw: str, ended: bool, copy: Copy, framing: Framing) -> Composition | Fault:
        if not ended:
            message = f"answer is cut off after max_new_tokens={self._max_new_tokens}; raise the limit"
            return Fault("unparsable_answer", message, raw)
        try:
            return Composition(framing, parse_layout(raw, copy), raw)
        except ValueError as error:
            return Fault("unparsable_answer", str(error), raw)

    def _inputs(self, prompts: Sequence[LayoutPrompt], pictures: Sequence[np.ndarray]) -> Any:
        """The model's inputs for a batch, padded on the left."""
        texts = [
            self._processor.apply_chat_template(
                [
                    {"role": "system", "content": [{"type": "text", "text": prompt.system}]},
                    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt.user}]},
                ],
                tokenize=False,
                add_generation_prompt=True,
            )
            for prompt in prompts
        ]
        unit = self._processor.image_processor.patch_size * self._processor.image_processor.merge_size
        inputs = self._processor(
            text=texts,
            images=list(pictures),
            padding=True,
            padding_side="left",
            return_tensors="pt",
            images_kwargs={
                # Areas. The picture already has its size, so this only lets it pass, rounded to whole tokens.
                "size": {"shortest_edge": unit * unit, "longest_edge": max(self._max_side, unit) ** 2},
                "input_data_format": "channels_last",
            },
        )
        # Without it Qwen2.5-VL silently computes wrong positions; the processor may or may not give it.
        inputs["mm_token_type_ids"] = (inputs["input_ids"] == self._model.config.image_token_id).long()
        return inputs.to(self._model.device)

    @torch.inference_mode()
    def _generate(
        self, prompts: Sequence[LayoutPrompt], pictures: Sequence[np.ndarray], copies: Sequence[Copy]
    ) -> list[tuple[str, bool]]:
        """Return each prompt's answer, and whether the model ended it."""
        inputs = self._inputs(prompts, pictures)
        length = inputs["input_ids"].shape[1]
        processors = [self._grammar.processor(copies, length)] if self._grammar else []
        written = self._model.generate(**inputs, logits_processor=processors)[:, length:].tolist()
        answers = []
        for tokens in written:
            end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
            text = self._tokenizer.decode(tokens[:end], clean_up_tokenization_spaces=False)
            answers.append((text, end is not None))
        return answers


def _family(weights: Path) -> str:
    """Check that a folder holds a whole checkpoint of a known family, and return which."""
    check_weights(weights)
    config = weights / "config.json"
    if not config.exists():
        raise FileNotFoundError(f"{weights} has no config.json; point to a checkpoint's own folder")
    family = json.loads(config.read_text("utf-8")).get("model_type")
    if family not in _PROCESSORS:
        raise ValueError(f"{config} has model_type {family!r}; QwenVlComposer knows {', '.join(_PROCESSORS)}")
    if not (weights / "tokenizer.json").exists() and not (weights / "vocab.json").exists():
        raise FileNotFoundError(f"{weights} has neither tokenizer.json nor vocab.json; copy the checkpoint's tokenizer")
    if not (weights / "preprocessor_config.json").exists() and not (weights / "processor_config.json").exists():
        raise FileNotFoundError(f"{weights} has no preprocessor_config.json; copy the published checkpoint's")
    return family


def _check_adapter(adapter: Path, identity: dict[str, str]) -> None:
    """Refuse an adapter that was trained for something else than what it would be used with."""
    check_weights(adapter)
    record = adapter / ADAPTER_RECORD
    if not record.exists():
        warnings.warn(f"{adapter} has no {ADAPTER_RECORD}: it may be for another model or image size", stacklevel=3)
        return
    trained = json.loads(record.read_text("utf-8"))
    mends = {
        "base_sha": ("weights_sha", "give the checkpoint it was trained on, or train it again on this one"),
        "max_side": ("max_side", "set max_side to the adapter's, or its boxes drift"),
        "codec": ("codec", "train it again with this version of layoutgen"),
        "prompt_version": ("prompt_version", "train it again, or run the version of layoutgen it was trained with"),
    }
    for field, (ours, mend) in mends.items():
        if str(trained.get(field)) != identity[ours]:
            raise ValueError(
                f"{record} has {field}={trained.get(field)!r}, but this composer has {identity[ours]!r}; {mend}"
            )


def _load_processor(weights: Path, family: str) -> Any:
    base = _PROCESSORS[family]

    def start(self: Any, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None) -> None:
        base.__init__(self, image_processor, tokenizer, chat_template=chat_template)

    # The published class takes a video processor, which needs torchvision. What it loads is read off the signature.
    without_video: Any = type(base.__name__, (base,), {"__init__": start})
    processor = without_video.from_pretrained(weights, local_files_only=True)
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template
    if not processor.chat_template:
        raise ValueError(f"{weights} has no chat template; copy chat_template.json from the published checkpoint")
    return processor


def _load_model(weights: Path, adapter: Path | None, device: str, dtype: torch.dtype) -> Any:
    model, report = AutoModelForImageTextToText.from_pretrained(
        weights,
        dtype=dtype,
        device_map=device,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    # The loader only logs this, and fills missing weights with random ones.
    if report["missing_keys"] or report["mismatched_keys"]:
        wrong = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
        raise ValueError(
            f"{weights} lacks {len(wrong)} of its model's weights ({', '.join(wrong[:3])}, …); fetch again"
        )
    if adapter:
        model = _adapt(model, adapter)
    return model.eval()


def _adapt(model: Any, adapter: Path) -> Any:
    from peft import PeftModel

    with warnings.catch_warnings():
        # Only a warning there: weights of other layers' names would be left at zero, an adapter that does nothing.
        warnings.filterwarnings("error", message="Found missing adapter keys")
        try:
            adapted = PeftModel.from_pretrained(model, adapter)
        except (RuntimeError, ValueError, UserWarning) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"adapter {adapter} does not fit its base ({reason}); give the checkpoint it was trained on"
            ) from error
    # Merged, a step runs as many kernels as without an adapter.
    return adapted.merge_and_unload(safe_merge=True)
