"""Turns an original InternVL2 repository into transformers' own InternVL format, once, without running its code.

The source has safetensors and a text tower of InternLM2 (InternVL2 2B, 8B, 26B) or
Qwen2 (1B; InternVL2.5 and InternVL3 in their original form): the original needs code from its repository to be loaded,
which is never done here. The target must not exist; it appears when it is whole. What it holds is loaded like any
published `-hf` checkpoint: InternLM2 becomes `llama`, which computes the same, its SentencePiece vocabulary
becomes a fast tokenizer.

One tensor at a time is in memory. Every tensor of the source has to be known and of the right shape, and all have to
be there.

Two things differ from the original's own chat: the prompt begins with no system message of its own, and `<s>`, which
InternLM2's tokenizer puts before every text, stands in the chat template instead.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerFast, Qwen2Tokenizer

from layoutgen.core.errors import AbsentError
from layoutgen.models.vlm.internvl2.config import convert_config, preprocessor_config
from layoutgen.models.vlm.internvl2.tokenizer import fast_tokenizer, read_model
from layoutgen.models.vlm.internvl2.weights import Original, tensors
from layoutgen.models.weights import SENTINEL, check_weights, weights_sha

_NEEDED_TOKENS = ("<img>", "</img>", "<IMG_CONTEXT>", "<|im_start|>", "<|im_end|>")
_ITEM_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2}


def convert(source: Path, target: Path) -> Path:
    """Convert the repository in `source` into `target` and return it.

    Raises AbsentError or ValueError, with the file or tensor and what to do, where the repository is not whole,
    is of another kind, or has settings that transformers' model does not compute.
    """
    if target.exists():
        raise ValueError(f"{target} exists; give a folder that does not, or remove it")
    check_weights(source)
    config = _read(source / "config.json", "point to an original repository's own folder")
    converted = convert_config(config)
    text = converted["text_config"]
    merged = int(1 / config.get("downsample_ratio", 0.5)) ** 2
    known = tensors(converted["vision_config"], text, merged=merged, tied=text["tie_word_embeddings"])
    plan = _plan(source, known)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        tokenizer = _tokenizer(source, text["model_type"], config.get("template", ""))
        converted["image_token_id"] = tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>")
        if len(tokenizer) > text["vocab_size"]:
            raise ValueError(
                f"{source} has {len(tokenizer)} tokens for {text['vocab_size']} embeddings; fetch it again"
            )
        tokenizer.save_pretrained(part)
        _write_configs(part, converted, config, tokenizer)
        _write_weights(part, source, plan, known)
        _write_card(part, source, config)
        files = {path.name: {"bytes": path.stat().st_size} for path in sorted(part.iterdir())}
        _write(part / SENTINEL, {"uri": source.name, "files": files})
        part.chmod(0o755)
        os.rename(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return target


def _tokenizer(source: Path, text_type: str, template: str) -> Any:
    """The original's tokenizer as a fast one, with what the processor asks it for."""
    # There is no token for films, and no embedding for one more: the processor only wants a name.
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<IMG_CONTEXT>",
    }
    settings = _read(source / "tokenizer_config.json", "copy the repository's tokenizer")
    if text_type == "qwen2":
        if not (source / "tokenizer.json").exists() and not (source / "vocab.json").exists():
            raise AbsentError(f"{source} has neither tokenizer.json nor vocab.json; copy its tokenizer")
        _check_tokens(source, Qwen2Tokenizer.from_pretrained(source, local_files_only=True).get_vocab())
        tokenizer: Any = Qwen2Tokenizer.from_pretrained(source, local_files_only=True, extra_special_tokens=named)
        first = ""
    else:
        model = source / "tokenizer.model"
        if not model.exists():
            raise AbsentError(f"{source} has no tokenizer.model; copy the repository's tokenizer")
        fast = fast_tokenizer(read_model(model.read_bytes()), _added_tokens(source, settings))
        _check_tokens(source, fast.get_vocab())
        ends = {key: _content(settings.get(key)) for key in ("bos_token", "eos_token", "unk_token", "pad_token")}
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=fast, extra_special_tokens=named, **ends)
        first = "{{ bos_token }}" if settings.get("add_bos_token", True) and ends["bos_token"] else ""
    tokenizer.padding_side = "left"
    tokenizer.chat_template = _chat_template(first, "<|im_end|>\n" if template == "internvl2_5" else "<|im_end|>")
    return tokenizer


def _check_tokens(source: Path, vocabulary: Mapping[str, int]) -> None:
    """Before anything is added: a token that is not there would be given an id of its own, and no trained embedding."""
    missing = [token for token in _NEEDED_TOKENS if token not in vocabulary]
    if missing:
        raise ValueError(f"{source}'s tokenizer lacks {', '.join(missing)}; copy its added_tokens.json")


def _added_tokens(source: Path, settings: Mapping[str, Any]) -> dict[int, AddedToken]:
    """The tokens that stand for themselves, by id, from both files that name them."""
    found: dict[int, AddedToken] = {}
    for i, fields in settings.get("added_tokens_decoder", {}).items():
        flags = {key: fields.get(key, False) for key in ("lstrip", "rstrip", "single_word")}
        found[int(i)] = AddedToken(fields["content"], normalized=False, special=fields.get("special", True), **flags)
    path = source / "added_tokens.json"
    for content, i in (_read(path, "") if path.exists() else {}).items():
        if i in found and found[i].content != content:
            raise ValueError(f"{path} gives the id {i} to {content!r}, tokenizer_config.json to {found[i].content!r}")
        found.setdefault(i, AddedToken(content, normalized=False, special=True))
    return found


