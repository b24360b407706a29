// What the agent remembers between two starts.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

// As a file is after a crash of a machine whose disk had promised too much: of the old length, and
// its first block is zeros.
constexpr std::string_view spoil_state = R"(set -e
file=/var/lib/ecs/data/agent.db
dd if=/dev/zero of=$file bs=512 count=1 conv=notrunc 2>/dev/null
)";

constexpr Cause state_corrupt{
    "STATE_CORRUPT",
    "",
    "the first block of the agent's database has been overwritten with zeros",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{stop_agent(),
                     script(print_saved_state(), "state"),
                     script(std::string(spoil_state)),
                     restart_agent()};
    },
    [](const json::Object& before) {
        return Steps{stop_agent(),
                     script(put_saved_state(json::string_at(before, "state"))),
                     // Somebody may have done without it, and the agent is another instance by now.
                     forget_other_registrations(),
                     start_agent()};
    }};

// As a backup does that wants to read a file in peace, and hangs. Prints its number.
constexpr std::string_view lock_state =
    R"(setsid flock /var/lib/ecs/data/agent.db sleep infinity </dev/null >/dev/null 2>&1 &
echo $!
)";

// With what it has started. Another process may have the number by now.
std::string end_locker(std::string_view process) {
    if (process.empty()) return "true\n";
    return fmt::format("if [ \"$(cat /proc/{0}/comm 2>/dev/null)\" = flock ]; then\n"
                       "    kill -TERM -{0}\nfi\n",
                       process);
}

constexpr Cause state_locked{
    "STATE_LOCKED",
    "",
    "another process holds the lock of the agent's database, for which the agent waits",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{stop_agent(), script(std::string(lock_state), "locker"), restart_agent()};
    },
    [](const json::Object& before) {
        return Steps{script(end_locker(json::string_at(before, "locker"))), start_agent()};
    },
    Keeps::until_boot};

} // namespace

std::vector<Cause> state_causes() { return {state_corrupt, state_locked}; }

} // namespace squall::lab::breaks
