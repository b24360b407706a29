// The experiment file: YAML, read with the line of every word.
//
//   name: the agents are away
//   faults:
//     - fault: ecs-agent-stop
//       tunables:
//         CLUSTER_NAME: demo
#pragma once

#include "squall/base/file.h"
#include "squall/experiment/tunable.h"

#include <string>
#include <string_view>

namespace squall::experiment {

// One fault of an experiment, as it was written.
struct FaultRequest {
    std::string fault;
    std::string where;
    RawValues tunables;
};

struct ExperimentFile {
    static constexpr std::size_t size_max = 1U << 20U;
    static constexpr std::size_t name_size_max = 255; // bytes

    std::string name;
    std::vector<FaultRequest> faults; // exactly one, for now
};

// `file_name` stands in the problems.
[[nodiscard]] Result<ExperimentFile, Problems> parse_experiment(std::string_view text,
                                                                const std::string& file_name);
[[nodiscard]] Result<ExperimentFile, Problems> read_experiment(const Path& file);

// "NAME=VALUE" words of --set, the first with `where` "--set 1".
[[nodiscard]] Result<RawValues, Problems> parse_settings(const std::vector<std::string>& words);

} // namespace squall::experiment
