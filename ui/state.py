"""What one session knows: trial, settings, view. Keys and default factories live here only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np
import streamlit as st

from analysis.opening import opening_settings
from analysis.settings import PointDecision, Settings
from data.evidence import ColumnEvidence
from data.examples import EXAMPLE_IDS, FIRST_EXAMPLE, LARGE_IDS, example_settings, load_example
from data.reading import Reading
from data.recipe import CellFix, TrialRecipe
from data.trial import Trial
from data.update import TrialUpdate, compare_versions, is_newer_version
from report.presentation.basket import Item, carried_over
from ui import variant_links
from ui.navigation import PATIENTS
from ui.variant_links import Variants
from ui.view import EVERY as EVERY
from ui.view import IN_LINK, View, view_of

_BUNDLED: Final = (*EXAMPLE_IDS, *LARGE_IDS)
_TRIAL: Final = "alslope.trial"
_SETTINGS: Final = "alslope.settings"
_VIEW: Final = "alslope.view"
_NOTES: Final = "alslope.notes"
_MISSING: Final = "alslope.missing_upload"
_OWN: Final = "alslope.own_settings"
_DROPPED: Final = "alslope.dropped"
_IN_FIELD: Final = "alslope.files_in_field"
_SOURCE: Final = "alslope.files_of_trial"
_MAPPINGS: Final = "alslope.mappings"
_CHANGE: Final = "alslope.change"
_CLEARED: Final = "alslope.times_cleared"
_KEPT: Final = "alslope.kept_widgets"
_VARIANTS: Final = "alslope.variants"
_BASKET: Final = "alslope.basket"

OTHER_FILE: Final = (
    "This is not the file for which the link was made, or its columns, answers or corrections "
    "differ. The settings of the link were kept; look at them before you compare numbers."
)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a session knows of the files that were dropped last; never the files themselves.

    Parameters
    ----------
    files
        Digest of names and bytes.
    recipe
        What the user decided about these files.
    reading
        What reading them gave; ``None`` until they are read with this recipe.
    as_before
        Tables whose columns are taken as in an earlier file of the same shape.
    alone
        Whether the user wants no mapping of an earlier file here.
    declined
        Proposed corrections that the user does not want.
    mapping_shown
        Whether the user asked for the form of columns.
    opened
        Whether the trial was opened: files that still lie in the field open nothing again.
    """

    files: str
    recipe: TrialRecipe = field(default_factory=TrialRecipe)
    reading: Reading | None = None
    as_before: tuple[str, ...] = ()
    alone: bool = False
    declined: tuple[CellFix, ...] = ()
    mapping_shown: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a newer reading of the open trial changed, settings kept.

    Parameters
    ----------
    update
        What differs from the earlier file; ``None`` where the files are the same.
    lost
        Decisions about values that are not there any more.
    corrections
        How many corrections of the earlier file were not carried over.
    """

    update: TrialUpdate | None
    lost: tuple[PointDecision, ...]
    corrections: int = 0


def start_session() -> None:
    """Fill the session from the link of its first request; do nothing afterwards."""
    if _SETTINGS in st.session_state:
        return
    query = {key: st.query_params[key] for key in st.query_params}
    wanted = query.pop("trial", "")
    looks = {name: query.pop(name, "") for name in IN_LINK}
    beside, vain = variant_links.from_link(
        {name: query.pop(name, "") for name in variant_links.PARAMETERS}
    )
    example = load_example(wanted if wanted in _BUNDLED else FIRST_EXAMPLE)
    from_link, ignored = Settings.from_query(query)
    problems = (*ignored, *vain)
    missing = wanted[:60] if wanted.startswith("upload-") else ""
    chosen = from_link if missing or len(query) > len(ignored) else None
    seen = view_of(looks, len(example.trial.patient_ids))
    looked_at = replace(seen, first_steps=not st.query_params)
    if wanted and not missing and wanted not in _BUNDLED:
        problems = (*problems, "The link names a trial that is not bundled; an example is shown.")
    _fill(example.trial, chosen, looked_at, problems=problems, missing=missing)
    change_variants(Variants(beside))


def _fill(
    new: Trial,
    chosen: Settings | None,
    looked_at: View,
    *,
    problems: tuple[str, ...] = (),
    missing: str = "",
) -> None:
    bundled = new.example_id in _BUNDLED and not missing
    own = example_settings(new.example_id) if bundled else {}
    opening = {**opening_settings(new), **own}
    st.session_state[_OWN] = Settings.from_json(opening)[0]
    st.session_state[_TRIAL] = new
    st.session_state[_SETTINGS] = chosen or st.session_state[_OWN]
    st.session_state[_VIEW] = looked_at
    st.session_state[_NOTES] = problems
    st.session_state[_MISSING] = missing
    st.session_state[_KEPT] = {}
    st.session_state[_VARIANTS] = Variants()


def recall(key: str) -> None:
    """Give a widget back what it showed before its page or tab was left; call it before the widget.

    Streamlit forgets a widget that is not drawn.
    """
    kept = st.session_state[_KEPT]
    if key in kept and key not in st.session_state:
        st.session_state[key] = kept[key]


def remember(key: str) -> None:
    """Keep what a widget shows for the time when it is not drawn; call it after the widget."""
    st.session_state[_KEPT][key] = st.session_state[key]


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


def variants() -> Variants:
    """Return the variants beside the primary analysis."""
    return cast(Variants, st.session_state[_VARIANTS])


def basket() -> tuple[Item, ...]:
    """Return what is chosen for the presentation."""
    return cast(tuple[Item, ...], st.session_state.get(_BASKET, ()))


def change_basket(items: tuple[Item, ...]) -> None:
    """Choose other exhibits for the presentation."""
    st.session_state[_BASKET] = items


def change_variants(new: Variants) -> None:
    """Replace the variants."""
    st.session_state[_VARIANTS] = new


def link_problems() -> tuple[str, ...]:
    """Return what the session's link asked for in vain."""
    return cast("tuple[str, ...]", st.session_state[_NOTES])


