"""ALSFRS-R totals and domains from items; the original 40-point scale; the best of attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.endpoints import ENDPOINTS
from data.findings import Finding, Severity
from data.records import Place
from data.trial import USABLE

DOMAINS: Final[Mapping[str, tuple[str, ...]]] = {
    "bulbar": ("1", "2", "3"),
    "fine_motor": ("4", "5", "6"),
    "gross_motor": ("7", "8", "9"),
    "respiratory": ("10", "11", "12"),
}
"""The four domains of the ALSFRS-R and their items (10.1016/S0022-510X(99)00210-5)."""

_ITEMS: Final = tuple(str(n) for n in range(1, 13))
_FIRST_NINE: Final = _ITEMS[:9]
_ORIGINAL: Final = "10 original"
_SMALLEST: Final = {"fvc": 3.0, "svc": 3.0, "fvc_litres": 0.2, "svc_litres": 0.2}
"""Below these nobody can be measured: the number is in another unit."""

_NO_MONTH: Final = -9999.0
_GROUPED: Final = ("item", "gastrostomy_switch", *DOMAINS)
_SAME_VISIT: Final = ("table", "patient", "visit_key")
_KEEP: Final = ("date", "offset", "clock", "row", "place", "visit")


@dataclass(frozen=True, slots=True)
class Scored:
    """Values by endpoint, and the items of each visit with ``gastrostomy``: if there is a tube."""

    values: pd.DataFrame
    items: pd.DataFrame
    findings: tuple[Finding, ...]


def score(
    values: pd.DataFrame,
    places: Sequence[Place],
    answers: Mapping[str, str],
) -> Scored:
    """Make totals from items and one value from several attempts.

    Parameters
    ----------
    values
        Rows as ``measure`` returns them.
    places
        File, sheet and header of each column.
    answers
        The answer to ``ALSFRS_SCALE``, if it was given.

    Notes
    -----
    A total is made only where all twelve items are there (5a or 5b counts as item 5). A stated
    total is kept beside the sum of the items; where the two differ both are reported.
    """
    return _Scorer(values, places, answers).score()


class _Scorer:
    def __init__(
        self,
        values: pd.DataFrame,
        places: Sequence[Place],
        answers: Mapping[str, str],
    ) -> None:
        self.values = values
        self.places = places
        self.answers = answers
        self.findings: list[Finding] = []
        self.thirteen: pd.MultiIndex | None = None

    def score(self) -> Scored:
        values = _with_visit_keys(self.values)
        items = values[values["role"].to_numpy() == "item"]
        switch = values[values["role"].to_numpy() == "gastrostomy_switch"]
        rest = values[~values["role"].isin(["item", "gastrostomy_switch"])]
        rest = _best_attempts(rest)
        wide = self._by_visit(items, switch)
        rest = self._scales(rest, wide)
        made = self._totals(wide, rest)
        rest, made = self._corrected(wide, rest, made)
        rest = self._sum_of_domains(pd.concat([rest, made], ignore_index=True))
        columns = ["patient", "role", "value", *_KEEP, "status", "visit_key", "table"]
        return Scored(rest[columns].reset_index(drop=True), wide, tuple(self.findings))

    def _corrected(
        self, wide: pd.DataFrame, rest: pd.DataFrame, made: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Replace stated totals of 13 items by the sum of the twelve that apply."""
        if self.thirteen is None:
            return rest, made
        wrong = pd.MultiIndex.from_frame(rest[list(_SAME_VISIT)]).isin(self.thirteen)
        wrong &= (rest["role"] == "alsfrs_r").to_numpy()
        sums = _made(wide, "alsfrs_r", wide[list(_ITEMS)].sum(axis=1, min_count=12))
        sums = sums[pd.MultiIndex.from_frame(sums[list(_SAME_VISIT)]).isin(self.thirteen)]
        return rest[~wrong], pd.concat([made, sums], ignore_index=True)

    def _by_visit(self, items: pd.DataFrame, switch: pd.DataFrame) -> pd.DataFrame:
        """Return one row a visit with a column for each item; item 5 is 5a or 5b."""
        if items.empty:
            return pd.DataFrame()
        items = self._possible_items(items)
        keys = list(_SAME_VISIT)
        once = items.drop_duplicates([*keys, "item"])
        wide = (
            once.set_index([*keys, "item"])["value"].unstack("item")  # noqa: PD010 - no aggregation
        )
        about = once.drop_duplicates(keys).set_index(keys)[list(_KEEP)]
        wide = wide.join(about)
        for name in (*_ITEMS, "5a", "5b", _ORIGINAL):
            if name not in wide:
                wide[name] = np.nan
        tube = switch.drop_duplicates(keys).set_index(keys)["value"].reindex(wide.index)
        if _is_switch(wide):
            tube, wide["5"] = tube.fillna(wide["5"]), np.nan
        wide["5"] = self._fifth(wide, tube)
        wide["gastrostomy"] = _has_tube(wide, tube)
        if wide["11"].isna().all() and wide["12"].isna().all() and wide[_ORIGINAL].isna().all():
            wide[_ORIGINAL] = wide["10"]
            wide["10"] = np.nan
        return wide.reset_index()

    def _possible_items(self, items: pd.DataFrame) -> pd.DataFrame:
        value = items["value"].to_numpy()
        good = np.isin(value, [0, 1, 2, 3, 4])
        for _, bad in items[~good].head(40).iterrows():
            text = f"{bad['value']:g} cannot be item {bad['item']} (0 to 4)."
            step = "The item is not used and no total was made of it; correct the file."
            self._note("OUT_OF_RANGE", text, step, bad, proposal="")
        return items[good]

    def _fifth(self, wide: pd.DataFrame, tube: pd.Series) -> pd.Series:
        """Return item 5: the form that was filled in; where both are, as the tube says."""
        without, with_tube = wide["5a"], wide["5b"]
        both = without.notna() & with_tube.notna()
        chosen = wide["5"].fillna(without).fillna(with_tube)
        said_with = tube.eq(1)
        said_without = tube.isin([0, 2])
        settled = both & (said_with | said_without | without.eq(with_tube))
        chosen = chosen.mask(both & said_with, with_tube).mask(both & said_without, without)
        open_rows = both & ~settled
        chosen = chosen.mask(open_rows)
        if open_rows.any():
            bad = wide[open_rows].iloc[0]
            n = int(open_rows.sum())
            text = f"Items 5a and 5b are both filled in at {n} {'visit' if n == 1 else 'visits'}."
            step = "Only one applies, with or without a feeding tube; no total was made there."
            self._note("BOTH_5A_5B", text, step, bad)
        if (both & settled & ~without.eq(with_tube)).any():
            bad = wide[both & settled].iloc[0]
            text = f"Items 5a and 5b are both filled in at {int((both & settled).sum())} visits."
            self._note("BOTH_5A_5B", text, "The one that fits the feeding tube was used.", bad)
        return chosen

    def _scales(self, rest: pd.DataFrame, wide: pd.DataFrame) -> pd.DataFrame:
        """Decide what columns called ALSFRS, without R, hold."""
        role = rest["role"].to_numpy(dtype=object).copy()
        bare = role == "alsfrs"
        if bare.any():
            both = bool((role == "alsfrs_r").any())
            highest = float(rest.loc[bare & (rest["value"] <= 48), "value"].max())
            revised_items = not wide.empty and wide["12"].notna().any()
            answer = self.answers.get("ALSFRS_SCALE")
            revised = answer == "revised" or (
                answer is None and not both and (highest > 40 or bool(revised_items))
            )
            role[bare] = "alsfrs_r" if revised else "alsfrs_40"
            first = rest[bare].iloc[0]
            if revised and answer is None:
                text = "The header says ALSFRS; its values were taken as ALSFRS-R (0–48): "
                text += (
                    "the items are those of ALSFRS-R."
                    if revised_items
                    else (f"they go up to {highest:g}, above the 40 of the original scale.")
                )
                self._note("ALSFRS_TAKEN_AS_R", text, "", first, info=True)
            else:
                self._original(first)
        elif (role == "alsfrs_40").any():
            self._original(rest[role == "alsfrs_40"].iloc[0])
        return rest.assign(role=role)

    def _original(self, first: pd.Series) -> None:
        text = "These are values of the original ALSFRS (0–40), not of the ALSFRS-R (0–48)."
        step = (
            "They are shown on their own scale. If they are ALSFRS-R, answer ALSFRS_SCALE=revised."
        )
        self._note("ALSFRS_ORIGINAL_SCALE", text, step, first)

    def _totals(self, wide: pd.DataFrame, rest: pd.DataFrame) -> pd.DataFrame:
        """Return totals and domains made of items, where the file states none."""
        if wide.empty:
            return rest.iloc[:0]
        made = [
            _made(wide, key, wide[list(items)].sum(axis=1, min_count=len(items)))
            for key, items in DOMAINS.items()
        ]
        total = wide[list(_ITEMS)].sum(axis=1, min_count=12)
        original = wide[[*_FIRST_NINE, _ORIGINAL]].sum(axis=1, min_count=10).where(total.isna())
        self._report_partial(wide, rest, total, original)
        for key, sums in (("alsfrs_r", total), ("alsfrs_40", original)):
            made.append(self._beside_stated(key, _made(wide, key, sums), rest, wide))
        if original.notna().any() and not any(
            f.code == "ALSFRS_ORIGINAL_SCALE" for f in self.findings
        ):
            self._original(wide[original.notna()].iloc[0])
        result = pd.concat(made, ignore_index=True)
        stated = _index(rest)
        return result[~_index(result).isin(stated)]

    def _report_partial(
        self,
        wide: pd.DataFrame,
        rest: pd.DataFrame,
        total: pd.Series,
        original: pd.Series,
    ) -> None:
        stated = _index(rest[rest["role"].isin(["alsfrs_r", "alsfrs_40"])])
        asked = _index(wide.assign(role="alsfrs_r")).isin(stated)
        lacking = total.isna() & original.isna() & ~np.asarray(asked)
        if lacking.any():
            n = int(lacking.sum())
            text = f"No total for {n} {'visit' if n == 1 else 'visits'}: not all items are there."
            step = "There is no agreed way to fill in an item; complete them in the file."
            self._note("ITEMS_INCOMPLETE", text, step, wide[lacking].iloc[0])

    def _beside_stated(
        self, key: str, made: pd.DataFrame, rest: pd.DataFrame, wide: pd.DataFrame
    ) -> pd.DataFrame:
        """Report totals that differ from the sum of their items; the stated one is kept."""
        stated = rest[rest["role"] == key]
        if stated.empty or made.empty:
            return made
        both = stated.merge(
            made[[*_SAME_VISIT, "value"]], on=list(_SAME_VISIT), suffixes=("", "_sum")
        )
        differs = both[both["value"] != both["value_sum"]]
        differs = self._without_thirteen(key, differs, wide)
        for _, bad in differs.head(40).iterrows():
            text = (
                f"The stated total is {bad['value']:g}, the items add up to {bad['value_sum']:g}."
            )
            step = "The stated total is used; apply the sum instead if the items are right."
            self._note("TOTAL_MISMATCH", text, step, bad, proposal=f"{bad['value_sum']:g}")
        if len(differs) > 40:
            text = f"{len(differs) - 40} more totals differ from the sum of their items."
            self._note("TOTAL_MISMATCH", text, "See above.", differs.iloc[40])
        return made

    def _without_thirteen(
        self, key: str, differs: pd.DataFrame, wide: pd.DataFrame
    ) -> pd.DataFrame:
        """Set aside stated totals that add both 5a and 5b, which no scale does."""
        if differs.empty or key != "alsfrs_r":
            return differs
        both = wide[wide["5a"].notna() & wide["5b"].notna()]
        thirteen = both[["5a", "5b", *(n for n in _ITEMS if n != "5")]].sum(axis=1, min_count=13)
        known = both[list(_SAME_VISIT)].assign(thirteen=thirteen)
        joined = differs.merge(known, on=list(_SAME_VISIT), how="left")
        wrong = (joined["thirteen"] == joined["value"]).to_numpy()
        if wrong.any():
            self.thirteen = pd.MultiIndex.from_frame(differs[wrong][list(_SAME_VISIT)])
            text = f"Stated totals that add both 5a and 5b, 13 items: {int(wrong.sum())}."
            step = "The sum of the twelve items that apply is used there."
            self._note("TOTAL_MISMATCH", text, step, differs[wrong].iloc[0])
        return differs[~wrong]

    def _sum_of_domains(self, values: pd.DataFrame) -> pd.DataFrame:
        """Add totals from the four domains where neither a total nor the items are there."""
        domains = values[values["role"].isin(list(DOMAINS))]
        if domains.empty:
            return values
        keys = list(_SAME_VISIT)
        once = domains.drop_duplicates([*keys, "role"]).set_index([*keys, "role"])["value"]
        wide = once.unstack("role")  # noqa: PD010 - there is nothing to aggregate
        if not set(DOMAINS) <= set(wide.columns):
            return values
        about = domains.drop_duplicates(keys).set_index(keys)[list(_KEEP)]
        total = wide[list(DOMAINS)].sum(axis=1, min_count=4)
        made = _made(wide.join(about).reset_index(), "alsfrs_r", total.reset_index(drop=True))
        stated = _index(
            values[values["role"].isin(["alsfrs_r", "alsfrs_40"])].assign(role="alsfrs_r")
        )
        made = made[~_index(made).isin(stated)]
        if len(made):
            text = f"Totals that were made of the four domains: {len(made)}."
            self._note("TOTAL_FROM_DOMAINS", text, "", made.iloc[0], info=True)
        return pd.concat([values, made], ignore_index=True)

    def _note(
        self,
        code: str,
        text: str,
        step: str,
        at: pd.Series,
        *,
        info: bool = False,
        proposal: str | None = None,
    ) -> None:
        place = self.places[int(at["place"])]
        row = int(at["row"])
        level: Severity = "info" if info else "warning"
        self.findings.append(
            Finding(
                code,
                level,
                text,
                step,
                place.file,
                place.sheet,
                row,
                place.header,
                place.text(row) if proposal is not None else "",
                proposal,
            )
        )


