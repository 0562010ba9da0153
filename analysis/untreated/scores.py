"""From a true course to the scores that are written down: ends of the scale, noise, rounding."""

from __future__ import annotations

import numpy as np

from analysis.untreated.history import History
from data.endpoints import Endpoint
from data.trial import FloatArray


def noisy_scores(
    course: FloatArray, history: History, endpoint: Endpoint, rng: np.random.Generator
) -> FloatArray:
    """Return the scores of visits to true courses.

    Parameters
    ----------
    course
        True values in the unit of the endpoint, of any shape.
    history
        SD and tails of the noise.
    endpoint
        Its scale: a course stays within it, and so does a score, which has its decimals.
    rng
        Source of chance.
    """
    course = np.clip(course, endpoint.low, endpoint.high)
    if np.isinf(history.tail_df):
        noise = rng.standard_normal(course.shape)
    else:
        df = history.tail_df
        noise = rng.standard_t(df, course.shape) * np.sqrt((df - 2) / df)
    seen = np.round(course + history.noise_sd(course) * noise, endpoint.decimals)
    lowest = 10.0**-endpoint.decimals if endpoint.exclusive_low else endpoint.low
    return np.asarray(np.clip(seen, lowest, endpoint.high))
