"""The frame of a clip that makes its cover: read by `imaging.video`, seen by a saliency model, chosen by
`core.covers.frame_choice`."""

from typing import BinaryIO

from layoutgen.core.covers import frame_choice as frames
from layoutgen.imaging import video
from layoutgen.imaging.shrinking import shrink
from layoutgen.models.base import ChosenFrame, Fault, Saliency

VERSION = "clips-2"
_COUNT = 12
_LOOK_SIDE = 256


class ClipFrames:
    """Chooses among 12 frames spread over the clip, each of at most `side` px on the longer side. Deterministic."""

    def __init__(self, saliency: Saliency, side: int) -> None:
        self._saliency, self._side = saliency, side

    def choose(self, file: BinaryIO) -> ChosenFrame | Fault:
        """Return the best frame, or why there is none."""
        try:
            clip = video.read(file, count=_COUNT, side=self._side)
        except video.VideoFault as fault:
            return Fault(fault.kind, fault.message)
        looked_at = [shrink(frame.pixels, _LOOK_SIDE) for frame in clip.frames]
        maps = self._saliency.saliency(looked_at)
        candidates = [
            frames.Candidate(frame.time_s, small, found)
            for frame, small, found in zip(clip.frames, looked_at, maps, strict=True)
        ]
        shown = [k for k, candidate in enumerate(candidates) if not frames.shows_nothing(candidate.pixels)]
        if not shown:
            return Fault("shows_nothing", "every frame is one flat colour; give a clip of the product")
        best, _ = frames.choose([candidates[k] for k in shown])
        chosen = clip.frames[shown[best]]
        return ChosenFrame(chosen.pixels, chosen.time_s, clip.width, clip.height, clip.notes)
