// A command that the lab itself has one of its hosts run: what a user would do by `squall lab
// exec`, which it is. Without waiting; on the loop's thread.
#pragma once

#include "squall/base/fd.h"
#include "squall/transport/loop.h"

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace squall::lab {

class Chore {
public:
    // What the command said last, standard output and standard error together, has this many bytes
    // at the most.
    static constexpr std::size_t output_max = 1U << 20U;

    struct Ended {
        int exit_code = 0; // -1 where it could not be started
        std::string output;
    };

    // `done` may destroy the chore. `input` is the command's standard input.
    Chore(transport::Loop& loop,
          const std::string& instance_id,
          const std::vector<std::string>& command,
          std::function<void(Ended)> done,
          const std::string& input = {});
    Chore(const Chore&) = delete;
    Chore& operator=(const Chore&) = delete;
    // Ends it where it still runs.
    ~Chore();

private:
    void ended();

    std::function<void(Ended)> done_;
    pid_t child_ = 0;
    Fd output_;
    Fd process_;
    std::optional<transport::ReadWatch> watch_;
};

} // namespace squall::lab
