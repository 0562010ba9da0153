"""The meaning of one column: what its values are, and what its header says of their time."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Spot:
    """What a header says of the time of its values, besides their meaning."""

    month: float | None = None
    number: str = ""
    visit: str = ""

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return self != Spot()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one column holds.

    Parameters
    ----------
    role
        ``patient``, ``visit_date``, ``time``, ``visit_label``, a dated fact such as
        ``transplant``, a measure such as ``alsfrs_r``, ``item`` or ``fvc_litres``, a fact of the
        patient such as ``sex``, or ``ignored``.
    item
        ALSFRS-R item, where the role is ``item``.
    trial
        Number of the attempt of a capacity measurement, 0 if there is one value.
    month
        Nominal month that the header names.
    number
        A number in the header whose meaning (item, month or visit) the whole table decides.
    visit
        Name of the visit that the header belongs to, such as ``v2``.
    about
        ``alsfrs``, ``fvc`` or ``svc`` for a date or time of one kind of visit.
    clock, unit
        For times: from where they count, and in what; for capacities the unit is in the role.
    ordinal
        First, second, third … transplant.
    factor
        Multiplies the numbers, 0.001 for millilitres.
    sure
        False where the name alone does not settle it and the values must agree.
    """

    role: str
    item: str = ""
    trial: int = 0
    month: float | None = None
    number: str = ""
    visit: str = ""
    about: str = ""
    clock: str = ""
    unit: str = ""
    ordinal: int = 0
    factor: float = 1.0
    sure: bool = True

    def at(self, spot: Spot) -> Meaning:
        """Return the meaning with the time that the header tells."""
        return replace(self, month=spot.month, number=spot.number, visit=spot.visit)

    @property
    def placed(self) -> bool:
        """Whether the header says when the values were taken."""
        return self.month is not None or bool(self.visit)
