canyon_sources = $(CANYON_SOURCE)/Cargo.toml $(CANYON_SOURCE)/Cargo.lock $(shell find '$(CANYON_SOURCE)/src' -name '*.rs')

# musl is linked statically unless told otherwise, and what is static cannot be loaded.
canyon_flags = $(if $(findstring musl,$(CANYON_SYSTEM)),RUSTFLAGS="$$RUSTFLAGS -C target-feature=-crt-static")

# Made anew only if a source is newer: `sudo make install` must not need cargo. The features and
# the link argument are those of `make ext`; nodelete: PHP unloads extensions at exit, but this
# one may still have thread-local destructors to run.
$(phplibdir)/canyon.so: $(canyon_sources)
	$(canyon_flags) PHP='$(PHP_EXECUTABLE)' PHP_CONFIG='$(CANYON_PHP_CONFIG)' '$(CARGO)' rustc --locked --release --lib --crate-type cdylib \
	    --manifest-path '$(CANYON_SOURCE)/Cargo.toml' --target-dir '$(CARGO_TARGET_DIR)' \
	    --no-default-features --features extension,server -- -C link-arg=-Wl,-z,nodelete
	cp '$(CARGO_TARGET_DIR)/release/libcanyon.so' '$@'
