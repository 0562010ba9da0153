"""Whether whole numbers can have a printed mean and SD: GRIM and GRIMMER, exactly.

n whole numbers have a whole sum S and a whole sum of squares Q, so not every mean and not every SD
can come from them. A printed pair is possible if some S and Q that n whole numbers can have lie in
the rounding intervals of both. The intervals are closed, so that every rule of rounding is allowed;
all comparisons are between whole numbers, so that no edge is lost to floating point.

Which pairs (S, Q) n whole numbers can have, their size not being limited:

* x² and x are both even or both odd, so Q ≡ S (mod 2).
* Q is smallest where the numbers differ by at most 1: with S = n k + ρ, 0 ≤ ρ < n, it is at least
  n k² + 2 k ρ + ρ.
* From n = 5 on these two conditions are also sufficient. n = 5: choose x with S − x odd. Then
  4 (Q − x²) − (S − x)² ≡ 3 (mod 8); if it is not negative it is a sum of three odd squares
  (Gauss), hence Q − x² and S − x are sum of squares and sum of four whole numbers (the first half
  of Cauchy's lemma). An x with |x − S/5| ≤ 1 has S − x odd, and 4 (Q − x²) ≥ (S − x)² once
  Q − S²/5 ≥ 5/4; the only smaller value is the smallest Q of each S, which is attained. n > 5: take
  one number of the set with the smallest Q as x; Q − x² and S − x then meet both conditions for
  n − 1.
* n = 4 with S even needs Q − (S/2)² to be a sum of three squares (Legendre: not 4^a (8 b + 7));
  with S odd the two conditions suffice. n = 3 needs (3 Q − S²)/2 to be u² + u v + v² (the
  differences of the three numbers; u − v ≡ S or −S (mod 3) holds by itself), hence every prime
  factor ≡ 2 (mod 3) to an even power. n = 2 needs 2 Q − S² to be a square.

Scores with a lower and an upper limit can allow fewer pairs still: what fails here fails for them
too. Sources: GRIM, Brown & Heathers 2017 (doi 10.1177/1948550616673876); GRIMMER, Anaya 2016
(doi 10.7287/peerj.preprints.2400v1); Cauchy's lemma as in Nathanson 1987 (Proceedings of the
American Mathematical Society 99:22–24).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

import numpy as np

from analysis.published.printed import PrintedNumber, PrintedSummary
from data.trial import FloatArray

Granularity = Literal["possible", "mean", "sd", "parity", "squares"]
"""``"possible"``, or the first condition that no whole numbers meet: the mean; the SD with any
whole sum of squares; the parity of that sum; being squares of so few numbers (n = 2, 3, 4)."""

Divisor = Literal["n-1", "n"]

_NEAR: Final = 0.2
_FREE: Final = 5
"""From this n on, parity and smallest value are the only conditions on a sum of squares."""

_MOST_STEPS: Final = 20_000


def grim(mean: PrintedNumber, n: int, decimals: int | None = None) -> bool:
    """Tell whether n whole numbers can have a printed mean.

    Parameters
    ----------
    mean
        As printed.
    n
        How many numbers, at least 1.
    decimals
        Decimals to which the mean was rounded; as printed where left out. More than printed reads
        "-2" as −2.0; fewer than printed are not possible.

    Raises
    ------
    ValueError
        If n is below 1.
    """
    _check(n, 1)
    return bool(_sums(mean, n, decimals))


def grimmer(
    mean: PrintedNumber,
    sd: PrintedNumber,
    n: int,
    decimals: tuple[int | None, int | None] = (None, None),
    divisor: Divisor = "n-1",
) -> Granularity:
    """Tell whether n whole numbers can have a printed mean and SD together.

    Parameters
    ----------
    mean, sd
        As printed.
    n
        How many numbers, at least 2.
    decimals
        Decimals to which the mean and the SD were rounded; as printed where ``None``.
    divisor
        What the SD divides the sum of squares by: n − 1, or n.

    Returns
    -------
    str
        ``"possible"``, or the first condition that fails.

    Raises
    ------
    ValueError
        If n is below 2.
    """
    _check(n, 2)
    sums = _sums(mean, n, decimals[0])
    if not sums:
        return "mean"
    low, high = _interval(sd, decimals[1])
    if high < 0:
        return "sd"
    low = max(low, Fraction(0))
    df = n - 1 if divisor == "n-1" else n
    whole = right_parity = False
    for total in sums:
        first = max(_smallest_squares(total, n), math.ceil(df * low**2 + Fraction(total**2, n)))
        last = math.floor(df * high**2 + Fraction(total**2, n))
        whole = whole or first <= last
        for squares in range(first + (first - total) % 2, last + 1, 2):
            right_parity = True
            if attainable(total, squares, n):
                return "possible"
    if right_parity:
        return "squares"
    return "parity" if whole else "sd"


def attainable(total: int, squares: int, n: int) -> bool:
    """Tell whether n whole numbers have this sum and this sum of squares.

    Parameters
    ----------
    total, squares
        Sum and sum of squares.
    n
        How many numbers, at least 1.
    """
    if (squares - total) % 2 or squares < _smallest_squares(total, n):
        return False
    if n >= _FREE:
        return True
    if n == 4:
        return bool(total % 2) or _three_squares(squares - (total // 2) ** 2)
    if n == 3:
        return _triangular_form((3 * squares - total**2) // 2)
    rest = n * squares - total**2
    return rest == 0 if n == 1 else math.isqrt(rest) ** 2 == rest


@dataclass(frozen=True, slots=True)
class GranularityRow:
    """What one n means for the two printed pairs of a summary.

    Parameters
    ----------
    n
        People.
    before, after
        The finding for mean ± SD before and after.
    before_share, after_share
        Share of pairs printed with as many decimals that n whole numbers can have: the printed
        mean takes every value within one unit, the printed SD every value within 20 % of its own.
        Near 1, passing says nothing.
    """

    n: int
    before: Granularity
    after: Granularity
    before_share: float
    after_share: float

    @property
    def possible(self) -> bool:
        """Whether both pairs are possible."""
        return self.before == self.after == "possible"

    @property
    def share(self) -> float:
        """The chance that two unrelated printed pairs both pass."""
        return self.before_share * self.after_share

    def to_json(self) -> dict[str, Any]:
        """Return the row with its verdict."""
        return {
            "n": self.n,
            "before": self.before,
            "after": self.after,
            "possible": self.possible,
            "share": self.share,
        }


@dataclass(frozen=True, slots=True)
class GranularityTable:
    """The findings for each n.

    Parameters
    ----------
    label
        What was measured.
    rows
        One row for each n.
    """

    label: str
    rows: tuple[GranularityRow, ...]

    @property
    def possible(self) -> tuple[int, ...]:
        """Every n at which both pairs are possible."""
        return tuple(row.n for row in self.rows if row.possible)

    def to_json(self) -> dict[str, Any]:
        """Return the label and the rows."""
        return {"label": self.label, "rows": [row.to_json() for row in self.rows]}


def granularity(
    summary: PrintedSummary,
    n_values: Iterable[int],
    decimals: tuple[int | None, int | None] = (None, None),
    divisor: Divisor = "n-1",
) -> GranularityTable:
    """Check both printed mean ± SD of a summary of whole numbers for each n.

    Parameters
    ----------
    summary
        As printed. It is the caller's knowledge that each person's value is a whole number
        (``summary.integers``).
    n_values
        Each at least 2.
    decimals
        Decimals to which the means and the SDs were rounded, but never fewer than printed; as
        printed where ``None``. ``(1, None)`` reads "-2" as −2.0.
    divisor
        What the SD divides the sum of squares by.
    """
    pairs = (
        (summary.before_mean, summary.before_sd),
        (summary.after_mean, summary.after_sd),
    )
    rows = []
    for n in n_values:
        before, after = (grimmer(mean, sd, n, decimals, divisor) for mean, sd in pairs)
        shares = [passing_share(mean, sd, n, decimals, divisor) for mean, sd in pairs]
        rows.append(GranularityRow(n, before, after, *shares))
    return GranularityTable(summary.label, tuple(rows))


def together(tables: Sequence[GranularityTable]) -> tuple[tuple[int, bool, float], ...]:
    """Return for each n of all tables whether every pair passes, and the chance that all would.

    The chance takes the printed pairs as unrelated: it is the product of their shares.
    """
    if not tables:
        return ()
    by_n = [{row.n: row for row in table.rows} for table in tables]
    common = [n for n in by_n[0] if all(n in rows for rows in by_n)]
    return tuple(
        (n, all(rows[n].possible for rows in by_n), math.prod(rows[n].share for rows in by_n))
        for n in common
    )


def passing_share(
    mean: PrintedNumber,
    sd: PrintedNumber,
    n: int,
    decimals: tuple[int | None, int | None] = (None, None),
    divisor: Divisor = "n-1",
) -> float:
    """Return the share of pairs printed near this one that n whole numbers can have.

    Adding 1 to every number moves the mean by 1 and leaves the SD, so the means of one unit stand
    for all. The SDs are those within 20 % of the printed one, at least one step of its last decimal
    on either side, and fewer where they would be more than can be listed in a moment.
    """
    _check(n, 2)
    means = 10 ** _used(mean, decimals[0])
    unit = 10 ** _used(sd, decimals[1])
    df = n - 1 if divisor == "n-1" else n
    centre = round(abs(sd.value) * unit)
    # Below 5 each sum of squares is tried by itself, with work that grows with the SD.
    cost = n if n >= _FREE else 200 + df * sd.value**2 / unit
    steps = int(max(1, min(round(_NEAR * centre), _MOST_STEPS / cost)))
    shown = np.arange(max(0, centre - steps), centre + steps + 1)
    low = df * (np.maximum(0, shown - 0.5) / unit) ** 2
    high = df * ((shown + 0.5) / unit) ** 2
    codes: set[int] = set()
    for total in range(n):
        passing = shown[_holding(total, n, low, high)].tolist()
        codes |= {m + means * k for m in _printed_means(total, n, means) for k in passing}
    return float(len(codes) / (means * len(shown)))


def _holding(total: int, n: int, low: FloatArray, high: FloatArray) -> np.ndarray:
    """Tell which intervals of squared deviations hold some that whole numbers with a sum can have.

    Floating point is enough here: an edge that is met or missed is one pair of a share.
    """
    shift = total**2 / n
    slack = 1e-12 * (1 + high + shift)
    first = np.maximum(_smallest_squares(total, n), np.ceil(low + shift - slack)).astype(np.int64)
    first += (first - total) % 2
    last = np.floor(high + shift + slack).astype(np.int64)
    if n >= _FREE:
        return first <= last
    return np.array(
        [
            any(attainable(total, q, n) for q in range(start, end + 1, 2))
            for start, end in zip(first.tolist(), last.tolist(), strict=True)
        ]
    )


def _printed_means(total: int, n: int, means: int) -> set[int]:
    """Return how total/n can be printed, in units of the last decimal, without its whole part."""
    up, down = (2 * total * means + n) // (2 * n), -((n - 2 * total * means) // (2 * n))
    return {up % means, down % means}


def _sums(mean: PrintedNumber, n: int, decimals: int | None) -> range:
    low, high = _interval(mean, decimals)
    return range(math.ceil(n * low), math.floor(n * high) + 1)


def _interval(number: PrintedNumber, decimals: int | None) -> tuple[Fraction, Fraction]:
    value, half = Fraction(number.text), Fraction(1, 2 * 10 ** _used(number, decimals))
    return value - half, value + half


def _used(number: PrintedNumber, decimals: int | None) -> int:
    return max(number.decimals, decimals or 0)


def _smallest_squares(total: int, n: int) -> int:
    each, rest = divmod(total, n)
    return n * each * each + 2 * each * rest + rest


def _three_squares(value: int) -> bool:
    if value < 0:
        return False
    while value and value % 4 == 0:
        value //= 4
    return value % 8 != 7


def _triangular_form(value: int) -> bool:
    """Tell whether a number is u² + u v + v² of whole numbers: all factors 3 k + 2 are squared."""
    if value == 0:
        return True
    factor = 2
    while factor * factor <= value:
        power = 0
        while value % factor == 0:
            value, power = value // factor, power + 1
        if factor % 3 == 2 and power % 2:
            return False
        factor += 1 if factor == 2 else 2
    return value % 3 != 2


def _check(n: int, least: int) -> None:
    if n < least:
        raise ValueError(f"n is at least {least}, not {n}.")
