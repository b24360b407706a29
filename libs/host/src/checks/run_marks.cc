#include "checks/run_marks.h"

#include "checks/checks.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::host {
namespace {

constexpr std::string_view top = "/var/run/squall";
constexpr std::string_view agent_fault = "ecs-agent-stop";
constexpr std::size_t mark_max = 4096;

std::string word_in(const Path& file) {
    return std::string(trimmed(read_file(file, mark_max).value_or(std::string())));
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= 64
           && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-")
                  == std::string_view::npos;
}

} // namespace

std::vector<Hold> holds(const Facts& facts) {
    std::vector<Hold> found;
    std::error_code error;
    std::filesystem::directory_iterator entries(facts.path(top), error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        // Parts of a hold that is being made or given back have a '.' in their names.
        const std::string name = entries->path().filename().string();
        if (name.find('.') != std::string::npos) continue;
        Hold hold{name, word_in(entries->path() / "run"), fmt::format("{}/{}/run", top, name), {}};
        if (!is_word(hold.run)) continue;
        if (const auto until = to_integer(word_in(entries->path() / "until")))
            hold.until = from_epoch_seconds(static_cast<double>(*until));
        found.push_back(std::move(hold));
    }
    std::sort(
        found.begin(), found.end(), [](const Hold& a, const Hold& b) { return a.fault < b.fault; });
    return found;
}

std::optional<Hold> hold_on_agent(const Facts& facts) {
    const auto all = holds(facts);
    const auto found = std::find_if(
        all.begin(), all.end(), [](const Hold& hold) { return hold.fault == agent_fault; });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

std::string text_of(const Hold& hold) {
    std::string text = fmt::format("squall run {} ({})", hold.run, hold.fault);
    if (hold.until) text += fmt::format(", which ends at {}", rfc3339_seconds(*hold.until));
    return text;
}

Look check_run_marks(Facts& facts, Deadline /*deadline*/) {
    const auto all = holds(facts);
    if (all.empty()) return healthy("no squall run holds this host");
    std::vector<std::string> texts;
    std::vector<Sign> signs;
    for (const Hold& hold : all) {
        texts.push_back(text_of(hold));
        // The other faults leave the agent alone.
        if (hold.fault != agent_fault) continue;
        signs.push_back(sign(
            "AGENT_STOPPED",
            Certainty::likely,
            fmt::format("this host is held by {}: its timer starts the agent again", text_of(hold)),
            {evidence(hold.place, hold.run)},
            {"squall abort " + hold.run}));
        signs.back().severity = doctor::Severity::heals;
    }
    return finding_or_healthy(
        std::move(signs),
        fmt::format("held by {}, which leaves the agent alone", join(texts, "; ")));
}

} // namespace squall::host
