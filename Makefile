# Needs only Python 3.11 or newer, make and the package registry. Everything lands in .venv; nothing is installed elsewhere,
# except by `make test`, which asks Debian's apt for the peers it talks to (PostgreSQL, Chromium, gettext) when they are missing.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PEERS := .venv-peers
ENGLISH := *.md docs changes src tests .ci Makefile
# The packages that calculate and touch nothing else; the same list is in pyproject.toml under "pure packages".
PURE := src/kilovatt/quantities/*,src/kilovatt/measure/*,src/kilovatt/money/*,src/kilovatt/wire/protocols/*,src/kilovatt/wire/drivers/*,src/kilovatt/wire/explain/*
# The stamps say "installed as these files say": a second `make setup` compares dates and does nothing.
PRODUCT_STAMP := $(VENV)/.product
TOOLS_STAMP := $(VENV)/.tools
PEERS_STAMP := $(PEERS)/.peers
export UV_PYTHON_DOWNLOADS := never
export UV_NO_CONFIG := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help

.PHONY: help
help:  ## say what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

.PHONY: setup
setup: $(PRODUCT_STAMP)  ## make .venv with everything the product needs

.PHONY: tools
tools: $(TOOLS_STAMP)  ## add what writing and testing it needs

$(PRODUCT_STAMP): requirements/bootstrap.txt requirements/product.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Kilovatt needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which one to use: make setup PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is not there. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/bootstrap.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/product.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS_STAMP): $(PRODUCT_STAMP) requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/dev.txt
	@touch $@

$(PEERS_STAMP): $(PRODUCT_STAMP) requirements/peers.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv --without-pip $(PEERS)
	@$(UV) pip sync --quiet --python $(PEERS)/bin/python --require-hashes requirements/peers.txt
	@touch $@

.PHONY: peers
peers: $(PEERS_STAMP)  ## bring what the tests talk to: PostgreSQL, Chromium, gettext (apt), strangers' clients (.venv-peers)
	@.ci/install-peers

.PHONY: demo
demo: setup  ## run a town of meters, bill it, and show it
	@$(BIN)/kilovatt demo

.PHONY: check
check: tools  ## style, types, layers, dependencies, spelling, templates
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry src
	$(BIN)/codespell $(ENGLISH)
	$(BIN)/djlint --check --lint --quiet src

.PHONY: unit
unit: tools  ## the tests without databases, sockets and sleeping
	$(BIN)/pytest tests/unit tests/architecture

# Unit tests come first, so that what is simply wrong says so in the first minute. One seed for the order of tests: a red build is red
# again when it is run again; `make soak` and a plain `pytest` shuffle anew.
# Measuring makes a town of 300 meters run 2.4 times as long, so journeys run unmeasured, but for one small town.
SEED := --randomly-seed=20261124
# What takes long is named, so that the whole stays within what a machine of two cores may take.
NAMED := --durations 10 --durations-min 10
COVERED := --cov --cov-report= $(SEED) $(NAMED)
SMALL_TOWN := tests/journeys/test_demo.py::test_the_built_in_homes_are_read_and_billed_without_any_file

.PHONY: test
test: check docs peers  ## everything, with coverage
	@$(BIN)/coverage erase
	$(BIN)/pytest tests/unit tests/architecture -n 2 $(COVERED)
	$(BIN)/pytest tests/integration tests/peers $(SMALL_TOWN) -n 2 $(COVERED) --cov-append
	.ci/with-postgres $(BIN)/pytest tests/integration/office -n 2 $(COVERED) --cov-append
	$(BIN)/pytest tests/journeys -n 3 --dist load --maxschedchunk 1 $(SEED) $(NAMED)
	@$(MAKE) coverage

.PHONY: coverage
coverage:  # what the last tests ran through: all branches of the pure packages, 95 % overall
	$(BIN)/coverage report --include '$(PURE)' --fail-under=100
	$(BIN)/coverage report --fail-under=95

.PHONY: soak
soak: tools peers  ## full counts, fuzzing, long runs: as long as it takes
	KILOVATT_SOAK=1 $(BIN)/pytest tests/unit -n 2 --timeout 0
	KILOVATT_SOAK=1 $(BIN)/pytest tests/integration tests/peers -n 2 --timeout 0
	KILOVATT_SOAK=1 $(BIN)/pytest tests/journeys -n 2 --dist load --maxschedchunk 1 --timeout 0

.PHONY: docs
docs: tools  ## the documentation, in docs/_build/html
	$(BIN)/sphinx-build -W -n --keep-going -q -b html -d docs/_build/doctrees docs docs/_build/html

.PHONY: messages
messages: tools  ## collect the strings to be translated, compile the catalogue (needs gettext)
	@.ci/collect-messages

.PHONY: lock
lock: $(PRODUCT_STAMP)  ## pin requirements/*.in anew, with hashes and without a registry's address
	@for name in product dev bootstrap peers; do \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(UPGRADE) \
	    --output-file requirements/$$name.txt requirements/$$name.in; \
	done
