"""The equations by which an FVC in litres becomes % predicted, and which of them are at hand."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import nhanes_iii
from data.trial import FloatArray

PACKAGE: Final = "pyspiro"
"""The optional package (MIT) that carries the spline tables of the Global Lung Initiative."""

_CAUCASIAN_CODE: Final = 1
# The package rounds percentages to 2 decimals: a large volume makes that harmless.
_LARGE_LITRES: Final = 1e8


@dataclass(frozen=True, slots=True)
class Equation:
    """One set of reference equations.

    Parameters
    ----------
    key
        Its name in settings.
    label
        Short name for panels of figures.
    source
        What stands in brackets behind the name in sentences.
    doi
        Where it was published.
    ages
        Youngest and oldest age in years for which it holds.
    packaged
        Whether it comes from the optional package.
    heights
        Heights in cm of the adults who were measured, by sex; ``None`` where no range is stated.
    """

    key: str
    name: str
    label: str
    source: str
    doi: str
    ages: tuple[float, float]
    packaged: bool
    heights: Mapping[str, tuple[float, float]] | None = None

    @property
    def named(self) -> str:
        """Name with source, such as "NHANES III (Hankinson 1999, Caucasian equation)"."""
        return f"{self.name} ({self.source})"

    @property
    def available(self) -> bool:
        """Whether it can be computed in this installation."""
        return not self.packaged or importlib.util.find_spec(PACKAGE) is not None


_ALL: Final = (
    Equation(
        "nhanes_iii",
        "NHANES III",
        "NHANES III, Caucasian equation",
        "Hankinson 1999, Caucasian equation",
        "10.1164/ajrccm.159.1.9712108",
        nhanes_iii.AGES,
        packaged=False,
        heights=nhanes_iii.ADULT_HEIGHTS,
    ),
    Equation(
        "gli_global",
        "GLI Global",
        "GLI Global 2022",
        "Bowerman 2023, race-neutral",
        "10.1164/rccm.202205-0963OC",
        (3.0, 95.0),
        packaged=True,
    ),
    Equation(
        "gli_2012",
        "GLI-2012",
        "GLI-2012, Caucasian equation",
        "Quanjer 2012, Caucasian equation",
        "10.1183/09031936.00080312",
        (3.0, 95.0),
        packaged=True,
    ),
)

EQUATIONS: Final = MappingProxyType({equation.key: equation for equation in _ALL})
"""Every equation by its key in ``Settings.fvc_equation``."""


def available_equations() -> tuple[str, ...]:
    """Return the keys of the equations that can be computed in this installation."""
    return tuple(key for key, equation in EQUATIONS.items() if equation.available)


def predicted_litres(
    key: str, sex: npt.NDArray[np.str_], age: FloatArray, height_cm: FloatArray
) -> FloatArray:
    """Return the predicted FVC of one equation.

    Parameters
    ----------
    key
        Of ``EQUATIONS``.
    sex
        ``"F"`` or ``"M"``, shape (n,); anything else has no prediction.
    age
        Years, shape (n,).
    height_cm
        Standing height in cm, shape (n,).

    Returns
    -------
    FloatArray
        Litres, shape (n,); NaN where something is unknown, the age is outside the range of the
        equation, or the equation is not available.
    """
    equation = EQUATIONS[key]
    if not equation.packaged:
        return nhanes_iii.predicted_litres(sex, age, height_cm)
    result = np.full(len(age), np.nan)
    with np.errstate(invalid="ignore"):
        inside = (age >= equation.ages[0]) & (age <= equation.ages[1])
    known = inside & np.isfinite(height_cm) & np.isin(sex, ("F", "M"))
    if equation.available and known.any():
        result[known] = _of_the_package(key, sex[known] == "M", age[known], height_cm[known])
    return result


def _of_the_package(
    key: str, male: npt.NDArray[np.bool_], age: FloatArray, height_cm: FloatArray
) -> FloatArray:
    """Return medians of the Global Lung Initiative, which are its predicted values."""
    # Imported where it is used: it is optional and takes a third of a second.
    pyspiro = importlib.import_module(PACKAGE)
    people = pd.DataFrame(
        {
            "sex": male.astype(np.int64),
            "age": age,
            "height": height_cm,
            "litres": _LARGE_LITRES,
            "ethnicity": _CAUCASIAN_CODE,
        }
    )
    if key == "gli_global":
        model, further = pyspiro.BOWERMAN_2022(), {}
    else:
        model, further = pyspiro.GLI_2012(), {"ethnicity_col": "ethnicity"}
    forced = model.Parameters.FVC.value
    table = model.compute(people, forced, value_col="litres", metrics=("percent",), **further)
    percent = pd.to_numeric(table.iloc[:, -1], errors="coerce").to_numpy(
        np.float64, na_value=np.nan
    )
    return np.asarray(100.0 * _LARGE_LITRES / percent)
