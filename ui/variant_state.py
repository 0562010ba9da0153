"""What can be done with the variants of a session: open, change, name, swap, reset, remove."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analysis.settings import DEFAULT, Settings
from analysis.variants import MOST_VARIANTS, SHARED, Variant, clean_name
from ui import state
from ui.setting_widgets import Target


def open_as_variant(name: str, **changes: Any) -> None:
    """Put the primary analysis with some changes beside itself.

    A variant that is there already is chosen again; beyond four, the new one takes the place of the
    one that is being changed.

    Parameters
    ----------
    name
        What it is called; empty for a name made of what differs.
    changes
        Fields of the settings.
    """
    known, primary = state.variants(), state.settings()
    new = Variant(clean_name(name), primary.with_(**changes))
    same = [one.beside(primary) == new.beside(primary) for one in known.kept]
    if any(same):
        state.change_variants(replace(known, chosen=same.index(True)))
        return
    if len(known.kept) < MOST_VARIANTS:
        kept = (*known.kept, new)
        state.change_variants(replace(known, kept=kept, chosen=len(kept) - 1))
    else:
        state.change_variants(replace(known, kept=_with(known.kept, known.chosen, new)))


def chosen_variant() -> Variant | None:
    """Return the variant that is being changed; ``None`` where there is none."""
    known = state.variants()
    return known.kept[known.chosen] if known.kept else None


def choose(place: int) -> None:
    """Make the variant at ``place`` the one that is being changed."""
    known = state.variants()
    if 0 <= place < len(known.kept):
        state.change_variants(replace(known, chosen=place))


def rename(name: str) -> None:
    """Name the chosen variant; an empty name is made of what differs."""
    _put(replace(_chosen(), name=clean_name(name)))


def swap() -> None:
    """Make the chosen variant the primary analysis, and the other way round."""
    primary, variant = state.settings(), _chosen()
    _put(Variant("", primary))
    state.change_settings(**_own_fields(variant.settings))


def reset() -> None:
    """Give the chosen variant the settings of the primary analysis, and no name."""
    _put(Variant("", state.settings()))


def remove() -> None:
    """Take the chosen variant away."""
    known = state.variants()
    kept = tuple(one for place, one in enumerate(known.kept) if place != known.chosen)
    state.change_variants(
        replace(known, kept=kept, chosen=max(0, min(known.chosen, len(kept) - 1)))
    )


def note_tried() -> None:
    """Count the variants that are shown among those that were looked at."""
    known, primary = state.variants(), state.settings()
    # Another unit or seed is no other analysis.
    plain = DEFAULT.with_(alternative=primary.alternative)
    own = Variant("", primary).beside(plain).key
    keys = {one.beside(plain).key for one in known.kept} - {own}
    if keys - known.tried:
        state.change_variants(replace(known, tried=known.tried | keys))


def _settings() -> Settings:
    return _chosen().beside(state.settings())


def _change(**changes: Any) -> None:
    variant = _chosen()
    _put(replace(variant, settings=variant.settings.with_(**changes)))


CHOSEN = Target("w.variant-", _settings, _change)
"""The chosen variant, for widgets that show and change its settings."""


def _chosen() -> Variant:
    found = chosen_variant()
    if found is None:
        raise LookupError("there is no variant")
    return found


def _put(variant: Variant) -> None:
    known = state.variants()
    state.change_variants(replace(known, kept=_with(known.kept, known.chosen, variant)))


def _with(kept: tuple[Variant, ...], place: int, variant: Variant) -> tuple[Variant, ...]:
    return (*kept[:place], variant, *kept[place + 1 :])


def _own_fields(settings: Settings) -> dict[str, Any]:
    """Return the fields of a variant that are its own."""
    names = [name for name in Settings.__dataclass_fields__ if name not in SHARED]
    return {name: getattr(settings, name) for name in names}
