# One line per target. PYTHON may name another interpreter, 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install run test check bench torture pictures audit sbom lock clean

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

# A terminal's height has this name too.
ifeq ($(origin LINES),environment)
LINES :=
endif
torture: .venv/installed-dev      ## everything that may go wrong, on both engines; QUICK=1 for minutes, LINES="--only R1" for some, which write no page
	$(BIN)/python tests/torture/run.py $(if $(QUICK),--quick,$(if $(LINES),,--write)) $(LINES)

pictures: .venv/installed-dev   ## take the pictures of docs/console.md again
	$(BIN)/python tests/console_pictures.py docs/pictures

audit: .venv-audit/installed     ## known holes in what is locked; asks PyPI, fails where one could not be asked about
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock
sbom: .venv-audit/installed      ## what is delivered, as CycloneDX: build/sbom.cdx.json
	@mkdir -p build
	PYTHONWARNINGS=ignore .venv-audit/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON -o build/sbom.cdx.json
.venv-audit/installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet --disable-pip-version-check "pip-audit>=2.10,<3" "cyclonedx-bom>=7.5,<8"
	@touch $@

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
	rm -rf .venv .venv-lock .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis
