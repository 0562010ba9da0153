"""The variants of a session, and how a link carries those that name no patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from analysis.settings import Settings
from analysis.variants import MOST_VARIANTS, Variant, clean_name

PARAMETERS: Final = tuple(f"variant-{k}" for k in range(1, MOST_VARIANTS + 1))
"""Parameters of a link that carry variants."""

_LONGEST: Final = 2_000
_APART: Final = "~"


@dataclass(frozen=True, slots=True)
class Variants:
    """The variants of a session.

    Parameters
    ----------
    kept
        At most four, in the order of the board.
    chosen
        Place of the one that is being changed.
    tried
        Keys of every variant whose result was shown, also of those that were removed.
    """

    kept: tuple[Variant, ...] = ()
    chosen: int = 0
    tried: frozenset[str] = frozenset()


def names_patients(variant: Variant, primary: Settings) -> bool:
    """Whether a variant differs from the primary analysis in what never enters a link."""
    own = variant.settings
    same = own.excluded_patients == primary.excluded_patients and own.points == primary.points
    return not same


def to_link(
    variants: Sequence[Variant], primary: Settings, patient_ids: Sequence[str]
) -> dict[str, str]:
    """Return the parameters of the variants that name no patient.

    Parameters
    ----------
    variants, primary
        The variants and the primary analysis.
    patient_ids
        Names of the patients: a variant whose name holds one of them goes without its name.
    """
    shared = [one for one in variants if not names_patients(one, primary)]
    return {
        parameter: f"{_safe(one.name, patient_ids)}{_APART}{urlencode(one.settings.to_query())}"
        for parameter, one in zip(PARAMETERS, shared, strict=False)
    }


def from_link(texts: Mapping[str, str]) -> tuple[tuple[Variant, ...], tuple[str, ...]]:
    """Read the variants of a link; nothing in it is trusted.

    Parameters
    ----------
    texts
        The parameters of ``PARAMETERS`` that the link has.

    Returns
    -------
    tuple
        The variants, and a sentence for everything that was ignored.
    """
    variants: list[Variant] = []
    problems: list[str] = []
    for parameter in PARAMETERS:
        text = texts.get(parameter, "")
        if not text:
            continue
        name, apart, query = text.partition(_APART)
        if not apart or len(text) > _LONGEST:
            problems.append(f"The link’s “{parameter}” is ignored: it is not a variant.")
            continue
        settings, wrong = Settings.from_query(dict(parse_qsl(query, keep_blank_values=True)))
        variants.append(Variant(clean_name(name), settings))
        problems += wrong
    return tuple(variants), tuple(problems)


def _safe(name: str, patient_ids: Sequence[str]) -> str:
    small = name.casefold()
    found = any(who.casefold() in small for who in patient_ids if who)
    return "" if found else name.replace(_APART, " ")
