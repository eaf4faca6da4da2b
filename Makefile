# One line per target. PYTHON may name another interpreter, 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install run test check bench lock clean

install: .venv/installed         ## the gateway alone: .venv/bin/lapor-gateway
run: install                     ## start on the embedded default
	@exec $(BIN)/lapor-gateway run
test: .venv/installed-dev        ## all tests
	$(BIN)/python -m pytest
check: .venv/installed-dev       ## the whole gate
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest
bench: .venv/installed-dev       ## figures beside their peers; BENCH=--quick for a short run
	$(BIN)/python bench/run.py $(BENCH)

.venv/bin/python:
	$(PYTHON) -m venv .venv
.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
.venv/installed-dev: requirements-dev.lock .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

lock:                            ## pin again after a change in pyproject.toml
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet "pip<26" pip-tools
	.venv-lock/bin/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --all-build-deps -o requirements.lock pyproject.toml
	.venv-lock/bin/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --all-build-deps --extra dev -o requirements-dev.lock pyproject.toml
	rm -rf .venv-lock
clean:
	rm -rf .venv .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis
