"""A newer file of the same trial: what was added, changed and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.identities import plain_name
from data.trial import Trial

_ALIKE: Final = 0.5
_KEY: Final = ("patient", "endpoint", "when")


@dataclass(frozen=True, slots=True)
class TrialUpdate:
    """How a newer trial differs from the one that is open.

    Parameters
    ----------
    patients_added, patients_removed
        Names of patients.
    values_added, values_removed
        Values at days or dates that only one of the two has; patients that came or went are not
        counted here.
    values_changed
        Rows ``patient, endpoint, when, before, after``: the same day, another value.
    transplants_changed
        Patients whose transplant dates differ.
    """

    patients_added: tuple[str, ...]
    patients_removed: tuple[str, ...]
    values_added: int
    values_removed: int
    values_changed: pd.DataFrame
    transplants_changed: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether both hold the same."""
        return not (
            self.patients_added
            or self.patients_removed
            or self.values_added
            or self.values_removed
            or len(self.values_changed)
            or self.transplants_changed
        )


def is_newer_version(old: Trial, new: Trial) -> bool:
    """Whether two trials are versions of one: they share most patients and values.

    Names alone prove little, since many trials have a P01: at least half of the patients of the
    smaller trial must be in both, and half of those must share a value on the same day.
    """
    ours = {plain_name(name) for name in old.patient_ids}
    theirs = {plain_name(name) for name in new.patient_ids}
    shared = ours & theirs
    if not shared or len(shared) < _ALIKE * min(len(ours), len(theirs)):
        return False
    both = _values(old).merge(_values(new), on=[*_KEY, "value"])
    same = set(both["patient"]) & shared
    return len(same) >= _ALIKE * len(shared)


def compare_versions(old: Trial, new: Trial) -> TrialUpdate:
    """List what a newer trial adds, changes and no longer has."""
    ours, theirs = ({plain_name(n): n for n in t.patient_ids} for t in (old, new))
    before, after = (_values(t).drop_duplicates(list(_KEY)) for t in (old, new))
    kept = ours.keys() & theirs.keys()
    both = before[before["patient"].isin(kept)].merge(
        after[after["patient"].isin(kept)], on=list(_KEY), how="outer", suffixes=("_old", "_new")
    )
    both["patient"] = both["patient"].map(theirs)
    changed = both[both["value_old"].notna() & both["value_new"].notna()]
    changed = changed[~np.isclose(changed["value_old"], changed["value_new"])]
    was, now = _transplants(old), _transplants(new)
    return TrialUpdate(
        patients_added=tuple(name for plain, name in theirs.items() if plain not in ours),
        patients_removed=tuple(name for plain, name in ours.items() if plain not in theirs),
        values_added=int(both["value_old"].isna().sum()),
        values_removed=int(both["value_new"].isna().sum()),
        values_changed=changed.rename(columns={"value_old": "before", "value_new": "after"})[
            [*_KEY, "before", "after"]
        ].reset_index(drop=True),
        transplants_changed=tuple(theirs[p] for p in ours if p in kept and was[p] != now[p]),
    )


def _transplants(trial: Trial) -> dict[str, tuple[object, object]]:
    frame = trial.patients
    return {
        plain_name(name): (dates, days)
        for name, dates, days in zip(
            frame["patient"], frame["transplant_dates"], frame["transplant_days"], strict=True
        )
    }


def _values(trial: Trial) -> pd.DataFrame:
    """Return every value with its date, or its day where there is no date, as one text."""
    frame = trial.measurements
    date = frame["date"].dt.strftime("%Y-%m-%d")
    day = frame["day"].map(lambda d: "" if np.isnan(d) else f"day {d:g}")
    plain = {name: plain_name(name) for name in trial.patient_ids}
    named = frame["patient"].map(plain)
    return frame[["endpoint", "value"]].assign(patient=named, when=date.fillna(day).to_numpy())
