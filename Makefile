# What one does with this repository. Each slow step says what it does and how long it took.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench bench-recovery bench-memory bench-bookings bench-screen instructions pictures load simulate simulate-long properties judge-alerts judge-sample prometheus mutants mutants-sample
.PHONY: mail-test faults power-cut trace-check-proof soak fuzz schemathesis autobahn checklist deny clean
.PHONY: prepare-build prepare-test web lock fmt clippy rust-test contract-test web-test browser-test

# A target folder beside the clone is used when there is one, so that a fresh clone on the same machine builds quickly.
ifndef CARGO_TARGET_DIR
ifneq ($(wildcard ../cabinet-target/.),)
export CARGO_TARGET_DIR := $(abspath ../cabinet-target)
endif
endif
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)
ifeq ($(CI),true)
export CARGO_INCREMENTAL := 0
endif

DATA ?= data/demo
PORT ?= 8443
SCENARIO ?= screen
BOOKINGS ?= 50
EXAMPLES ?= 100
SEEDS ?= 100000
FROM ?= 0
STEP := tests/tools/step
BEGIN := $(shell date +%s)
# What the browser tests and their like are told; asked for when needed, as `prepare-test` may install the browser.
BROWSERS = CABINET_BIN="$(TARGET)/debug/cabinet" CHROMIUM="$$(tests/tools/chromium-path)"

# The steps of a goal run in the order in which they are written.
.NOTPARALLEL:

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

# The dev profile: what does the work at run time (domain, storage, sled, ring) is optimised in it, everything that it
# compiles serves `make test` as well, and a release build takes several times as long on two cores.
run: prepare-build web ## Install what is missing, build, start the demo on https://localhost:8443 (PORT=, DATA=)
	@$(STEP) "Building the server (first time: several minutes)" cargo build --locked --bin cabinet
	@echo; echo "==> Starting the demo; its store is $(DATA) and stays there between runs; stop with Ctrl-C"
	@exec "$(TARGET)/debug/cabinet" demo --data "$(DATA)" --port "$(PORT)"

test: prepare-test lock fmt web clippy rust-test instructions simulate judge-sample mutants-sample contract-test mail-test web-test browser-test ## Install what tests need, then run everything
	@echo; echo "==> All tests passed in $$(( $$(date +%s) - $(BEGIN) )) s"

simulate-long: prepare-build web ## Simulate many seeds, optimised (SEEDS=100000 FROM=0)
	@$(STEP) "Building the server, optimised" cargo build --locked --release --bin cabinet
	@$(STEP) "Simulation: $(SEEDS) seeds from $(FROM)" "$(TARGET)/release/cabinet" simulate --seeds $(SEEDS) --from $(FROM)

properties: CASES ?= 20000
properties: SEED ?= $(BEGIN)
properties: prepare-build ## Try the agenda's properties on many more stories, from a fresh seed (CASES=20000 SEED=)
	@echo "==> SEED=$(SEED)"
	@$(STEP) "Properties: $(CASES) stories each" env PROPTEST_CASES=$(CASES) PROPTEST_RNG_SEED=$(SEED) \
		cargo test --locked --package cabinet-domain --test properties

judge-alerts: prepare-build web ## Play attacks, benign twins and quiet practices against the alerts (JUDGE="--seeds 50 --practices 200 --from 30000")
	@$(STEP) "Building the server" cargo build --locked --bin cabinet
	@"$(TARGET)/debug/cabinet" judge-alerts $(JUDGE)

prometheus: prepare-build web ## Check operators' rules with promtool, have one fire at a real Alertmanager (PICTURES=folder)
	@$(STEP) "Building the server" cargo build --locked --bin cabinet
	@$(STEP) "Prometheus and Alertmanager" tests/tools/prometheus "$(TARGET)/debug/cabinet"

mutants: prepare-build web ## Break the committed sources in small ways; a test must catch each (NAMES="sync-skipped")
	@$(STEP) "Seeded mutants" tests/tools/mutants $(NAMES)

bench: ## Run the benchmarks
	@$(STEP) "Domain: slots of an agenda, the change of one event (criterion)" cargo bench --locked -p cabinet-domain --benches
	@$(MAKE) --no-print-directory bench-recovery

bench-recovery: ## Time the recovery after kill -9 (CABINET_BENCH_EVENTS=1000000 CABINET_BENCH_AGENDAS=1000)
	@$(STEP) "Storage: opening after kill -9, rebuilding sled" cargo bench --locked --profile dev -p cabinet-storage --bench recovery

