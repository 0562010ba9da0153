"""Predicted forced vital capacity of the third US health survey (NHANES III), in litres.

Source: Hankinson, Odencrantz and Fedan 1999, Am J Respir Crit Care Med 159:179-187
(doi 10.1164/ajrccm.159.1.9712108), tables 4 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from data.trial import BoolArray, FloatArray

AGES: Final = (8.0, 80.0)
"""Ages in years for which the equations were made."""


ADULT_HEIGHTS: Final = MappingProxyType({"M": (158.0, 194.0), "F": (145.0, 180.0)})
"""Heights in cm of the Caucasian adults who were measured; beyond them the line is extended."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One line of the table: litres = b0 + b1·age + b2·age² + b3·height², in years and cm.

    Parameters
    ----------
    adult_from
        Age in years from which the adult line holds; below it the other one does.
    adult, young
        b0, b1 and b2 from that age on, and below it.
    height
        b3, the same at every age.
    """

    adult_from: float
    adult: tuple[float, float, float]
    young: tuple[float, float, float]
    height: float


CAUCASIAN: Final = MappingProxyType(
    {
        "M": Coefficients(
            20.0,
            (-0.1933, 0.00064, -0.000269),
            (-0.2584, -0.20415, 0.010133),
            0.00018642,
        ),
        "F": Coefficients(
            18.0,
            (-0.3560, 0.01870, -0.000382),
            (-1.2082, 0.05916, 0.0),
            0.00014815,
        ),
    }
)
"""The equations for Caucasian people ("white" in the survey), by sex.

The survey has others for African American and Mexican American people. Files of trials do not say
to whom which one belongs, so there is one choice for everybody, and every label names it.
"""


def predicted_litres(
    sex: npt.NDArray[np.str_], age: FloatArray, height_cm: FloatArray
) -> FloatArray:
    """Return the predicted FVC.

    Parameters
    ----------
    sex
        ``"F"`` or ``"M"``, shape (n,); anything else has no prediction.
    age
        Years, shape (n,).
    height_cm
        Standing height in cm, shape (n,).

    Returns
    -------
    FloatArray
        Litres, shape (n,); NaN where sex, age or height is unknown or the age is outside ``AGES``.
    """
    result = np.full(len(age), np.nan)
    for name, line in CAUCASIAN.items():
        mine = sex == name
        years, cm = age[mine], height_cm[mine]
        old = years >= line.adult_from
        b0, b1, b2 = (np.where(old, a, y) for a, y in zip(line.adult, line.young, strict=True))
        result[mine] = b0 + b1 * years + b2 * years**2 + line.height * cm**2
    with np.errstate(invalid="ignore"):
        inside: BoolArray = (age >= AGES[0]) & (age <= AGES[1])
    return np.where(inside, result, np.nan)
