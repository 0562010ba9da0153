"""The outcome measures that ALSlope knows, as one registry.

No function of the project is written for one endpoint: everything that differs between endpoints
(range, unit, decimals, marker) is a field here.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Marker = Literal["circle", "square", "pentagon", "triangle-up", "hexagon"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One outcome measure.

    Parameters
    ----------
    key
        Stable name in settings, links and JSON.
    code
        Name in the table that ``alslope read`` writes.
    label, unit
        Words on axes, such as "ALSFRS-R" and "points".
    change_unit
        Unit of a change of this endpoint; a slope is a change per month, year or period.
    low, high
        Ends of the scale. A value outside cannot be right and is quarantined.
    exclusive_low
        Whether ``low`` itself is impossible (a vital capacity of 0 is not a measurement).
    axis, ticks
        Default axis range and its ticks.
    decimals
        Decimals that a value carries.
    integer
        Whether only whole numbers exist on the scale.
    marker
        The marker that stands for this endpoint in every figure.
    typical_slope
        Mean slope of untreated people a month, ``None`` where no source is at hand: ALSFRS-R −0.99
        points (Thakore et al. 2018, doi 10.1002/mus.26042); SVC −2.7 % predicted (Andrews et al.
        2018, doi 10.1001/jamaneurol.2017.3339), taken for FVC too.
    equation
        Where values of this endpoint were derived: how, in a few words for titles; else empty.
    """

    key: str
    code: str
    label: str
    unit: str
    change_unit: str
    low: float
    high: float
    exclusive_low: bool
    axis: tuple[float, float]
    ticks: tuple[float, ...]
    decimals: int
    integer: bool
    marker: Marker
    typical_slope: float | None
    equation: str = ""

    @property
    def named(self) -> str:
        """Name with unit, such as "ALSFRS-R in points"; litres stand in the label already."""
        return self.label if self.unit == "L" else f"{self.label} in {self.unit}"

    def meaningful_change(self, percent: float) -> float | None:
        """Return a change of slope that matters, a month and above 0.

        Parameters
        ----------
        percent
            Share of the typical untreated decline, in %.

        Returns
        -------
        float or None
            ``None`` where no typical decline is known.
        """
        return None if self.typical_slope is None else abs(self.typical_slope) * percent / 100

    def within(self, value: float) -> bool:
        """Whether ``value`` lies between the ends of the scale."""
        above = value > self.low if self.exclusive_low else value >= self.low
        return above and value <= self.high

    def accepts(self, value: float) -> bool:
        """Whether ``value`` is possible on this scale: within it, and whole where it must be."""
        return self.within(value) and (not self.integer or float(value).is_integer())


def _score(
    key: str,
    code: str,
    label: str,
    *,
    ticks: tuple[float, ...],
    marker: Marker = "hexagon",
    typical_slope: float | None = None,
) -> Endpoint:
    """Return a score in whole points from 0 to the last tick."""
    return Endpoint(
        key=key,
        code=code,
        label=label,
        unit="points",
        change_unit="points",
        low=0,
        high=ticks[-1],
        exclusive_low=False,
        axis=(0, ticks[-1]),
        ticks=ticks,
        decimals=0,
        integer=True,
        marker=marker,
        typical_slope=typical_slope,
    )


_TYPICAL_CAPACITY_SLOPE: Final = -2.7


def _capacity(
    key: str, code: str, label: str, *, litres: bool, marker: Marker, high: float
) -> Endpoint:
    return Endpoint(
        key=key,
        code=code,
        label=label,
        unit="L" if litres else "% predicted",
        change_unit="L" if litres else "% predicted",
        low=0,
        high=high,
        exclusive_low=True,
        axis=(0, 6) if litres else (0, 120),
        ticks=(0, 2, 4, 6) if litres else (0, 40, 80, 120),
        decimals=2 if litres else 0,
        integer=False,
        marker=marker,
        # In litres it depends on height, age and sex.
        typical_slope=None if litres else _TYPICAL_CAPACITY_SLOPE,
    )


_ALL: Final = (
    _score(
        "alsfrs_r",
        "ALSFRSR",
        "ALSFRS-R",
        ticks=(0, 12, 24, 36, 48),
        marker="circle",
        typical_slope=-0.99,
    ),
    _capacity("fvc", "FVC_PCT", "FVC", litres=False, marker="square", high=200),
    _capacity("fvc_litres", "FVC_L", "FVC (L)", litres=True, marker="pentagon", high=10),
    _capacity("svc", "SVC_PCT", "SVC", litres=False, marker="triangle-up", high=200),
    _capacity("svc_litres", "SVC_L", "SVC (L)", litres=True, marker="triangle-up", high=10),
    _score("alsfrs_40", "ALSFRS40", "ALSFRS (0–40)", ticks=(0, 10, 20, 30, 40)),
    _score("bulbar", "BULBAR", "Bulbar", ticks=(0, 4, 8, 12)),
    _score("fine_motor", "FINE_MOTOR", "Fine motor", ticks=(0, 4, 8, 12)),
    _score("gross_motor", "GROSS_MOTOR", "Gross motor", ticks=(0, 4, 8, 12)),
    _score("respiratory", "RESPIRATORY", "Respiratory", ticks=(0, 4, 8, 12)),
)

ENDPOINTS: Final = MappingProxyType({endpoint.key: endpoint for endpoint in _ALL})
"""Every endpoint by key, in the order in which pages show them."""

PRIMARY: Final = ("alsfrs_r", "fvc")
"""The two endpoints that pages show by default, where a trial has both."""


def endpoint(key: str) -> Endpoint:
    """Return the endpoint called ``key``.

    Raises
    ------
    KeyError
        If no endpoint has that key; the message lists the ones that exist.
    """
    try:
        return ENDPOINTS[key]
    except KeyError:
        raise KeyError(f"no endpoint {key!r}; known: {', '.join(ENDPOINTS)}") from None
