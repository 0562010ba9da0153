"""A saved analysis: everything that makes a result of a file, to be opened again elsewhere.

The file names patients: in what was left out, in corrected cells, and in whatever a reader wrote
beside them. It belongs where the data themselves may lie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from analysis.settings import Settings
from analysis.variants import LONGEST_NAME, MOST_VARIANTS, Variant, clean_name
from data.recipe import TrialRecipe
from data.trial import Trial
from report.json_export import versions
from report.presentation.basket import Item, basket_from_json

SCHEMA: Final = "alslope-analysis-1"

MAX_BYTES: Final = 1_000_000
"""Size of a file beyond which it is neither written nor opened."""

NAMES_PATIENTS: Final = (
    "The saved analysis names the patients and values that were left out, and what was written "
    "about them. Keep it where the data are kept."
)
"""What is said where an analysis is saved."""

_KEYS: Final = (
    *("schema", "title", "data_sha256", "versions", "recipe", "settings", "variants"),
    "presentation",
)
_LONGEST_TITLE: Final = 200
_LONGEST_VERSION: Final = 40
_MOST_VERSIONS: Final = 20
_MOST_PROBLEMS: Final = 20
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class AnalysisFileProblem(ValueError):
    """A file that is no saved analysis, or too large to be one; the text says why."""


@dataclass(frozen=True, slots=True)
class AnalysisFile:
    """Everything that makes a result of a file.

    It names patients (see the module), so it never enters a link.

    Parameters
    ----------
    recipe
        Answers, columns and corrected cells that made the trial of its files.
    settings
        Settings of the primary analysis.
    variants
        At most four other analyses beside it.
    data_hash
        SHA-256 of the trial; empty where the file does not say it.
    title
        Name of the trial.
    versions
        What computed when the analysis was saved, by name.
    basket
        What is chosen for the presentation.
    """

    recipe: TrialRecipe
    settings: Settings
    variants: tuple[Variant, ...] = ()
    data_hash: str = ""
    title: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    basket: tuple[Item, ...] = ()

    @classmethod
    def of(
        cls,
        trial: Trial,
        settings: Settings,
        variants: Sequence[Variant] = (),
        basket: Sequence[Item] = (),
    ) -> Self:
        """Return the analysis of an open trial, as it is to be saved."""
        computed = versions()
        return cls(
            trial.recipe,
            settings,
            tuple(variants),
            trial.hash,
            trial.title,
            computed,
            tuple(basket),
        )

    def differs_from(self, trial: Trial) -> str:
        """Return what is to be said where the analysis is of other data; empty where it is not."""
        if not self.data_hash:
            return "The saved analysis does not say of which data it is."
        if self.data_hash == trial.hash:
            return ""
        of = f" “{self.title}”" if self.title else ""
        return (
            f"The saved analysis{of} is of other data: they had the hash {self.data_hash[:12]}, "
            f"these have {trial.hash[:12]}. Its choices are used on these data; results may differ."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the file as JSON values; a variant holds the settings in which it differs."""
        primary = self.settings.to_json()
        return {
            "schema": SCHEMA,
            "title": self.title,
            "data_sha256": self.data_hash,
            "versions": dict(self.versions),
            "recipe": self.recipe.to_json(),
            "settings": primary,
            "variants": [
                {
                    "name": one.name,
                    "settings": {
                        name: value
                        for name, value in one.settings.to_json().items()
                        if value != primary[name]
                    },
                }
                for one in self.variants
            ],
            "presentation": [item.to_json(self.settings) for item in self.basket],
        }

    def to_text(self) -> str:
        """Return the file as it is saved.

        Raises
        ------
        AnalysisFileProblem
            If it would be too large to be opened again.
        """
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        if len(text.encode()) > MAX_BYTES:
            raise AnalysisFileProblem(
                "The analysis is larger than 1 MB and could not be opened again: "
                "it holds too many decisions about values"
            )
        return text

    @classmethod
    def from_json(cls, plain: object) -> tuple[Self, tuple[str, ...]]:
        """Read what :meth:`to_json` wrote, or an older or hand-made part of it.

        Parameters
        ----------
        plain
            JSON values; nothing in them is trusted.

        Returns
        -------
        tuple
            The analysis, and a sentence for each thing that was ignored or cut.

        Raises
        ------
        AnalysisFileProblem
            If it is no saved analysis.
        """
        if not isinstance(plain, Mapping):
            raise AnalysisFileProblem("this is no saved analysis")
        if plain.get("schema") != SCHEMA:
            found = plain.get("schema")
            said = f"it says “{_line(found, 40)}”" if isinstance(found, str) else "it has none"
            raise AnalysisFileProblem(
                f"this is no saved analysis that can be opened: “{SCHEMA}” is needed, {said}"
            )
        own = plain.get("settings", {})
        if not isinstance(own, Mapping):
            raise AnalysisFileProblem("the settings of the saved analysis are damaged")
        problems = [
            f"Unknown entry “{_line(str(name), 40)}”; it is ignored."
            for name in plain
            if name not in _KEYS
        ]
        try:
            recipe = TrialRecipe.from_json(plain.get("recipe", {}))
        except ValueError as problem:
            raise AnalysisFileProblem(f"{problem} in the saved analysis") from None
        settings, wrong = Settings.from_json(own)
        problems += wrong
        variants, wrong = _variants(plain.get("variants", []), settings)
        problems += wrong
        basket, wrong = basket_from_json(plain.get("presentation", []), settings)
        problems += wrong
        data_hash = plain.get("data_sha256", "")
        if not isinstance(data_hash, str) or not _HASH.fullmatch(data_hash):
            problems += ["The data’s hash is damaged; it is ignored."] if data_hash else []
            data_hash = ""
        title = plain.get("title", "")
        return (
            cls(
                recipe=recipe,
                settings=settings,
                variants=variants,
                data_hash=data_hash,
                title=_line(title, _LONGEST_TITLE) if isinstance(title, str) else "",
                versions=_versions(plain.get("versions", {})),
                basket=basket,
            ),
            _few(problems),
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> tuple[Self, tuple[str, ...]]:
        """Read a saved file; its size is looked at before anything else.

        Returns
        -------
        tuple
            As for :meth:`from_json`.

        Raises
        ------
        AnalysisFileProblem
            If it is larger than 1 MB, or no saved analysis.
        """
        if len(content) > MAX_BYTES:
            raise AnalysisFileProblem("the file is larger than 1 MB: that is no saved analysis")
        try:
            plain = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
            # Half a character, written as an escape, could be neither shown nor saved.
            json.dumps(plain, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise AnalysisFileProblem("the file is no JSON: that is no saved analysis") from None
        return cls.from_json(plain)


def _variants(plain: object, primary: Settings) -> tuple[tuple[Variant, ...], tuple[str, ...]]:
    """Return the variants of untrusted JSON values, and what was ignored."""
    if not isinstance(plain, list):
        return (), ("The variants are damaged; they are ignored.",)
    found: list[Variant] = []
    problems: list[str] = []
    for place, item in enumerate(plain[:MOST_VARIANTS], start=1):
        own = item.get("settings") if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping) or not isinstance(own, Mapping):
            problems.append(f"Variant {place} is damaged; it is ignored.")
            continue
        settings, wrong = _changed(primary, own)
        problems += [f"Variant {place}: {sentence}" for sentence in wrong]
        problems += [
            f"Variant {place}: unknown entry “{_line(str(key), 40)}”; it is ignored."
            for key in item
            if key not in ("name", "settings")
        ]
        name = item.get("name", "")
        if not isinstance(name, str):
            problems.append(f"Variant {place}: its name is no text; it is ignored.")
            name = ""
        line = _line(name, len(name))
        if len(line) > LONGEST_NAME:
            problems.append(f"Variant {place}: its name is cut to {LONGEST_NAME} characters.")
        found.append(Variant(clean_name(line), settings))
    if len(plain) > MOST_VARIANTS:
        more = len(plain) - MOST_VARIANTS
        problems.append(f"At most {MOST_VARIANTS} variants are opened; {more:,} are ignored.")
    return tuple(found), tuple(problems)


def _changed(primary: Settings, own: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """Return the primary settings with the changes that can be read; what cannot stays as it is."""
    known = primary.to_json().keys()
    problems = list(Settings.from_json({k: v for k, v in own.items() if k not in known})[1])
    changes: dict[str, Any] = {}
    for name in known & own.keys():
        read, wrong = Settings.from_json({name: own[name]})
        problems += wrong
        if not wrong:
            changes[name] = getattr(read, name)
    return primary.with_(**changes), tuple(problems)


def _versions(plain: object) -> dict[str, str]:
    if not isinstance(plain, Mapping):
        return {}
    pairs = [(name, text) for name, text in plain.items() if isinstance(text, str)]
    return {
        _line(str(name), _LONGEST_VERSION): _line(text, _LONGEST_VERSION)
        for name, text in pairs[:_MOST_VERSIONS]
    }


def _few(problems: Sequence[str]) -> tuple[str, ...]:
    """Return the first problems as they can be printed, and how many more there are."""
    said = [_line(sentence, len(sentence)) for sentence in problems[:_MOST_PROBLEMS]]
    more = len(problems) - len(said)
    return (*said, f"{more:,} more problems like these.") if more else tuple(said)


def _line(text: str, longest: int) -> str:
    """Return a text as one line that no terminal obeys."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:longest].rstrip()


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")
