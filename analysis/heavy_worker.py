"""The process that computes one long job: a job on standard input, answers on standard output.

It is started by :mod:`analysis.heavy` and ends with its job.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Final

from analysis.heavy_wire import FAILED, PROGRESS, RESULT, packed, read_frame, unpacked, write_frame

_TOLD_SECONDS: Final = 0.1
_USUAL: Final = (
    "analysis.specification",
    "analysis.specification_untreated",
    "analysis.untreated.benchmark",
)
"""Imported before a job comes, so that it need not wait for them."""


def main() -> None:
    """Compute the job that comes on standard input, and end."""
    for module in _USUAL:
        importlib.import_module(module)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # A library that prints must not write between the frames.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    job = read_frame(sys.stdin.buffer)
    if job is None:
        return
    last = 0.0

    def told(share: float) -> bool:
        nonlocal last
        if time.monotonic() - last >= _TOLD_SECONDS:
            last = time.monotonic()
            write_frame(answers, PROGRESS, repr(float(share)).encode())
        return True

    def failed(kind: type[BaseException], *_: object) -> None:
        # The type only: the text of an error could hold a value of a patient.
        write_frame(answers, FAILED, kind.__name__.encode())

    sys.excepthook = failed
    write_frame(answers, RESULT, packed(unpacked(job[1])(progress=told)))


if __name__ == "__main__":
    main()
