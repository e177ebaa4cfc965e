# Everything starts here, from nothing but Python 3.11 or newer and make.
# ARGS="…" passes words on to the task, VENV=… and PYTHON=… choose the environment.

VENV ?= .venv
PYTHON ?=
ARGS ?=

PROJECTS := $(wildcard packages/*/pyproject.toml packages/plugins/*/pyproject.toml)
READY := $(VENV)/.ready
TASKS := demo test lint types layers docs bench faults fuzz peers

.DEFAULT_GOAL := help
.PHONY: $(TASKS) venv clean help

demo: SESSION := demo
test: SESSION := tests
lint: SESSION := lint
types: SESSION := types
layers: SESSION := layers
docs: SESSION := docs
bench: SESSION := bench
faults: SESSION := faults
fuzz: SESSION := fuzz
peers: SESSION := peers

$(TASKS): $(READY)
	@"$(VENV)/bin/nox" -s $(SESSION) -- $(ARGS)

venv: $(READY)

$(READY): constraints.txt $(PROJECTS) .ci/bootstrap
	@PYTHON="$(PYTHON)" .ci/bootstrap "$(VENV)"
	@touch "$@"

clean:
	rm -rf "$(VENV)" .nox dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

help:
	@echo "make demo     500 nodes, from registration to the centre; ARGS=--serve keeps it running"
	@echo "make test     run every test; ARGS=\"core -k wire\" narrows"
	@echo "make lint     ruff: rules and format"
	@echo "make types    mypy --strict"
	@echo "make layers   import rules between packages and rings"
	@echo "make docs     run the documented examples, check links and the reference"
	@echo "make bench    measure; ARGS=\"emulate --quick\", or adapter, client, playbook, protocol, replicate"
	@echo "make faults   only the tests that kill, cut and restart"
	@echo "make fuzz     read broken messages and playbooks by the thousand; ARGS=\"1000 --seed 7\""
	@echo "make peers    get the real programs that tests run against"
	@echo "make venv     only make $(VENV); afterwards $(VENV)/bin/choria is there"
	@echo "make clean    remove $(VENV) and every cache"
