"""Lines may be read by a pretrained text encoder, which travels with the network and is not learnt."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from layoutgen.config.training import TrainSettings
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas, Copy
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.boxes import checkpoint
from layoutgen.models.denoising.boxes.network import build
from layoutgen.models.denoising.encoders import read
from layoutgen.models.denoising.family import NetworkParts
from layoutgen.models.denoising.lines import batch, lines_of
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.training.kinds import kind_of
from layoutgen.training.networks.kind import network_of
from tests.models.denoising.tiny import TINY

CANVAS = Canvas(1080, 1080)
COPIES = [Copy("保温杯", ("304不锈钢", "￥199起")), Copy("Lamp"), Copy("A chair that grows", brand="ACME")]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    """A BERT of 48 numbers that knows some letters."""
    folder = tmp_path_factory.mktemp("encoder")
    letters = sorted(
        {letter for copy in COPIES for text in (copy.title, *copy.selling_points, "ACME") for letter in text}
    )
    vocabulary = {"[PAD]": 0, "[UNK]": 1, **{letter: 2 + k for k, letter in enumerate(letters)}}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=48, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder)
    return folder


def told(numbers):
    return batch([lines_of(COPIES[k], CANVAS) for k in numbers])


def test_a_lines_features_depend_on_its_text_and_on_no_other_line(encoder):
    reader = read(encoder).eval()
    with torch.inference_mode():
        together = reader(told([0, 1, 2]))
        alone = reader(told([0]))
        other = reader(batch([lines_of(replace(COPIES[0], title="保温Lamp"), CANVAS)]))
    assert together.shape == (3, 3, 48)
    assert torch.allclose(together[:1], alone, atol=1e-5)
    assert not together[1, 1:].any()
    assert not torch.allclose(other[0, 0], alone[0, 0], atol=1e-2)
    assert torch.allclose(other[0, 1:], alone[0, 1:], atol=1e-5)


def test_a_network_with_an_encoder_is_written_and_read(encoder, tmp_path):
    reader = read(encoder)
    network = build(replace(TINY, text=reader.text), encoder=reader).eval()
    checkpoint.save(network, tmp_path)
    found = checkpoint.load(tmp_path)
    with torch.inference_mode():
        assert torch.equal(found.letters(told([0, 2])), network.letters(told([0, 2])))
    assert (checkpoint.size_in(tmp_path).text, found.size.text) == (48, 48)


def test_the_encoders_weights_are_not_learnt(encoder):
    network = FAMILIES["radm"].new(parts=NetworkParts(encoder=encoder))
    assert network.size.text == 48
    assert not [name for name, weight in network.letters.model.named_parameters() if weight.requires_grad]
    assert network.train().letters.model.training is False
    network.letters(told([0, 1])).sum().backward()
    assert network.letters.kind.weight.grad is not None


def test_settings_name_it_and_say_what_is_not_there(encoder):
    train = TrainSettings(model="radm", method="full", encoder=str(encoder))
    assert network_of(FAMILIES["radm"], train, Storage()).letters.text == 48
    with pytest.raises(Refusal, match=r"train\.encoder = '/nowhere': weights '/nowhere' are not a folder"):
        kind_of(TrainSettings(model="radm", method="full", encoder="/nowhere"), Storage())
    with pytest.raises(ValueError, match="no encoder; leave the settings out"):
        network_of(
            FAMILIES["layout_image"],
            TrainSettings(model="layout_image", method="full", encoder=str(encoder)),
            Storage(),
        )
