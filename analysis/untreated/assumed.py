"""The natural history that an analysis assumes: a preset, and what the reader changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from analysis.results import finite
from analysis.setting_untreated import BETWEEN, edit_words, edited_values
from analysis.settings import Settings
from analysis.untreated.history import BETWEEN_ENDPOINTS, HISTORIES, PRESETS, History, Preset

EDITED = "edited by the reader"


@dataclass(frozen=True, slots=True)
class Assumed:
    """Untreated courses of every endpoint of which something is known.

    Parameters
    ----------
    histories
        By endpoint key.
    between
        Correlation of a person's slopes of two endpoints.
    preset
        What the numbers started from.
    edited
        What was changed in it, in words.
    """

    histories: Mapping[str, History]
    between: float
    preset: Preset
    edited: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return every number with its source as JSON values; an infinite number becomes null."""
        return {
            "preset": self.preset.key,
            "edited": list(self.edited),
            "between_endpoints": self.between,
            "endpoints": {key: _plain(history) for key, history in self.histories.items()},
        }


def _plain(history: History) -> dict[str, Any]:
    names = [field.name for field in fields(history) if field.name != "sources"]
    plain: dict[str, Any] = {name: finite(getattr(history, name)) for name in names}
    return plain | {"sources": dict(history.sources)}


def assumed_history(settings: Settings) -> Assumed:
    """Return the natural history of the settings: the preset with the reader's edits.

    Parameters
    ----------
    settings
        Preset and edits.
    """
    preset = next(one for one in PRESETS if one.key == settings.history)
    changes: dict[str, dict[str, float]] = {
        key: dict(preset.changes.get(key, {})) for key in HISTORIES
    }
    sources: dict[str, dict[str, str]] = {
        key: dict.fromkeys(preset.changes.get(key, {}), f"preset “{preset.label}”")
        for key in HISTORIES
    }
    between = BETWEEN_ENDPOINTS
    for name, value in edited_values(settings.history_values).items():
        if name == BETWEEN:
            between = value
            continue
        endpoint, _, field = name.partition(".")
        changes[endpoint][field] = value
        sources[endpoint][field] = EDITED
    histories = {
        key: history.with_(**changes[key], sources=dict(history.sources) | sources[key])
        for key, history in HISTORIES.items()
    }
    return Assumed(histories, between, preset, edit_words(settings.history_values))
