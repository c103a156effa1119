# make demo     real checks of a real SMTP server, on this machine
# make test     the tests
# make lint     ruff and mypy
# make package  wheel, single-file executables, .deb and .rpm, into dist/
# make fuzz     coverage-guided fuzzing for SECONDS=60
# make bench    the checks beside their peers, round trips, instructions, many checks at once
# make charts   the pictures of what make bench has measured, into docs/pictures
# make clean    remove what the others made
#
# Slow:
#
# make faults        sessions with TLS that break at every octet, slow servers, many checks at once
#
# Slow, and as root on Debian they install what they need:
#
# make network       names, addresses, firewalls and routes that fail, in a network of their own
# make engines       the checks inside Icinga 2, Nagios and NRPE
# make lab           the checks against real mail servers of three Debian releases
# make package-test  each package installed somewhere clean, and all checks run from it
# make pictures      the pictures of docs/pictures, from new runs

PYTHON ?= python3
SECONDS ?= 60
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(wildcard check_smtp_*/*.py) setup.cfg pyproject.toml README.md

.PHONY: demo test lint fuzz faults network engines lab package package-test pictures bench charts clean

demo: $(VENV)/installed
	@$(BIN)/python -m demo

test: $(VENV)/installed
	@$(BIN)/python -m pytest

faults: $(VENV)/installed
	@$(BIN)/python -m pytest tests/faults_sweep

network: $(VENV)/installed
	@$(BIN)/python -m pytest tests/network

lint: $(VENV)/linters
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fuzz: $(VENV)/fuzzers
	@$(BIN)/python -m fuzz $(SECONDS)

engines: $(VENV)/installed
	@$(BIN)/python -m pytest tests/engines

lab: $(VENV)/installed
	@$(BIN)/python -m pytest tests/lab

bench: $(VENV)/installed $(VENV)/painters
	@mkdir -p .bench
	@failed=0; \
	$(BIN)/python -m bench.side_by_side --json .bench/figures.json || failed=1; \
	$(BIN)/python -m bench.charts .bench/figures.json --folder .bench || failed=1; \
	$(BIN)/python -m bench.instructions || failed=1; \
	$(BIN)/python -m bench.round_trips || failed=1; \
	$(BIN)/python -m bench.many_at_once || failed=1; \
	exit $$failed

charts: $(VENV)/painters
	@$(BIN)/python -m bench.charts .bench/figures.json

package: $(VENV)/packagers
	@$(BIN)/python -m contrib.packaging

package-test: package
	@$(BIN)/python -m pytest tests/packages

pictures: $(VENV)/painters
	@$(BIN)/python -m demo.pictures.day
	@$(BIN)/python -m demo.pictures.day_graph
	@$(BIN)/python -m demo.pictures.nagios_pages

clean:
	rm -rf $(VENV) .tox build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A real installation, not an editable one: what runs here is what a user gets.
$(VENV)/installed: $(SOURCES) | $(VENV)/bin/python
	@echo "Installing the checks and what the demo and the tests need into $(VENV) ..."
	@rm -rf build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[demo,test]'
	@touch $@

$(VENV)/linters: $(VENV)/installed setup.cfg
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[lint]'
	@touch $@

# A wheel, or none: from source it needs a whole LLVM.
$(VENV)/fuzzers: $(VENV)/installed setup.cfg
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary atheris '.[fuzz]'
	@touch $@

$(VENV)/packagers: $(VENV)/installed setup.cfg
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[package]'
	@touch $@

$(VENV)/painters: $(VENV)/installed setup.cfg
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[pictures]'
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; name it with make PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing. Debian, Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
