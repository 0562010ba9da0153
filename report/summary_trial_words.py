"""What a trial simulated from a summary was asked to show, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.published.summary_trial import Achieved, Moments
from data.endpoints import ENDPOINTS
from report.numbers import bare_p, plain, signed

ABOUT = (
    "Many different sets of people have the same means and SDs. This draws one of them, so that "
    "you can see what such a result could look like. Nobody’s data are in it, it proves nothing "
    "about the publication, and it carries the word “simulated” wherever it is shown."
)


def achieved_table(found: Sequence[Achieved]) -> pd.DataFrame:
    """Return asked and achieved side by side, in units per period."""
    rows = []
    for one in found:
        label = ENDPOINTS[one.key].label
        rows += [
            {"endpoint": label, "": "asked", **_cells(one.asked)},
            {"endpoint": label, "": "this trial", **_cells(one.achieved)},
        ]
    return pd.DataFrame(rows)


def achieved_note(found: Sequence[Achieved]) -> str:
    """Say why asked and achieved differ."""
    parts = [
        "Scores are rounded to the scale (ALSFRS-R to whole points), so the two differ a little"
    ]
    for one in found:
        if one.held:
            label = ENDPOINTS[one.key].label
            parts.append(
                f"{label}: {one.held} of {one.values} values are held at an end of the scale"
            )
    return ". ".join(parts) + "."


def _cells(moments: Moments) -> dict[str, str]:
    return {
        "before": f"{plain(moments.before_mean)} ± {plain(moments.before_sd)}",
        "after": f"{plain(moments.after_mean)} ± {plain(moments.after_sd)}",
        "r": signed(moments.r),
        "paired t, P": bare_p(moments.p),
    }
