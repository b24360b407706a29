// sudo of a lab host, in its subset:
//
//   sudo [-n] [-E] [-H] [-u root|#0] [--] [NAME=value]… COMMAND [ARGUMENT…]
//
// Everybody is root there already, so that it becomes the command: its exit code, its signals and
// its input and output are the command's own. What it refuses ends with 1, as in sudo 1.9.
//
// Different from the real one:
//   - the environment stays as it is (-E and -H say nothing new), and the command is looked for in
//     the caller's $PATH: there are no sudoers here
//   - no other user than root, and none of -i, -s, -l, -v, -k, -e, -b, -g
#include "host/sudo.h"

#include "init/tool_options.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace squall::labhost {
namespace {

using Value = init::OptionSpec::Value;

const init::OptionRules rules{"sudo",
                              {{"non-interactive", 'n'},
                               {"preserve-env", 'E', Value::optional},
                               {"set-home", 'H'},
                               {"user", 'u', Value::needed},
                               {"help", 'h'},
                               {"version", 'V'}},
                              /*stops_at_first_word=*/true};

constexpr std::string_view usage =
    "usage: sudo [-nEH] [-u root] [--] [NAME=value]... command [argument]...\n";

int refuse(const std::string& message) {
    log::print("{}\n", message);
    return 1;
}

bool is_assignment(const std::string& word) { return word.find('=', 1) != std::string::npos; }

bool is_root(const std::string& user) { return user == "root" || user == "#0"; }

int become(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(const_cast<char*>(word.c_str())); // NOLINT: exec's signature
    pointers.push_back(nullptr);
    // The command must not inherit what this program does about broken pipes.
    std::signal(SIGPIPE, SIG_DFL);
    ::execvp(pointers.front(), pointers.data());
    if (errno == ENOENT) return refuse(fmt::format("sudo: {}: command not found", words.front()));
    return refuse(fmt::format("sudo: unable to execute {}: {}", words.front(), errno_text(errno)));
}

} // namespace

int run_sudo(const std::vector<std::string>& arguments) {
    const auto given = init::parse_options(rules, arguments);
    if (!given) return refuse(fmt::format("{}\n{}", given.error().message, trimmed(usage)));
    if (given->has("help") || given->has("version")) {
        fmt::print("Sudo of a lab host, where everybody is root\n{}", usage);
        return 0;
    }
    for (const std::string& user : given->values("user")) {
        if (!is_root(user))
            return refuse(fmt::format(
                "sudo: unknown user {}: a lab host has root alone, who need not be named", user));
    }
    auto command = given->rest.begin();
    for (; command != given->rest.end() && is_assignment(*command); ++command) {
        const auto [name, value] = split_once(*command, '=');
        // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
        ::setenv(std::string(name).c_str(), std::string(value).c_str(), 1);
    }
    if (command == given->rest.end()) return refuse(std::string(trimmed(usage)));
    return become({command, given->rest.end()});
}

} // namespace squall::labhost
