// Makes an archive of evidence on a host, in the layout of AWS's logs collector, so that AWS's
// support and other tools can read it: logs, what commands say, settings. Secrets are taken out of
// everything. Nothing on the host is changed but for the archive itself.
#pragma once

#include "squall/base/file.h"
#include "squall/base/subprocess.h"
#include "squall/doctor/finding.h"

#include <functional>

namespace squall::doctor {

// Where it collects: a host, or what a test gives in its place. May be called from several threads.
struct Ground {
    Path root;
    std::function<Result<Finished>(const Command&, Deadline, std::stop_token)> run;
    std::function<Result<std::uint64_t>(const Path& folder)> free_bytes;
};

[[nodiscard]] Ground this_host();

struct CollectOptions {
    // Must not be there yet. Empty: collect-INSTANCE-YYYYMMDDHHMM.tgz, here. "-": standard output.
    Path output;
    std::string instance_id; // empty: what cloud-init has written down
    std::vector<Look> looks; // what the live checks have found: squall/looks.json
    std::uint64_t log_bytes_max = std::uint64_t{200} << 20U; // of all logs, the newest first
    std::uint64_t log_file_max = std::uint64_t{64} << 20U;   // of one, its end
    std::uint64_t free_bytes_min = std::uint64_t{64} << 20U; // stays free on the disk
    Millis time_max{60'000};
};

struct Collected {
    std::string name;
    std::uint64_t bytes = 0;
    Millis took{0};
    std::string problem; // why it is not there, or not all of it
};

struct CollectReport {
    Path file;
    std::uint64_t bytes = 0;
    std::string instance_id;
    std::vector<Collected> items;
};

// The archive is whole (mode 0600) or not there. What could not be had is in the report and in
// squall/collected.txt; an error is that no archive could be made.
[[nodiscard]] Result<CollectReport> collect(const CollectOptions& options,
                                            const Ground& ground,
                                            const Clock& clock,
                                            const std::stop_token& stop);

} // namespace squall::doctor
