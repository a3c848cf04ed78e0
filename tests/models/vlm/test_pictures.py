"""Pictures and prompts are what the published processors make of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import (
    GotOcr2ImageProcessorPil,
    get_optimal_tiled_canvas,
)
from transformers.models.internvl.processing_internvl import InternVLProcessor
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.processing_qwen2_vl import Qwen2VLProcessor
from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor

from layoutgen.core.layout import Canvas, Copy
from layoutgen.core.prompts.layouts import layout_prompt
from layoutgen.models.base import ModelPicture
from layoutgen.models.decoding.backbone import positions
from layoutgen.models.vlm.checkpoints import FAMILIES, load_chat_format, load_model
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.models.vlm.tiny import build_checkpoint

CPU = torch.device("cpu")
PROCESSORS = {
    "qwen2_vl": Qwen2VLProcessor,
    "qwen2_5_vl": Qwen2_5_VLProcessor,
    "qwen3_vl": Qwen3VLProcessor,
    "internvl": InternVLProcessor,
}
QWEN = PictureKind(14, 2, (0.5,) * 3, (0.5,) * 3)
INTERNVL = PictureKind(14, 2, (0.5,) * 3, (0.5,) * 3, tiles=12, side=448, tokens_a_tile=256)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tiny")
    return {family: build_checkpoint(family, folder / family) for family in FAMILIES}


def published(weights: Path, family: str) -> Any:
    """The published processor, without the video part that needs torchvision."""
    base = PROCESSORS[family]
    fields = json.loads((weights / "preprocessor_config.json").read_text())
    chat = load_chat_format(weights)
    for name in ("image_processor_type", "processor_class"):
        fields.pop(name)
    if family == "internvl":
        images: Any = GotOcr2ImageProcessorPil(**fields)
    else:
        images = Qwen2VLImageProcessorPil(**fields)

    def start(self: Any, image_processor: Any = None, tokenizer: Any = None, **more: Any) -> None:
        base.__init__(self, image_processor, tokenizer, **more)

    more = {"image_seq_length": 4} if family == "internvl" else {}
    without_video = type(base.__name__, (base,), {"__init__": start})
    return without_video(images, chat.tokenizer, chat_template=chat.template, **more)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [(112, 112), (168, 112), (56, 112)])
def test_prompt_and_pixels_are_the_published_processors(
    family: str, size: tuple[int, int], checkpoints: dict[str, Path]
) -> None:
    chat = load_chat_format(checkpoints[family])
    unit = chat.pictures.side or chat.pictures.unit
    height, width = (side // 28 * unit if not chat.pictures.tiles else side for side in size)
    image = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    told = layout_prompt(Copy("Kettle", ("$12",)), Canvas(800, 1200))
    picture = chat.pictures.prepare(image, 1000)
    prompt = chat.prompt(told.system, told.user, picture)
    processor = published(checkpoints[family], family)
    text = processor.apply_chat_template(
        [
            {"role": "system", "content": [{"type": "text", "text": told.system}]},
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": told.user}]},
        ],
        tokenize=False,
        add_generation_prompt=True,
    )
    options = {} if family == "internvl" else {"size": {"shortest_edge": unit**2, "longest_edge": 10**6}}
    expected = processor(text=[text], images=[image], return_tensors="pt", images_kwargs=options)
    assert [*prompt.prefix, *prompt.rest] == expected["input_ids"][0].tolist()
    ours = pixel_inputs(chat.pictures, [picture], CPU, torch.float32)
    if family != "internvl":
        assert ours["image_grid_thw"].tolist() == expected["image_grid_thw"].tolist()
    # The thumbnail is scaled, by another library.
    count = len(ours["pixel_values"]) - (family == "internvl" and len(ours["pixel_values"]) > 1)
    torch.testing.assert_close(ours["pixel_values"][:count], expected["pixel_values"][:count], atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_positions_are_the_models_own(family: str, checkpoints: dict[str, Path]) -> None:
    model, chat = load_model(checkpoints[family], None, "cpu", torch.float32), load_chat_format(checkpoints[family])
    image = np.zeros((200, 300, 3), np.uint8)
    picture = chat.pictures.prepare(image, 300)
    prompt = chat.prompt("Constant.", "Different.", picture)
    ids = np.array([*prompt.prefix, *prompt.rest])
    expected, delta = model.model.get_rope_index(
        torch.from_numpy(ids)[None],
        mm_token_type_ids=torch.from_numpy((ids == chat.image_token).astype(int))[None],
        image_grid_thw=pixel_inputs(chat.pictures, [picture], CPU, torch.float32)["image_grid_thw"],
    )
    rest = positions(np.array(prompt.rest), chat.image_token, picture.grid, len(prompt.prefix))
    assert rest.tolist() == expected[:, 0, len(prompt.prefix) :].tolist()
    assert rest[0, -1] + 1 - len(ids) == int(delta)


@given(width=st.integers(1, 5000), height=st.integers(1, 5000), longest=st.integers(28, 2000))
def test_a_picture_is_seen_in_whole_visual_tokens_and_within_its_limit(width: int, height: int, longest: int) -> None:
    across, down = QWEN.size(width, height, longest)
    assert across % 28 == down % 28 == 0
    assert 28 <= max(across, down) <= longest
    columns, rows = (side // 448 for side in INTERNVL.size(width, height, longest))
    assert 1 <= columns * rows <= 12
    assert max(columns, rows) <= max(1, -(-longest // 448))


@given(width=st.integers(1, 5000), height=st.integers(1, 5000))
def test_tiles_are_arranged_as_the_published_processor_does(width: int, height: int) -> None:
    across, down = INTERNVL.size(width, height, 12 * 448)
    assert (across // 448, down // 448) == get_optimal_tiled_canvas((height, width), (448, 448), 1, 12)


def test_pixels_of_another_shape_are_refused_with_the_mend() -> None:
    wrong = [
        ModelPicture(np.zeros((56, 60, 3), np.uint8), (2, 2), (56, 60)),
        ModelPicture(np.zeros((56, 56, 3), np.float32), (2, 2), (56, 56)),
        ModelPicture(np.zeros((1, 448, 448, 3), np.uint8), None, (448, 448)),
    ]
    for picture in wrong:
        with pytest.raises(ValueError, match="prepare it with this checkpoint's own PictureKind"):
            pixel_inputs(QWEN, [picture], CPU, torch.float32)
