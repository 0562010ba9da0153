"""The exhibits that are chosen for a presentation: names and settings, never pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.trial import Trial
from report.exhibits.chart import Spot
from report.exhibits.registry import KINDS

MOST_ITEMS: Final = 60
LONGEST_CAPTION: Final = 400

_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Item:
    """One exhibit with the analysis it was chosen in.

    Parameters
    ----------
    spot
        Which exhibit.
    settings
        Settings when it was added.
    data_hash
        SHA-256 of the trial when it was added.
    caption
        Written by the reader; the exhibit's own legend stands beside it.
    """

    spot: Spot
    settings: Settings
    data_hash: str
    caption: str = ""

    def changed(self, trial: Trial, settings: Settings) -> str:
        """Return what has changed since it was added; empty if nothing has.

        Parameters
        ----------
        trial, settings
            As they are now.
        """
        if self.data_hash != trial.hash:
            return "other data since added"
        return "" if self.settings == settings else "other settings since added"

    def refreshed(self, trial: Trial, settings: Settings) -> Self:
        """Return it with the data and settings of now."""
        return replace(self, settings=settings, data_hash=trial.hash)

    def to_json(self, primary: Settings) -> dict[str, Any]:
        """Return it as JSON values; of its settings those that differ from the primary ones."""
        base = primary.to_json()
        own = self.settings.to_json()
        return {
            "kind": self.spot.kind,
            "endpoint": self.spot.endpoint,
            "patient": None if self.spot.patient is None else self.spot.patient + 1,
            "caption": self.caption,
            "data_sha256": self.data_hash,
            "settings": {name: value for name, value in own.items() if value != base[name]},
        }


def added(basket: Sequence[Item], item: Item) -> tuple[Item, ...]:
    """Return the basket with an item at its end; one that is there already is refreshed."""
    for at, known in enumerate(basket):
        if known.spot == item.spot:
            fresh = replace(item, caption=known.caption)
            return (*basket[:at], fresh, *basket[at + 1 :])
    return (*basket, item)[:MOST_ITEMS]


def moved(basket: Sequence[Item], at: int, by: int) -> tuple[Item, ...]:
    """Return the basket with one item moved up (−1) or down (+1), where there is room."""
    to = at + by
    if not 0 <= to < len(basket):
        return tuple(basket)
    items = list(basket)
    items[at], items[to] = items[to], items[at]
    return tuple(items)


def carried_over(basket: Sequence[Item], old: Trial, new: Trial) -> tuple[Item, ...]:
    """Return what stays chosen when another trial opens.

    Somebody's own figure stays only where a patient of the same name is in the new trial; names in
    trials of different people can be the same, so it stays for uploads of one person's making only:
    for bundled trials nobody's figure is carried over.
    """
    kept = []
    for item in basket:
        at = item.spot.patient
        if at is None:
            kept.append(item)
        elif old.origin == new.origin == "upload" and at < len(old.patient_ids):
            name = old.patient_ids[at]
            if name in new.patient_ids:
                spot = replace(item.spot, patient=new.patient_ids.index(name))
                kept.append(replace(item, spot=spot))
    return tuple(kept)


def default_basket(trial: Trial, settings: Settings) -> tuple[Item, ...]:
    """Return what most talks need, for a basket that is still empty.

    Parameters
    ----------
    trial, settings
        The data and the settings of now.
    """
    endpoints = [key for key in settings.endpoints if key in trial.endpoints]
    first = ("courses", "slopes", "untreated", "responders", "leave-out", "published")
    spots = [Spot(kind, key) for kind in first for key in endpoints]
    spots = [spot for spot in spots if spot.kind in KINDS][:10]
    spots += [Spot("tests"), Spot("results")]
    return tuple(Item(spot, settings, trial.hash) for spot in spots)


def clean_caption(text: str) -> str:
    """Return a caption on one line, without letters that cannot be shown."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:LONGEST_CAPTION]


def basket_from_json(plain: object, primary: Settings) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Read items of a saved analysis; nothing in them is trusted.

    Parameters
    ----------
    plain
        JSON values.
    primary
        Settings of the saved analysis; an item holds what differs from them.

    Returns
    -------
    tuple
        The items that can be read, and a sentence for each that cannot.
    """
    if not isinstance(plain, list):
        return (), ("The presentation is damaged; it is ignored.",)
    items: list[Item] = []
    problems: list[str] = []
    for place, entry in enumerate(plain[:MOST_ITEMS], start=1):
        found = _item(entry, primary) if isinstance(entry, Mapping) else "it is damaged"
        if isinstance(found, Item):
            items.append(found)
        else:
            problems.append(f"Item {place} of the presentation is ignored: {found}.")
    if len(plain) > MOST_ITEMS:
        problems.append(f"At most {MOST_ITEMS} items of the presentation are opened.")
    return tuple(items), tuple(problems)


def _item(entry: Mapping[str, Any], primary: Settings) -> Item | str:
    kind, endpoint = entry.get("kind"), entry.get("endpoint", "")
    if not isinstance(kind, str) or kind not in KINDS:
        return "its kind is unknown"
    if not isinstance(endpoint, str) or (endpoint and endpoint not in ENDPOINTS):
        return "its endpoint is unknown"
    patient = entry.get("patient")
    if patient is not None and (
        isinstance(patient, bool) or not isinstance(patient, int) or not 1 <= patient <= 1_000_000
    ):
        return "its patient is no position"
    own = entry.get("settings", {})
    if not isinstance(own, Mapping):
        return "its settings are damaged"
    settings, wrong = Settings.from_json(primary.to_json() | dict(own))
    if wrong:
        return wrong[0].removesuffix(".")
    caption, data_hash = entry.get("caption", ""), entry.get("data_sha256", "")
    if not isinstance(caption, str) or not isinstance(data_hash, str):
        return "it is damaged"
    known = data_hash if _HASH.fullmatch(data_hash) else ""
    spot = Spot(kind, endpoint, None if patient is None else patient - 1)
    return Item(spot, settings, known, clean_caption(caption))
