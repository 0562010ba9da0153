"""Values that cannot or can hardly be right: found, named, set aside; never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from data.endpoints import ENDPOINTS
from data.findings import Finding, Severity
from data.records import Place
from data.scores import impossible
from data.trial import USABLE
from data.visit_order import better_years, out_of_step, unordered

MAX_LISTED: Final = 40
_FARTHEST_DAYS: Final = 20 * 365.25
_JUST_AFTER_DAYS: Final = 3
_BIGGEST_JUMP: Final = 10.0
_JUMP_DAYS: Final = 92.0
_REPEAT: Final = 5.0
_RATIO_OFF: Final = 0.2


@dataclass(frozen=True, slots=True)
class _Check:
    """How the values that a check marks are reported.

    Parameters
    ----------
    code, step, severity
        Code, next step and severity of the findings.
    by_row
        One finding a row of the file instead of one a value.
    aside
        Whether the values are set aside.
    with_value
        Whether the finding carries the value.
    """

    code: str
    step: str
    by_row: bool = False
    aside: bool = True
    with_value: bool = False
    severity: Severity = "warning"


class Suspects:
    """Marks the values of one trial.

    Parameters
    ----------
    values
        One row a value: ``patient`` (position), ``role``, ``value``, ``date`` (ordinal), ``day``,
        ``row``, ``place``, ``status``; ``status`` is changed here.
    names
        Names of the patients.
    places
        The columns from which the values were read.
    """

    def __init__(self, values: pd.DataFrame, names: Sequence[str], places: Sequence[Place]) -> None:
        self.values = values
        self.names = [f"Patient {name}" if name.isdigit() else name for name in names]
        self.places = places
        self.findings: list[Finding] = []

    def out_of_range(self) -> None:
        """Set aside what no scale can hold."""
        for role in self.values["role"].unique():
            mine = (self.values["role"] == role).to_numpy()
            bad = np.zeros(len(mine), dtype=np.bool_)
            bad[mine] = impossible(role, self.values.loc[mine, "value"].to_numpy())
            named = ENDPOINTS[role].named
            self._mark(
                bad,
                _Check(
                    "OUT_OF_RANGE",
                    "It is shown, at the edge of the scale, and not analysed; correct the file.",
                    with_value=True,
                ),
                lambda row, n=named: f"{row['value']:g} cannot be {n}.",  # type: ignore[misc]
                proposed=lambda _: "",
            )

    def far_away(self) -> None:
        """Set aside visits decades from the transplant."""
        far = self._usable() & (self.values["day"].abs() > _FARTHEST_DAYS).to_numpy()
        self._mark(
            far,
            _Check(
                "IMPLAUSIBLE_TIME",
                "It is shown but not analysed; correct the date, or keep the values with a reason.",
                by_row=True,
            ),
            lambda _: "This visit is more than 20 years from the transplant.",
        )

    def wrong_years(self) -> None:
        """Set aside visits that stand a year or more out of the order of their rows.

        In the file one visit must lie far from both its neighbours, which are in order, and
        another year must put it between them.
        """
        timed = self.values[np.isfinite(self.values["date"].to_numpy()) & self._usable()]
        rows = timed.drop_duplicates(["patient", "place", "row"])
        keys = ["patient", "place"]
        rows = rows.sort_values([*keys, "row"], kind="stable")
        day = rows["date"].to_numpy(dtype=np.float64)
        group = rows.groupby(keys, sort=False).ngroup().to_numpy()
        bad = out_of_step(day, group) & ~unordered(day, group)
        if not bad.any():
            return
        wrong = rows.loc[bad, ["patient", "place", "row"]]
        marked = pd.MultiIndex.from_frame(self.values[["patient", "place", "row"]]).isin(
            pd.MultiIndex.from_frame(wrong)
        )
        years = {
            (int(p), int(r)): new
            for p, r, new in zip(
                wrong["patient"], wrong["row"], better_years(day, bad), strict=True
            )
        }

        def said(row: pd.Series) -> str:
            found = date.fromordinal(int(row["date"])).isoformat()
            new = years.get((int(row["patient"]), int(row["row"])))
            hint = f" {new} would fit." if new else ""
            return f"The year of {found} does not fit the visits before and after it.{hint}"

        self._mark(
            marked & self._usable(),
            _Check(
                "SUSPECT_YEAR",
                "It is shown but not analysed; correct the date, or keep the values with a reason.",
                by_row=True,
            ),
            said,
            proposed=lambda row: years.get((int(row["patient"]), int(row["row"]))) or None,
        )

    def after_death(self, death_day: np.typing.NDArray[np.float64]) -> None:
        """Set aside visits after the date of death."""
        who = self.values["patient"].to_numpy(dtype=np.int64)
        late = (self.values["day"].to_numpy() > death_day[who]) & self._usable()
        self._mark(
            late,
            _Check(
                "VISIT_AFTER_DEATH",
                "It is shown but not analysed; correct one of the two dates.",
                by_row=True,
            ),
            lambda row: f"{self.names[int(row['patient'])]} has a visit after the date of death.",
        )

    def before_onset(self, onset_day: np.typing.NDArray[np.float64]) -> None:
        """Report visits before the first symptom; they stay in."""
        who = self.values["patient"].to_numpy(dtype=np.int64)
        early = (self.values["day"].to_numpy() < onset_day[who]) & self._usable()
        self._mark(
            early,
            _Check(
                "VISIT_BEFORE_ONSET",
                "One of the two dates is wrong; the visit is still used.",
                by_row=True,
                aside=False,
            ),
            lambda row: f"{self.names[int(row['patient'])]} has a visit before the first symptom.",
        )

    def jumps(self) -> None:
        """Report changes of more than 10 ALSFRS-R points within three months; they stay in."""
        mask = self._steps("alsfrs_r", lambda step: np.abs(step) > _BIGGEST_JUMP)
        self._mark(
            mask,
            _Check(
                "SCORE_JUMP",
                "Check the score; it is used as it stands.",
                aside=False,
                with_value=True,
            ),
            lambda row: (
                f"{self.names[int(row['patient'])]}: ALSFRS-R changes by more than 10 "
                "points within three months."
            ),
        )

    def rises(self) -> None:
        """Tell of ALSFRS-R totals that rise by more than 5 points within three months.

        Five points are what scoring a person again can yield; a larger rise is rare and often a
        slip.
        """
        mask = self._steps("alsfrs_r", lambda step: (step > _REPEAT) & (step <= _BIGGEST_JUMP))
        self._mark(
            mask,
            _Check(
                "SCORE_RISE",
                "Check the score; it is used as it stands.",
                aside=False,
                severity="info",
                with_value=True,
            ),
            lambda row: (
                f"{self.names[int(row['patient'])]}: ALSFRS-R rises by more than "
                f"{_REPEAT:g} points within three months."
            ),
        )

    def _steps(
        self,
        role: str,
        test: Callable[[np.typing.NDArray[np.float64]], np.typing.NDArray[np.bool_]],
    ) -> np.typing.NDArray[np.bool_]:
        """Return values whose step from the visit before, within three months, passes a test."""
        mine = self.values[(self.values["role"] == role).to_numpy() & self._usable()]
        mine = mine.dropna(subset=["day"]).sort_values(["patient", "day"], kind="stable")
        who, day = mine["patient"].to_numpy(), mine["day"].to_numpy()
        same = np.r_[False, who[1:] == who[:-1]] if len(who) else np.zeros(0, dtype=np.bool_)
        near = np.diff(day, prepend=np.nan) <= _JUMP_DAYS
        found = test(np.diff(mine["value"].to_numpy(), prepend=np.nan))
        mask = np.zeros(len(self.values), dtype=np.bool_)
        mask[self.values.index.get_indexer(mine.index[same & near & found])] = True
        return mask

    def litres_against_percent(self) -> None:
        """Report visits whose FVC in litres and in per cent do not belong together.

        The predicted volume of an adult hardly changes over a trial, so that the ratio of the two
        is nearly constant in a person; a visit off by more than a fifth has a slip in one.
        """
        keys = ["patient", "table", "visit_key"]
        usable = self.values[self._usable()]
        litres = usable[usable["role"] == "fvc_litres"].drop_duplicates(keys)
        percent = usable[usable["role"] == "fvc"].drop_duplicates(keys)
        both = litres.reset_index().merge(percent[[*keys, "value"]], on=keys, suffixes=("", "_pct"))
        if both.empty:
            return
        ratio = both["value_pct"] / both["value"]
        usual = ratio.groupby(both["patient"]).transform("median")
        enough = ratio.groupby(both["patient"]).transform("size") >= 3
        off = enough & ((ratio / usual - 1).abs() > _RATIO_OFF)
        mask = np.zeros(len(self.values), dtype=np.bool_)
        mask[self.values.index.get_indexer(pd.Index(both.loc[off, "index"]))] = True
        self._mark(
            mask,
            _Check(
                "FVC_UNITS_DISAGREE",
                "Check both; they are used as they stand.",
                aside=False,
                with_value=True,
            ),
            lambda row: (
                f"{self.names[int(row['patient'])]}: FVC in litres and in % predicted do "
                "not belong together at this visit."
            ),
        )

    def duplicates(self) -> None:
        """Drop values that stand twice, alike; set aside those that contradict each other."""
        when = self.values["day"].fillna(self.values["date"]).fillna(self.values["offset"])
        place = self.values.assign(_when=when)[["patient", "role", "_when", "value"]]
        timed = when.notna().to_numpy()
        repeated = place.duplicated(keep="first").to_numpy() & timed
        if repeated.any():
            first = self.values[repeated].iloc[0]
            text = f"Values that stand in the table more than once, alike: {int(repeated.sum())}."
            self._note("EXACT_DUPLICATES", "warning", text, "Each is used once.", first)
        self.values = self.values[~repeated].reset_index(drop=True)
        keys = place[~repeated].reset_index(drop=True)[["patient", "role", "_when"]]
        possible = self._usable() & keys["_when"].notna().to_numpy()
        conflict = keys.where(pd.Series(possible)).duplicated(keep=False).to_numpy() & possible
        self._report_conflicts(conflict, keys)
        self.values.loc[conflict, "status"] = "CONFLICTING_DUPLICATES"

    def _report_conflicts(self, conflict: np.typing.NDArray[np.bool_], keys: pd.DataFrame) -> None:
        contradicting = self.values[conflict]
        groups = contradicting.groupby([keys.loc[conflict, c] for c in keys.columns], sort=False)
        for n, (_, group) in enumerate(groups):
            if n == MAX_LISTED:
                text = f"{groups.ngroups - MAX_LISTED} more days have different values."
                self._note("CONFLICTING_DUPLICATES", "warning", text, "See above.", group.iloc[0])
                break
            said = " and ".join(
                f"{value:g} (row {row})"
                for value, row in zip(group["value"], group["row"], strict=True)
            )
            self._note(
                "CONFLICTING_DUPLICATES",
                "warning",
                f"{self.names[int(group['patient'].iloc[0])]} has different values on one day: "
                f"{said}.",
                "Neither is analysed until one is kept with a reason or the file is corrected.",
                group.iloc[0],
            )

    def just_after(self) -> None:
        """Tell of visits in the first days after the transplant, which count as after."""
        day = self.values["day"].to_numpy()
        soon = (day > 0) & (day <= _JUST_AFTER_DAYS) & self._usable()
        self._mark(
            soon,
            _Check(
                "VISIT_JUST_AFTER",
                "If it is the baseline, move day 0 or correct one of the dates.",
                by_row=True,
                aside=False,
                severity="info",
            ),
            lambda row: (
                f"{self.names[int(row['patient'])]} has a visit on day +{row['day']:g}; it "
                "counts as after the transplant."
            ),
        )

    def disagreeing(self, mask: np.typing.NDArray[np.bool_]) -> None:
        """Report visits whose date and stated time are over a month apart."""
        self._mark(
            mask,
            _Check(
                "TIME_MISMATCH",
                "The date is used; correct the one that is wrong.",
                by_row=True,
                aside=False,
            ),
            lambda _: (
                "The visit date and the stated time from the transplant are over a month apart."
            ),
        )

    def _usable(self) -> np.typing.NDArray[np.bool_]:
        return (self.values["status"] == USABLE).to_numpy(dtype=np.bool_)

    def _mark(
        self,
        mask: np.typing.NDArray[np.bool_],
        check: _Check,
        said: Callable[[pd.Series], str],
        proposed: Callable[[pd.Series], str | None] = lambda _: None,
    ) -> None:
        """Report the marked values, one finding a value or a row, and set them check.aside."""
        if not mask.any():
            return
        marked = self.values[mask]
        shown = marked.drop_duplicates(
            ["patient", "row", "place"] if not check.by_row else ["row", "patient"]
        )
        for _, row in shown.head(MAX_LISTED).iterrows():
            value = f"{row['value']:g}" if check.with_value else ""
            self._note(
                check.code,
                check.severity,
                said(row),
                check.step,
                row,
                value=value,
                column=not check.by_row,
                proposal=proposed(row),
            )
        if len(shown) > MAX_LISTED:
            text = f"{len(shown) - MAX_LISTED} more of the same kind."
            self._note(check.code, check.severity, text, check.step, shown.iloc[MAX_LISTED])
        if check.aside:
            self.values.loc[mask, "status"] = check.code

    def _note(
        self,
        code: str,
        severity: Severity,
        text: str,
        step: str,
        row: pd.Series,
        *,
        value: str = "",
        column: bool = True,
        proposal: str | None = None,
    ) -> None:
        place, number = self.places[int(row["place"])], int(row["row"])
        at = place.header if column else ""
        if proposal is not None:
            value = place.text(number)
        if code == "SUSPECT_YEAR" and proposal is not None and place.dates is not None:
            at, value = place.dates.header, place.date_text(number)
        self.findings.append(
            Finding(
                code, severity, text, step, place.file, place.sheet, number, at, value, proposal
            )
        )
