"""What :mod:`analysis.heavy` and its processes say to each other.

A frame is one byte for its kind, eight for the length of its content, and the content. Both ends
are this program, so ``pickle`` carries nothing from outside.
"""

from __future__ import annotations

import copyreg
import pickle
import struct
from types import MappingProxyType
from typing import IO, Any, Final

PROGRESS: Final = b"p"
RESULT: Final = b"r"
FAILED: Final = b"f"

_HEAD: Final = struct.Struct(">cQ")


def packed(value: object) -> bytes:
    """Return a value as bytes."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpacked(content: bytes) -> Any:
    """Return the value that was packed."""
    return pickle.loads(content)


def write_frame(pipe: IO[bytes], kind: bytes, content: bytes) -> None:
    """Write one frame and send it off."""
    pipe.write(_HEAD.pack(kind, len(content)))
    pipe.write(content)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Return the kind and the content of the next frame, or ``None`` at the end of the pipe."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    content = pipe.read(length)
    return (kind, content) if len(content) == length else None


def read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    """Return a read-only view; how such a view is made again from its pickle."""
    return MappingProxyType(values)


def _reduced(view: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return read_only, (dict(view),)


# Results hold read-only mappings, which pickle does not know by itself.
copyreg.pickle(MappingProxyType, _reduced)
