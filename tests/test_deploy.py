"""The files for a server of one's own: image, replicas, proxy, login."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit import config
from streamlit.testing.v1 import AppTest

from tests.app.driver import (
    EVERY_PAGE,
    EXAMPLE_TITLE,
    FOLDED,
    PRESENT,
    TRIAL,
    components,
    found,
    go_to,
    healthy,
    labels,
    opened,
    press,
    text_of,
)
from ui import login, navigation, state

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
NGINX = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
SECRETS = ROOT / "deploy" / "secrets.example.toml"
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with what follows them, on one line each."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    parts = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(word.upper(), re.sub(r"\s+", " ", rest)) for word, rest in parts]


def of(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def variables() -> dict[str, str]:
    pairs = [pair.partition("=") for line in of("ENV") for pair in line.split()]
    return {name: value for name, _, value in pairs}


def test_the_base_is_slim_and_pinned():
    assert len(of("FROM")) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", of("FROM")[0])
    assert "latest" not in DOCKERFILE


def test_the_app_runs_as_a_user_without_rights_who_owns_nothing():
    users = of("USER")
    assert users == ["10001:10001"]
    assert [name for name, _ in instructions()].index("USER") > [
        i for i, (name, _) in enumerate(instructions()) if name in ("RUN", "COPY")
    ][-1]
    assert "--chown" not in DOCKERFILE
    assert "chown" not in " ".join(of("RUN"))
    assert of("ADD") == []


def test_the_image_needs_no_place_to_write_but_tmp():
    env = variables()
    assert env["PYTHONDONTWRITEBYTECODE"] == "1"
    assert env["MPLCONFIGDIR"].startswith("/tmp/")
    assert env["HOME"] not in ("", "/", "/root", "/tmp")
    assert f"mkdir --mode 0555 {env['HOME']}" in " ".join(of("RUN"))
    assert of("VOLUME") == []


def test_the_image_starts_the_app_as_the_documents_say():
    env = variables()
    assert of("EXPOSE") == ["8501"]
    assert of("ENTRYPOINT") == ['["python", "-m", "alslope", "serve", "--port", "8501"]']
    assert env["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0"
    assert env["STREAMLIT_BROWSER_SERVER_ADDRESS"]
    assert env["OPENBLAS_NUM_THREADS"] == "1"


def test_health_is_told_by_the_body():
    (check,) = of("HEALTHCHECK")
    assert "/_stcore/health'" in check
    assert "== b'ok'" in check


def test_neither_tests_nor_their_packages_come_into_the_image():
    assert "requirements-dev" not in DOCKERFILE
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_through = {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")}
    assert let_through == {
        "alslope.py", "app.py", "analysis", "data", "docs/*.md", "pages", "report", "ui",
        "requirements.txt", "requirements-extra.txt", "LICENSE", ".streamlit/config.toml",
    }  # fmt: skip
    copied = {name for line in of("COPY") for name in line.split()[:-1]}
    assert copied == {"requirements.txt", "requirements-extra.txt", "."}


def plain_yaml(text: str) -> dict[str, Any]:
    """Read the part of YAML that compose.yaml uses: mappings, lists of texts, one merge."""
    anchors: dict[str, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    open_blocks: list[tuple[int, Any]] = [(-1, top)]
    lines = [x for x in text.splitlines() if x.strip() and not x.lstrip().startswith("#")]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        indent = len(line) - len(line.lstrip())
        while open_blocks[-1][0] >= indent:
            open_blocks.pop()
        block, said = open_blocks[-1][1], line.strip()
        if said.startswith("- ") and isinstance(block, list):
            key, colon, value = said[2:].partition(": ")
            block.append({key: value} if colon else said[2:].strip('"'))
            continue
        key, _, value = said.partition(":")
        value = value.strip()
        if key == "<<":
            block.update(anchors[value.removeprefix("*")])
        elif value and not value.startswith("&"):
            block[key] = {} if value == "{}" else value.strip('"')
        else:
            below: Any = [] if following.lstrip().startswith("- ") else {}
            block[key] = below
            open_blocks.append((indent, below))
            if value:
                anchors[value.removeprefix("&")] = below
    return top


COMPOSE = plain_yaml((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
REPLICAS = ("app1", "app2")


def test_two_replicas_stand_behind_a_proxy():
    assert set(COMPOSE["services"]) == {*REPLICAS, "proxy"}
    assert set(COMPOSE["services"]["proxy"]["depends_on"]) == set(REPLICAS)
    for name in REPLICAS:
        assert f"server {name}:8501 " in NGINX


@pytest.mark.parametrize("name", [*REPLICAS, "proxy"])
def test_every_service_is_locked_in(name):
    service = COMPOSE["services"][name]
    assert service["read_only"] == "true"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"] == service["memswap_limit"]
    assert int(service["pids_limit"]) > 0
    assert all(place.startswith("/tmp:size=") for place in service["tmpfs"])
    assert ":latest" not in service["image"]
    assert ":" in service["image"]


def test_replicas_have_no_way_out_and_are_not_reached_from_outside():
    assert COMPOSE["networks"]["inside"]["internal"] == "true"
    addresses = set()
    for name in REPLICAS:
        service = COMPOSE["services"][name]
        assert set(service["networks"]) == {"inside"}
        assert "ports" not in service
        addresses.add(service["networks"]["inside"]["ipv4_address"])
    assert len(addresses) == 2
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["proxy"]["ports"])


def test_replicas_share_a_cookie_secret_that_is_not_in_the_file():
    secrets = {
        COMPOSE["services"][n]["environment"]["STREAMLIT_SERVER_COOKIE_SECRET"] for n in REPLICAS
    }
    assert len(secrets) == 1
    assert secrets.pop().startswith("${ALSLOPE_COOKIE_SECRET:?")


def test_the_proxy_keeps_a_visitor_on_one_replica():
    assert "hash $route_key consistent;" in NGINX
    assert re.search(r"map \$cookie_stroute \$route_key \{\s+\"\" \$request_id;", NGINX)
    cookie = re.search(r'default "(stroute=[^"]+)"', NGINX)
    assert cookie
    assert {"HttpOnly", "SameSite=Lax$cookie_secure", "Path=/"} <= set(cookie[1].split("; "))


def test_headers_stand_in_one_place():
    """A location with ``add_header`` of its own would lose those of the server."""
    level = {m.start(): len(m[1]) for m in re.finditer(r"^( *)add_header ", NGINX, re.MULTILINE)}
    assert set(level.values()) == {8}
    for name in ("X-Content-Type-Options nosniff", "X-Frame-Options DENY", "Referrer-Policy"):
        assert f"add_header {name}" in NGINX
    assert NGINX.count("add_header ") == NGINX.count(" always;")


def policy() -> dict[str, list[str]]:
    found = re.search(r'Content-Security-Policy "([^"]+)"', NGINX)
    assert found
    rules = [rule.split() for rule in found[1].split(";") if rule.strip()]
    return {rule[0]: rule[1:] for rule in rules}


def test_the_policy_lets_nothing_in_from_elsewhere():
    rules = policy()
    assert rules["default-src"] == ["'none'"]
    assert rules["frame-ancestors"] == ["'none'"]
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    own = re.compile(r"'self'|'none'|data:|blob:|'wasm-unsafe-eval'|'sha256-\S+'|'unsafe-inline'")
    assert all(own.fullmatch(source) for sources in rules.values() for source in sources)


def test_the_policy_knows_the_script_inside_the_page_of_streamlit():
    """Another version of Streamlit may hold another script: then its hash belongs here."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts}
    known = {s[8:-1] for s in policy()["script-src"] if s.startswith("'sha256-")}
    assert known == hashes


