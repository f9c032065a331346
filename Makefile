# What a fresh Debian machine with Rust needs is installed by `setup`; the other targets call it.

.DEFAULT_GOAL := help
SHELL := /bin/bash

DEMO := target/demo
BENCH := target/bench
# Kerberos for Kafka takes libraries of the system, so that a plain `cargo build` leaves it off.
FEATURES := --features dialcheck/kafka-gssapi
# The tests that want an address from whoever runs them.
GENUINE := genuine::sqlserver
# Each of them is a build of its own, and so is the one without any.
EACH_FEATURE := $(shell sed -n '/^\[features\]/,/^\[[^f]/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml | grep -v default)

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

packages: ## Install the Debian packages that building and testing need and that are not there yet
	@fixtures/packages.sh

fresh: ## As root: prove on empty Debian systems that `packages` installs what is missing, and nothing else
	@fixtures/fresh.sh

setup: packages ## Install the same, and unpack the test servers into a cache
	@cargo run --locked --quiet -p fixtures -- install

demo: setup ## Start real servers, and test good and broken connections by command line and by boto3
	@cargo build --locked --quiet $(FEATURES)
	@rm -rf $(DEMO)
	@cargo run --locked --quiet -p fixtures -- demo $(DEMO) target/debug/dialcheck

test: setup ## Run all tests; those against MySQL and FerretDB where setup could install them
	@present=; for server in mysql ferretdb; do \
		if cargo run --locked --quiet -p fixtures -- has $$server; then present="$$present $$server"; \
		else echo "$$server is not installed: its tests count as ignored"; fi; done; \
	tests="cargo test --locked --workspace $(FEATURES) --no-fail-fast"; export INSTA_UPDATE=no; \
	if [ "$$present" = " mysql ferretdb" ]; then $$tests -- --include-ignored --skip $(GENUINE); \
	else $$tests -- --skip $(GENUINE) && for server in $$present; do $$tests -- --ignored $$server || exit; done; fi \
	&& cargo test --locked -p probe-kafka

test-quick: ## Run what needs no server: units, the workspace, the command line's bad input
	@cargo test --locked --quiet --workspace --exclude fixtures $(FEATURES) --lib --bins
	@cargo test --locked --quiet -p dialcheck $(FEATURES) --test integration -- house:: cli::input:: support::schema:: dns_records::

parity: setup ## Have the JDBC drivers that Glue loads judge definitions beside dialcheck: those of tests/parity/corpus.txt, and each value of each parameter in their own lists; Kafka's client those of kafka.txt, and MongoDB's driver those of mongodb.txt
	@DIALCHECK_PARITY_ALL=1 cargo test --locked --quiet -p dialcheck $(FEATURES) --test integration -- parity:: --nocapture

test-genuine: setup ## Run what needs a genuine SQL Server, which none of the servers here is, at DIALCHECK_SQLSERVER=host:port, by default as the user of docker-compose.yml
	@cargo test --locked --quiet -p dialcheck $(FEATURES) --test integration -- --ignored $(GENUINE)

test-features: packages ## Build with every feature alone, and with none, and run the unit tests of each
	@for features in "" $(EACH_FEATURE); do \
		echo "dialcheck with $${features:-no feature}"; \
		cargo test --locked --quiet -p dialcheck --no-default-features --features "$$features" --lib --bins || exit; \
	done

torture: setup ## Kill the server 1,000 times while connections are written, and look what is there
	@DIALCHECK_KILLS=1000 cargo test --locked -p dialcheck $(FEATURES) --test integration -- kill::

bench: setup ## Compare both builds, with Kerberos and plain, with psql, mysqladmin, kcat, pymongo, mongosh, bsqldb, pymssql, curl and a bare driver; OLD=PROGRAM and OLD_PLAIN=PROGRAM with these too
	@mkdir -p $(BENCH)
	@cargo build --locked --quiet --release
	@cp target/release/dialcheck $(BENCH)/plain
	@cargo build --locked --quiet --release $(FEATURES)
	@cp target/release/dialcheck $(BENCH)/with-kerberos
	@cargo run --locked --quiet --release -p fixtures -- bench $(BENCH)/with-kerberos $(OLD)
	@cargo run --locked --quiet --release -p fixtures -- bench $(BENCH)/plain $(OLD_PLAIN)

load: setup ## Attack a server as those do who want to keep others from it; OLD=PROGRAM attacks that one too
	@cargo build --locked --quiet --release $(FEATURES)
	@ulimit -n 16384 && cargo run --locked --quiet --release -p fixtures -- load target/release/dialcheck $(OLD)

lint: packages ## Check formatting, lints, documentation, and every feature alone
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
	@cargo clippy --locked --workspace --all-targets --quiet $(FEATURES) -- -D warnings
	@cargo clippy --locked --quiet -p dialcheck --no-default-features -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --workspace $(FEATURES) --no-deps

notices: packages ## Collect the licences of all that the binary is made of, in target/NOTICES
	@mkdir -p target && fixtures/notices.py > target/NOTICES

.PHONY: notices help packages fresh setup demo parity test test-genuine test-quick test-features torture bench load lint
