# ALSlope: every task of the project. `make` alone lists them.
# A fresh machine needs only GNU make and Python 3.11 or newer.

VENV := .venv
PY := $(VENV)/bin/python
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev

# A PYTHON given by the caller is used alone; otherwise the usual names are tried in turn.
PYTHON ?= python3
ifeq ($(origin PYTHON),file)
CANDIDATES := $(PYTHON) python3.13 python3.12 python3.11
else
CANDIDATES := $(PYTHON)
endif

# More arguments for the program that is started, for example: make test ARGS="-k slope"
ARGS ?=

# The examples that hypothesis remembers stay out of the source folders.
export HYPOTHESIS_STORAGE_DIRECTORY ?= $(VENV)/.hypothesis

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test test-slow coverage faults lint format clean

help:
	@echo 'make run        start the dashboard on http://localhost:8501 (more options: ARGS="...")'
	@echo 'make test       run the fast tests (more options: ARGS="...")'
	@echo 'make test-slow  run the others: whole pages, files, commands, and the browser'
	@echo 'make coverage   say which lines of analysis/ and data/ the tests do not reach'
	@echo 'make faults     run the tests in which something breaks in mid-work'
	@echo 'make lint       check style, format and types'
	@echo 'make format     rewrite the code in the agreed format'
	@echo 'make clean      remove .venv and all caches'

run: $(RUN_STAMP)
	@exec $(PY) -m alslope serve $(ARGS)

# In the order of the files: few slow browser tests at the end would leave one worker idle.
PYTEST := env OPENBLAS_NUM_THREADS=1 $(PY) -m pytest
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

test: $(DEV_STAMP)
	@exec $(PYTEST) $(PARALLEL) -m "not slow and not browser" $(ARGS)

test-slow: $(DEV_STAMP)
	@exec $(PYTEST) $(PARALLEL) -m "slow or browser" $(ARGS)

coverage: $(DEV_STAMP)
	@exec $(PYTEST) $(PARALLEL) -m "not browser" --cov=analysis --cov=data --cov-branch \
	    --cov-report=term-missing:skip-covered --cov-fail-under=95 $(ARGS)

faults: $(DEV_STAMP)
	@exec $(PYTEST) -m fault -v $(ARGS)

lint: $(DEV_STAMP)
	@status=0; \
	for check in 'ruff check .' 'ruff format --check .' 'mypy'; do \
	    echo "$$check"; \
	    $(PY) -m $$check || status=1; \
	done; \
	exit $$status

format: $(DEV_STAMP)
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name .git -prune -o -type d -name __pycache__ -exec rm -rf {} +

# A stamp is newer than the requirements it was made from, so a second call installs nothing.
$(RUN_STAMP): requirements.txt | $(PY)
	$(call install,requirements.txt)

$(DEV_STAMP): requirements.txt requirements-dev.txt | $(PY)
	$(call install,requirements-dev.txt)

define install
@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "The Python in $(VENV) is older than 3.11: run 'make clean', then try again." >&2; exit 1; }
@echo "Installing $(1) into $(VENV) (some minutes the first time) ..."
@$(PY) -m pip install -qq --disable-pip-version-check --no-input -r $(1) || { \
	echo "Installing $(1) failed; the reason is given above. The first set-up needs the internet." >&2; exit 1; }
@touch $@
endef

$(PY):
	@for python in $(CANDIDATES); do \
	    if ! command -v "$$python" >/dev/null 2>&1; then \
	        echo "  $$python: not found" >&2; \
	    elif ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        echo "  $$python: older than 3.11, or does not start" >&2; \
	    elif ! "$$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	        echo "  $$python: has no venv module (Debian, Ubuntu: apt-get install python3-venv)" >&2; \
	    else \
	        echo "Creating $(VENV) with $$python ..."; \
	        "$$python" -m venv --clear $(VENV) && exit 0; \
	        rm -rf $(VENV); \
	        echo "  $$python: could not create $(VENV), see above" >&2; \
	    fi; \
	done; \
	echo "ALSlope needs Python 3.11 or newer with its venv module, and none was found under the names above." >&2; \
	echo "Install one (https://www.python.org/downloads/), or name it: make run PYTHON=/path/to/python3.12" >&2; \
	exit 1
