"""Builds what finds subjects, faces and a clip's frame, and says where the player's controls are, and how well layouts
are done."""

from layoutgen.config import stages
from layoutgen.config.stages import ImagesSettings, ProtectSettings, SaliencySettings
from layoutgen.core.covers.protection import SAFE_ZONES, Zone, Zones
from layoutgen.models.base import Critic, Faces, FrameChooser, Saliency
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.models.finders.clips import ClipFrames
from layoutgen.models.finders.faces import detector


def saliency(settings: SaliencySettings) -> Saliency:
    """Build the subject finder."""
    match settings.model:
        case "border":
            return BorderSaliency()
        case "net":
            from layoutgen.models.finders.network import NetSaliency

            return NetSaliency(settings.threads)
        case path:
            from layoutgen.models.finders.files import FileSaliency

            return FileSaliency(path, settings.format, settings.threads)


def opinion(settings: ProtectSettings) -> Saliency | None:
    """Build the finder that the acceptance check asks besides; None where there is none."""
    return None if settings.second is None else saliency(settings.second)


def faces(settings: ProtectSettings) -> Faces | None:
    """Build the face detector; None where there is none, which the summary then says."""
    return detector(settings.faces, settings.saliency.threads)


def zones(settings: ProtectSettings) -> Zones:
    """The player's controls: those of the settings, else the shipped ones."""
    return SAFE_ZONES if settings.zones is None else named_zones(settings.zones)


def named_zones(settings: stages.Zones) -> Zones:
    """What a platform lays over a picture, as settings say it."""
    return {ratio: tuple(Zone(name, box) for name, box in sorted(named.items())) for ratio, named in settings.items()}


def frame_chooser(images: ImagesSettings, protect: ProtectSettings) -> FrameChooser:
    """Build what chooses a clip's frame."""
    return ClipFrames(saliency(protect.saliency), images.side)


def critic() -> Critic:
    """Build what says how well layouts are done."""
    from layoutgen.models.critics.network import Critic as EmbeddedCritic

    return EmbeddedCritic()
