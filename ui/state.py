"""What one session knows: trial, settings, view. Keys and default factories live here only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, cast

import streamlit as st

from analysis.settings import Settings, opening_endpoints
from data.endpoints import ENDPOINTS
from data.examples import EXAMPLE_IDS, FIRST_EXAMPLE, example_settings, load_example
from data.trial import Trial
from ui.navigation import PATIENTS

_TRIAL: Final = "alslope.trial"
_SETTINGS: Final = "alslope.settings"
_VIEW: Final = "alslope.view"
_NOTES: Final = "alslope.notes"
_MISSING: Final = "alslope.missing_upload"
_OWN: Final = "alslope.own_settings"
_ANSWERS: Final = "alslope.answers"
_OPENED: Final = "alslope.opened_files"
_CLEARED: Final = "alslope.times_cleared"

OTHER_FILE: Final = (
    "This is not the file for which the link was made. The settings of the link were kept; look at "
    "them before you compare numbers."
)
EVERY: Final = "both"
"""The value of the endpoint switch that shows every endpoint."""


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at, as against what is computed.

    Parameters
    ----------
    show
        Endpoint switch: an endpoint's key, or ``EVERY``.
    patient
        Position of the chosen patient in the trial; ``None`` until one is chosen.
    zoom
        Whether value axes fit the data.
    everyone
        Whether the Patients page shows all patients instead of one.
    """

    show: str = EVERY
    patient: int | None = None
    zoom: bool = False
    everyone: bool = False


def start_session() -> None:
    """Fill the session from the link of its first request; do nothing afterwards."""
    if _SETTINGS in st.session_state:
        return
    query = {key: st.query_params[key] for key in st.query_params}
    wanted = query.pop("trial", "")
    show, person = query.pop("show", ""), query.pop("person", "")
    zoom, everyone = query.pop("zoom", ""), query.pop("everyone", "")
    example = load_example(wanted if wanted in EXAMPLE_IDS else FIRST_EXAMPLE)
    from_link, problems = Settings.from_query(query)
    chosen = from_link if wanted or from_link.to_query() else None
    position = int(person) if person.isascii() and person.isdigit() and len(person) < 7 else 0
    n = len(example.trial.patient_ids)
    looked_at = View(
        show=show if show in ENDPOINTS else EVERY,
        patient=min(position, n) - 1 if position else None,
        zoom=zoom == "yes",
        everyone=everyone == "yes",
    )
    missing = wanted[:60] if wanted.startswith("upload-") else ""
    if wanted and not missing and wanted not in EXAMPLE_IDS:
        problems = (*problems, "The link names a trial that is not bundled; an example is shown.")
    _fill(example.trial, chosen, looked_at, problems=problems, missing=missing)


def _fill(
    new: Trial,
    chosen: Settings | None,
    looked_at: View,
    *,
    problems: tuple[str, ...] = (),
    missing: str = "",
) -> None:
    bundled = new.example_id in EXAMPLE_IDS and not missing
    own = example_settings(new.example_id) if bundled else {}
    opening = {"endpoints": opening_endpoints(new.endpoints), **own}
    st.session_state[_OWN] = Settings.from_json(opening)[0]
    st.session_state[_TRIAL] = new
    st.session_state[_SETTINGS] = chosen or st.session_state[_OWN]
    st.session_state[_VIEW] = looked_at
    st.session_state[_NOTES] = problems
    st.session_state[_MISSING] = missing


def trial() -> Trial:
    """Return the trial of this session."""
    return cast(Trial, st.session_state[_TRIAL])


def settings() -> Settings:
    """Return the settings of this session."""
    return cast(Settings, st.session_state[_SETTINGS])


def base_settings() -> Settings:
    """Return the settings with which this trial opens: what "differs" and "reset" refer to."""
    return cast(Settings, st.session_state[_OWN])


def view() -> View:
    """Return what this session looks at."""
    return cast(View, st.session_state[_VIEW])


