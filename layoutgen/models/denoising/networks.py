"""The families of networks that denoise, by the names that settings say: a new one is a folder and a line here."""

from pathlib import Path

from layoutgen.models.denoising.boxes import family as boxes
from layoutgen.models.denoising.family import Family
from layoutgen.models.denoising.files import model_type_in
from layoutgen.models.denoising.images import family as images
from layoutgen.models.denoising.plans import family as plans

FAMILIES: dict[str, Family] = {family.name: family for family in (boxes.FAMILY, images.FAMILY, plans.FAMILY)}


def family_in(folder: Path) -> Family | None:
    """The family that a checkpoint's config.json says; None for none of these."""
    model_type = model_type_in(folder)
    return next((family for family in FAMILIES.values() if family.model_type == model_type), None)
