"""Which group each patient belongs to, and which group is a concurrent control."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.settings import GroupBy
from data.trial import BoolArray, IntArray, Trial
from data.vocabulary import plain_words

_NAMES: Final = {"none": "", "group": "group", "sex": "sex", "onset_site": "site of onset"}

_CELLS: Final = (
    r"(?:stem ?cells?|cells?|zellen|stammzell\w*|cellules?|celulas?"
    r"|(?:bm|b|ad|uc|h)?mscs?|nurown|transplant\w*|trasplant\w*|trapiant\w*|przeszczep\w*|nakil\w*|graft\w*|greffe\w*)"
)
_GIVEN: Final = (
    r"(?:inject\w*|injekt\w*|inyec\w*|iniez\w*|infus\w*|treat\w*|therap\w*|behand\w*"
    r"|trait\w*|tratad\w*|tratamient\w*|tratament\w*|trattat\w*|trattament\w*|interven\w*)"
)
_NO: Final = r"(?:no|not|non|without|ohne|nicht|keine?|sans|pas de|sin|senza|nessuna?|sem|bez)"
_UNTREATED: Final = re.compile(
    rf"(?<![a-z]){_NO} (?:\w+ )?(?:{_CELLS}|{_GIVEN})(?: {_CELLS}| {_GIVEN})*(?![a-z])"
    r"|(?<![a-z])(?:un|non)(?:treat|transplant|behandel|inject)\w*"
    r"|tedavi ?siz|tedavi almayan|nieleczon\w*|درمان نشده|بدون (?:درمان|پیوند|سلول|تزریق)"
)
_CONTROL: Final = re.compile(
    r"(?<![a-z])(?:controls?|ctrl|ctl|kontroll?\w*|controle|controll[oi]|temoins?)(?![a-z])"
    r"|(?:placebo|plasebo|(?<![a-z])sham|(?<![a-z])schein|(?<![a-z])simul(?:acro|e)) ?"
    r"(?:transplant\w*|trasplant\w*)?"
    r"|(?:usual|standard|conventional|routine|supportive) (?:medical )?(?:care|treatment|therapy)"
    r"|standard of care|(?<![a-z])soc(?![a-z])|standardtherapie|soins? (?:courants?|usuels?)"
    r"|(?:lead|run) in only|natural history|observation(?: only| arm| group)?$"
    r"|(?:riluzole?|edaravone?) (?:alone|only|allein|seule?)|کنترل|شاهد|گواه|دارونما|پلاسبو"
)
_NOT_CONTROL: Final = re.compile(
    r"(?<![a-z])(?:no|non|not|un) ?control\w*|(?:dose|disease|rate|quality) control\w*"
)
_WITH_CELLS: Final = re.compile(rf"(?<![a-z]){_CELLS}(?![a-z])|پیوند|سلول")


@dataclass(frozen=True, slots=True)
class Grouping:
    """The group of every patient.

    Parameters
    ----------
    by
        What the groups are: ``"group"``, ``"sex"``, ``"onset_site"``, ``"compared"`` or ``"none"``.
    name
        The same in words; empty where there are no groups.
    labels
        Names of the groups, in alphabetical order.
    code
        Position in ``labels`` of each patient's group, −1 where the group is not known; in the
        order of ``Trial.patient_ids``.
    """

    by: str
    name: str
    labels: tuple[str, ...]
    code: IntArray

    def members(self, group: int) -> BoolArray:
        """Return who belongs to one group."""
        return np.asarray(self.code == group)


@dataclass(frozen=True, slots=True)
class ControlArm:
    """Whether one group is a concurrent control, judged by its name.

    Parameters
    ----------
    label
        Name of the control; empty if no group was recognised as one.
    why
        One sentence: what was recognised, or why nothing was.
    """

    label: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return the judgement as JSON values."""
        return {"label": self.label or None, "why": self.why}


def grouping_of(trial: Trial, by: GroupBy) -> Grouping:
    """Return the groups that a column of the patients makes.

    Parameters
    ----------
    trial
        Whose patients.
    by
        Which column; ``"none"`` gives no groups.

    Notes
    -----
    Labels that differ only in case or in spaces around them are one group, which is called as its
    first patient writes it. An empty cell is no group.
    """
    n = len(trial.patient_ids)
    if by == "none":
        return Grouping("none", "", (), np.full(n, -1, dtype=np.int64))
    return Grouping(by, _NAMES[by], *coded(trial.patients_frame[by].tolist()))


def compared_grouping(compared: BoolArray) -> Grouping:
    """Return the grouping into patients who are compared and patients who are not."""
    labels = ("compared", "not compared")
    return Grouping("compared", "comparison", labels, np.where(compared, 0, 1).astype(np.int64))


def coded(texts: list[Any]) -> tuple[tuple[str, ...], IntArray]:
    """Return the distinct labels in alphabetical order, and the position of each text in them."""
    shown: dict[str, str] = {}
    keys = []
    for text in texts:
        written = " ".join(text.split()) if isinstance(text, str) else ""
        keys.append(written.casefold())
        shown.setdefault(written.casefold(), written)
    shown.pop("", None)
    order = {key: at for at, key in enumerate(sorted(shown))}
    code = np.asarray([order.get(key, -1) for key in keys], dtype=np.int64)
    return tuple(shown[key] for key in order), code


def is_control_label(label: str) -> bool:
    """Whether the name of a group says that its patients got no cells.

    Notes
    -----
    Control, placebo, sham, untreated, "no cells", usual or standard care, "riluzole alone", natural
    history, observation and lead-in only, in English, German, French, Spanish, Italian, Portuguese,
    Turkish, Polish and Persian. A name that speaks of cells as well ("cells + placebo") says both
    and is not taken; nor are numbers and letters, which say nothing.
    """
    plain = plain_words(label)
    if _NOT_CONTROL.search(plain):
        return False
    rest = _UNTREATED.sub(" ", plain)
    found = rest != plain or _CONTROL.search(rest) is not None
    return found and not _WITH_CELLS.search(_CONTROL.sub(" ", rest))


def is_concurrent_control(trial: Trial, grouping: Grouping) -> ControlArm:
    """Tell which group, if any, is a control that has a day 0 of its own.

    Parameters
    ----------
    trial
        Whose patients.
    grouping
        Groups made by the column ``group``; other groupings have no control.

    Returns
    -------
    ControlArm
        A control is recognised if exactly one group is called like one (:func:`is_control_label`),
        another group is not, and at least two of its patients have a day 0. That day is a
        reference date: nothing was transplanted on it.

    Notes
    -----
    The judgement rests on names alone. It does not know whether patients were randomised, and the
    user can overrule it.
    """
    if grouping.by != "group" or len(grouping.labels) < 2:
        return ControlArm("", "There are no two groups of the column “group”.")
    controls = [at for at, label in enumerate(grouping.labels) if is_control_label(label)]
    if not controls:
        return ControlArm("", "No group is called like a control.")
    if len(controls) > 1:
        names = ", ".join(f"“{grouping.labels[at]}”" for at in controls)
        return ControlArm("", f"Several groups are called like a control: {names}.")
    at = controls[0]
    label = grouping.labels[at]
    days = trial.patients_frame["transplant_days"].tolist()
    n = sum(bool(days[i]) for i in np.flatnonzero(grouping.members(at)))
    named = f"“{label}” is called like a control"
    if n < 2:
        return ControlArm("", f"{named}, but fewer than 2 of its patients have a day 0.")
    return ControlArm(label, f"{named}, and {n} of its patients have a reference date as day 0.")
