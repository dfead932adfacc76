# Canyon's targets; `make help` lists them.

SHELL         := /bin/bash
.SHELLFLAGS   := -euo pipefail -c
.DEFAULT_GOAL := help

# Always this folder, whatever CARGO_TARGET_DIR says: the README and the tests name it.
target := $(CURDIR)/target

# The PHP to build the extension for. PHP_CONFIG stands beside it: php8.2 and php-config8.2.
PHP        ?= php
PHP_CONFIG ?= $(dir $(php))$(patsubst php%,php-config%,$(notdir $(php)))
php         = $(shell command -v '$(PHP)')

# <api>-<nts|zts>: what an extension is built for. One folder each, or builds for two PHPs
# would overwrite each other.
kind_of = $(shell $(1) -n -i 2>/dev/null | sed -n \
    's/^PHP API => //p; s/^Thread Safety => disabled.*/nts/p; s/^Thread Safety => enabled.*/zts/p' | paste -sd-)
kind    = $(call kind_of,'$(php)')

##@ Use it

demo: setup server ext84 ## Run the demo application: prints its URLs, stops on Ctrl-C
	@exec tests/app/demo

server: ## Build the WebSocket server, target/release/canyon
	cargo build --release --bin canyon --target-dir '$(target)'

# `cargo rustc --crate-type` instead of a crate type in Cargo.toml: no other cargo command
# writes libcanyon.so. nodelete: PHP unloads extensions at exit, but this one may still have
# thread-local destructors to run.
ext: ## Build the PHP extension for PHP= (default: the php on PATH)
	@test -x '$(php)' || { echo 'make ext: there is no $(PHP); name a PHP with PHP=/path/to/php' >&2; exit 1; }
	@test -x '$(PHP_CONFIG)' || { echo 'make ext: there is no $(PHP_CONFIG); install php-dev, or name it with PHP_CONFIG=' >&2; exit 1; }
	@case '$(kind)' in "$$('$(PHP_CONFIG)' --phpapi)"-*) ;; *) \
	    echo 'make ext: $(PHP_CONFIG) belongs to another PHP than $(php) ($(kind)); name the right one with PHP_CONFIG=' >&2; exit 1;; esac
	PHP='$(php)' PHP_CONFIG='$(abspath $(PHP_CONFIG))' cargo rustc --release --lib --crate-type cdylib \
	    --target-dir '$(target)/ext/$(kind)' --no-default-features --features extension,server \
	    -- -C link-arg=-Wl,-z,nodelete
	@if [ '$(kind)' = '$(call kind_of,php)' ]; then \
	    mkdir -p '$(target)/ext/release'; \
	    ln -sfn '../$(kind)/release/libcanyon.so' '$(target)/ext/release/libcanyon.so'; \
	fi

# Without the server and its dependencies. Moved, so that nothing is called libcanyon.so and is
# no extension; copied first, because a process may be running with the old one. nodelete: as above.
capi: ## Build the C library, target/capi/release/libcanyon_publish.so (header: stubs/canyon.h)
	cargo rustc --release --lib --crate-type cdylib --target-dir '$(target)/capi' \
	    --no-default-features --features capi --config 'profile.release.strip="symbols"' \
	    -- -C link-arg=-Wl,-soname,libcanyon_publish.so -C link-arg=-Wl,-z,nodelete
	@cd '$(target)/capi/release' && cp libcanyon.so libcanyon_publish.so.new && \
	    mv -f libcanyon_publish.so.new libcanyon_publish.so && rm libcanyon.so

##@ Work on it

setup: ## Install what the tests and the demo need; a second run does nothing
	@tests/setup/install

test: setup server capi ext82 ext84 ## Set everything up and run every test
	@tests/run

suites := test-rust test-model test-extension test-packages test-php test-lives test-soak test-conformance test-browser

$(suites): test-%: setup ## Run one suite; what it tests is built first
	@tests/run $*

test-rust test-php: capi
test-extension test-packages test-lives: ext82
test-extension test-packages test-php test-lives test-soak test-browser: ext84
test-php test-lives test-soak test-conformance test-browser: server

fuzz: setup ## Fuzz everything that reads foreign bytes, a minute each (FUZZ_SECONDS=)
	@exec tests/fuzz/run

soak: setup server ext84 ## Kill and pause publishers and the consumer for ten minutes, then count (SOAK_SECONDS=)
	@exec tests/soak/run

soak-server: setup server ext84 ## Half an hour of everything for one server: reloads, crashes, churn, garbage (SOAK_MINUTES=)
	@exec tests/soak/run server

reload-proof: setup server ext84 ## Reload ten times under 10,000 clients and 2,400 events/s, then count (FORM=artisan, mixed)
	@cargo build --release --example reload-proof --target-dir '$(target)'
	@source tests/setup/env.sh; exec '$(target)/release/examples/reload-proof'

loom: setup ## Model-check the queue: every schedule of its scenarios, up to some preemptions
	@exec tests/model/run loom

miri: setup ## Run the queue's scenarios and the unit tests it can under Miri, both borrow models
	@exec tests/model/run miri

autobahn: setup ## Run Autobahn's WebSocket testsuite against the server's frame layer
	@exec tests/conformance/echo/autobahn

lint: setup ## Check the formatting, clippy with warnings as errors, PHP syntax
	@tests/run lint

bench: setup server ext82 ext84 ## Measure on this machine and print the figures
	@exec tests/bench

ext82 ext84: ext%: setup ## Build the extension for the PHP 8.2 or 8.4 of the tests
	@source tests/setup/env.sh; \
	if [ -z "$$PHP$*" ]; then \
	    echo 'This system has no PHP 8.2: its extension is not built.'; \
	else \
	    $(MAKE) --no-print-directory ext PHP="$$PHP$*" PHP_CONFIG="$$PHP$*_CONFIG"; \
	fi

dist: setup ## Build the archives of a release, with checksums and a table of what was tried: target/dist
	@exec .ci/release/build

clean: ## Remove target/ (what `make setup` installed stays)
	rm -rf '$(target)'

help: ## List the targets
	@sed 's/^$$(suites): test-%/$(suites)/; s/^\(ext82 ext84\): ext%/\1/' Makefile | awk -F ':.*## ' ' \
	    /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z0-9 -]+:.*## / { if (length($$1) > 12) { print "  " $$1; $$1 = "" } printf "  %-12s %s\n", $$1, $$2 }'

.PHONY: demo server ext capi setup test $(suites) fuzz soak soak-server reload-proof loom miri autobahn lint bench dist ext82 ext84 clean help