def missing_upload() -> bool:
    """Whether the link belongs to an uploaded file that has not been dropped here yet."""
    return bool(st.session_state[_MISSING])


def drop_field_key() -> str:
    """Return the key of the field for files: a new one, hence empty, each time data are cleared."""
    times = st.session_state.get(_CLEARED, 0)
    return f"w.files-{times}" if times else "w.files"


def nothing_dropped() -> None:
    """Note that no file lies in the field: the next one is new, even if it is the same."""
    st.session_state[_IN_FIELD] = ""
    if (known := dropped()) is not None:
        st.session_state[_DROPPED] = replace(known, opened=False)


def files_dropped(files: str) -> Dropped:
    """Note which files lie in the field; return what is known of them."""
    st.session_state[_IN_FIELD] = files
    known = dropped()
    if known is None or known.files != files:
        known = st.session_state[_DROPPED] = Dropped(files)
    return known


def dropped() -> Dropped | None:
    """Return what is known of the files that were dropped last."""
    return cast("Dropped | None", st.session_state.get(_DROPPED))


def files_at_hand() -> bool:
    """Whether the files dropped last still lie in the field, so that they can be read again."""
    known = dropped()
    return known is not None and st.session_state.get(_IN_FIELD) == known.files


def is_source(known: Dropped) -> bool:
    """Whether the open trial was read from these files."""
    return bool(st.session_state.get(_SOURCE) == known.files) and trial().origin == "upload"


def change_dropped(**changes: Any) -> None:
    """Replace what is known of the files; another recipe means to read them again."""
    known = dropped()
    if known is None:
        return
    if "recipe" in changes and changes["recipe"] != known.recipe:
        changes = {"reading": None, "opened": False, **changes}
    st.session_state[_DROPPED] = replace(known, **changes)


