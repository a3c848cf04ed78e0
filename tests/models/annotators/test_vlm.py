"""What asks vision-language models: real loading and decoding on tiny checkpoints, known answers from a fake engine."""

from pathlib import Path

import numpy as np
import pytest

from layoutgen.config.stages import AnnotateSettings, ProtectSettings
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.core.prompts.annotations import write_annotation
from layoutgen.core.prompts.coordinates import ABSOLUTE, Codec
from layoutgen.core.prompts.covers import KeyElement, Kind, write_cover
from layoutgen.io.storage import Storage
from layoutgen.models.annotators.vlm import InternVlAnnotator, VlmPointer, annotation_task, cover_task
from layoutgen.models.base import Fault
from layoutgen.models.building import annotators
from layoutgen.models.building.versions import annotator_version
from layoutgen.models.decoding.answerer import Answerer, DecodingOptions, open_answerer
from layoutgen.models.decoding.decoder import Answer, Engine
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.internvl2.convert import convert
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.models.weights import weights_sha
from tests.models.vlm.internvl2.original import build_original

LINES = (
    TextLine("第二行", (0.1, 0.5, 0.4, 0.6), Role.SELLING_POINT, "zh", "#ffffff", 1.0, True),
    TextLine("Sofa", (0.1, 0.1, 0.5, 0.2), Role.TITLE, "en", "#111111", 1.0, True),
)
POSTER = np.random.default_rng(0).integers(0, 255, (90, 60, 3), np.uint8)


