"""The server's process as ``alslope serve`` starts it: everything is loaded before anybody comes.

Python’s collection of garbage looks at every object of every library that is loaded: about 0.1
seconds in which nobody is served. What is loaded here is set apart before the first session begins,
so that it looks at the objects of sessions only. ``streamlit run app.py`` does without it. For the
same reason Streamlit’s own collection after every run is off (``runner.postScriptGC``): it would
cost three times as much as a page, and more with every session.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
from pathlib import Path

import ui

APP = Path(__file__).resolve().parents[1] / "app.py"


def load() -> None:
    """Import every part of every page, and set all objects apart from later collections."""
    for module in pkgutil.iter_modules(ui.__path__, "ui."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def main() -> None:
    """Start Streamlit with this app; arguments are those of ``streamlit run``."""
    load()
    from streamlit.web.cli import main as streamlit

    streamlit(["run", str(APP), *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
