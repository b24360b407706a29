#include "places.h"
#include "process_command.h"
#include "shown_line.h"
#include "squall/base/subprocess.h"

namespace squall::aws {
namespace {

// As long as AWS's SDK for Go waits; such programs may have a browser to open.
constexpr Seconds process_limit{60};
constexpr std::size_t output_max = 64U << 10U;
constexpr std::size_t complaint_max = 200;

} // namespace

// The program is named in messages, its arguments are not: they may be secret. It cannot ask
// anybody anything: it has no standard input, and is in no terminal's foreground.
Outcome<Lookup> look_for_process(const SharedConfig& config, const LookParts& parts) {
    const auto command = config.get("credential_process");
    if (!command) return Lookup{{}, {}};
    std::string doing = fmt::format("credential_process of the profile '{}'", config.profile());
    const auto words = split_command(*command);
    if (!words) return broken(words.error(), doing);
    doing += " (" + words->front() + ")";
    const Millis limit =
        std::min<Millis>(process_limit, parts.deadline.left(parts.chain.clock.now()));
    const auto done = run({.argv = *words}, Deadline::in(limit), parts.stop);
    if (!done) return broken(done.error(), doing);
    if (done->exit_code != 0) {
        const std::string said =
            shown_line(done->errors.empty() ? "and said nothing" : done->errors, complaint_max);
        return broken({Errc::denied, fmt::format("it ended with {}: {}", done->exit_code, said)},
                      doing);
    }
    if (done->output.size() > output_max) {
        return broken({Errc::failed, fmt::format("it printed more than {} bytes", output_max)},
                      doing);
    }
    auto found = read_process_answer(done->output, doing);
    if (!found) return broken(found.error(), doing);
    return Lookup{std::move(*found), {}};
}

} // namespace squall::aws
