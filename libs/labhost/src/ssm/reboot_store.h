// Scripts that asked for a reboot (exit code 194) and are to run again after it: a file each, in a
// folder that outlives the reboot.
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"

#include <string>
#include <vector>

namespace squall::labhost {

struct Work {
    std::string message_id;
    std::string command_id;
    json::Object payload;
    // What it wrote before the reboots it asked for.
    std::string earlier_output;
    std::string earlier_errors;
};

class RebootStore {
public:
    explicit RebootStore(Path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] Result<void> keep(const Work& work) const;
    // What was kept; a file that cannot be read is nobody's work.
    [[nodiscard]] std::vector<Work> kept() const;
    void forget(const std::string& command_id) const;

private:
    [[nodiscard]] Path file_of(const std::string& command_id) const;

    Path folder_;
};

} // namespace squall::labhost
