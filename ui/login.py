"""The gate before every page: a login, where the server's secrets ask for one.

Without a section ``[auth]`` in ``secrets.toml`` there is no login, as on one's own computer.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit.errors import StreamlitAuthError
from streamlit.logger import get_logger

from ui import navigation
from ui.text import inert

_LOG: Final = get_logger(__name__)
# Streamlit makes these redirects with Authlib, and Authlib fetches with httpx without naming it
# as a requirement of its own.
_PACKAGES: Final = ("authlib", "httpx")
_UNREADABLE: Final = "alslope.unreadable"
_SHORTEST_SECRET: Final = 32
_MOST_OF_A_NAME: Final = 80

UNREADABLE: Final = (
    "The secrets of this server cannot be read, so it is not known who may come in. "
    "The log of the server says what is wrong with the file."
)
NOT_INSTALLED: Final = (
    "A login is set up, but the packages for it are not installed. Whoever runs this server can "
    "add them: `pip install -r requirements-extra.txt`"
)
INCOMPLETE: Final = (
    "The login is not set up completely. The log of the server says what is missing in the section "
    "`[auth]` of its secrets."
)


def let_in() -> None:
    """Go on only for who may see the app; end the run behind the login screen for others.

    It must stand before anything that reads, computes or draws something of a trial.
    """
    section = _section()
    if section is None:
        return
    problem = _problem(section)
    if problem is None and st.user.get("is_logged_in") is True:
        _who()
        return
    # Naming the pages, though none is run, keeps Streamlit from serving the files in pages/ by
    # themselves, which would go round this gate.
    st.navigation(navigation.pages(), position="hidden")
    st.markdown("### ALSlope")
    if problem is None:
        _buttons(_providers(section))
    else:
        st.error(problem)
    st.stop()


def _section() -> Mapping[str, Any] | None:
    """Return what the secrets say about the login; ``None`` where they do not ask for one."""
    if st.secrets.load_if_toml_exists():
        found = st.secrets.get("auth")
        if found is None or isinstance(found, Mapping):
            return found
        # Something is meant to guard this server, so nobody comes in.
        return {}
    # Streamlit says the same of secrets that are absent and of secrets with a mistake in them. With
    # a mistake the app would stand open.
    if any(Path(path).exists() for path in st.get_option("secrets.files")):
        return {_UNREADABLE: True}
    return None


def _who() -> None:
    """Say in the sidebar who is logged in, with the way out."""
    name = next((str(n) for key in ("name", "email", "sub") if (n := st.user.get(key))), "")
    with st.sidebar.container(horizontal=True, vertical_alignment="center"):
        if name:
            st.caption(inert(name[:_MOST_OF_A_NAME]))
        st.button(
            "Log out",
            key="w.log-out",
            icon=":material/logout:",
            type="tertiary",
            on_click=st.logout,
        )


def _problem(section: Mapping[str, Any]) -> str | None:
    """Return why nobody can come in, and tell the log what is to be done."""
    if section.get(_UNREADABLE):
        _LOG.error("A file of secrets exists, but cannot be read.")
        return UNREADABLE
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        _LOG.error("A login is set up, but not installed: %s", ", ".join(missing))
        return NOT_INSTALLED
    # Whoever can guess it can write the cookie of a login.
    if len(str(section.get("cookie_secret", ""))) < _SHORTEST_SECRET:
        _LOG.error("cookie_secret in [auth] has fewer than %d characters.", _SHORTEST_SECRET)
        return INCOMPLETE
    if not _providers(section):
        _LOG.error("The section [auth] of the secrets names no provider (client_id).")
        return INCOMPLETE
    return None


def _buttons(providers: Mapping[str, str]) -> None:
    st.markdown("Log in to use it.")
    for provider, label in providers.items():
        if st.button(label, key=f"w.log-in-{provider}", type="primary"):
            _log_in(provider)


def _providers(section: Mapping[str, Any]) -> dict[str, str]:
    """Return the label of the button of each provider; the unnamed one is called ``default``."""
    if "client_id" in section:
        return {"default": "Log in"}
    named = [key for key, value in section.items() if isinstance(value, Mapping)]
    return {key: f"Log in with {inert(key)}" for key in named}


def _log_in(provider: str) -> None:
    try:
        st.login(provider)
    except StreamlitAuthError as problem:
        # Its text names keys of the secrets: that is for whoever runs the server.
        _LOG.error("Login with %r: %s", provider, problem)
        st.error(INCOMPLETE)
