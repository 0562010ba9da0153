"""What a meeting may see: patients by letter, and no result of very few of them."""

from __future__ import annotations

from report.exhibits.chart import Table
from report.presentation.contents import Contents, Part

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letters(n: int) -> tuple[str, ...]:
    """Return names for ``n`` patients: A to Z, then AA, AB and so on."""
    found = []
    for k in range(n):
        name, rest = "", k
        while True:
            name = _LETTERS[rest % 26] + name
            rest = rest // 26 - 1
            if rest < 0:
                break
        found.append(name)
    return tuple(found)


def hidden_because(part: Part, contents: Contents, fewest: int) -> str:
    """Return why a part is not shown in a meeting; empty if it is.

    Parameters
    ----------
    part, contents
        What would be shown.
    fewest
        Patients below whose number a result is hidden.
    """
    if fewest <= 1:
        return ""
    limit = f"results of fewer than {fewest} patients are hidden"
    if part.item.spot.patient is not None:
        return f"One patient: {limit}."
    if part.item.spot.kind == "per-patient" and isinstance(part.exhibit, Table):
        return f"One row is one patient: {limit}."
    label, n = _fewest_of(part, contents)
    return f"{label}: {n}, and {limit}." if n < fewest else ""


def _fewest_of(part: Part, contents: Contents) -> tuple[str, int]:
    """Return whom a part is about, and how many they are."""
    flow = contents.flow
    groups = part.groups
    if groups:
        return min(groups, key=lambda one: one[1])
    shown = flow[flow["endpoint"] == part.label] if part.label else flow
    if shown.empty:
        return "Patients", len(contents.trial.patient_ids)
    last = shown.groupby("endpoint", sort=False)["patients"].last()
    return "Patients in the analysis", int(last.max() if not part.label else last.iloc[0])
