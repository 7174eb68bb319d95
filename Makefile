# goodwill: two commands are all that is needed on a machine with Python 3.11 and make.
#   make demo            sets everything up, runs the main job on real purchases, serves it on http://127.0.0.1:8400
#   make demo ARGS=--no-serve   ends after printing
#   make test            sets everything up and passes the tests
# The rest is for working on goodwill: setup check format bench validate soak lock clean.

SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready
ARGS ?=
WORKERS ?= 2
LAWS_OF_DOCS := tests/laws/test_docs_match.py

.PHONY: help setup demo test check lint types contracts unused docs format bench validate soak lock audit clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,5s/^# \{0,1\}//p' Makefile

# A .venv whose Python is gone, or that was moved here with its folder, looks finished and is not: it is made anew.
WHOLE := $(shell { $(BIN)/python -c '' && head -n 2 $(BIN)/pytest | grep -F '$(CURDIR)/.venv/'; } >/dev/null 2>&1 && echo yes)
ifeq ($(WHOLE),)
$(shell if [ -e $(READY) ]; then touch .venv/.unfinished; rm -f $(READY); fi)
endif

setup: $(READY)

$(READY): requirements.lock pyproject.toml scripts/setup.sh scripts/boot.lock
	@sh scripts/setup.sh

demo: setup
	@$(BIN)/goodwill demo $(ARGS)

test: setup
	@sh scripts/test_services.sh
	@sh scripts/run_tests.sh -n $(WORKERS) --dist worksteal $(ARGS)

check: setup
	@$(MAKE) --no-print-directory --keep-going -j$(WORKERS) --output-sync=target lint types contracts unused docs
	@echo "check: all is well"

lint: setup
	@echo "check: format and lint (ruff)"
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "'make format' mends these"; bad=1; }; \
	 $(BIN)/ruff check --quiet --output-format concise . || bad=1; exit $${bad:-0}

types: setup
	@echo "check: types (mypy --strict)"
	@$(BIN)/mypy --no-error-summary

contracts: setup
	@echo "check: who imports whom (import-linter)"
	@said=$$($(BIN)/lint-imports --no-logo --cache-dir .cache/import_linter 2>&1) || { echo "$$said"; exit 1; }

unused: setup
	@echo "check: dead code (vulture)"
	@$(BIN)/python scripts/dead_code.py

docs: setup
	@echo "check: the docs list the real folders"
	@$(BIN)/python -m pytest -q -p no:cacheprovider -p no:xdist $(LAWS_OF_DOCS)

format: setup
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

# The peers live in a venv of their own; the benchmarks call its python by the name in GOODWILL_PEERS.
PEERS := .venv-peers
bench: setup $(PEERS)/.ready
	@GOODWILL_PEERS=$(CURDIR)/$(PEERS)/bin/python $(BIN)/python -m benchmarks $(ARGS)

$(PEERS)/.ready: scripts/peers.lock
	@echo "bench: installing the peers into $(PEERS)"
	@rm -rf $(PEERS)
	@.boot/bin/uv venv --quiet --python $(BIN)/python $(PEERS)
	@UV_COMPILE_BYTECODE=1 .boot/bin/uv pip install --quiet --python $(PEERS)/bin/python --require-hashes -r scripts/peers.lock
	@touch $@

# Some ten minutes: every measure in worlds in which the truth is known; writes docs/validation.md.
validate: setup
	@$(BIN)/python -m validation $(ARGS)

soak: setup
	@sh scripts/test_services.sh
	@HYPOTHESIS_PROFILE=soak sh scripts/run_tests.sh -n $(WORKERS) --dist worksteal -m "soak or again or longer or hypothesis" $(ARGS)

# Hashes and names only: no lock may name the host that this machine gets its packages from.
UV_COMPILE := .boot/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11
lock: setup
	@$(UV_COMPILE) --all-extras --group dev pyproject.toml -o requirements.lock
	@$(UV_COMPILE) --group peers -o scripts/peers.lock
	@echo 'lifelines==0.30.3' | $(UV_COMPILE) --no-deps --no-annotate - -o scripts/tables.lock
	@.boot/bin/uv --version | awk '{print "uv==" $$2}' | $(UV_COMPILE) --no-annotate - -o scripts/boot.lock
	@echo "lock: look at 'git diff --stat' before you commit"

audit: setup
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

clean:
	rm -rf .venv .venv-peers .boot .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
