#include "afar/errand_report.h"

#include "squall/base/text.h"

namespace squall::host {
namespace {

constexpr std::size_t unpacked_max = 16U << 20U;
constexpr std::string_view fact_prefix = "facts/";

Result<std::string> unpacked(std::string_view packed) {
    auto bytes = from_base64(trimmed(packed));
    // A host without gzip or base64 sends it as it is, from its first line, which is empty.
    if (!bytes) return std::string(packed);
    const auto source = doctor::decompressed(doctor::source_of_text(std::move(*bytes)));
    std::string text;
    std::vector<char> buffer(64U << 10U);
    while (text.size() < unpacked_max) {
        const auto got = source->read(buffer);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        text.append(buffer.data(), *got);
    }
    return text;
}

void put_section(ErrandReport& report, std::string_view head, std::string_view text) {
    const auto words = split(head, ' ');
    const std::string& name = words.front();
    if (name.starts_with(fact_prefix)) {
        report.facts[name.substr(fact_prefix.size())] = trimmed(text);
    } else if (name == "ecs-agent/ecs.config") {
        report.config = text;
    } else {
        ErrandLog log{name, std::string(text), 0, false};
        if (words.size() == 3) {
            const auto before = to_integer(words[1]);
            if (before && *before > 0) log.lines_before = static_cast<std::uint64_t>(*before);
            log.is_cut = words[2] == "1";
        }
        report.logs.push_back(std::move(log));
    }
}

} // namespace

std::string_view ErrandReport::fact(std::string_view name) const {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string_view{} : std::string_view(found->second);
}

Result<ErrandReport> read_errand(std::string_view output, std::string_view boundary) {
    const auto [head, rest] = split_once(trimmed(output), '\n');
    if (trimmed(head) != fmt::format("squall-doctor 1 {}", boundary))
        return fail(Errc::failed, "the host's answer is none: {}", head.substr(0, 200));
    const auto text = unpacked(rest);
    if (!text) return fail(text.error());
    ErrandReport report;
    const std::string mark = fmt::format("\n=== {} ", boundary);
    std::string_view left = *text;
    if (!left.starts_with(mark))
        return fail(Errc::failed, "the host's answer was cut: nothing can be read of it");
    while (!left.empty()) {
        left.remove_prefix(mark.size());
        const auto end = std::min(left.find(mark), left.size());
        const auto [name, body] = split_once(left.substr(0, end), '\n');
        put_section(report, name, body);
        left.remove_prefix(end);
    }
    return report;
}

std::vector<doctor::ScannedLog> scanned(const ErrandReport& report, doctor::Scanner& scanner) {
    std::vector<doctor::ScannedLog> logs;
    for (const ErrandLog& log : report.logs) {
        if (log.text.empty()) continue;
        const auto bytes = doctor::source_of_text(log.text);
        const std::string name = log.name.starts_with("ecs_agent_logs/")
                                     ? "/var/log/ecs/" + log.name.substr(15)
                                     : log.name;
        auto read = scanner.scan(name, *bytes, 0, doctor::log_name(name));
        for (doctor::Segment& segment : read.segments) {
            const auto shift = [&](doctor::Sighting& sighting) {
                if (sighting.line != 0) sighting.line += log.lines_before;
            };
            shift(segment.opening);
            for (auto& [cause, group] : segment.causes) {
                shift(group.first);
                shift(group.last);
            }
            for (auto& [mark, group] : segment.marks) {
                shift(group.first);
                shift(group.last);
            }
        }
        logs.push_back(std::move(read));
    }
    return logs;
}

} // namespace squall::host
