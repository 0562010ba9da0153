"""The bundled trials: simulated, and they say so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from data.examples.registry import registry_title, registry_trial
from data.files import UploadedFile
from data.reading import read_files
from data.trial import Periods, Trial

FOLDER: Final = Path(__file__).resolve().parent

EXAMPLE_IDS: Final = ("after-shamsaei-2023", "after-oh-2018", "every-detail", "untreated-60")
"""The bundled trials, in the order in which pages offer them."""

LARGE_IDS: Final = ("registry-2000", "registry-12000")
"""Simulated registries, made when they are opened."""

FIRST_EXAMPLE: Final = EXAMPLE_IDS[0]
"""The trial that opens by itself."""


@dataclass(frozen=True, slots=True)
class Example:
    """A bundled trial with the settings that it opens with.

    Parameters
    ----------
    trial
        The trial.
    settings
        Settings that differ from the default, as JSON values.
    file_name, content
        The file behind it; empty for a registry (:func:`data.examples.registry.registry_csv`).
    """

    trial: Trial
    settings: Mapping[str, Any]
    file_name: str
    content: bytes


def example_title(example_id: str) -> str:
    """Return the title of one bundled trial without reading its data.

    Raises
    ------
    KeyError
        If there is no such example.
    """
    if example_id in LARGE_IDS:
        return registry_title(int(example_id.partition("-")[2]))
    return str(_described(example_id)["title"])


def example_settings(example_id: str) -> Mapping[str, Any]:
    """Return the settings that differ from the default when one bundled trial opens.

    Raises
    ------
    KeyError
        If there is no such example.
    """
    if example_id in LARGE_IDS:
        return MappingProxyType({})
    return MappingProxyType(_described(example_id)["settings"])


def load_example(example_id: str) -> Example:
    """Read one bundled trial through the same reader as any upload.

    Raises
    ------
    KeyError
        If there is no such example.
    RuntimeError
        If its file is damaged.
    """
    if example_id in LARGE_IDS:
        patients = int(example_id.partition("-")[2])
        return Example(registry_trial(patients), MappingProxyType({}), "registry.csv", b"")
    about = _described(example_id)
    content = (FOLDER / about["file"]).read_bytes()
    reading = read_files([UploadedFile(about["file"], content)])
    if reading.trial is None:
        raise RuntimeError(f"the bundled trial {example_id} cannot be read")
    periods = about.get("period_months")
    trial = replace(
        reading.trial,
        title=about["title"],
        simulated=about["simulated"],
        origin="example",
        periods=Periods(periods["before"], periods["after"]) if periods else None,
        notes=tuple(about["notes"]),
        example_id=example_id,
    )
    return Example(trial, MappingProxyType(about["settings"]), about["file"], content)


def _described(example_id: str) -> dict[str, Any]:
    if example_id not in EXAMPLE_IDS:
        raise KeyError(example_id)
    path = FOLDER / f"{example_id.replace('-', '_')}.json"
    described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return described
