canyon_sources = $(CANYON_SOURCE)/Cargo.toml $(CANYON_SOURCE)/Cargo.lock $(shell find '$(CANYON_SOURCE)/src' -name '*.rs')

# Made anew only if a source is newer: `sudo make install` must not need cargo. The features and
# the link argument are those of `make ext`; nodelete: PHP unloads extensions at exit, but this
# one may still have thread-local destructors to run.
$(phplibdir)/canyon.so: $(canyon_sources)
	PHP='$(PHP_EXECUTABLE)' PHP_CONFIG='$(CANYON_PHP_CONFIG)' '$(CARGO)' rustc --locked --release --lib --crate-type cdylib \
	    --manifest-path '$(CANYON_SOURCE)/Cargo.toml' --target-dir '$(CARGO_TARGET_DIR)' \
	    --no-default-features --features extension,server -- -C link-arg=-Wl,-z,nodelete
	cp '$(CARGO_TARGET_DIR)/release/libcanyon.so' '$@'