def remember_mapping(columns: Sequence[ColumnEvidence], table: str) -> None:
    """Keep the columns that the user assigned in a table for later files of the same shape."""
    known = dropped()
    if known is not None and table in known.recipe.mapping:
        shape = tuple(column.header for column in columns if column.table == table)
        kept = st.session_state.setdefault(_MAPPINGS, {})
        kept[shape] = dict(known.recipe.mapping[table])


def remembered_mapping(shape: tuple[str, ...]) -> Mapping[str, str]:
    """Return the columns that the user assigned in an earlier table of this shape."""
    kept: dict[tuple[str, ...], dict[str, str]] = st.session_state.get(_MAPPINGS, {})
    return kept.get(shape, {})


def change_of_trial() -> Change | None:
    """Return what the file dropped last changed in the trial that was open."""
    return cast("Change | None", st.session_state.get(_CHANGE))


def forget_change() -> None:
    """Stop showing what the newer file changed."""
    st.session_state.pop(_CHANGE, None)


def start_afresh() -> None:
    """Go back to the settings with which the trial opens."""
    st.session_state[_SETTINGS] = base_settings()
    forget_change()


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
    change_view(patient=position, everyone=False, value=None)
    st.switch_page(PATIENTS)


def open_trial(new: Trial, files: str = "") -> None:
    """Make ``new`` the session's trial.

    The settings stay for another reading of the same files, for a newer version of the open
    trial, and for the file of the link; otherwise the trial opens with its own, or the defaults.
    """
    old, source = trial(), st.session_state.get(_SOURCE)
    same = bool(files) and source == files
    uploads = old.origin == new.origin == "upload"
    newer = uploads and not same and is_newer_version(old, new)
    linked = missing_upload() and new.origin == "upload"
    kept = settings() if linked or same or newer else None
    beside = variants() if kept is not None else Variants()
    problems: tuple[str, ...] = ()
    if linked and st.session_state[_MISSING] != _upload_name(new):
        problems = (OTHER_FILE,)
    looked_at = View(show=view().show)
    if same or newer:
        looked_at = replace(view(), patient=_same_patient(old, new), pinned=None, value=None)
        if old.title != _usual_title(old):
            new = replace(new, title=old.title)
    change_basket(carried_over(basket(), old, new))
    _fill(new, kept, looked_at, problems=problems)
    change_variants(beside)
    st.session_state[_SOURCE] = files
    forget_change()
    if kept is not None and (same or newer):
        update = compare_versions(old, new) if newer else None
        lost = tuple(point for point in kept.points if not _is_there(point, new))
        gone = [fix for fix in old.recipe.fixes if fix not in new.recipe.fixes] if newer else []
        if lost or gone or (update is not None and not update.nothing):
            st.session_state[_CHANGE] = Change(update, lost, len(gone))


def _usual_title(trial: Trial) -> str:
    return f"Trial {trial.hash[:6]}"


def _same_patient(old: Trial, new: Trial) -> int | None:
    """Return where the patient who is looked at stands in the newer trial."""
    position = view().patient
    name = None if position is None else old.patient_ids[position]
    return new.patient_ids.index(name) if name in new.patient_ids else None


def _is_there(point: PointDecision, trial: Trial) -> bool:
    """Whether the value that was decided about still stands on its day."""
    if point.patient not in trial.patient_ids:
        return False
    series = trial.series(point.endpoint)
    mine = series.patient == trial.patient_ids.index(point.patient)
    mine &= np.isclose(series.day, point.day, rtol=0, atol=0.5) & (series.value == point.value)
    return bool(mine.any())


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
    query |= settings().to_query(base_settings())
    query |= variant_links.to_link(variants().kept, settings(), with_names=bundled)
    return query | looked_at.to_query(with_people=bundled)
