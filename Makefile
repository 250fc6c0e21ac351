# make play   play the game (makes everything it needs on the first run)
# make test   run the tests
# make check  tests, then lint, types and import contracts
# make audit  ask whether a library in constraints.txt has a known vulnerability (needs the network)
# make screenshots  write the pictures of docs/pictures anew

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
TORCH  := torch>=2.10,<2.14
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: play test check lint audit models screenshots clean help
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# //p' Makefile

# The CPU build of torch has no CUDA packages. It is asked for by itself first, so that where a
# CPU build is to be had it is taken, and the rest then finds torch in place.
$(VENV)/.torch:
	@echo "==> Making a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Dungeon needs Python 3.11 or newer; name one with: make play PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(PIP) install -qq --upgrade "pip>=24.1"
	@echo "==> Installing torch for the CPU (about 200 MB, one to five minutes)"
	@sh tools/install_torch.sh $(BIN)/python "$(TORCH)"
	@touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml constraints.txt
	@echo "==> Installing Dungeon and the libraries it stands on (about 100 MB)"
	@$(PIP) install -qq --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo "==> Installing what the tests need"
	@$(PIP) install -qq --constraint constraints.txt --editable ".[dev]"
	@touch $@

models: $(VENV)/.installed
	@echo "==> Bringing a language model (93 MB, once)"
	@$(BIN)/dungeon models ensure

play: models
	@$(BIN)/dungeon

test: $(VENV)/.dev models
	@echo "==> Running the tests"
	@$(BIN)/python -m pytest -n 3 --dist loadfile

screenshots: $(VENV)/.dev models
	$(BIN)/python tools/screenshots.py

lint: $(VENV)/.dev
	$(BIN)/ruff check dungeon tests benchmarks tools training
	$(BIN)/ruff format --check dungeon tests benchmarks tools training
	$(BIN)/mypy
	$(BIN)/lint-imports

check: test lint

# In a place of its own: it brings libraries that the game does not need.
$(VENV)/audit/bin/pip-audit: $(VENV)/.installed
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip --disable-pip-version-check install -qq "pip-audit>=2.9,<3"

audit: $(VENV)/audit/bin/pip-audit
	$(VENV)/audit/bin/pip-audit --requirement constraints.txt --no-deps

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
