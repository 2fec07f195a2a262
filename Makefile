# `make lab` opens the course, `make test` proves that it works. Both install what they need, once, into .venv.
# Variables you may set: PYTHON, VENV, LAB_PORT, LAB_FLAGS, TESTS, TEST_FLAGS, BENCHMARKS, BENCH_FLAGS.

ifeq ($(OS),Windows_NT)
PYTHON ?= py -3
VENV ?= .venv
BIN := $(VENV)/Scripts
else
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
endif

LAB_PORT ?= 8888
LAB_FLAGS ?=
TESTS ?= tests
TEST_FLAGS ?=
BENCH_FLAGS ?=
# Every script of benchmarks/ but the one that another one starts.
BENCHMARKS ?= $(filter-out benchmarks/baseline.py benchmarks/__init__.py,$(sort $(wildcard benchmarks/*.py)))
# What the quick gate leaves to `make test`: the grader, browsers, kernels, installs, and what belongs to one service, one
# section or one lab. SQS with its section and its lab stands for the others; of each other service one file stays.
CORE := sqs% policy rules telemetry cloudtrail_history cloudwatch_alarms dynamodb_units events_pattern \
  firehose_delivery kinesis_writing lambda_invoke logs_insights_language sns_publishing xray_sampling
LATER := $(addprefix tests/,browser grading install kernel) \
  $(filter-out $(CORE:%=tests/dataplane/test_%.py) tests/sections/test_s18% tests/labs/test_18%, \
  $(wildcard tests/dataplane/test_*.py tests/sections/test_s[12]*.py tests/labs/test_[12]*.py tests/labs/test_labs.py))
START := notebooks/00_start.ipynb
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install lab test check bench notebooks badge lock clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

install: $(STAMP) ## install the course and its tools into .venv

$(STAMP): requirements.lock pyproject.toml binder/jupyter_lab_config.json binder/overrides.json
	@$(PYTHON) .ci/can_install.py
	@echo "Installing the course into $(VENV): about a minute, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c "import pathlib; pathlib.Path('$(STAMP)').touch()"

lab: install ## open the course in JupyterLab
	$(BIN)/python -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.port=$(LAB_PORT) --ServerApp.root_dir=. \
	  --LabApp.default_url=/lab/tree/$(START) $(shell $(PYTHON) .ci/can_install.py --root-flag) $(LAB_FLAGS)

test: install ## run every test
	$(BIN)/python -m pytest $(TEST_FLAGS) $(TESTS)

check: install ## the quick gate, a minute: lint, types, quick tests, one section and one lab
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	@$(BIN)/python -m pytest -m "not (browser or install or kernel or slow)" -n 2 $(LATER:%=--ignore=%) \
	  $(TEST_FLAGS) $(TESTS)

bench: install ## measure speed and memory against the stated goals
	$(foreach script,$(BENCHMARKS),$(BIN)/python $(script) $(BENCH_FLAGS) &&) true

notebooks: install ## run the notebooks and labs afresh and bring them into their committed form
	$(BIN)/devlab notebooks
	$(BIN)/devlab labs

badge: ## print the Binder badges, and write them into docs/binder.md once the address is set
	@$(PYTHON) .ci/badge.py

lock: install ## write the lock and the environment files anew from pyproject.toml
	$(BIN)/python .ci/lock.py

clean: ## remove .venv and every cache
	$(PYTHON) .ci/clean.py $(VENV)
