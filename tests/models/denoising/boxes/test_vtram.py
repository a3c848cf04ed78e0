"""The visual-text relation is its equations, and of each layout's own texts."""

import torch
from torch.nn.functional import gelu

from layoutgen.models.denoising.boxes.vtram import VisualTextRelation
from tests.models.denoising.tiny import TINY

ROWS, COUNT, LINES = 3, 5, 4


def module():
    torch.manual_seed(0)
    return VisualTextRelation(TINY).eval()


def drawn():
    torch.manual_seed(1)
    features = torch.randn(ROWS, COUNT, TINY.positions, TINY.width)
    boxes = torch.rand(ROWS, COUNT, 2, 2).sort(2).values.flatten(2)
    there = torch.ones(ROWS, LINES, dtype=torch.bool)
    there[1, 2:] = False
    return features, boxes, torch.randn(ROWS, LINES, TINY.text), there


def normed(x):
    return (x - x.mean(1, keepdim=True)) / (x.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()


def by_equations(net, features, box, lines):
    """m of one region (C, P), its box (4,) and its layout's lines (L, D)."""

    def conv(layer, x):
        return layer.weight @ x + layer.bias[:, None]

    place = net.box.weight @ box + net.box.bias
    query = torch.cat([normed(conv(net.query, features)), place[:, None]], 1)
    query = query @ net.positions.weight.T + net.positions.bias
    key, value = conv(net.key, lines.T), conv(net.value, lines.T)
    told = []
    for q, k, v in zip(query.chunk(2), key.chunk(2), value.chunk(2), strict=True):
        share = (q.T @ k / len(q) ** 0.5).softmax(-1)
        told.append(v @ share.T)
    told = normed(conv(net.told, torch.cat(told)))
    return gelu(conv(net.out, gelu(conv(net.seen, features)) * told)).mean(1)


@torch.inference_mode()
def test_it_is_its_equations_region_by_region():
    net, (features, boxes, lines, there) = module(), drawn()
    found = net(features, boxes, lines, there)
    assert found.shape == (ROWS, COUNT, TINY.width)
    for i in range(ROWS):
        for k in range(COUNT):
            expected = by_equations(net, features[i, k].T, boxes[i, k], lines[i, there[i]])
            assert torch.allclose(found[i, k], expected, atol=1e-5), (i, k)


@torch.inference_mode()
def test_the_order_of_lines_and_lines_that_are_not_there_change_nothing():
    net, (features, boxes, lines, there) = module(), drawn()
    found = net(features, boxes, lines, there)
    order = torch.tensor([3, 1, 0, 2])  # a reshape in a transpose's place would mix lines here
    assert torch.allclose(net(features, boxes, lines[:, order], there[:, order]), found, atol=1e-5)
    lines[1, 2:] = 100.0
    assert torch.allclose(net(features, boxes, lines, there), found, atol=1e-6)


@torch.inference_mode()
def test_the_texts_of_one_layout_change_no_other():
    net, (features, boxes, lines, there) = module(), drawn()
    found = net(features, boxes, lines, there)
    lines[0, 0] += 1.0
    changed = net(features, boxes, lines, there)
    assert torch.equal(changed[1:], found[1:])
    assert (changed[0] - found[0]).abs().amax(-1).min() > 1e-3


@torch.inference_mode()
def test_a_single_line_says_nothing_for_all_positions_have_it_in_common():
    net, (features, boxes, lines, there) = module(), drawn()
    there[:, 1:] = False
    assert torch.allclose(net(features, boxes, lines, there), net(features, boxes, -lines, there), atol=1e-4)


@torch.inference_mode()
def test_a_layout_without_any_text_is_finite():
    net, (features, boxes, lines, there) = module(), drawn()
    assert net(features, boxes, lines, there & False).isfinite().all()
