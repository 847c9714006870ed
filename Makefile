# One word for each job. `make demo` and `make test` set up everything they need on a machine with Python 3.11+.
PYTHON ?= python3
BIN := .venv/bin
# Where pip finds torch; on Linux the plain index brings gigabytes of CUDA:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip install --quiet -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) -e '.[deep,boost,demo]'
	touch $@

.venv/ready: .venv/installed
	$(PIP) -e '.[deep,boost,text,image,audio,demo,dev]'
	touch $@

.PHONY: demo test slow lint types format clean
demo: .venv/installed
	$(BIN)/twofold demo
test: .venv/ready lint types
	$(BIN)/python -m pytest -q -n 2 --dist loadfile
slow: .venv/ready
	$(BIN)/python -m pytest -q -m 'slow or data'
lint: .venv/ready
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/lint-imports
types: .venv/ready
	$(BIN)/mypy
format: .venv/ready
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks
clean:
	rm -rf .venv build dist
