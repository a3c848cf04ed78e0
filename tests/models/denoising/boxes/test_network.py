"""Heads refine boxes one after another, and rows know nothing of each other."""

import pytest
import torch

from layoutgen.models.denoising.boxes.head import Scene
from layoutgen.models.denoising.boxes.network import Radm, build, parameters
from layoutgen.models.denoising.boxes.sizes import PAPER, SIZES, SMALL
from layoutgen.models.denoising.lines import ROLES
from tests.models.denoising.tiny import COPIES, TINY, network, noisy, scenes

ALL = list(range(8))


def answer(net, numbers, t=500):
    with torch.inference_mode():
        boxes = noisy(numbers).to(next(net.parameters()).dtype)
        return net(scenes(net, numbers), boxes, torch.full((len(numbers),), t))


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-9), (torch.float32, 1e-3)])
@pytest.mark.parametrize("anchored", [True, False])
def test_a_batch_of_eight_is_eight_singles(dtype, most, anchored):
    net = network(anchored=anchored).to(dtype)
    together = answer(net, ALL)
    for row in ALL:
        for found, alone in zip(together, answer(net, [row]), strict=True):
            lines = alone.carries.shape[2] - 1
            assert torch.allclose(found.roles[row], alone.roles[0], atol=most)
            assert torch.allclose(found.ltrb[row], alone.ltrb[0], atol=most)
            assert torch.allclose(found.carries[row, :, :lines], alone.carries[0, :, :lines], atol=most)
            assert torch.allclose(found.carries[row, :, -1], alone.carries[0, :, -1], atol=most)


def test_proposals_that_are_no_texts_may_come_in_any_order():
    lines = len(COPIES[0].selling_points) + 1  # which are anchored
    order = lines + torch.randperm(TINY.proposals - lines, generator=torch.Generator().manual_seed(0))
    net, order = network(), torch.cat([torch.arange(lines), order])
    with torch.inference_mode():
        scene, t = scenes(net, [0]), torch.tensor([300])
        plain, turned = net(scene, noisy([0]), t)[-1], net(scene, noisy([0])[:, order], t)[-1]
    assert torch.allclose(plain.ltrb[:, order], turned.ltrb, atol=1e-5)


def test_picture_copy_time_and_boxes_all_matter():
    net = network()
    plain = answer(net, [0])[-1].roles
    assert not torch.allclose(answer(net, [0], t=10)[-1].roles, plain, atol=1e-4)
    with torch.inference_mode():
        scene = scenes(net, [0])
        for other in (
            scene._replace(atlas=scene.atlas.flip(3)),
            scene._replace(lines=scene.lines + 0.5),
            scene._replace(sizes=scene.sizes * 0.5),
        ):
            assert not torch.allclose(net(other, noisy([0]), torch.tensor([500]))[-1].roles, plain, atol=1e-4)


def test_every_head_is_supervised_and_no_gradient_flows_through_its_boxes():
    net = network()
    scene = Scene(*(part.clone() for part in scenes(net, [0, 1])))
    found = net(scene, noisy([0, 1]), torch.tensor([10, 900]))
    assert len(found) == TINY.heads
    found[0].ltrb.sum().backward()
    assert all(p.grad is None for p in net.heads[1].parameters())
    net.zero_grad()
    # The second head knows the first one by its features alone: what moves the first's boxes learns nothing from it.
    net(scene, noisy([0, 1]), torch.tensor([10, 900]))[1].ltrb.sum().backward()
    assert net.heads[0].box[-1].weight.grad is None
    assert net.heads[0].dynamic.make.weight.grad.abs().sum() > 0


def test_each_text_has_a_proposal_of_its_own_and_the_others_carry_none():
    carries = answer(network(), [0, 1])[-1].carries.softmax(-1)
    assert carries[1].argmax(-1).tolist() == [0, 1, 2, 3, 4, 5] + [6] * (TINY.proposals - 6)
    assert carries[0].argmax(-1).tolist() == [0, 1, 2] + [6] * (TINY.proposals - 3)
    plain = answer(network(anchored=False), [0, 1])[-1].carries.softmax(-1)
    assert 0.01 < plain[1].max() < 0.9
    assert (plain[0, :, 3:6] == 0).all()


def test_a_single_text_drives_its_box():
    lamp = [2]
    for anchored in (True, False):
        net = network(anchored=anchored)
        with torch.inference_mode():
            scene = scenes(net, lamp)
            plain, other = (
                net(one, noisy(lamp), torch.tensor([500]))[-1].ltrb
                for one in (scene, scene._replace(lines=scene.lines.roll(1, -1)))
            )
        assert torch.allclose(plain, other, atol=1e-3) != anchored


def test_only_anchored_proposals_know_where_they_are():
    for anchored in (True, False):
        net = network(anchored=anchored, geometric=False, textual=False)
        with torch.inference_mode():
            scene = scenes(net, [0])
            scene = scene._replace(atlas=torch.ones_like(scene.atlas))  # a picture that is everywhere the same
            boxes = torch.tensor([0.1, 0.1, 0.3, 0.2]).expand(1, TINY.proposals, 4).clone()
            boxes[0, -1] += 0.5
            roles = net(scene, boxes, torch.tensor([500]))[0].roles[0]
        assert torch.allclose(roles[-1], roles[-2], atol=1e-4) != anchored


def test_a_relation_that_is_switched_off_has_no_weights_and_no_part():
    plain, bare = network(), network(geometric=False, textual=False)
    assert not any("geometric" in name or "textual" in name for name in bare.state_dict())
    assert parameters(bare) < parameters(plain)
    assert answer(bare, [0])[-1].roles.isfinite().all()


def test_small_fits_a_laptop_and_paper_is_as_published():
    small = build(SMALL)
    assert parameters(small) <= 12e6
    assert set(SIZES) == {"small", "paper"}
    with torch.device("meta"):
        paper = Radm(PAPER, anchored=False)
    assert (PAPER.width, PAPER.heads, PAPER.proposals, PAPER.text) == (256, 6, 100, 768)
    assert parameters(paper.pyramid.backbone) == pytest.approx(23.5e6, rel=0.01)  # ResNet-50 without its classifier
    assert paper.heads[0].textual.positions.weight.shape == (49, 50)
    assert paper.heads[0].geometric.value.weight.shape == (64, 256 * 49)
    assert paper.heads[0].role[-1].weight.shape == (len(ROLES), 256)


def test_weights_are_the_seeds_and_the_global_generator_is_left_alone():
    state = torch.random.get_rng_state()
    one, same, other = build(TINY, 1), build(TINY, 1), build(TINY, 2)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.letters.low.weight, other.letters.low.weight)
