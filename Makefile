# Two commands are all that a newcomer needs: `make run` and `make test`. Both do their own set-up.
.PHONY: run test bench soak fmt docs

run:
	@cargo xtask run

test:
	@cargo xtask test

# Longer forms of the fault, crash and property tests; not part of `make test`.
soak:
	@cargo xtask soak

bench:
	@cargo xtask bench

# What generates itself: code from the models, docs/parity.md from the registry.
docs:
	@cargo xtask codegen
	@KEYWRIGHT_WRITE_DOCS=1 cargo test --quiet --package keywright-server --test parity

fmt:
	@cargo fmt --all
