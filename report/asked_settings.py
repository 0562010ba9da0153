"""What a command asks for: settings of the trial, of a file and of single options; variants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from analysis.comparison import Comparison
from analysis.equal_windows import equal_windows
from analysis.leave_visit_out import TRIED
from analysis.opening import opening_settings
from analysis.setting_fields import FIELDS
from analysis.settings import PatientExclusion, Settings
from analysis.variants import MOST_VARIANTS, SHARED, Variant
from data.trial import Trial
from report.analysis_file import AnalysisFile, AnalysisFileProblem

_MOST_NAMED: Final = 12


class CommandProblem(Exception):
    """Something about a command itself that the user can mend."""


def saved_analysis(path: str | None) -> tuple[AnalysisFile | None, tuple[str, ...]]:
    """Return the saved analysis of a command, and a sentence for each thing in it that is ignored.

    Parameters
    ----------
    path
        Where it lies; ``None`` where the command names none.

    Raises
    ------
    CommandProblem
        If it cannot be read, or is no saved analysis.
    """
    if path is None:
        return None, ()
    try:
        return AnalysisFile.from_bytes(Path(path).read_bytes())
    except OSError as problem:
        raise CommandProblem(f"{path}: {problem.strerror or 'cannot be read'}.") from None
    except AnalysisFileProblem as problem:
        raise CommandProblem(f"{path}: {problem}.") from None


def asked_settings(
    trial: Trial,
    own: Mapping[str, Any],
    saved: AnalysisFile | None,
    *,
    file: str | None = None,
    assignments: Sequence[str] = (),
    chosen: Mapping[str, Any] | None = None,
) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings of a command, each source before the next.

    Parameters
    ----------
    trial, own
        The data, and the settings with which a bundled trial opens.
    saved
        A saved analysis; nothing of the trial’s own settings is left where there is one.
    file
        Path of a file of settings.
    assignments
        Texts "NAME=VALUE".
    chosen
        Fields that other options of the command set.

    Returns
    -------
    tuple
        The settings, and a sentence for each thing that is to be said.

    Raises
    ------
    CommandProblem
        If a file or a value makes no sense.
    """
    said: list[str] = []
    plain: dict[str, Any] = {**opening_settings(trial), **own}
    if saved is not None:
        plain = saved.settings.to_json()
        said += filter(None, [saved.differs_from(trial)])
    if file is not None:
        plain |= _loaded(file)
    plain |= dict(_assigned(text, "--set") for text in assignments)
    settings, problems = Settings.from_json({**plain, **(chosen or {})})
    return settings, (*said, *problems)


def asked_variants(
    trial: Trial,
    comparison: Comparison,
    *,
    saved: AnalysisFile | None = None,
    vary: Sequence[str] = (),
    without: Sequence[str] = (),
    equal: bool = False,
) -> tuple[Variant, ...]:
    """Return the variants of a command: saved ones, then each that an option asks for.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    saved
        A saved analysis.
    vary
        Texts "NAME=VALUE,NAME=VALUE", one a variant.
    without
        Names of patients, one a variant.
    equal
        Whether both periods are to be equally long in one more.

    Raises
    ------
    CommandProblem
        If a text makes no sense, there is no such patient, the windows cannot be equal, or there
        are more than four.
    """
    settings = comparison.settings
    variants = list(() if saved is None else saved.variants)
    variants += [Variant("", settings.with_(**_changes(text))) for text in vary]
    for name in without:
        position_of(trial, name, "--without")
        others = [one for one in settings.excluded_patients if one.patient != name]
        excluded = (*others, PatientExclusion(name, TRIED))
        variants.append(Variant("", settings.with_(excluded_patients=excluded)))
    if equal:
        windows = equal_windows(comparison)
        if windows.reason:
            raise CommandProblem(f"--equal-windows: {windows.reason}.")
        variants.append(Variant("equal windows", settings.with_(**windows.changes)))
    if len(variants) > MOST_VARIANTS:
        raise CommandProblem(
            f"{len(variants)} variants: at most {MOST_VARIANTS} stand beside the primary analysis."
        )
    return tuple(variants)


def position_of(trial: Trial, name: str, option: str) -> int:
    """Return the position of a patient.

    Raises
    ------
    CommandProblem
        If there is no such patient.
    """
    if name in trial.patient_ids:
        return trial.patient_ids.index(name)
    known = ", ".join(trial.patient_ids[:_MOST_NAMED])
    more = len(trial.patient_ids) - _MOST_NAMED
    raise CommandProblem(
        f"{option} {name}: no such patient. There {'is' if len(trial.patient_ids) == 1 else 'are'} "
        f"{known}{f' and {more:,} more' if more > 0 else ''}."
    )


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


def _assigned(text: str, option: str) -> tuple[str, Any]:
    """Return the field and the value of "NAME=VALUE", checked."""
    name, value = pair(text, option)
    if name not in FIELDS:
        known = ", ".join(FIELDS)
        raise CommandProblem(f"{option} {name}: no such setting. Known: {known}.")
    try:
        return name, FIELDS[name].check(FIELDS[name].from_text(value))
    except ValueError as problem:
        raise CommandProblem(f"{option} {name}: {problem}.") from None


def _changes(text: str) -> dict[str, Any]:
    """Return the fields that "NAME=VALUE,NAME=VALUE" changes."""
    changes = dict(_assigned(part, "--vary") for part in text.split(","))
    for name in changes:
        if name in SHARED:
            raise CommandProblem(
                f"--vary {name}: the same in all analyses, or their numbers could not be compared. "
                f"Use --set {name}=… for all of them."
            )
    return changes


def _loaded(path: str) -> dict[str, Any]:
    try:
        loaded = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise CommandProblem(f"{path} is no JSON file: {problem}") from None
    if not isinstance(loaded, dict):
        raise CommandProblem(f"{path} holds no settings.")
    return loaded
