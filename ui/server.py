"""The server's process as ``alslope serve`` starts it: everything is loaded before anybody comes.

Python’s collection of garbage looks at every object of every library that is loaded: about 0.1
seconds in which nobody is served. What is loaded here is set apart before the first session begins,
so that it looks at the objects of sessions only. ``streamlit run app.py`` does without it. For the
same reason Streamlit’s own collection after every run is off (``runner.postScriptGC``): it would
cost three times as much as a page, and more with every session.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import pkgutil
import sys
import threading
import time
from pathlib import Path

import ui

APP = Path(__file__).resolve().parents[1] / "app.py"


def load() -> None:
    """Import every part of every page, and set all objects apart from later collections."""
    for module in pkgutil.iter_modules(ui.__path__, "ui."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def give_back(every_seconds: float = 30.0) -> None:
    """Collect garbage now and then, and give freed memory back to the system where that is known.

    What a session held is freed some time after it has ended; without this the process would keep
    it until others come.

    Parameters
    ----------
    every_seconds
        How often.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None

    def run() -> None:
        while True:
            time.sleep(every_seconds)
            gc.collect()
            if trim is not None:
                trim(0)

    threading.Thread(target=run, daemon=True, name="give-back").start()


def main() -> None:
    """Start Streamlit with this app; arguments are those of ``streamlit run``."""
    load()
    give_back()
    from streamlit.web.cli import main as streamlit

    streamlit(["run", str(APP), *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