def link_problems() -> tuple[str, ...]:
    """Return what the session's link asked for in vain."""
    return cast("tuple[str, ...]", st.session_state[_NOTES])


def missing_upload() -> bool:
    """Whether the link belongs to an uploaded file that has not been dropped here yet."""
    return bool(st.session_state[_MISSING])


def answers_for(files: int) -> dict[str, str]:
    """Return the answers given about these files, to be added to; other files' are forgotten."""
    if st.session_state.get(_ANSWERS, (None,))[0] != files:
        st.session_state[_ANSWERS] = (files, {})
    return cast("dict[str, str]", st.session_state[_ANSWERS][1])


def drop_field_key() -> str:
    """Return the key of the field for files: a new one, hence empty, each time data are cleared."""
    times = st.session_state.get(_CLEARED, 0)
    return f"w.files-{times}" if times else "w.files"


def nothing_dropped() -> None:
    """Note that no file lies in the field: the next one is new, even if it is the same."""
    st.session_state.pop(_OPENED, None)


def ask_again() -> None:
    """Forget the answers about the files in the field, so that the questions come again."""
    st.session_state.pop(_ANSWERS, None)
    st.session_state.pop(_OPENED, None)


def newly_dropped(files: int) -> bool:
    """Whether these files were not opened before; they count as opened from now on."""
    new = st.session_state.get(_OPENED) != files
    st.session_state[_OPENED] = files
    return bool(new)


def change_settings(**changes: Any) -> None:
    """Replace some fields of the settings."""
    st.session_state[_SETTINGS] = settings().with_(**changes)


def change_view(**changes: Any) -> None:
    """Replace some fields of the view."""
    current = view()
    fields = {name: getattr(current, name) for name in View.__slots__}
    st.session_state[_VIEW] = View(**(fields | changes))


def _upload_name(trial: Trial) -> str:
    return f"upload-{trial.hash[:12]}"


def open_patient(position: int) -> None:
    """Show one patient on the Patients page."""
    change_view(patient=position, everyone=False)
    st.switch_page(PATIENTS)


def open_trial(new: Trial) -> None:
    """Make ``new`` the session's trial.

    The settings of a link to an upload are kept for the file that is dropped next; otherwise the
    trial opens with its own settings, or the defaults.
    """
    kept = settings() if missing_upload() and new.origin == "upload" else None
    problems: tuple[str, ...] = ()
    if kept is not None and st.session_state[_MISSING] != _upload_name(new):
        problems = (OTHER_FILE,)
    _fill(new, kept, View(show=view().show), problems=problems)


def rename_trial(title: str) -> None:
    """Give the trial a title, which exports carry; an empty one goes back to the default."""
    st.session_state[_TRIAL] = replace(trial(), title=" ".join(title.split())[:80])


def open_example(example_id: str) -> None:
    """Open a bundled trial with its own settings."""
    open_trial(load_example(example_id).trial)


def clear() -> None:
    """Forget everything of this session and open the first example."""
    times = st.session_state.get(_CLEARED, 0)
    for key in list(st.session_state):
        del st.session_state[key]
    example = load_example(FIRST_EXAMPLE)
    _fill(example.trial, None, View())
    st.session_state[_CLEARED] = times + 1


def link_query() -> dict[str, str]:
    """Return the parameters that restore this session's view; nothing in them names a person.

    The chosen patient enters, as a position, only for bundled trials.
    """
    current, looked_at = trial(), view()
    bundled = current.origin == "example"
    own_name = current.example_id if bundled else _upload_name(current)
    query = {"trial": st.session_state[_MISSING] or own_name}
    query |= settings().to_query()
    if looked_at.show != EVERY:
        query["show"] = looked_at.show
    query |= {name: "yes" for name in ("zoom", "everyone") if getattr(looked_at, name)}
    if bundled and looked_at.patient is not None:
        query["person"] = str(looked_at.patient + 1)
    return query
