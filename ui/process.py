"""What the server's process needs before anybody uses it, however it was started."""

from __future__ import annotations

import sys
from typing import Final

from ui import quiet_log

_LARGEST_UPLOAD: Final = 64 * 1024 * 1024
"""Above the limit of one file and what surrounds it on its way."""


def prepare() -> None:
    """Keep values out of the log and uploads off the disk; to be called before any upload.

    The web server would keep a file of more than 1 MB in a nameless file while it arrives.
    """
    quiet_log.install()
    forms = sys.modules.get("starlette.formparsers")
    if forms is not None:
        forms.MultiPartParser.spool_max_size = _LARGEST_UPLOAD
