# An index: each target is one line, and `make` alone prints the list.
.DEFAULT_GOAL := help
.PHONY: help run services test fmt lint unit redis docs contracts bench bench-check bench-baseline sim

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the sample services and the three BFFs, and say how to call and break them; Ctrl-C stops all
	cargo build --quiet -p bff-mobile -p bff-web -p bff-partner -p bff-testkit --bins && ./target/debug/bff-dev

services: ## Start the sample services and the token issuer only, for `cargo run -p bff-mobile` beside them
	cargo build --quiet -p bff-testkit --bins && ./target/debug/bff-dev services

test: fmt lint unit docs ## Everything that CI checks: format, lints, all tests, documentation

fmt: ## Check the format
	cargo fmt --all -- --check

lint: ## Clippy, warnings denied
	cargo clippy --workspace --all-targets --quiet -- -D warnings

unit: redis ## All tests; no network beyond loopback
	cargo test --workspace --quiet

redis: ## Make sure that redis-server is there, which tests start by themselves; as root on Debian it is installed
	@{ command -v redis-server && command -v redis-cli; } >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq redis-server >/dev/null; } \
	|| { echo "tests start a real Redis: install redis-server and redis-cli (Debian: apt-get install redis-server)"; exit 1; }

docs: ## The documentation builds without warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet

contracts: ## Rewrite contracts/ from the code; read the diff as a client would
	UPDATE_CONTRACTS=1 cargo test --quiet -p 'bff-*' --test contracts

# The two builds are apart, so that the mobile BFF is built with its own features and no others.
bench: ## The published benchmark, about 15 minutes; BENCH=--quick for a look, BENCH='--only home,fan' for a part
	cargo build --release --quiet -p bff-bench && cargo build --release --quiet -p bff-mobile && ./target/release/bff-bench $(BENCH)

bench-check: ## Count instructions and allocations of the hot path; more than 5 % above the baselines fails; needs valgrind
	cargo run --quiet -p bff-counts

bench-baseline: ## Count, and accept the counts as the new baselines
	cargo run --quiet -p bff-counts -- baseline

sim: ## Simulate storms, slow hosts, overload and failures on the real policies; writes target/sim/report.html
	cargo run --quiet --release -p bff-sim
