"""Answers requests with vLLM instead of the loop in `decoding`, behind the same method: same prompts, grammars,
pictures and answers. An optional extra: `pip install 'layoutgen[vllm]'`, on a machine with a GPU, in an environment of
its own; for CPUs see `make test-vllm`.

Differences: vLLM feeds a token that the grammar forces like any other; it brings LoRA adapters to a request instead of
merging them, so requests of several adapters share a batch; candidates after the first are drawn with vLLM's lots.
Qwen-VL families only. An adapter with weights for the vision tower is refused: vLLM would leave those out with no more
than a warning.
"""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from llguidance import LLMatcher

from layoutgen.models.base import Fault
from layoutgen.models.decoding.answerer import DecodingOptions
from layoutgen.models.decoding.decoder import Answer, Request
from layoutgen.models.vlm.adapter_files import read
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.prompt import Prompt

_ARCHITECTURES = {
    "qwen2_vl": "Qwen2VLForConditionalGeneration",
    "qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration",
    "qwen3_vl": "Qwen3VLForConditionalGeneration",
}
_OPTIONS = DecodingOptions(device="cuda", dtype="bfloat16", rows=64, max_side=1280)
_LANGUAGE_MODEL = ("language_model.", "model.layers.", "lm_head.")
_OUTSIDE = ("visual.", "vision_", "merger.", "multi_modal_projector.", "mlp1.")


class VllmDecoder:
    """Decodes requests with vLLM. Of the `options`, device, dtype, rows and the largest picture's side are asked;
    `context` is the most tokens of a prompt and its answer, and `adapters` are all that requests may name.
    Requests that name none are answered with the only adapter, or without where there are none or several. With `gpus`
    above 1 the weights are parted among so many of this machine (tensor parallelism), each with a process.

    Raises ImportError where vLLM is not installed, ValueError for a checkpoint or adapter that it can't answer with.
    """

    def __init__(
        self,
        weights: Path,
        adapters: Sequence[Path] = (),
        options: DecodingOptions = _OPTIONS,
        *,
        context: int = 4096,
        gpus: int = 1,
        memory_share: float = 0.9,
        seed: int = 0,
    ) -> None:
        self._vllm = _vllm()
        chat = load_chat_format(weights)
        if chat.family not in _ARCHITECTURES:
            raise ValueError(f"{weights} is of family {chat.family}; vLLM is used for Qwen-VL; use decoder = 'loop'")
        ranks = [check_language_only(adapter) for adapter in adapters]
        self._chat, self._context, self._adapters = chat, context, list(adapters)
        more: dict[str, Any] = {"gpu_memory_utilization": memory_share} if options.device.startswith("cuda") else {}
        if gpus > 1:
            # Processes of this actor: of Ray's, which vLLM takes where it finds one, its GPUs would be asked for twice.
            more |= {"tensor_parallel_size": gpus, "distributed_executor_backend": "mp"}
        if adapters:
            # One place more than adapters: on CPUs vLLM gives requests without one whatever is in the last place.
            more |= {"enable_lora": True, "max_lora_rank": _rank(max(ranks)), "max_loras": len(adapters) + 1}
        self._model = self._vllm.model(
            model=str(weights),
            runner="generate",
            hf_overrides={"architectures": [_ARCHITECTURES[chat.family]]},
            dtype=options.dtype,
            seed=seed,
            max_num_seqs=options.rows,
            max_model_len=context,
            limit_mm_per_prompt={"image": 1, "video": 0},
            # Pictures come at the size that the model sees, so nothing may be resized.
            mm_processor_kwargs={"size": {"shortest_edge": chat.pictures.unit**2, "longest_edge": options.max_side**2}},
            structured_outputs_config={"backend": "guidance"},
            logits_processors=["layoutgen.models.decoding.vllm_boxes:BoxOrder"],
            async_scheduling=False,  # else the box order would see placeholders for the newest tokens
            **more,
        )

    def decode(
        self, requests: Sequence[Request], adapters: Sequence[Path | None] | None = None
    ) -> list[list[Answer | Fault]]:
        """Answer requests: a list of candidates for each, in order; `adapters` has one, or None, for each request.

        Faults: `prompt_too_long`, `bad_grammar`. Raises what vLLM raises.
        """
        only = self._adapters[0] if len(self._adapters) == 1 else None
        named = list(adapters) if adapters is not None else [only] * len(requests)
        answers: list[list[Answer | Fault]] = [[] for _ in requests]
        owners, prompts, params, loras = [], [], [], []
        for index, (request, adapter) in enumerate(zip(requests, named, strict=True)):
            fault = self._fault(request)
            if fault:
                answers[index] = [fault] * request.candidates
                continue
            lora = self._lora_request(adapter)
            greedy = int(request.greedy)
            for temperature, count in ((0.0, greedy), (request.temperature, request.candidates - greedy)):
                if count:
                    owners.append(index)
                    prompts.append(self._prompt(request.prompt))
                    params.append(self._sampling(request, temperature, count))
                    loras.append(lora)
        if not prompts:
            return answers
        done = self._model.generate(prompts, params, lora_request=loras, use_tqdm=False)
        for index, output in zip(owners, done, strict=True):
            answers[index] += [self._answer(one) for one in output.outputs]
        return answers

    def forget(self) -> None:
        """Empty the caches of prompts and pictures: for measurements."""
        self._model.reset_prefix_cache()
        self._model.reset_mm_cache()

    def _fault(self, request: Request) -> Fault | None:
        length = len(request.prompt) + request.max_tokens
        if length > self._context:
            message = (
                f"prompt of {len(request.prompt)} tokens and an answer of {request.max_tokens} exceed context="
                f"{self._context}; shorten the copy, show a smaller image or raise the limit"
            )
            return Fault("prompt_too_long", message)
        if request.grammar is not None:
            wrong = LLMatcher.validate_grammar(LLMatcher.grammar_from_lark(request.grammar), None)
            if wrong:
                return Fault("bad_grammar", wrong.splitlines()[0])
        return None

    def _prompt(self, prompt: Prompt) -> dict[str, Any]:
        """A prompt as vLLM takes it: one sign for the picture, which it repeats itself, and the picture."""
        tokens = list(prompt.prefix)
        for token in prompt.rest:
            if token != self._chat.image_token or tokens[-1:] != [token]:
                tokens.append(token)
        if prompt.picture is None:
            return {"prompt_token_ids": tokens}
        from PIL import Image

        return {
            "prompt_token_ids": tokens,
            "multi_modal_data": {"image": Image.fromarray(prompt.picture.pixels)},
        }

    def _sampling(self, request: Request, temperature: float, count: int) -> Any:
        guided = self._vllm.structured_outputs(grammar=request.grammar) if request.grammar is not None else None
        return self._vllm.sampling(
            n=count,
            temperature=temperature,
            seed=request.seed if temperature else None,
            max_tokens=request.max_tokens,
            stop_token_ids=list(self._chat.ends),
            detokenize=False,
            structured_outputs=guided,
            extra_args={"box_limit": list(request.limit)} if guided else None,
        )

    def _lora_request(self, adapter: Path | None) -> Any:
        if adapter is None:
            return None
        if adapter not in self._adapters:
            raise ValueError(f"adapter {adapter} is none of this decoder's; name it when the decoder is made")
        number = self._adapters.index(adapter) + 1
        return self._vllm.lora_request(f"adapter-{number}", number, str(adapter))

    def _answer(self, output: Any) -> Answer:
        tokens = list(output.token_ids)
        ended = output.finish_reason == "stop"
        if tokens and tokens[-1] in self._chat.ends:
            tokens = tokens[:-1]
        text = str(self._chat.tokenizer.decode(tokens, clean_up_tokenization_spaces=False))
        return Answer(text, tuple(tokens), ended)


