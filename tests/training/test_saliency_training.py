import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from layoutgen.imaging import images
from layoutgen.models.finders.network import SIDE, NetSaliency, onnx_model, prepared
from layoutgen.training import saliency
from layoutgen.training.corpus.composites import composite, held_back, stock
from layoutgen.training.corpus.cutouts import drawn, from_packshot
from tests.drawn import photo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small_stock():
    return stock(np.random.default_rng(0), cutouts=12, grounds=8)


def test_the_trained_network_and_the_one_that_runs_are_the_same():
    torch.manual_seed(0)
    net = saliency.Net()
    for block in net.convs.values():
        if len(block) == 2:  # statistics and gains as after some training
            block[1].running_mean.normal_(0, 0.1)
            block[1].running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(block[1].weight, 0.5, 1.5)
    weights = {name: value.numpy() for name, value in saliency.folded(net.eval()).items()}
    picture = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    seen = torch.from_numpy(prepared(picture))
    with torch.no_grad():
        logits, coarse = net(seen)
        mirrored, _ = net(seen.flip(3))
    ran = NetSaliency(model=onnx_model(weights)).saliency([picture])[0]
    both = (torch.sigmoid(logits) + torch.sigmoid(mirrored).flip(3)) / 2
    assert np.abs(both[0, 0].numpy() - ran).max() < 1e-4
    assert coarse.shape == (1, 1, SIDE // 16, SIDE // 16)


def test_the_network_is_small():
    assert sum(value.numel() for value in saliency.folded(saliency.Net()).values()) < 500_000


def test_training_learns_and_goes_on_where_it_was_broken_off(tmp_path, small_stock, monkeypatch):
    monkeypatch.setattr(saliency, "BATCH", 2)
    monkeypatch.setattr(saliency, "SIDES", ((64, 1.0),))
    torch.set_num_threads(1)
    whole = saliency.Training(1, 8)
    lost = list(whole.run(small_stock))
    broken = saliency.Training(1, 8)
    steps = broken.run(small_stock)
    for _ in range(3):
        next(steps)
    broken.save(tmp_path / "c.safetensors")
    again = saliency.Training(1, 8)
    again.load(tmp_path / "c.safetensors")
    rest = list(again.run(small_stock))
    assert rest == lost[3:]
    for name, value in whole.mean.state_dict().items():
        assert torch.equal(value, again.mean.state_dict()[name]), name


def test_a_checkpoint_of_another_training_is_refused(tmp_path, small_stock):
    saliency.Training(1, 8).save(tmp_path / "c.safetensors")
    with pytest.raises(ValueError, match="--resume"):
        saliency.Training(2, 8).load(tmp_path / "c.safetensors")


def test_weights_and_card_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(saliency, "BATCH", 2)
    monkeypatch.setattr(saliency, "SIDES", ((64, 1.0),))
    card = saliency.train(tmp_path, [], steps=2, cutouts=6, grounds=4)
    assert card["pictures"] == 4 and card["bytes"] < 10_000_000
    weights = load_file(tmp_path / "saliency.safetensors")
    (found,) = NetSaliency(model=onnx_model(weights)).saliency([np.zeros((90, 60, 3), np.uint8)])
    assert found.shape == (90, 60)


def test_a_composite_shows_what_its_mask_says(small_stock):
    for k in range(12):
        picture, mask = composite(small_stock, np.random.default_rng(k), 96)
        assert picture.shape == (96, 96, 3) and picture.dtype == mask.dtype == np.uint8
        assert 0.005 < (mask > 127).mean() < 0.99


def test_the_same_seed_draws_the_same(small_stock):
    assert all(
        np.array_equal(a, b)
        for a, b in zip(
            small_stock.cutouts, stock(np.random.default_rng(0), cutouts=12, grounds=8).cutouts, strict=True
        )
    )
    first, second = (composite(small_stock, np.random.default_rng(5), 96) for _ in range(2))
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])


def test_every_drawn_thing_is_mostly_whole():
    for k in range(30):
        cut = drawn(np.random.default_rng(k))
        assert cut.shape[2] == 4 and max(cut.shape[:2]) <= 208
        assert (cut[..., 3] > 127).mean() > 0.02


def test_evaluation_sees_only_what_training_does_not(tmp_path):
    rng = np.random.default_rng(0)
    names = [f"cut{k}.png" for k in range(12)]
    for name in names:
        cut = np.zeros((40, 40, 4), np.uint8)
        cut[10:30, 10:30] = (*rng.integers(0, 255, 3), 255)
        (tmp_path / name).write_bytes(images.encode_png(cut))
    kept = sum(map(held_back, names))
    assert 0 < kept < 12
    for evaluation, wanted in ((True, kept), (False, 12 - kept)):
        made = stock(np.random.default_rng(0), cutouts=0, grounds=1, folders=[tmp_path], evaluation=evaluation)
        assert len(made.cutouts) == wanted


def test_a_packshot_is_cut_out_and_a_photo_is_none():
    packshot = np.full((120, 100, 3), 255, np.uint8)
    packshot[30:90, 30:70] = (200, 40, 40)
    packshot[50:60, 45:55] = 255  # white inside the product stays
    cut = from_packshot(packshot)
    assert cut.shape == (60, 40, 4) or abs(cut.shape[0] - 60) <= 3
    assert cut[cut.shape[0] // 2 - 5, cut.shape[1] // 2, 3] > 200
    assert from_packshot(np.full((120, 100, 3), 90, np.uint8)) is None
    assert from_packshot(np.full((120, 100, 3), 255, np.uint8)) is None


def test_a_photo_with_a_clear_subject_is_an_example(tmp_path):
    for k in range(9):
        (tmp_path / f"photo{k}.png").write_bytes(images.encode_png(np.asarray(photo(seed=k))))
    made = stock(np.random.default_rng(0), cutouts=1, grounds=1, folders=[tmp_path])
    assert made.examples and all(example.shape[2] == 4 for example in made.examples)
    shown = [composite(made, np.random.default_rng(k), 64) for k in range(8)]
    assert all(picture.shape == (64, 64, 3) and mask.shape == (64, 64) for picture, mask in shown)