def _is_switch(wide: pd.DataFrame) -> bool:
    """Whether "item 5" beside 5a and 5b says which of the two applies instead of a score."""
    scored = wide["5a"].fillna(wide["5b"])
    both = wide["5"].notna() & scored.notna()
    return bool(both.any()) and bool((wide.loc[both, "5"] != scored[both]).mean() > 0.1)


def _has_tube(wide: pd.DataFrame, tube: pd.Series) -> pd.Series:
    """Whether there is a feeding tube: what the file says of it, else whether 5b alone counts."""
    said = tube.where(tube.isin([0, 1, 2]))
    return said.eq(1).where(said.notna(), wide["5b"].notna() & wide["5a"].isna())


def _with_visit_keys(values: pd.DataFrame) -> pd.DataFrame:
    """Number visits: cells of one row and one nominal month, or of one patient at one time."""
    if not values["role"].isin(_GROUPED).any() and not (values["trial"] > 0).any():
        return values.assign(visit_key=values["row"].astype("float64"), status=USABLE)
    when = values["date"].fillna(values["offset"] + 10_000_000.0)
    month = values["visit"].fillna(_NO_MONTH)
    by_row = values.groupby(["table", "row", month, when.fillna(-1.0)], sort=False).ngroup()
    several = values.groupby(["table", "row"], sort=False)["place"].transform("nunique") > 1
    timed = values.groupby(["table", "patient", when.fillna(-1.0)], sort=False).ngroup()
    table_is_long = ~several.groupby(values["table"]).transform("any")
    key = by_row.astype("float64").where(~table_is_long | when.isna(), timed.astype("float64"))
    return values.assign(visit_key=key, status=USABLE)


