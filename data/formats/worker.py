"""The child process: reads one untrusted file under limits, answers, and ends.

Run as ``python -m data.formats.worker MEMORY CPU``. Nothing is written to a log: whatever goes
wrong, the parent only learns that the child ended.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import BinaryIO, Final

from data.files import RefusedFile, UploadedFile, refuse
from data.formats.limits import limit_clock, limit_process
from data.formats.opening import read_sheets
from data.formats.refusals import MAX_FILE_BYTES
from data.formats.wire import LENGTH, encode_refusal, encode_sheets

READY: Final = b"R"
_MAX_NAME: Final = 10_000


def main(memory: int, cpu_seconds: int) -> int:
    """Say that the process is ready, read one file from the parent, and answer.

    Returns
    -------
    int
        The exit code: 0 after an answer, 1 if no file came.
    """
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    limit_process(memory)
    # One file and then the end: looking for reference cycles costs a third of the time.
    gc.disable()
    answers.write(READY)
    answers.flush()
    name = _part(requests, _MAX_NAME)
    content = None if name is None else _part(requests, MAX_FILE_BYTES)
    if name is None or content is None:
        return 1
    limit_clock(cpu_seconds)
    file = UploadedFile(name.decode("utf-8", "replace"), content)
    del content
    too_large = refuse(
        file,
        "TOO_LARGE_UNCOMPRESSED",
        "The file is too large or too damaged to be read safely.",
        "Leave out the sheets and columns that are not about visits.",
    )
    # Made beforehand: where memory has run out, there is none to make it.
    header = encode_refusal(too_large.finding)
    arrays: list[bytes] = []
    with suppress(MemoryError):
        try:
            header, arrays = encode_sheets(read_sheets(file))
        except RefusedFile as refused:
            header = encode_refusal(refused.finding)
    answers.write(LENGTH.pack(len(header)))
    answers.write(header)
    for array in arrays:
        answers.write(array)
    answers.flush()
    return 0


def _part(stream: BinaryIO, most: int) -> bytes | None:
    """Return one length-prefixed part, or nothing if the parent has gone."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    if size > most:
        return None
    part = stream.read(size)
    return part if len(part) == size else None


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
