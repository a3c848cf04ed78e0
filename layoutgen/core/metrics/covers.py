"""Video covers: overlap and occlusion as the video-thumbnail literature prints them, and the acceptance rate.

Source: HPCVTG (Yang et al., ACM MM 2023) and PosterLLaVa (arXiv 2406.02884), whose tables give both in percent (human
6.29 and 5.88; lower is better). Their program is not public, so the definitions are those of the metrics they name:
overlap is LayoutGAN++'s, occlusion the mean saliency under the elements, each times 100. Of rows whose `application` is
video_cover; others are excluded. **accepted** (higher): share of covers whose row says that they passed the acceptance
check; rows without an answer are excluded.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from layoutgen.core.metrics.layouts import Score, score

NAMES = ("overlap", "occlusion", "accepted")


def covers(
    is_cover: np.ndarray, ralf: Mapping[str, Score], accepted: Sequence[bool | None] | None = None
) -> dict[str, Score]:
    """The three scores of n rows from RALF's overlap and occlusion and the rows' answers."""
    passed = accepted if accepted is not None else [None] * len(is_cover)
    answered = np.array([answer is not None for answer in passed], bool)
    return {
        "overlap": score(100 * ralf["overlap"].total, ralf["overlap"].weight * is_cover),
        "occlusion": score(100 * ralf["occlusion"].total, ralf["occlusion"].weight * is_cover),
        "accepted": score(np.array([answer is True for answer in passed]), answered & is_cover),
    }
