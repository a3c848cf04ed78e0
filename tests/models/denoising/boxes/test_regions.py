"""Features of a box are what lies in it."""

import numpy as np
import pytest
import torch

from layoutgen.models.denoising.boxes.pyramid import STRIDES, atlas
from layoutgen.models.denoising.boxes.regions import levels, region_features

SIDE = 64  # px of the picture


def ramps(side=SIDE):
    """Levels whose two channels are x and y in px of the picture."""
    found = []
    for stride in STRIDES:
        centres = (torch.arange(side // stride) + 0.5) * stride
        found.append(torch.stack(torch.meshgrid(centres, centres, indexing="xy")).float()[None])
    return found


def plain(level, stride, box, pooled):
    """ROIAlign of one box by loops: (channels, pooled, pooled)."""
    features, (left, top, right, bottom) = level[0].numpy(), box
    side = features.shape[1]

    def at(x, y):
        x, y = min(max(x / stride - 0.5, 0), side - 1), min(max(y / stride - 0.5, 0), side - 1)
        x0, y0 = min(int(x), side - 2) if side > 1 else 0, min(int(y), side - 2) if side > 1 else 0
        x1, y1, fx, fy = min(x0 + 1, side - 1), min(y0 + 1, side - 1), x - x0, y - y0
        return (
            features[:, y0, x0] * (1 - fx) * (1 - fy)
            + features[:, y0, x1] * fx * (1 - fy)
            + features[:, y1, x0] * (1 - fx) * fy
            + features[:, y1, x1] * fx * fy
        )

    out = np.zeros((features.shape[0], pooled, pooled))
    for row in range(pooled):
        for column in range(pooled):
            for dy in (0.25, 0.75):
                for dx in (0.25, 0.75):
                    x = left + (right - left) * (column + dx) / pooled
                    y = top + (bottom - top) * (row + dy) / pooled
                    out[:, row, column] += at(x, y) / 4
    return out


def test_each_cell_of_a_box_has_the_mean_of_what_lies_there():
    box = torch.tensor([[[12.0, 20.0, 40.0, 34.0]]])
    found = region_features(atlas(ramps()), box, 7)[0, 0].T.reshape(2, 7, 7)
    assert torch.allclose(found[0, 3], 12 + 28 * (torch.arange(7) + 0.5) / 7, atol=1e-3)  # x along a row
    assert torch.allclose(found[1, :, 3], 20 + 14 * (torch.arange(7) + 0.5) / 7, atol=1e-3)  # y down a column


@pytest.mark.parametrize("pooled", [2, 7])
def test_boxes_of_any_size_and_place_are_read_as_by_loops(pooled):
    drawn = torch.Generator().manual_seed(0)
    maps = [torch.randn(1, 3, SIDE // s, SIDE // s, generator=drawn) for s in STRIDES]
    boxes = (torch.rand(1, 40, 2, 2, generator=drawn) * 90 - 13).sort(2).values.flatten(2)
    boxes[0, :10, 2:] = boxes[0, :10, :2] + 3  # small ones
    found = region_features(atlas(maps), boxes, pooled)[0].mT.reshape(40, 3, pooled, pooled)
    for k, level in enumerate(levels(boxes, SIDE)[0].tolist()):
        expected = plain(maps[level], STRIDES[level], boxes[0, k].tolist(), pooled)
        assert np.allclose(found[k].numpy(), expected, atol=1e-4), k


def test_small_boxes_are_read_from_fine_levels():
    sizes = torch.tensor([1.0, 8, 16, 17, 19, 36, 37, 64])
    boxes = torch.cat([torch.zeros(8, 2), sizes[:, None].expand(-1, 2)], 1)[None]
    found = levels(boxes, SIDE)[0].tolist()
    assert found == sorted(found)
    assert found[0] == 0
    assert found[-1] == 3


def test_rows_and_boxes_are_not_mixed_up():
    maps = [torch.cat([torch.full((1, 1, SIDE // s, SIDE // s), v) for v in (1.0, 2.0, 3.0)]) for s in STRIDES]
    boxes = torch.rand(3, 5, 2, 2).sort(2).values.flatten(2) * SIDE
    found = region_features(atlas(maps), boxes, 3)
    assert found.shape == (3, 5, 9, 1)
    assert torch.allclose(found, torch.tensor([1.0, 2.0, 3.0])[:, None, None, None].expand_as(found), atol=1e-5)
