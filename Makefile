# For developers. Everything is a CMake preset or a script in tools/; this only names them.
.PHONY: all release quick test tidy format coverage fuzz soak bench bench-proxy bench-monitor bench-doctor package clean

all: release

# The static binaries, and the proof that they start where there is nothing else.
release:
	@cmake --preset release >build.log 2>&1 || { cat build.log; rm -f build.log; exit 1; }; rm -f build.log
	cmake --build --preset release
	tools/prove-static build/release/squall
	tools/prove-static build/release/squall-host
	tools/prove-static build/release/squall-lambda

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
	find libs apps bench -name "*.cc" -o -name "*.h" | xargs clang-format-14 -i

coverage:
	cmake --preset coverage >/dev/null
	cmake --build --preset coverage
	ctest --preset coverage
	tools/coverage build/coverage

# Every fuzz target for ten minutes, or FUZZ_SECONDS.
fuzz:
	tools/fuzz $${FUZZ_SECONDS:-600}

# Runs while chance kills runners, parts of hosts, and the endpoint; 100 of them, or for SOAK_MINUTES. SOAK_SEED repeats one.
# Then fault proxies under clients of every sort, for 30 minutes or SOAK_MINUTES.
soak: release
	/usr/bin/python3 tools/soak --minutes $${SOAK_MINUTES:-0} --rounds $${SOAK_ROUNDS:-0} --labs $${SOAK_LABS:-3} $${SOAK_SEED:+--seed $$SOAK_SEED}
	tools/proxy_soak --minutes $${SOAK_MINUTES:-30} $${SOAK_SEED:+--seed $$SOAK_SEED}

bench: release
	/usr/bin/python3 bench/bench.py

# The fault proxy beside bare epoll loops, haproxy and nginx; as root, an hour on a machine that does nothing else.
bench-proxy: release
	tools/install-dependencies bench
	cmake --build --preset release --target proxy_bench_tools
	/usr/bin/python3 bench/proxy_bench.py

# The monitor's judgement, memory and calls to AWS, beside the sample that AWS publishes; ten minutes.
bench-monitor: release
	cmake --build --preset release --target bench-monitor
	/usr/bin/python3 bench/monitor_bench.py

# How fast the doctor reads logs, beside grep with the same patterns, and looks at a host; five minutes, 1 GB of /dev/shm.
bench-doctor: release
	/usr/bin/python3 bench/doctor_bench.py

# tar.gz and .deb for x86_64 and aarch64, each started once (the other one by qemu-user), and the monitor's function for AWS Lambda.
package:
	tools/install-dependencies package
	tools/sysroot
	@$(MAKE) release
	cmake --preset release-aarch64 >/dev/null
	cmake --build --preset release-aarch64
	tools/prove-static build/release-aarch64/squall-lambda
	tools/package
	tools/smoke build/package/*.deb

clean:
	rm -rf build dist
