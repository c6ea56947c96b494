# make demo and make test do all set-up and work from a fresh clone.
SWIFT_BUILD := swift build -c release
BINARY := .build/release/magnetic

.PHONY: build test test-portable test-kernels fuzz demo experiments bench bundle lint clean setup setup-tests

build: setup
	$(SWIFT_BUILD) --product magnetic

setup:
	@tools/setup.sh

setup-tests:
	@tools/setup.sh --tests

# Every backend test runs on the CPU and on each OpenCL device (PoCL at least).
test: setup-tests lint
	tools/test.sh
	tools/test-embed.sh

# The library without its traits: no OpenCL, CLBlast or oneDNN.
test-portable:
	tools/test-portable.sh

# Every OpenCL kernel in the simulator oclgrind (Debian: oclgrind), minutes.
test-kernels: setup-tests
	tools/test-kernels.sh

# A million mutated inputs for the readers of weights, configurations, tokenizers and templates.
fuzz: setup
	tools/fuzz.sh $(FUZZ)

demo: build
	$(BINARY) demo

# Every recipe, one after another; what is done is not done again (recipes/README.md). RUN="--jobs 4"
# and the like are passed on.
experiments: build
	@for recipe in recipes/*.yaml; do $(BINARY) run "$$recipe" $(RUN) || exit 1; done

# Ten minutes at most, peers included; bench/README.md says how to install them.
PEERS_PYTHON ?= $(firstword $(wildcard /opt/peers/bin/python) python3)
bench: setup
	swift build -c release --package-path bench --product magnetic-bench
	PEERS_PYTHON=$(PEERS_PYTHON) bench/.build/release/magnetic-bench suite $(BENCH)

# bundle/ and bundle.tar.gz: measures a device where nothing but its driver is installed.
bundle: setup
	tools/bundle.sh

lint:
	@git ls-files '*.swift' | tr '\n' '\0' | xargs -0 swift format lint --strict

clean:
	rm -rf .build bench/.build examples/*/.build bundle bundle.tar.gz
