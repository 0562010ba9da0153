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
_MOST_PROBLEMS: Final = 20
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


def to_link(variants: Sequence[Variant], primary: Settings, *, with_names: bool) -> dict[str, str]:
    """Return the parameters of the variants that name no patient.

    Parameters
    ----------
    variants, primary
        The variants and the primary analysis.
    with_names
        Whether the reader’s own names of variants enter; only those of bundled trials may, because
        a name can hold that of a person.
    """
    shared = [one for one in variants if not names_patients(one, primary)]
    names = [one.name.replace(_APART, " ") if with_names else "" for one in shared]
    return {
        parameter: f"{name}{_APART}{urlencode(one.settings.to_query())}"
        for parameter, name, one in zip(PARAMETERS, names, shared, strict=False)
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
    return tuple(variants), tuple(problems[:_MOST_PROBLEMS])
