"""Copy that runs from right to left, for planners that were made for the other way: what they plan is mirrored. The
product itself is never turned."""

from dataclasses import replace

from layoutgen.core import mirroring
from layoutgen.core.text.direction import base_direction
from layoutgen.models.base import Fault, Plan, PlanBrief, Planner


class MirroredPlanner:
    """A planner that mirrors the plans of briefs whose title runs from right to left."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    def plan(self, briefs: list[PlanBrief]) -> list[Plan | Fault]:
        """Return each brief's plan, or why there is none."""
        turned = [base_direction(brief.copy.title, brief.copy.language) == "rtl" for brief in briefs]
        plans = self._planner.plan(
            [
                replace(brief, free=mirroring.boxes(brief.free)) if is_turned else brief
                for brief, is_turned in zip(briefs, turned, strict=True)
            ]
        )
        return [
            _mirrored(plan) if is_turned and isinstance(plan, Plan) else plan
            for plan, is_turned in zip(plans, turned, strict=True)
        ]


def _mirrored(plan: Plan) -> Plan:
    return Plan(mirroring.box(plan.product_box), tuple(map(mirroring.suggestion, plan.suggestions)))
