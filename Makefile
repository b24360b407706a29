# For developers. Everything is a CMake preset or a script in tools/; this only names them.
.PHONY: all release quick test tidy format coverage fuzz soak bench package clean

all: release

# The one static binary, and the proof that it starts where there is nothing else.
release:
	@cmake --preset release >build.log 2>&1 || { cat build.log; rm -f build.log; exit 1; }; rm -f build.log
	cmake --build --preset release
	tools/prove-static build/release/squall

# Before a commit: formats, lints what has changed, runs the unit tests.
quick:
	tools/quick

test:
	./test

tidy:
	cmake --preset dev >/dev/null
	cmake --build --preset dev
	tools/lint --all

format:
	find libs apps -name "*.cc" -o -name "*.h" | xargs clang-format-14 -i

coverage:
	cmake --preset coverage >/dev/null
	cmake --build --preset coverage
	ctest --preset coverage
	tools/coverage build/coverage

# Every fuzz target for ten minutes, or FUZZ_SECONDS.
fuzz:
	tools/fuzz $${FUZZ_SECONDS:-600}

# The lab up and down, runs and killed runners, again and again; then the fuzzers.
soak: release
	tools/soak $${SOAK_ROUNDS:-20}
	$(MAKE) fuzz

bench: release
	/usr/bin/python3 bench/bench.py

package: release
	tools/package

clean:
	rm -rf build dist
