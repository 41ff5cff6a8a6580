# Everything a newcomer, a developer and CI does, by name. `make help` lists it.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.DEFAULT_GOAL := help

help: ## Say what each target does.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## Build the environment (.venv) from the lock.

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Tembaga needs Python 3.11 or later"'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements.txt
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

lock: .venv/installed ## Choose the newest versions that pyproject.toml allows, and lock them.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--extra dev --upgrade pyproject.toml --output-file requirements.txt

demo: .venv/installed ## Run three months of the demo programme through Airflow, and end.
	$(BIN)/tembaga demo

up: .venv/installed ## Start everything and leave it running, with Airflow's pages.
	$(BIN)/tembaga up

real: .venv/installed ## Take real sales files through every stage: make real DATA=folder.
	$(BIN)/tembaga --home var/real real "$(DATA)"

docs: .venv/installed ## Build the data docs of a home: what was found in every file, as pages.
	$(BIN)/tembaga docs

env: ## Make .env for docker compose: random secrets, and choices to look at.
	$(PYTHON) containers/env.py

test: .venv/installed ## Run the tests, two files of them at a time.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

torture: .venv/installed ## Kill posting at every step and at random instants, and break every rule.
	$(BIN)/python -m pytest tests/crash tests/mutants --torture

lint: .venv/installed ## Check form, types and names.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed ## Measure, side by side in one run: make bench BENCH=long_history.
	$(BIN)/python -m benchmarks $(BENCH)

clean: ## Remove what the program and the tests have written. The environment stays.
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help install lock demo up real docs env test torture lint bench clean
