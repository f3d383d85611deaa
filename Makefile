# Every command that people and CI run. A machine with make and Python 3.11 or newer needs nothing else.

PYTHON ?= python3
# Most of the longer tests wait for real processes, so that four workers fit on two cores.
WORKERS ?= 4
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check format bench bench-quick battery screenshots clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: $(VENV)/.base ## watch the engine of sample.toml
	@exec $(BIN)/cronsole run sample.toml

test: $(VENV)/.dev ## run the test suite
	@$(BIN)/pytest -n $(WORKERS) --maxschedchunk 4

check: $(VENV)/.dev ## format, lint, types, import contracts, spelling
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy engine tui $(wildcard tests benchmarks screenshots)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell

format: $(VENV)/.dev ## rewrite the sources in the house's format
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench: $(VENV)/.bench ## print every figure beside what it is compared with
	@$(BIN)/python -m benchmarks

bench-quick: $(VENV)/.bench ## the same in about two minutes
	@$(BIN)/python -m benchmarks --quick

battery: $(VENV)/.dev ## the long form of the fault tests
	@$(BIN)/pytest -m battery

screenshots: $(VENV)/.dev ## take the pictures of the console anew, and the tables of its keys
	@$(BIN)/python -m screenshots.capture
	@$(BIN)/python -m cronsole_tui.reference README.md docs/console.md

clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
	find engine tui tests benchmarks screenshots -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# A stamp is as new as the install that it stands for; a change of pyproject.toml makes it old.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "cronsole needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: $(VENV)/.python pyproject.toml
	@echo "installing cronsole into $(VENV) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml
	@echo "installing cronsole and its test tools into $(VENV) ..."
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.base $@

$(VENV)/.bench: $(VENV)/.python pyproject.toml
	@echo "installing cronsole and the peers it is measured against into $(VENV) ..."
	@$(PIP) --editable '.[dev,bench]'
	@touch $(VENV)/.base $(VENV)/.dev $@
