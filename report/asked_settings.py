"""The settings that a command asks for: of the trial, of a file, and of single options."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.opening import opening_settings
from analysis.setting_fields import FIELDS
from analysis.settings import Settings
from analysis.variants import Variant
from data.trial import Trial
from report.analysis_file import AnalysisFile, AnalysisFileProblem


class CommandProblem(Exception):
    """Something about a command itself that the user can mend."""


def asked_settings(
    trial: Trial,
    own: Mapping[str, Any],
    *,
    analysis: str | None,
    settings: str | None,
    assignments: Sequence[str],
    chosen: Mapping[str, Any],
) -> tuple[Settings, tuple[Variant, ...], tuple[str, ...]]:
    """Return the settings of a command, each source before the next.

    Parameters
    ----------
    trial, own
        The data, and the settings with which a bundled trial opens.
    analysis, settings
        Paths of a saved analysis and of a file of settings.
    assignments
        Texts "NAME=VALUE".
    chosen
        Fields that other options of the command set.

    Returns
    -------
    tuple
        The settings, the variants of the saved analysis, and sentences for what is to be said.

    Raises
    ------
    CommandProblem
        If a file or a value makes no sense.
    """
    plain: dict[str, Any] = {**opening_settings(trial), **own}
    said: list[str] = []
    variants: tuple[Variant, ...] = ()
    if analysis is not None:
        saved, ignored = _saved(analysis)
        other = saved.differs_from(trial)
        said += [*([other] if other else []), *ignored]
        variants = saved.variants
        plain |= saved.settings.to_json()
    if settings is not None:
        plain |= _loaded(settings)
    plain |= dict(assigned(text, "--set") for text in assignments)
    result, problems = Settings.from_json({**plain, **chosen})
    return result, variants, (*said, *problems)


def assigned(text: str, option: str) -> tuple[str, Any]:
    """Return the field and the value of "NAME=VALUE", checked.

    Raises
    ------
    CommandProblem
        If there is no such field, or it cannot have the value.
    """
    name, value = pair(text, option)
    if name not in FIELDS:
        known = ", ".join(FIELDS)
        raise CommandProblem(f"{option} {name}: no such setting. Known: {known}.")
    try:
        return name, FIELDS[name].check(FIELDS[name].from_text(value))
    except ValueError as problem:
        raise CommandProblem(f"{option} {name}: {problem}.") from None


def pair(text: str, option: str) -> tuple[str, str]:
    """Return both sides of "NAME=VALUE".

    Raises
    ------
    CommandProblem
        If there is no "=".
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandProblem(f"{option} {text}: NAME=VALUE is needed.")
    return name.strip(), value.strip()


def _saved(path: str) -> tuple[AnalysisFile, tuple[str, ...]]:
    try:
        return AnalysisFile.from_bytes(Path(path).read_bytes())
    except OSError as problem:
        raise CommandProblem(f"{path}: {problem.strerror or 'cannot be read'}.") from None
    except AnalysisFileProblem as problem:
        raise CommandProblem(f"{path}: {problem}.") from None


def _loaded(path: str) -> dict[str, Any]:
    try:
        loaded = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise CommandProblem(f"{path} is no JSON file: {problem}") from None
    if not isinstance(loaded, dict):
        raise CommandProblem(f"{path} holds no settings.")
    return loaded