def _chat_template(first: str, end: str) -> str:
    """The original's conversation, the picture and a line break before the text that goes with it."""
    end = end.replace("\n", "\\n")
    return (
        f"{first}{{% for message in messages %}}{{{{ '<|im_start|>' + message['role'] + '\\n' }}}}"
        "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}{{ '<IMG_CONTEXT>\\n' }}{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
        f"{{% endfor %}}{{% endif %}}{{{{ '{end}' }}}}{{% endfor %}}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    )


def _write_configs(part: Path, converted: dict[str, Any], config: Mapping[str, Any], tokenizer: Any) -> None:
    _write(part / "config.json", converted)
    ends = [tokenizer.convert_tokens_to_ids("<|im_end|>"), tokenizer.eos_token_id]
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    _write(part / "generation_config.json", {"eos_token_id": sorted({*ends} - {None}), "pad_token_id": pad})
    _write(part / "preprocessor_config.json", preprocessor_config(config))
    name = {"processor_class": "InternVLProcessor", "image_seq_length": converted["image_seq_length"]}
    _write(part / "processor_config.json", name)


def _plan(source: Path, known: Mapping[str, Original]) -> dict[Path, dict[str, dict[str, Any]]]:
    """For each file the tensors in it as its header names them, after checking that they are the known ones."""
    plan: dict[Path, dict[str, dict[str, Any]]] = {}
    for path in sorted(source.glob("*.safetensors")):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        header.pop("__metadata__", None)
        # Computed anew at every start, and left in some files by old versions of the original.
        plan[path] = {name: entry for name, entry in header.items() if not name.endswith("rotary_emb.inv_freq")}
    found = {name: entry for entries in plan.values() for name, entry in entries.items()}
    for problem, names, mend in (
        ("lacks", known.keys() - found.keys(), "fetch it again"),
        ("has unknown tensors", found.keys() - known.keys(), "it is no plain InternVL2"),
    ):
        if names:
            shown = ", ".join(sorted(names)[:3])
            raise ValueError(f"{source} {problem}: {shown}{f' and {len(names) - 3} more' * (len(names) > 3)}; {mend}")
    for name, entry in found.items():
        if tuple(entry["shape"]) != known[name].shape:
            raise ValueError(
                f"{source}: {name} has the shape {entry['shape']}, config.json asks for {list(known[name].shape)}"
            )
        if entry["dtype"] not in _ITEM_BYTES:
            raise ValueError(f"{source}: {name} is of {entry['dtype']}; converted are {', '.join(_ITEM_BYTES)}")
    return plan


def _write_weights(
    part: Path, source: Path, plan: Mapping[Path, Mapping[str, Mapping[str, Any]]], known: Mapping[str, Original]
) -> None:
    """Write a file for each of the original's, a tensor at a time, and the index where they are several."""
    files, total = {}, 0
    for number, (path, entries) in enumerate(plan.items(), 1):
        name = "model.safetensors" if len(plan) == 1 else f"model-{number:05d}-of-{len(plan):05d}.safetensors"
        header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
        end = 0
        for old, entry in entries.items():
            for new in known[old].parts:
                begin, end = end, end + _ITEM_BYTES[entry["dtype"]] * int(np.prod(new.shape))
                header[new.name] = {"dtype": entry["dtype"], "shape": new.shape, "data_offsets": [begin, end]}
                files[new.name] = name
        total += end
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with (part / name).open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for old, entry in entries.items():
                rows = _rows(path, entry)
                for new in known[old].parts:
                    np.ascontiguousarray(new.take(rows)).tofile(file)
            file.flush()
            os.fsync(file.fileno())
    if len(plan) > 1:
        _write(part / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": files})


def _rows(path: Path, entry: Mapping[str, Any]) -> np.ndarray:
    """A tensor as its rows of bytes (rows, bytes a row), read when it is used."""
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little") + entry["data_offsets"][0]
    count = entry["data_offsets"][1] - entry["data_offsets"][0]
    return np.memmap(path, np.uint8, "r", start, (count,)).reshape(entry["shape"][0], -1)


def _write_card(part: Path, source: Path, config: Mapping[str, Any]) -> None:
    card = (
        f"# {source.name} in transformers' InternVL format\n\n"
        "Converted tensor by tensor, without rounding, by `python -m jobs.convert`.\n\n"
        f"- source: {config.get('_name_or_path') or source.name}\n"
        f"- sha256 of the source's weights and config: {weights_sha(source)}\n"
        f"- text tower: {config['llm_config']['architectures'][0]}\n"
    )
    (part / "README.md").write_text(card, encoding="utf-8")


def _content(token: Any) -> str | None:
    return token.get("content") if isinstance(token, dict) else token


def _read(path: Path, mend: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise AbsentError(f"{path.parent} has no {path.name}; {mend}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); fetch it again") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object; fetch it again")
    return content


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
