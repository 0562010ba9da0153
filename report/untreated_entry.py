"""Words and tables about simulated untreated trials that took their people by an entry rule."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.untreated.entry import EntryBenchmark
from analysis.untreated.outcome import UntreatedEndpoint
from report.numbers import DASH, count, signed
from report.untreated_tables import percent
from report.untreated_words import CHANCE_OF_100, RESPONDER_RULE, of_100


def entry_table(found: Sequence[EntryBenchmark], endpoint: str, unit: str) -> pd.DataFrame:
    """Return what untreated trials with each entry rule show of one endpoint.

    Parameters
    ----------
    found
        One entry a rule.
    endpoint
        Key of the endpoint.
    unit
        Of its changes.
    """
    rows = []
    for one in found:
        seen = one.endpoint(endpoint)
        row = {"entry rule": one.words, "people who meet it": percent(one.accepted)}
        if seen is None or seen.reason:
            rows.append(row | dict.fromkeys(_columns(unit), DASH))
            continue
        responders = seen.responders_by(RESPONDER_RULE)
        values = (
            signed(seen.mean),
            of_100(seen.at_least),
            of_100(seen.in_favour),
            DASH if responders is None else percent(responders.untreated),
        )
        rows.append(row | dict(zip(_columns(unit), values, strict=True)))
    return pd.DataFrame(rows)


def _columns(unit: str) -> tuple[str, ...]:
    return (
        f"expected untreated, {unit}",
        "change at least as high",
        "P < 0.05 in favour",
        "at least 50 % less steep",
    )


def entry_sentence(found: Sequence[EntryBenchmark], endpoint: str) -> str:
    """Return how often untreated trials with these rules succeed falsely, in a sentence.

    Parameters
    ----------
    found
        One entry a rule.
    endpoint
        Key of the endpoint.
    """
    seen = [one.endpoint(endpoint) for one in found]
    known = [one for one in seen if one is not None and not one.reason]
    if not known:
        return ""
    shares = sorted((one.in_favour for one in known), key=lambda share: share.share)
    over = of_100(shares[0])
    if len(known) > 1:
        over = f"between {over} and {of_100(shares[-1])}, by which of {len(known)} rules held,"
    return (
        f"{known[0].endpoint.label}: {over} untreated trials at these visit times reach a "
        "two-sided P < 0.05 towards a less steep decline with no transplant; by chance alone it "
        f"would be {CHANCE_OF_100:g} of 100."
    )


def entry_legend(found: UntreatedEndpoint, rule: str) -> str:
    """Return how to read the figure of simulated trials with an entry rule.

    Parameters
    ----------
    found
        What they show of one endpoint.
    rule
        The rule in words.
    """
    if found.reason:
        return ""
    return (
        f"Each dot: 1 of 100 of {count(found.at_least.trials, 'simulated untreated trial')} at the "
        f"visit times of these {count(found.n, 'patient')}; entry: {rule}. Filled: a change at "
        f"least as large as the {signed(found.observed)} {found.unit} here."
    )
