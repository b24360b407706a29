// A command that the lab itself has one of its hosts run while it comes up: what a user would do by
// `squall lab exec`, which it is. Without waiting; on the loop's thread.
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
    // `done` gets the exit code, or -1 where it could not be started; it may destroy the chore.
    Chore(transport::Loop& loop,
          const std::string& instance_id,
          const std::vector<std::string>& command,
          std::function<void(int exit_code)> done);
    Chore(const Chore&) = delete;
    Chore& operator=(const Chore&) = delete;
    // Ends it where it still runs.
    ~Chore();

private:
    void ended();

    std::function<void(int)> done_;
    pid_t child_ = 0;
    Fd process_;
    std::optional<transport::ReadWatch> watch_;
};

} // namespace squall::lab