def check_language_only(adapter: Path) -> int:
    """Check that a LoRA adapter changes the language model alone, and return its rank. Raises ValueError otherwise."""
    file = read(adapter)
    said = file.settings
    names = file.tensors
    beyond = {
        "DoRA": said.use_dora,
        "modules_to_save": said.modules_to_save,
        "ranks and alphas by pattern": said.rank_pattern or said.alpha_pattern,
        "biases": said.bias != "none" or said.lora_bias,
    }
    for what, asked in beyond.items():
        if asked:
            raise ValueError(
                f"adapter {adapter} has {what}, which vLLM does not apply; use decoder = 'loop', or merge the adapter "
                "into its base"
            )
    touched = sorted(name for name in names if not _is_language(name))
    if touched:
        raise ValueError(
            f"adapter {adapter} has {len(touched)} weights outside the language model ({touched[0]}, …), which vLLM "
            "would ignore; use decoder = 'loop', or merge the adapter into its base"
        )
    return said.r


def _is_language(name: str) -> bool:
    return any(part in name for part in _LANGUAGE_MODEL) and not any(part in name for part in _OUTSIDE)


def _rank(rank: int) -> int:
    """The least rank that vLLM has kernels for."""
    return next((size for size in (1, 8, 16, 32, 64, 128, 256, 320, 512) if size >= rank), rank)


def _vllm() -> SimpleNamespace:
    """What is used of vLLM, imported when it is asked for."""
    try:
        from vllm import LLM, SamplingParams
        from vllm.lora.request import LoRARequest
        from vllm.sampling_params import StructuredOutputsParams
    except ImportError as error:
        raise ImportError(
            f"the engine 'vllm' needs vLLM ({error}): pip install 'layoutgen[vllm]' in an environment of its own, "
            "or use decoder = 'loop'"
        ) from error
    return SimpleNamespace(
        model=LLM, sampling=SamplingParams, lora_request=LoRARequest, structured_outputs=StructuredOutputsParams
    )
