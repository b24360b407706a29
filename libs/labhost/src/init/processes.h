// The real Effects: processes by fork and exec, their output into the journal, groups found in
// /proc.
//
// Belongs to the loop's thread, and to a process that has no other threads: what happens between
// fork and exec counts on it. Reaping is the caller's; drain() must be called with each reaped
// process before its exit is acted on, so that its last words stand in front of what systemd says
// about them.
#pragma once

#include "init/effects.h"
#include "init/journal.h"
#include "init/words.h"
#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/transport/loop.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace squall::labhost::init {

// More processes than this are not listened to at once; the output of others goes nowhere.
inline constexpr std::size_t output_streams_max = 256;

class HostProcesses final : public Effects {
public:
    // All must outlive this object. `root` is put in front of EnvironmentFile= paths only: the
    // processes themselves see the machine's own files.
    HostProcesses(transport::Loop& loop, JournalWriter& journal, const Clock& clock, Path root);
    ~HostProcesses() override;

    Result<pid_t> spawn(const Spawn& what) override;
    void signal_process(pid_t pid, int signal) override;
    std::size_t signal_group(const std::string& invocation,
                             int signal,
                             const std::vector<pid_t>& spared) override;
    std::vector<GroupMember> group(const std::string& invocation) override;
    std::string new_invocation_id() override;
    void log(std::string_view unit, Priority priority, std::string_view text) override;

    void drain(pid_t pid);

private:
    struct Stream;

    [[nodiscard]] Result<Environment> environment_of(const Spawn& what);
    // The end for the process to write to; /dev/null where there are too many streams.
    [[nodiscard]] Result<Fd> open_stream(const Spawn& what, Stream*& stream);
    void read_stream(Stream& stream);
    void write_lines(Stream& stream, bool is_end);

    transport::Loop& loop_;
    JournalWriter& journal_;
    const Clock& clock_;
    Path root_;
    std::map<int, std::unique_ptr<Stream>> streams_; // by the descriptor that is read
};

} // namespace squall::labhost::init
