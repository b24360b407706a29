#include "costs.h"

#include <ctime>
#include <fstream>
#include <string>

namespace squall::bench {
namespace {

double cpu_seconds() {
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

} // namespace

void Stopwatch::start() {
    wall_from_ = std::chrono::steady_clock::now();
    cpu_from_ = cpu_seconds();
}

void Stopwatch::stop() {
    cpu_s_ += cpu_seconds() - cpu_from_;
    wall_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_from_).count();
}

Memory memory() {
    std::ifstream status("/proc/self/status");
    Memory used;
    for (std::string name; status >> name;) {
        double kib = 0;
        if (name == "VmRSS:" && status >> kib) used.now_mb = kib * 1024 / 1e6;
        if (name == "VmHWM:" && status >> kib) used.peak_mb = kib * 1024 / 1e6;
    }
    return used;
}

} // namespace squall::bench
