# Two commands for a fresh Debian or Ubuntu machine with Rust: make train, make test.
.PHONY: train test check bench adapter

CARGO ?= cargo
# With an adapter made sure of, a test that finds none is a failure.
export GRADLESS_REQUIRE_GPU ?= 1

train: adapter
	$(CARGO) run --release -- train iris

test: adapter
	$(CARGO) test --release

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --release --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --no-deps --document-private-items

bench: adapter
	$(CARGO) bench

adapter:
	@./assets/adapter.sh
