"""Published: this trial among the others, printed numbers checked, and pictured."""

from collections.abc import Callable

from ui import state
from ui.header import page_header
from ui.navigation import PUBLISHED
from ui.page_body import lazy_tabs, nothing_to_show, shown_results
from ui.published_check import check_tab
from ui.published_library import library_tab
from ui.published_picture import picture_tab

comparison = page_header("Published", PUBLISHED)
trial = state.trial()
results = shown_results(comparison)


def among_the_others() -> None:
    """Draw the first tab, or say why there is nothing to place."""
    if not results:
        nothing_to_show(comparison)
        return
    library_tab(trial, comparison, results)


tabs: dict[str, Callable[[], None]] = {
    "This trial among the others": among_the_others,
    "Do the printed numbers add up?": check_tab,
    "From summary to picture": picture_tab,
}
lazy_tabs(tabs, key="w.published-tab")
