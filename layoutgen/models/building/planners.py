"""Builds what plans posters: one `match` is all that a new planner needs."""

from pathlib import Path

from layoutgen.config.posters import PlanSettings
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.errors import AbsentError
from layoutgen.core.proposals import ranking
from layoutgen.io.storage import Storage
from layoutgen.models.base import Planner
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.planners import rules
from layoutgen.models.planners.mirrored import MirroredPlanner
from layoutgen.models.prefixes import split_pin
from layoutgen.models.weights import EMBEDDED, fetch_weights, identity, pinned, weights_sha


def planner(settings: PlanSettings, place: PlaceSettings, face_for: FaceFor, storage: Storage) -> tuple[Planner, str]:
    """Build the planner, and what rows say of it as their composer. Raises ValueError or AbsentError with the
    mend where a network's weights are not there or not whole."""
    match settings.engine:
        case "rules":
            planner = rules.RulesPlanner(face_for, margin=place.margin, min_font=place.min_font)
            return MirroredPlanner(planner), rules.VERSION
        case "plannet":
            from layoutgen.models.denoising.plans import checkpoint
            from layoutgen.models.denoising.plans.planner import VERSION, PlanNetPlanner

            folder = fetch_weights(_weights(settings), Path(settings.cache).expanduser(), storage)
            network = checkpoint.load(folder, settings.device)
            plans = PlanNetPlanner(network, steps=settings.steps, samples=settings.candidates, rows=settings.batch)
            weights = f"{split_pin(settings.model)[0]} {weights_sha(folder)[:12]}"
            return MirroredPlanner(plans), f"{VERSION} {weights}, {settings.steps} steps"


def pinned_settings(settings: PlanSettings, storage: Storage) -> PlanSettings:
    """The settings with a network named by what it is now, for a whole run. Raises ValueError or AbsentError naming the
    setting and the mend."""
    if settings.engine != "plannet" or settings.model == EMBEDDED:
        return settings
    try:
        now = pinned(settings.model, Path(settings.cache).expanduser(), storage)
    except AbsentError as error:
        raise AbsentError(f"plan.model = {settings.model!r}: {error}") from None
    except ValueError as error:
        raise ValueError(f"plan.model = {settings.model!r}: {error}") from None
    return settings.model_copy(update={"model": now})


def check(settings: PlanSettings, storage: Storage) -> None:
    """See that a network is there and whole. Raises ValueError or AbsentError with the mend."""
    if settings.engine == "plannet":
        from layoutgen.models.denoising.plans import checkpoint

        checkpoint.load(fetch_weights(_weights(settings), Path(settings.cache).expanduser(), storage), "cpu")


def version(settings: PlanSettings, place: PlaceSettings) -> list[object]:
    """What tells the plans of one planner from those of another, told without loading a model."""
    match settings.engine:
        case "rules":
            return [rules.VERSION, place.margin, place.min_font]
        case "plannet":
            from layoutgen.models.denoising.plans.planner import VERSION

            return [VERSION, ranking.VERSION, identity(_weights(settings)), settings.steps, settings.candidates]


def _weights(settings: PlanSettings) -> str:
    """Where the network's weights are: in the package where they are embedded."""
    return f"{EMBEDDED}/plans" if settings.model == EMBEDDED else settings.model
