// What a piece of work has cost this process.
#pragma once

#include <chrono>
#include <cstdint>

namespace squall::bench {

// Counts while it is started only: what prepares the next piece of work is nobody's cost.
class Stopwatch {
public:
    void start();
    void stop();

    [[nodiscard]] double wall_s() const { return wall_s_; }

    // Of all threads, the kernel's share included.
    [[nodiscard]] double cpu_s() const { return cpu_s_; }

private:
    std::chrono::steady_clock::time_point wall_from_;
    double cpu_from_ = 0;
    double wall_s_ = 0;
    double cpu_s_ = 0;
};

// Resident memory now, and the most that it ever was, in MB of 1,000,000 bytes.
struct Memory {
    double now_mb = 0;
    double peak_mb = 0;
};

[[nodiscard]] Memory memory();

} // namespace squall::bench
