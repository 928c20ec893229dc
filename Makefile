# Two commands: `make demo` runs the main job on a real system, `make test` passes every test. Each sets itself up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
PEERS := .venv-peers/.installed
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
MAKEFLAGS += --jobs=2
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore

.PHONY: demo test bench soak lint style types floors browser lock languages clean help

help:
	@echo "make demo   assess COMPAS and write accord-report/"
	@echo "make test   every test: lint, types, floors, documentation, conformance, browser"
	@echo "make bench  against peers, side by side; make soak: slow and exhaustive tests"

demo: $(RUNTIME)
	$(BIN)/accord demo

test: $(DEV) $(PEERS) browser lint
	ACCORD_REQUIRE_BROWSER=$$(test -x "$$(command -v chromium)" && echo 1) $(BIN)/pytest -m "not soak" -n 2

lint: style types floors

style: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

floors: $(DEV)
	$(BIN)/lint-imports

soak: $(DEV) $(PEERS)
	$(BIN)/pytest -m soak -n 2

bench: $(DEV) $(PEERS)
	$(BIN)/python -m benchmarks

# A Debian machine may have Python without venv; as root it is installed, otherwise pip says what is missing.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }

$(RUNTIME): $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/pip install -q -r requirements.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	$(BIN)/pip install -q -r requirements-dev.lock
	@touch $@

$(PEERS): $(BIN)/python requirements-peers.lock Makefile
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install -q -r requirements-peers.lock
	.venv-peers/bin/pip install -q --no-deps --ignore-requires-python aics-tlog==0.2.1  # asks for 3.12, runs on 3.11
	@touch $@

browser: | $(BIN)/python
	@sh tests/browser/install.sh

# Gathers the texts that people read and brings every catalogue in step; `make languages NEW=ha` begins another.
languages: $(DEV)
	$(BIN)/python docs/languages.py $(NEW)

lock: $(BIN)/python
	$(BIN)/pip install -q pip-tools
	$(COMPILE) --extra build --extra node --extra postgres -o requirements.lock pyproject.toml
	$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(COMPILE) -o requirements-peers.lock requirements-peers.in

clean:
	rm -rf $(VENV) .venv-peers accord-report build dist .mypy_cache .ruff_cache .hypothesis tests/browser/node_modules
