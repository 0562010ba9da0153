"""What a trial simulated from a summary was asked to show, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from analysis.published.consistency import READINGS, consistency
from analysis.published.printed import PrintedSummary
from analysis.published.summary_trial import Achieved, Moments
from data.endpoints import ENDPOINTS
from report.consistency_words import needs_n, p_text
from report.numbers import bare_p, plain, signed

ABOUT = (
    "Many different sets of people have the same means and SDs. This draws one of them, so that "
    "you can see what such a result could look like. Nobody’s data are in it, it proves nothing "
    "about the publication, and it carries the word “simulated” wherever it is shown."
)


def achieved_table(
    found: Sequence[Achieved], printed: Mapping[str, PrintedSummary]
) -> pd.DataFrame:
    """Return asked and achieved side by side, in units per period, with what is printed.

    Parameters
    ----------
    found
        One entry for each endpoint.
    printed
        The printed row of each endpoint, by key.
    """
    rows = []
    for one in found:
        label = ENDPOINTS[one.key].label
        said = p_text(printed[one.key]).removeprefix("P ").removeprefix("= ")
        rows += [
            {"endpoint": label, "": "asked", **_cells(one.asked), "printed P": said},
            {"endpoint": label, "": "this trial", **_cells(one.achieved), "printed P": ""},
        ]
    return pd.DataFrame(rows)


def achieved_note(found: Sequence[Achieved]) -> str:
    """Say why asked and achieved differ."""
    parts = [
        "Scores are rounded to the scale (ALSFRS-R to whole points), so the two differ a little",
        "Courses are straight lines that nothing else scatters about: intervals of single patients "
        "are narrower than in real data",
    ]
    for one in found:
        if one.held:
            label = ENDPOINTS[one.key].label
            parts.append(
                f"{label}: {one.held} of {one.values} values are held at an end of the scale"
            )
    return ". ".join(parts) + "."


def correlation_note(printed: PrintedSummary, n: int) -> str:
    """Say whether some r gives the printed P by a paired t test of n people; empty without a P.

    Parameters
    ----------
    printed
        One printed row.
    n
        People of the simulated trial, at least 3.
    """
    if not printed.p.text:
        return ""
    for reading in READINGS:
        found = consistency([replace(printed, n=n)], reading, ("paired",)).checks[0]
        spot = found.findings[0].spots[0]
        if spot.possible:
            low, high = spot.r[0]
            return (
                f"{printed.label}: {p_text(printed)} by a paired t test of n = {n} needs r = "
                f"{signed(low)} to {signed(high)}."
            )
    every = consistency([replace(printed, n=None)], "exact", ("paired",))
    needed = needs_n(every.checks[0].findings[0].possible, every.n_values[-1])
    return (
        f"{printed.label}: no r gives {p_text(printed)} by a paired t test of n = {n}; as printed "
        f"it needs {needed}. Any r is a guess here."
    )


def _cells(moments: Moments) -> dict[str, str]:
    return {
        "before": f"{plain(moments.before_mean)} ± {plain(moments.before_sd)}",
        "after": f"{plain(moments.after_mean)} ± {plain(moments.after_sd)}",
        "r": signed(moments.r),
        "paired t, P": bare_p(moments.p),
    }