class Says:
    """An engine that gives the same answer to every request; keeps the requests."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def decode(self, requests):
        self.asked += requests
        return [[self.answer] for _ in requests]


def opened(weights: Path, engine: Engine | None = None, **changes: int) -> Answerer:
    options = {"max_side": 1344, "max_new_tokens": 2048, "prompt_tokens": 8192} | changes
    return open_answerer(weights, None, DecodingOptions(**options), task=annotation_task, engine=engine)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    long = {"max_position_embeddings": 8192}
    originals = {
        tower: build_original(folder / f"original-{tower}", tower, llm=long) for tower in ("internlm2", "qwen2")
    }
    return {
        **{tower: convert(source, folder / tower) for tower, source in originals.items()},
        "internvl": build_checkpoint("internvl", folder / "internvl"),
        "qwen2_5_vl": build_checkpoint("qwen2_5_vl", folder / "qwen2_5_vl"),
    }


def test_an_answer_becomes_lines_in_reading_order_and_the_subject_is_found(checkpoints):
    engine = Says(Answer(write_annotation(LINES, Codec()), (), True))
    annotator = InternVlAnnotator(opened(checkpoints["internvl"], engine), BorderSaliency())
    (found,) = annotator.annotate([POSTER])
    assert found.lines == (LINES[1], LINES[0])
    assert found.subject_map.shape
    assert '"size":[1000,1000]' in annotator._answerer.chat.tokenizer.decode(engine.asked[0].prompt.rest)


def test_boxes_are_in_the_familys_own_codec(checkpoints):
    engine = Says(Fault("deadline", "late"))
    annotator = InternVlAnnotator(opened(checkpoints["qwen2_5_vl"], engine, max_side=112))
    assert annotator.annotate([POSTER]) == [Fault("deadline", "late")]
    assert annotator._answerer.identity["codec"] == "absolute_px"
    assert engine.asked[0].limit == engine.asked[0].prompt.picture.size


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer("[{", (), False), "cut off after max_new_tokens=2048"),
        (Answer("[{}]", (), True), "item 0 is not an object"),
    ],
)
def test_what_can_not_be_read_is_a_fault_with_the_answer_as_it_came(checkpoints, answer, message):
    (found,) = InternVlAnnotator(opened(checkpoints["internvl"], Says(answer))).annotate([POSTER])
    assert (found.kind, found.raw) == ("unparsable_answer", answer.text)
    assert message in found.message


def test_an_array_that_is_no_picture_is_a_fault_and_its_neighbours_are_read(checkpoints):
    engine = Says(Answer("[]", (), True))
    annotator = InternVlAnnotator(opened(checkpoints["internvl"], engine))
    first, second = annotator.annotate([POSTER[..., 0], POSTER])
    assert first.kind == "image"
    assert second == Annotation()


@pytest.mark.parametrize("name", ["internlm2", "qwen2", "internvl"])
def test_a_models_answers_hold_to_the_grammar(checkpoints, name):
    annotator = InternVlAnnotator(opened(checkpoints[name], max_side=112, max_new_tokens=120))
    for found in annotator.annotate([POSTER, POSTER[:40]]):
        if isinstance(found, Fault):
            assert found.kind == "unparsable_answer"
            assert found.raw.startswith('[{"role":"')
        else:
            assert all(line.placed for line in found.lines)


def test_settings_name_the_model_and_rows_say_its_sha(checkpoints, tmp_path):
    path = checkpoints["internlm2"]
    settings = AnnotateSettings(engine="grounded", model=str(path), image_side=112, max_new_tokens=64)
    grounder, name = annotators.grounder(settings, Storage())
    assert weights_sha(path)[:12] in name
    assert "grounded-2 in ppocr" in name
    reader, reads = annotators.annotator(settings, Storage())
    assert name.endswith(reads)
    (read,) = reader.annotate([POSTER])
    assert len(grounder.ground([POSTER], [read])) == 1
    versions = {annotator_version(s) for s in (settings, settings.model_copy(update={"engine": "internvl"}))}
    assert len(versions) == 2


ELEMENTS = (KeyElement(Kind.PRODUCT, "sofa", (0.1, 0.2, 0.7, 0.9)), KeyElement(Kind.FACE, "girl", (0.5, 0.0, 0.6, 0.1)))


def pointing(weights: Path, engine: Engine | None = None, **changes: int) -> VlmPointer:
    options = {"max_side": 112, "max_new_tokens": 200} | changes
    return VlmPointer(open_answerer(weights, None, DecodingOptions(**options), task=cover_task, engine=engine))


@pytest.mark.parametrize("name", ["internlm2", "qwen2_5_vl"])
def test_a_covers_answer_becomes_its_key_elements_in_the_familys_codec(checkpoints, name):
    size = load_chat_format(checkpoints[name]).pictures.prepare(POSTER, 112).size
    codec = Codec(ABSOLUTE, *size) if name == "qwen2_5_vl" else Codec()
    engine = Says(Answer(write_cover(ELEMENTS, codec), (), True))
    (elements,) = pointing(checkpoints[name], engine).point([POSTER])
    assert [(one.kind, one.label) for one in elements] == [(one.kind, one.label) for one in ELEMENTS]
    for one, other in zip(elements, ELEMENTS, strict=True):
        assert one.box == pytest.approx(other.box, abs=1 / 56)
    assert engine.asked[0].limit == (codec.width, codec.height)
    assert "a title must not hide" in pointing(checkpoints[name])._answerer.chat.tokenizer.decode(
        engine.asked[0].prompt.prefix
    )


@pytest.mark.parametrize("name", ["internlm2", "qwen2", "internvl", "qwen2_5_vl"])
def test_a_models_answers_about_covers_hold_to_the_grammar(checkpoints, name):
    for found in pointing(checkpoints[name]).point([POSTER, POSTER[:40]]):
        if isinstance(found, Fault):
            assert found.kind == "unparsable_answer" and found.raw.startswith('[{"kind":"')
        else:
            assert all(0 <= one.box[0] < one.box[2] <= 1 for one in found)


def test_settings_name_what_points(checkpoints):
    settings = ProtectSettings(engine="vlm", model=str(checkpoints["internlm2"]), image_side=112, max_new_tokens=64)
    pointer, name = annotators.pointer(settings, Storage())
    assert weights_sha(checkpoints["internlm2"])[:12] in name and name.endswith("cover-1, key-elements-1")
    assert isinstance(pointer, VlmPointer)
    assert len(pointer.point([POSTER])) == 1
    assert pointer._answerer.identity["prompt_version"] == "cover-1"