def test_the_proxy_takes_what_streamlit_takes_and_keeps_no_copy():
    size = re.search(r"client_max_body_size (\d+)m;", NGINX)
    assert size
    assert 0 < int(size[1]) - CONFIG["server"]["maxUploadSize"] <= 1
    assert "proxy_request_buffering off;" in NGINX
    assert "proxy_buffering off;" in NGINX


@pytest.mark.parametrize("path", ["metrics", "script-health-check"])
def test_the_proxy_hides_what_is_for_whoever_runs_the_server(path):
    assert re.search(rf"location /_stcore/{path} \{{\s+return 404;", NGINX)


def test_nginx_accepts_its_configuration(tmp_path):
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    text = re.sub(r"server app(\d):8501", r"server 127.0.0.1:870\1", NGINX)
    if not Path("/etc/nginx/mime.types").exists():
        pytest.skip("nginx is installed without /etc/nginx/mime.types")
    changed = tmp_path / "nginx.conf"
    changed.write_text(text.replace("/tmp/", f"{tmp_path}/"), "utf-8")
    command = [program, "-t", "-e", "stderr", "-c", str(changed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


# Login


SECRET = "0123456789abcdef0123456789abcdef"
AUTH = {
    "redirect_uri": "https://alslope.example.org/oauth2callback",
    "cookie_secret": SECRET,
    "client_id": "alslope",
    "client_secret": "secret",
    "server_metadata_url": "https://login.example.org/.well-known/openid-configuration",
}
NOBODY = {"is_logged_in": False}
SOMEBODY = {"is_logged_in": True, "name": "Ada *Example*", "email": "ada@example.org"}


@pytest.fixture
def installed(monkeypatch) -> None:
    """Have the packages of the login, whether or not they are here."""
    monkeypatch.setattr(login, "_PACKAGES", ())


def visitor(auth: Any, user: dict[str, Any]) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    at.secrets["auth"] = auth
    at.user = dict(user)
    return at


def visit(auth: Any, user: dict[str, Any]) -> AppTest:
    """Open the app of a server with secrets."""
    return visitor(auth, user).run()


def nothing_of_a_trial(at: AppTest) -> bool:
    """Whether the run ended before the session, its trial and its settings were made."""
    kept = [key for key in (state._TRIAL, state._SETTINGS) if key in at.session_state]
    shown = [*at.sidebar.children.values(), *components(at), *found(at, "dataframe"), *at.metric]
    shown += [*at.file_uploader]
    return not kept and not shown and EXAMPLE_TITLE not in text_of(at)


@pytest.fixture
def no_trial(monkeypatch) -> None:
    """Fail where somebody who is not logged in gets as far as a trial."""

    def reached() -> None:
        raise AssertionError("a session was started")

    monkeypatch.setattr(state, "start_session", reached)


def test_without_a_section_nothing_changes():
    at = opened()
    assert EXAMPLE_TITLE in text_of(at)
    assert not [label for label in labels(at) if label.startswith("Log ")]
    other = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    other.secrets["something"] = "else"
    for folded in FOLDED:
        other.session_state[folded] = True
    assert text_of(other.run()) == text_of(at)


@pytest.mark.parametrize("user", [{}, NOBODY, {"is_logged_in": "yes"}, {"email": "a@b.c"}])
def test_who_is_not_logged_in_sees_the_login_and_nothing_else(installed, no_trial, user):
    at = healthy(visit(AUTH, user))
    assert nothing_of_a_trial(at)
    assert labels(at) == ["Log in"]


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_no_page_goes_round_the_login(installed, no_trial, page):
    at = healthy(go_to(visit(AUTH, NOBODY), page))
    assert nothing_of_a_trial(at)
    assert labels(at) == ["Log in"]


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_a_page_that_a_cold_server_runs_alone_shows_nothing(installed, no_trial, page):
    """Before the first run of app.py Streamlit may run the file of a page without it."""
    at = visitor(AUTH, NOBODY).switch_page(page).run()
    assert at.exception
    assert nothing_of_a_trial(at)
    assert labels(at) == []
    assert text_of(at) == ""


def test_the_gate_names_the_pages_so_that_none_is_served_alone(installed, monkeypatch):
    named: list[int] = []
    pages = navigation.pages

    def noted() -> Any:
        named.append(1)
        return pages()

    monkeypatch.setattr(navigation, "pages", noted)
    visit(AUTH, NOBODY)
    assert named == [1]


def test_who_is_logged_in_sees_the_app_and_the_way_out(installed):
    at = visit(AUTH, SOMEBODY)
    assert EXAMPLE_TITLE in text_of(at)
    for page in (TRIAL, PRESENT):
        healthy(go_to(at, page))
        assert "Log out" in [button.label for button in at.sidebar.button]
        assert "Ada *Example*" in text_of(at)


def test_who_logs_out_is_out(installed):
    at = press(visit(AUTH, SOMEBODY), "Log out")
    assert at.user.get("is_logged_in") is not True


def test_every_provider_has_a_button(installed, no_trial):
    shared = {key: AUTH[key] for key in ("redirect_uri", "cookie_secret")}
    own = {key: AUTH[key] for key in AUTH if key not in shared}
    at = visit({**shared, "clinic": own, "university": own}, NOBODY)
    assert labels(at) == ["Log in with clinic", "Log in with university"]


def test_a_missing_package_is_named_and_nobody_comes_in(monkeypatch, no_trial):
    monkeypatch.setattr(login, "_PACKAGES", ("alslope_package_that_is_not_there",))
    for user in (NOBODY, SOMEBODY):
        at = visit(AUTH, user)
        assert nothing_of_a_trial(at)
        assert at.error[0].value == login.NOT_INSTALLED
        assert labels(at) == []


@pytest.mark.parametrize(
    "auth",
    [
        {},
        "on",
        {key: AUTH[key] for key in AUTH if key != "client_id"},
        {key: AUTH[key] for key in AUTH if key != "cookie_secret"},
        AUTH | {"cookie_secret": "guess"},
        tomllib.loads(SECRETS.read_text("utf-8"))["auth"],
    ],
    ids=["empty", "text", "no client", "no secret", "short secret", "example as it is"],
)
def test_a_login_that_is_set_up_by_half_lets_nobody_in(installed, no_trial, auth):
    for user in (NOBODY, SOMEBODY):
        at = visit(auth, user)
        assert nothing_of_a_trial(at)
        assert at.error[0].value == login.INCOMPLETE
        assert labels(at) == []


def test_a_button_that_cannot_log_in_says_so_without_details(installed, no_trial):
    """AppTest hands its secrets to the app, not to Streamlit's own login, which finds none."""
    at = press(visit(AUTH, NOBODY), "Log in")
    assert nothing_of_a_trial(at)
    assert at.error[0].value in (login.INCOMPLETE, login.NOT_INSTALLED)


def test_secrets_with_a_mistake_in_them_let_nobody_in(installed, no_trial, tmp_path):
    broken = tmp_path / "secrets.toml"
    broken.write_text('[auth]\nclient_id = "unfinished\n', "utf-8")
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(broken)])
    try:
        at = AppTest.from_file(ROOT / "app.py", default_timeout=30).run()
    finally:
        config.set_option("secrets.files", before)
    assert nothing_of_a_trial(at)
    assert at.error[0].value == login.UNREADABLE


def test_the_example_has_every_key_that_streamlit_asks_for():
    assert set(tomllib.loads(SECRETS.read_text("utf-8"))["auth"]) == set(AUTH)


def test_the_packages_of_the_login_are_pinned():
    extra = (ROOT / "requirements-extra.txt").read_text("utf-8").lower()
    for name in login._PACKAGES:
        assert re.search(rf"^{name}==\d+(\.\d+)+ ", extra, re.MULTILINE), name
