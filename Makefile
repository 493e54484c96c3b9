# Two commands for a fresh Debian or Ubuntu machine with Rust: make train, make test.
# The browser page: make web, make web-serve, make test-web.
.PHONY: train test check bench web web-serve test-web wasm adapter

CARGO ?= cargo
WEB = $(CARGO) run --release --locked --manifest-path web/Cargo.toml --package gradless-web-build --
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

web: wasm
	$(WEB) build

web-serve: wasm
	$(WEB) serve

test-web: wasm
	@./assets/chromium.sh
	$(CARGO) test --release --locked --manifest-path web/Cargo.toml --package gradless-web-build
	$(WEB) test

# Without rustup the target comes with the system's packages.
wasm:
	@! command -v rustup >/dev/null || rustup target add wasm32-unknown-unknown

adapter:
	@./assets/adapter.sh