bench-memory: ## Memory of started agendas, cold starts, growth to 100,000 (CABINET_BENCH_BOOKINGS=20)
	@$(STEP) "Memory: bytes per agenda, cold starts" cargo bench --locked --profile dev --bench memory
	@$(STEP) "Memory: growth, into loadtests/results/" env CABINET_BENCH_GROWTH=1 cargo bench --locked --profile dev --bench memory

instructions: ## Count instructions of what must stay fast, hold them against the table (ACCEPT=1 rewrites it)
	@$(STEP) "Instructions of the hot paths (callgrind)" tests/tools/instructions

bench-bookings: ## Time durable bookings beside the disk, memory and PostgreSQL (OPTIONS="--seconds 15 --without postgres")
	@$(STEP) "Durable bookings in process" bash -c 'set -o pipefail; cargo bench --locked -p cabinet --bench bookings -- $(OPTIONS) | tee loadtests/results/bookings-in-process.txt'

bench-screen: prepare-test web ## Measure booking-to-screen in real browsers (BOOKINGS=50)
	@$(STEP) "Browser tests: packages" tests/tools/npm-ci tests/browser
	@$(STEP) "Building the server" cargo build --locked --bin cabinet
	@$(STEP) "Booking to screen" env $(BROWSERS) node tests/browser/latency.mjs $(BOOKINGS)

pictures: prepare-test web ## Take the README's pictures anew from the demo
	@$(STEP) "Browser tests: packages" tests/tools/npm-ci tests/browser
	@$(STEP) "Building the server" cargo build --locked --bin cabinet
	@$(STEP) "Pictures" env $(BROWSERS) node tests/browser/screenshots.mjs

ifneq ($(filter boards-%,$(SCENARIO)),)
load: prepare-build ## Run a load scenario against servers of its own (SCENARIO="screen --bookings 50", bookings, slots, screens, storm, restart, boards-one, boards-many)
	@$(STEP) "Load: $(SCENARIO)" tests/tools/load-boards $(SCENARIO)
else
load: prepare-build web
	@$(STEP) "Building server and load client" cargo build --locked --release --workspace --bins
	@$(STEP) "Load: $(SCENARIO)" bash -c 'set -o pipefail; tests/tools/load "$(TARGET)/release/cabinet" "$(TARGET)/release/cabinet-load" $(SCENARIO) | tee "$(if $(filter screens storm restart,$(firstword $(SCENARIO))),/dev/null,loadtests/results/$(firstword $(SCENARIO)).txt)"'
endif

deny: ## Check licences, bans, sources and advisories of the dependencies (needs cargo-deny)
	@command -v cargo-deny > /dev/null || { echo "cargo-deny is not installed: cargo install cargo-deny --locked"; exit 1; }
	@$(STEP) "Dependencies: licences, bans, sources" cargo deny --locked check bans licenses sources
	@$(STEP) "Dependencies: advisories (needs the network)" cargo deny --locked check advisories

fuzz: ## Feed ten times as much bad input as the tests do, from a fresh seed (CABINET_FUZZ_SEED=, CABINET_FUZZ_FACTOR=)
	@$(STEP) "Fuzzing" env CABINET_FUZZ_FACTOR="$${CABINET_FUZZ_FACTOR:-10}" CABINET_FUZZ_SEED="$${CABINET_FUZZ_SEED:-$$(date +%s)}" tests/tools/fuzz

schemathesis: prepare-build web ## Hold the running demo to its OpenAPI document (EXAMPLES=100 per operation)
	@$(STEP) "Building the server" cargo build --locked --bin cabinet
	@$(STEP) "OpenAPI document against the demo" tests/tools/schemathesis "$(TARGET)/debug/cabinet" "$(EXAMPLES)"

autobahn: prepare-build ## Run the original Autobahn suite (needs Python 2.7: PYTHON2=) against the code of /ws
	@$(STEP) "Building the echo server" cargo test --locked --test autobahn --no-run
	@$(STEP) "Autobahn test suite" tests/tools/autobahn

checklist: prepare-test web ## Run the security checklist against the real binary: id, result, figure (CHECKLIST="--without tests tls mail")
	@$(STEP) "Building the server" cargo build --locked --bin cabinet
	@$(STEP) "Building the Rust tests" $(if $(findstring tests,$(CHECKLIST)),true,tests/tools/cargo-test --no-run)
	@$(STEP) "Security checklist" tests/checklist/run "$(TARGET)/debug/cabinet" $(CHECKLIST)

