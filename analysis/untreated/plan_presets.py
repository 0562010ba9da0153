"""A plan under other natural histories than the assumed one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.settings import Settings
from analysis.untreated.assumed import assumed_history
from analysis.untreated.history import PRESETS, Preset
from analysis.untreated.plan import grid_of
from analysis.untreated.plan_people import people_of
from analysis.untreated.plan_visits import VisitDesign, by_visits
from analysis.untreated.planning import Planning, Progress, exceeding, false_success
from analysis.untreated.shares import SimulatedShare


@dataclass(frozen=True, slots=True)
class PlanPreset:
    """What trials of the plan show if another natural history is the true one.

    Parameters
    ----------
    preset
        The natural history.
    assumed
        Whether it is the one that the plan assumes.
    false_success
        Trials without an effect with a two-sided P < 0.05 in favour.
    standing_out
        Trials without an effect whose mean change exceeds the limit that the assumed natural
        history gives; 2.5 % if that one is true.
    reason
        Why nothing can be said; empty if it can.
    """

    preset: Preset
    assumed: bool
    false_success: SimulatedShare
    standing_out: SimulatedShare
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the shares as JSON values."""
        return {
            "preset": self.preset.key,
            "label": self.preset.label,
            "assumed": self.assumed,
            "false_success": self.false_success.to_json(),
            "stands_out_without_effect": self.standing_out.to_json(),
            "reason": self.reason,
        }


def over_presets(
    found: Planning, settings: Settings, *, progress: Callable[[float], bool] | None = None
) -> tuple[PlanPreset, ...]:
    """Simulate the plan without an effect under every natural history that is offered.

    Parameters
    ----------
    found
        The plan, simulated under the natural history of ``settings``.
    settings
        Their natural history; what the reader edited in it holds under every preset.
    progress
        Called with the share that is done; if it returns ``False`` the presets that are left are
        not simulated.
    """
    planned = found.planned
    if planned is None:
        return ()
    plan = found.plan.with_(reduction=0.0)
    wanted = plan.trials * grid_of(plan.n)[-1]
    rows = []
    for at, preset in enumerate(PRESETS):
        assumed = assumed_history(settings.with_(history=preset.key))
        people = people_of(plan, assumed, wanted)
        chosen = preset.key == found.assumed.preset.key
        if people.reason or len(people.untreated) < plan.n:
            none = SimulatedShare(0, 0)
            reason = people.reason or "too few people were simulated"
            rows.append(PlanPreset(preset, chosen, none, none, reason))
        else:
            falsely = false_success(people.untreated, plan.n)
            out = exceeding(people.untreated, plan.n, planned.critical.value)
            rows.append(PlanPreset(preset, chosen, falsely, out))
        if progress is not None and not progress((at + 1) / len(PRESETS)):
            break
    return tuple(rows)


def more_designs(
    found: Planning, settings: Settings, *, progress: Progress | None = None
) -> tuple[tuple[VisitDesign, ...], tuple[PlanPreset, ...]]:
    """Return a plan with more or fewer visits, and under every natural history.

    Parameters
    ----------
    found
        The plan.
    settings
        What the reader changed of the natural history.
    progress
        Called with the share that is done.
    """

    def told(share: float) -> bool:
        return progress is None or progress(share)

    return (
        by_visits(found, progress=lambda share: told(share / 2)),
        over_presets(found, settings, progress=lambda share: told((1 + share) / 2)),
    )
