PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help:
	@echo "setup  demo  test  test-fast  lint  bench  docs  clean"

$(VENV)/.stamp: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-virtualenv -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

.PHONY: setup
setup: $(VENV)/.stamp

.PHONY: test-fast
test-fast: setup
	$(BIN)/python -m pytest -m "not slow"

.PHONY: test
test: test-fast
	$(BIN)/python -m pytest -m slow

.PHONY: lint
lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
