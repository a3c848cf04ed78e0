"""Builds what reads pictures: one `match` is all that a new annotator needs."""

from layoutgen.config.stages import AnnotateSettings, ProtectSettings, SaliencySettings
from layoutgen.core.covers import key_elements
from layoutgen.io.storage import Storage
from layoutgen.models.annotators import grounded, ocr
from layoutgen.models.annotators import subject_only as no_reader
from layoutgen.models.annotators.strips import InParts
from layoutgen.models.base import Annotator, Grounder, Pointer
from layoutgen.models.building.finders import saliency


def subject_only(settings: SaliencySettings) -> Annotator:
    """The annotator for images whose text is known already."""
    return no_reader.SubjectOnly(saliency(settings))


def annotator(settings: AnnotateSettings, storage: Storage) -> tuple[Annotator, str]:
    """Build the annotator, and its name and version as rows say it."""
    match settings.engine:
        case "ocr":
            return ocr.OcrAnnotator(threads=settings.threads, saliency=saliency(settings.saliency)), ocr.VERSION
        case "none":
            return subject_only(settings.saliency), no_reader.VERSION
        case "internvl":
            from layoutgen.models.building import vlm as building_vlm

            model, name = building_vlm.annotator(settings, storage, saliency(settings.saliency))
            return InParts(model, subject_only(settings.saliency), settings.batch), name
        case "grounded":  # `grounder` takes it from here
            reader = ocr.OcrAnnotator(threads=settings.threads, saliency=saliency(settings.saliency))
            return InParts(reader, subject_only(settings.saliency), settings.batch), ocr.VERSION


def grounder(settings: AnnotateSettings, storage: Storage) -> tuple[Grounder, str]:
    """Build what asks a language model about read texts, and its name and version as rows say it."""
    from layoutgen.models.building import vlm as building_vlm

    namer, name = building_vlm.annotator(settings, storage, None)

    def strip_reader() -> Annotator:
        reader = ocr.OcrAnnotator(threads=settings.threads, saliency=saliency(settings.saliency))
        both = grounded.GroundedAnnotator(namer, reader)
        return InParts(both, subject_only(settings.saliency), settings.batch)

    return grounded.GroundedInParts(namer, strip_reader), f"{name}, {grounded.VERSION} in {ocr.VERSION}"


def pointer(settings: ProtectSettings, storage: Storage) -> tuple[Pointer, str]:
    """Build what asks a language model about covers, and its name and version as rows say it."""
    from layoutgen.models.building import vlm as building_vlm

    model, name = building_vlm.pointer(settings, storage)
    return model, f"{name}, {key_elements.VERSION}"
