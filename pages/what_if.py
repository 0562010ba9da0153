"""What-if: the primary analysis beside others, and how much the result rests on each choice."""

from collections.abc import Callable

from ui import state
from ui.header import page_header
from ui.navigation import WHAT_IF
from ui.page_body import lazy_tabs, results_or_stop
from ui.saved_analysis import save_and_open
from ui.what_if_dropouts import dropouts_tab
from ui.what_if_editor import editor
from ui.what_if_leave_out import leave_out_tab
from ui.what_if_placebo import placebo_tab
from ui.what_if_run_ins import run_ins_tab
from ui.what_if_specification import specification_tab
from ui.what_if_summary import summary
from ui.what_if_variants import board, questions, windows_of

comparison = page_header("What-if", WHAT_IF)
trial = state.trial()
results = results_or_stop(comparison)

windows = windows_of(trial, comparison)
questions(trial, comparison, windows)
board(trial, comparison, results)
editor(trial, comparison, windows)
save_and_open(trial)

tabs: dict[str, Callable[[], None]] = {
    "Leave one out": lambda: leave_out_tab(trial, comparison, results),
    "Every analysis": lambda: specification_tab(trial, comparison, results),
    "Placebo dates": lambda: placebo_tab(trial, comparison, results),
    "Dropouts": lambda: dropouts_tab(trial, comparison, results),
    "Other run-ins": lambda: run_ins_tab(trial, comparison, results),
}
lazy_tabs(tabs, key="w.what-if-tab")

summary(trial, comparison, results)
