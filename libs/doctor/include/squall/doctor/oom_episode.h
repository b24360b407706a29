// What the kernel says, in several lines, when it kills a process for want of memory.
#pragma once

#include <string_view>

namespace squall::doctor {

// Reads the kernel's lines in their order, in any wrapping; others may lie between. After a line
// that says who was killed, it knows of that one what the lines before it said.
class OomEpisode {
public:
    void read(std::string_view line);

    // The cgroup of an ECS task was named: whoever was killed was a part of that, whatever it is
    // called.
    [[nodiscard]] bool is_of_task() const { return is_of_task_; }

    // A cgroup's limit was reached, while the host may have had memory.
    [[nodiscard]] bool is_of_limit() const { return is_of_limit_; }

private:
    bool is_of_task_ = false;
    bool is_of_limit_ = false;
    bool has_kill_ = false;
};

// "Out of memory: Killed process …", a cgroup's too: who it was, and older kernels' decision.
[[nodiscard]] bool is_oom_kill(std::string_view line);

} // namespace squall::doctor
