"""Errors in the server's log without their texts, which could hold values of patients.

A traceback ends with the text of the error, such as "could not convert 'Rossi' to a number". Where
it happened and of which type it is stays in the log; that finds the mistake.
"""

from __future__ import annotations

import logging
import threading
import traceback
from typing import Any

_usual = logging.getLogRecordFactory()


def install() -> None:
    """Let every log record of this process leave out the text of an error, in threads too."""
    logging.setLogRecordFactory(_without_values)
    threading.excepthook = _logged


def _logged(problem: threading.ExceptHookArgs) -> None:
    where = (problem.exc_type, problem.exc_value or problem.exc_type(), problem.exc_traceback)
    logging.getLogger(__name__).error("A thread failed", exc_info=where)


def _without_values(*args: Any, **options: Any) -> logging.LogRecord:
    record = _usual(*args, **options)
    if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
        kind, _, where = record.exc_info
        places = "".join(traceback.format_list(traceback.extract_tb(where)))
        record.msg = f"{record.getMessage()}\n{places}{kind.__name__} (text left out)"
        record.args, record.exc_info = None, None
    return record
