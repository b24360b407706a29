// What a doctor says. Sources of evidence (log files, live checks, AWS's own view) give `Look`s
// with `Sign`s; diagnose() ranks these into a `Diagnosis`. Values: may be used from every thread.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"
#include "squall/doctor/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

// certain: the error names its cause, or a check has seen it. likely: the usual reason for what was
// seen. possible: one of several.
enum class Certainty { possible, likely, certain };

// Will it end by itself? terminal: no, somebody has to act, and start the agent. retries: when its
// cause has gone. heals: yes.
enum class Severity { terminal, retries, heals };

[[nodiscard]] std::string_view name_of(Certainty certainty);
[[nodiscard]] std::string_view name_of(Severity severity);

// Where something was seen. Without a line (0) `file` is what was asked: a command, a URL.
struct Evidence {
    std::string file;
    std::uint64_t line = 0;
    std::string text; // valid UTF-8, without secrets, cut to `text_max`
    std::optional<WallTime> when;

    static constexpr std::size_t text_max = 600;
};

// One reason to think of a cause.
struct Sign {
    std::string cause; // an id of the catalogue: "NET_DNS"
    Certainty certainty = Certainty::certain;
    // One sentence with what is particular here ("ecs:Poll is denied to arn:…"). Empty: the
    // catalogue's words.
    std::string summary;
    std::vector<Evidence> evidence;
    // Commands or orders that fit here, before those of the catalogue. As there, names may be left
    // open: see filled_in().
    std::vector<std::string> remedy;
    // Where it is another than the cause's: a stop that a timer ends.
    std::optional<Severity> severity = std::nullopt;
    // So many of the catalogue's first steps say in general what `remedy` says of this host.
    std::size_t instead_of = 0;
    static constexpr std::size_t all_steps = 99; // nothing in general is left to be said
    // Seen at work itself: no symptom of another cause, whatever else is found.
    bool is_root = false;
    // A cause that this one brings about here, though elsewhere that one is the root of the two.
    std::string before = {};
};

// What one check found.
struct Look {
    enum class State {
        healthy,        // looked, and nothing is wrong
        finding,        // looked, and `signs` say what is wrong
        could_not_look, // `summary` says why, `how` what would help
        not_here,       // there is nothing to look at here (no proxy is set): not worth a line
    };

    std::string check; // "docker", "dns", "agent-log"
    State state = State::could_not_look;
    std::string summary; // one sentence
    std::string how;     // of could_not_look: the command that a human can try instead
    std::vector<Sign> signs;
    Millis took{0};
    Names names = {}; // that were learned with it
};

struct Finding {
    std::string cause;
    Certainty certainty = Certainty::certain;
    Severity severity = Severity::retries;
    std::string summary;
    std::vector<Evidence> evidence;
    std::vector<std::string> remedy;
    bool is_root = false;    // as of Sign
    bool is_symptom = false; // of another cause, which comes first or is still to be found
};

enum class Verdict { healthy, finding, unknown, recovered };

[[nodiscard]] std::string_view name_of(Verdict verdict);

struct Diagnosis {
    Verdict verdict = Verdict::unknown;
    std::vector<Finding> findings; // the root first; of recovered: what it was
    std::vector<Look> healthy;
    std::vector<Look> could_not_look;
    // As ECS sees the agent; nothing where ECS was not asked.
    std::optional<bool> is_connected = std::nullopt;

    // {"verdict", "findings": […], "healthy": […], "could_not_look": […]}
    [[nodiscard]] json::Object to_json() const;
    // As programs see it: 0 healthy or recovered, 1 finding, 2 unknown.
    [[nodiscard]] int exit_code() const;
};

} // namespace squall::doctor
