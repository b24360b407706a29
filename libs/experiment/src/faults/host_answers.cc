#include "faults/host_answers.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::experiment {

std::optional<HostAnswer> read_host_answer(std::string_view output, std::string_view name) {
    static const std::map<std::string_view, HostReport::Did> words{
        {"injected", HostReport::Did::injected},
        {"left", HostReport::Did::left},
        {"too-late", HostReport::Did::too_late},
        {"busy", HostReport::Did::busy},
        {"refused", HostReport::Did::refused},
        {"failed", HostReport::Did::failed},
        {"reverted", HostReport::Did::reverted},
        {"clean", HostReport::Did::clean},
    };
    for (const auto& line : split(output, '\n')) {
        if (line.find("\"squall\"") == std::string::npos) continue;
        auto object = json::parse_object(line);
        if (!object || json::string_at(*object, "squall") != name) continue;
        const auto word = words.find(json::string_at(*object, "did"));
        if (word == words.end()) continue;
        HostReport report;
        report.did = word->second;
        report.why = json::string_at(*object, "why");
        report.other_run = json::string_at(*object, "other_run");
        if (const auto time = json::integer_at(*object, "host_time"); time > 0)
            report.host_time = from_epoch_seconds(static_cast<double>(time));
        return HostAnswer{std::move(report), std::move(*object)};
    }
    return std::nullopt;
}

std::optional<std::vector<Leftover>>
read_leftover_list(std::string_view output,
                   std::string_view name,
                   const std::function<LeftoverWord(std::string_view found)>& word_of) {
    std::vector<Leftover> leftovers;
    bool is_complete = false;
    for (const auto& line : split(output, '\n')) {
        const auto object = json::parse_object(line);
        if (!object || json::string_at(*object, "squall") != name) continue;
        is_complete = is_complete || json::string_at(*object, "did") == "listed";
        const LeftoverWord word = word_of(json::string_at(*object, "found"));
        if (word.text.empty()) continue;
        Leftover left{
            word.text,
            std::string(json::string_at(*object, "run")),
            word.is_fault,
            std::nullopt,
            from_epoch_seconds(static_cast<double>(json::integer_at(*object, "host_time")))};
        if (const auto until = json::integer_at(*object, "until"); until > 0)
            left.until = from_epoch_seconds(static_cast<double>(until));
        leftovers.push_back(std::move(left));
    }
    if (!is_complete) return std::nullopt;
    return leftovers;
}

} // namespace squall::experiment
