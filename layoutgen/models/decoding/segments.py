"""Attention of a vision tower for packed pictures: a sequence of segments (windows or whole pictures), those of one
length at once, registered with transformers as `SEGMENTS`.

transformers hands over the segments only because of the word `flash` in the name; its own way is a call a segment.
"""

from typing import Any

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

SEGMENTS = "layoutgen_flash_segments"


def attend_segments(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any = None,
    scaling: float | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each segment of packed (1, heads, tokens, size); `cu_seq_lens_q` are the segments' bounds."""
    assert cu_seq_lens_q is not None
    heads, tokens, size = query.shape[1:]
    sides = [side[0].transpose(0, 1) for side in (query, key, value)]
    out = query.new_empty(tokens, heads, size)
    for length, where in _segments(cu_seq_lens_q):
        some = ((side if where is None else side[where]).view(-1, length, heads, size) for side in sides)
        queries, keys, values = (side.transpose(1, 2) for side in some)
        found = scaled_dot_product_attention(queries, keys, values, scale=scaling)
        found = found.transpose(1, 2).reshape(-1, heads, size)
        if where is None:
            out = found
        else:
            out.index_copy_(0, where, found)
    return out[None], None


_known: list[tuple[torch.Tensor, list[tuple[int, torch.Tensor | None]]]] = []


def _segments(bounds: torch.Tensor) -> list[tuple[int, torch.Tensor | None]]:
    """The lengths of segments, and for each where its tokens are (None: everywhere). All layers of a pass ask with the
    same tensors, and reading one back from a GPU stops it, so the last answers are kept."""
    for tensor, segments in _known:
        if tensor is bounds:
            return segments
    ends = bounds.cpu().numpy().astype(np.int64)
    starts, lengths = ends[:-1], np.diff(ends)
    segments = []
    for length in np.unique(lengths[lengths > 0]).tolist():
        some = starts[lengths == length]
        where = (some[:, None] + np.arange(length)).reshape(-1)
        whole = len(where) == ends[-1]
        segments.append((length, None if whole else torch.from_numpy(where).to(bounds.device)))
    _known.append((bounds, segments))
    del _known[:-4]
    return segments


AttentionInterface.register(SEGMENTS, attend_segments)