CASES ?= 209
faults: prepare-test web ## Fail system calls of the running binary one after the other (CASES=209; CABINET_SEED= first seed)
	@$(STEP) "Building the server and its tests" cargo build --locked --bin cabinet --test binary
	@$(STEP) "Faults: $(CASES) injections" env CABINET_CASES=$(CASES) cargo test --locked --test binary faults::inject -- --nocapture
	@$(STEP) "Faults: no acknowledgement after a failed sync" env CABINET_CASES=20 cargo test --locked --test binary faults::acknowledged -- --nocapture

IMAGES ?= 300
power-cut: prepare-test web ## Cut the power at random moments of a recorded run, start from each image (IMAGES=300; CABINET_SEED=)
	@$(STEP) "Building the server and its tests" cargo build --locked --bin cabinet --test binary
	@$(STEP) "Power cut: $(IMAGES) images" env CABINET_CASES=$(IMAGES) cargo test --locked --test binary faults::power_cut -- --nocapture

trace-check-proof: prepare-test web ## Show that the trace check catches a server that acknowledges before it syncs
	@$(STEP) "Mutant: early acknowledgement" tests/tools/mutants answered-before-the-sync

MINUTES ?= 30
RESTART_MINUTES ?= 5
soak: prepare-build web ## Mixed load with restarts; does anything grow? (MINUTES=30 RESTART_MINUTES=5), results in loadtests/results
	@$(STEP) "Building server and load client" cargo build --locked --workspace --bins
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	  $(STEP) "Soak: $(MINUTES) minutes" "$(TARGET)/debug/cabinet-load" soak --binary "$(TARGET)/debug/cabinet" --data "$$folder/data" \
	  --minutes $(MINUTES) --restart-minutes $(RESTART_MINUTES)

clean: ## Remove everything that was built or installed here; the demo's store stays
	rm -rf target dashboards/web/dist dashboards/web/node_modules tests/browser/node_modules

prepare-build:
	@$(STEP) "Checking for Rust, Node and a C compiler" tests/tools/prepare build

prepare-test:
	@$(STEP) "Checking for Rust, Node, a C compiler, valgrind and Chromium" tests/tools/prepare test

lock:
	@$(STEP) "Lock file: ring is the only crypto provider" tests/tools/lock-check

fmt:
	@$(STEP) "Formatting" cargo fmt --all --check

web: | prepare-build
	@$(STEP) "Web application: packages" tests/tools/npm-ci dashboards/web
	@$(STEP) "Web application: build" tests/tools/web-build

clippy: | web
	@$(STEP) "Lints" cargo clippy --workspace --all-targets --locked -- -D warnings

rust-test: | clippy
	@$(STEP) "Building the Rust tests" tests/tools/cargo-test --no-run
	@$(STEP) "Running the Rust tests" tests/tools/cargo-test

simulate: | rust-test
	@$(STEP) "Simulation: building the server" cargo build --locked --bin cabinet
	@$(STEP) "Simulation: 5,000 seeds of 500 commands and more" "$(TARGET)/debug/cabinet" simulate --seeds 5000

judge-sample: | simulate
	@$(STEP) "Alerts: attacks, benign twins, quiet practices" "$(TARGET)/debug/cabinet" judge-alerts

mutants-sample: | judge-sample
	@$(STEP) "Seeded mutants: two of them" tests/tools/mutants sync-skipped unknown-taken-for-not-written

mail-test:
	@$(STEP) "Mails at a real SMTP server (aiosmtpd)" tests/tools/mail "$(TARGET)/debug/cabinet"

contract-test: | rust-test
	@$(STEP) "Contract test: the server" cargo build --locked --bin cabinet
	@$(STEP) "Contract test: OpenAPI document against the demo" tests/tools/schemathesis "$(TARGET)/debug/cabinet"

web-test: | web
	@$(STEP) "Web application: types" npm --prefix dashboards/web run check
	@$(STEP) "Web application: unit tests" npm --prefix dashboards/web run test

browser-test: | rust-test
	@$(STEP) "Browser tests: packages" tests/tools/npm-ci tests/browser
	@$(STEP) "Browser tests: the server" cargo build --locked --bin cabinet
	@$(STEP) "Browser tests" env $(BROWSERS) npm --prefix tests/browser test
