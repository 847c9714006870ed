# One word for each job. `make test` sets up everything it needs on a machine that has Python 3.11+.
PYTHON ?= python3
BIN := .venv/bin

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

.PHONY: test lint types format clean
test: .venv/ready lint types
	$(BIN)/python -m pytest -q
lint: .venv/ready
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/lint-imports
types: .venv/ready
	$(BIN)/mypy
format: .venv/ready
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests
clean:
	rm -rf .venv build dist
