# make demo: a whole day on the built-in simulator.  make test: all tests.  Both set everything up first.

.PHONY: demo test bench backtests uncertainty campaign year watchdog lint types package clean

# Many tests start processes: each would compile all modules anew where the environment forbids to keep them.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
# Two more than there are cores: many tests wait for processes of their own.
WORKERS = $(shell expr $$(nproc 2>/dev/null || echo 2) + 2)

demo: $(VENV)/ready
	$(BIN)/heat-optimizer demo

test: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal

uncertainty: $(VENV)/ready
	$(BIN)/python -m pytest tests/benchmarks -m campaign -s

backtests: $(VENV)/ready
	$(BIN)/python tests/benchmarks/backtests.py

campaign: $(VENV)/ready
	$(BIN)/python tests/faults/campaign.py

year: $(VENV)/ready
	$(BIN)/python tests/faults/year.py

watchdog: $(VENV)/ready
	$(BIN)/python -m pytest tests/deploy -m campaign -s

bench: $(VENV)/ready
	$(BIN)/python -m pytest tests/benchmarks -m benchmark -s

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready-dev
	$(BIN)/mypy

package: $(VENV)/ready-dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*

clean:
	rm -rf $(VENV) dist

$(VENV)/python-found:
	@sh .ci/make-venv $(VENV)
	@touch $@

$(VENV)/ready: $(VENV)/python-found pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,dev]'
	@touch $@
