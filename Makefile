# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := .venv-checkov
MUTANTS := .venv-mutants
# the tests start hundreds of Pythons: each would compile all of pytg anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:
	@echo "make setup      virtual environment with pytg, packages of the functions, Terraform where there is none"
	@echo "make demo       the main job on the embedded AWS"
	@echo "make test       all tests; make test-fast: those of under two minutes"
	@echo "make lint       format, rules and types"
	@echo "make checkov    checkov over the modules, from a virtual environment of its own"
	@echo "make differential  random estates in all ways, for hours; make differential-guards: does it notice"
	@echo "make mutants    random changes of the code: do the unit tests notice"
	@echo "make faults     thousands of crashes, damaged files and races; make faults-guards: does it notice"
	@echo "make docs       write generated pages and pictures anew"
	@echo "make bench      composed against one process a unit, side by side"
	@echo "make clean      stop the embedded AWS; remove what was made"

$(VENV)/.stamp: requirements.lock pyproject.toml sandbox/pyproject.toml console/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pytg needs Python 3.11 or later: make PYTHON=python3.12")'
	@echo "making $(VENV): about a minute"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e sandbox -e console
	@touch $@

.PHONY: setup
setup: $(VENV)/.stamp
	@$(BIN)/python -m pytg.terraform.fetch --if-missing
	@$(BIN)/python scripts/build_lambda.py --quiet

.PHONY: demo
demo: setup
	$(BIN)/python scripts/demo.py

.PHONY: test-fast
test-fast: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

.PHONY: test
# the laws anew, with four times as many examples
test: test-fast
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n 2 --dist loadgroup -m "slow or hypothesis"

.PHONY: lint
lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(CHECKOV)/.stamp: requirements-checkov.lock
	$(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-checkov.lock
	touch $@

.PHONY: checkov
checkov: $(CHECKOV)/.stamp
	$(CHECKOV)/bin/checkov --config-file .checkov.yaml

$(MUTANTS)/.stamp: requirements-mutants.lock
	$(PYTHON) -m venv $(MUTANTS)
	$(MUTANTS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-mutants.lock
	touch $@

# MUTATE: options of scripts/mutants.py, and files or directories instead of the core.
.PHONY: mutants
mutants: setup $(MUTANTS)/.stamp
	$(MUTANTS)/bin/python scripts/mutants.py $(MUTATE)

.PHONY: docs
docs: setup
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/architecture.py
	$(BIN)/pytg graph --env dev --level module --format svg --output docs/images/graph.svg

# TERRAFORM names another binary; a failing estate stays in DIFFERENTIAL_KEEP.
DIFFERENTIAL_EXAMPLES ?= 300
DIFFERENTIAL_SEED ?= $(shell date +%s)
DIFFERENTIAL_KEEP ?= build/differential

.PHONY: differential
differential: export DIFFERENTIAL_EXAMPLES := $(DIFFERENTIAL_EXAMPLES)
differential: export DIFFERENTIAL_SEED := $(DIFFERENTIAL_SEED)
differential: export DIFFERENTIAL_KEEP := $(abspath $(DIFFERENTIAL_KEEP))
differential: setup
	@mkdir -p $(DIFFERENTIAL_KEEP)
	@echo "DIFFERENTIAL_SEED=$(DIFFERENTIAL_SEED)"
	$(BIN)/python -m pytest -n 2 --dist worksteal -o timeout=0 tests/differential

.PHONY: differential-guards
differential-guards: setup
	PYTHONPATH=tests $(BIN)/python -m differential.guards

# FAULTS_ROUND plays rounds of one estate again; what is left of a failing one stays in FAULTS_KEEP.
FAULTS_ROUNDS ?= 2000
FAULTS_SEED ?= $(shell date +%s)
FAULTS_KEEP ?= build/faults

.PHONY: faults
faults: export FAULTS_ROUNDS := $(FAULTS_ROUNDS)
faults: export FAULTS_SEED := $(FAULTS_SEED)
faults: export FAULTS_KEEP := $(abspath $(FAULTS_KEEP))
faults: setup
	@mkdir -p $(FAULTS_KEEP)
	@echo "FAULTS_SEED=$(FAULTS_SEED)"
	$(BIN)/python -m pytest -n 2 --dist worksteal -o timeout=0 tests/faults

.PHONY: faults-guards
faults-guards: setup
	PYTHONPATH=tests $(BIN)/python -m faults.guards

.PHONY: bench
bench: setup
	PYTHONPATH=scripts $(BIN)/python benchmarks/composed.py

.PHONY: clean
clean:
	-test ! -x $(BIN)/pytg || $(BIN)/pytg sandbox stop
	rm -rf $(VENV) $(CHECKOV) $(MUTANTS) .pytg build