def _best_attempts(values: pd.DataFrame) -> pd.DataFrame:
    """Keep the best attempt of a visit; a value without a number is the reported best."""
    tried = values["trial"].to_numpy() > 0
    if not tried.any():
        return values
    keys = [*_SAME_VISIT, "role"]
    attempts = values[tried].sort_values("value", ascending=False, kind="stable")
    best = attempts.drop_duplicates(keys)
    rest = values[~tried]
    stated = pd.MultiIndex.from_frame(rest[keys])
    best = best[~pd.MultiIndex.from_frame(best[keys]).isin(stated)]
    return pd.concat([rest, best]).sort_index(kind="stable").reset_index(drop=True)


def _made(wide: pd.DataFrame, key: str, sums: pd.Series) -> pd.DataFrame:
    keys = [name for name in (*_SAME_VISIT, *_KEEP) if name in wide]
    frame = wide[keys].assign(role=key, value=sums.to_numpy(), status=USABLE, trial=0, item="")
    made: pd.DataFrame = frame[np.isfinite(frame["value"].to_numpy())]
    return made


def _index(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[[*_SAME_VISIT, "role"]])


def impossible(role: str, values: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.bool_]:
    """Return where values cannot be on the scale of an endpoint."""
    scale = ENDPOINTS[role]
    low = _SMALLEST.get(role, scale.low)
    above = values > low if scale.exclusive_low else values >= low
    inside = above & (values <= scale.high)
    return ~inside | ((values != np.round(values)) if scale.integer else False)
