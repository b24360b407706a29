// What happens to logs on their way to us must not change what is told of them.
#include "corpus.h"
#include "logs/log_time.h"
#include "squall/base/text.h"

#include <random>

namespace squall::doctor {
namespace {

using Random = std::mt19937;
using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
    Lines lines = split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
}

std::string text_of(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + '\n';
    return text;
}

std::size_t below(Random& random, std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

// Where a line of the agent's own forms has its time.
std::size_t time_at(const std::string& line) {
    const auto at = line.find("20");
    const bool is_time = at != std::string::npos && line.size() > at + 19 && line[at + 4] == '-'
                         && line[at + 10] == 'T' && line[at + 19] == 'Z';
    return is_time ? at : std::string::npos;
}

std::string with_times(const std::string& text,
                       const std::function<std::string(const std::string&)>& as) {
    Lines lines = lines_of(text);
    for (std::string& line : lines) {
        const auto at = time_at(line);
        if (at < 40) line.replace(at, 20, as(line.substr(at, 20)));
    }
    return text_of(lines);
}

std::string with_fraction(const std::string& text, Random& /*random*/) {
    return with_times(text,
                      [](const std::string& time) { return time.substr(0, 19) + ".123456789Z"; });
}

std::string with_offset(const std::string& text, Random& /*random*/) {
    return with_times(text, [](const std::string& time) { return time.substr(0, 19) + "+00:00"; });
}

std::string with_no_zone(const std::string& text, Random& /*random*/) {
    return with_times(text, [](const std::string& time) { return time.substr(0, 19); });
}

std::string with_epoch(const std::string& text, Random& /*random*/) {
    return with_times(text, [](const std::string& time) {
        std::string_view rest = time;
        const auto when = take_time(rest);
        return std::to_string(
            std::chrono::duration_cast<Seconds>(when.value_or(WallTime{}).time_since_epoch())
                .count());
    });
}

std::string with_syslogs_times(const std::string& text, Random& /*random*/) {
    return with_times(text, [](const std::string& time) {
        return fmt::format("Mar {} {}", time.substr(8, 2), time.substr(11, 8));
    });
}

std::string with_returns_only(const std::string& text, Random& /*random*/) {
    std::string out = text;
    std::replace(out.begin(), out.end(), '\n', '\r');
    return out;
}

std::string shuffled_within_seconds(const std::string& text, Random& random) {
    Lines lines = lines_of(text);
    for (std::size_t begin = 0; begin < lines.size();) {
        const auto at = time_at(lines[begin]);
        std::size_t end = begin + 1;
        while (at < 40 && end < lines.size() && time_at(lines[end]) == at
               && lines[end].substr(at, 20) == lines[begin].substr(at, 20))
            ++end;
        // What goes on in the next line stays with it.
        if (end < lines.size() && time_at(lines[end]) == std::string::npos && end > begin + 1)
            --end;
        std::shuffle(lines.begin() + static_cast<std::ptrdiff_t>(begin),
                     lines.begin() + static_cast<std::ptrdiff_t>(end),
                     random);
        begin = end;
    }
    return text_of(lines);
}

const std::string& noise(Random& random) {
    static const Lines all{
        "Mar 11 08:15:03 ip-10-20-1-17 sshd[811]: Connection closed by 192.0.2.7 port 51022",
        "Mar 11 08:15:04 ip-10-20-1-17 CRON[1201]: (root) CMD (run-parts /etc/cron.hourly)",
        "192.0.2.9 - - [11/Mar/2026:08:15:05 +0000] \"GET /health HTTP/1.1\" 200 2",
        "2026-03-11 08:15:06,101 INFO [main] com.example.Orders: 17 orders in the queue",
        "{\"severity\":\"INFO\",\"text\":\"cache is warm\",\"took\":12}",
        "I0311 08:15:07.000101       1 controller.go:55] synced",
        "[88123.401221] veth41ab: entered promiscuous mode",
        "time=\"2026-03-11T08:15:08Z\" level=info msg=\"shim disconnected\" id=0011",
        ""};
    return all[below(random, all.size())];
}

std::string among_noise(const std::string& text, Random& random) {
    Lines mixed;
    const Lines lines = lines_of(text);
    for (const std::string& line : lines) {
        // Not between a record and what goes on below it.
        if (time_at(line) < 60) {
            for (std::size_t n = below(random, 3); n > 0; --n)
                mixed.push_back(noise(random));
        }
        mixed.push_back(line);
    }
    return text_of(mixed);
}

std::string behind_noise(const std::string& text, Random& random) {
    std::string all;
    while (all.size() < (300U << 10U))
        all += noise(random) + "\n";
    return all + text;
}

std::string coloured(const std::string& text, Random& random) {
    Lines lines = lines_of(text);
    for (std::string& line : lines) {
        line.insert(below(random, line.size() + 1), "\x1b[0m");
        line.insert(0, "\x1b[1;33m");
        line += "\x1b[m";
    }
    return text_of(lines);
}

std::string with_crlf(const std::string& text, Random& /*random*/) {
    std::string out;
    for (const std::string& line : lines_of(text))
        out += line + "\r\n";
    return out;
}

std::string with_broken_characters(const std::string& text, Random& random) {
    Lines lines = lines_of(text);
    lines.insert(lines.begin(), "caf\xe9 \xff\xfe\x80");
    for (std::string& line : lines) {
        if (!line.empty() && line.back() != '}' && below(random, 2) == 0) line += "\xc3\x28 \xe9";
    }
    return text_of(lines);
}

std::string with_nuls(const std::string& text, Random& random) {
    std::string out(16, '\0');
    for (const char c : text) {
        if (below(random, 40) == 0) out.push_back('\0');
        out.push_back(c);
    }
    return out;
}

std::string as_utf16(const std::string& text, bool is_big, bool has_mark) {
    std::string out;
    const auto put = [&](unsigned unit) {
        const char high = static_cast<char>(unit >> 8U);
        const char low = static_cast<char>(unit & 0xFFU);
        out.push_back(is_big ? high : low);
        out.push_back(is_big ? low : high);
    };
    if (has_mark) put(0xFEFF);
    for (const char c : text)
        put(static_cast<unsigned char>(c) < 0x80 ? static_cast<unsigned char>(c) : 0x25CF);
    return out;
}

std::string little_with_mark(const std::string& text, Random& /*random*/) {
    return as_utf16(text, /*is_big=*/false, /*has_mark=*/true);
}

std::string big_with_mark(const std::string& text, Random& /*random*/) {
    return as_utf16(text, /*is_big=*/true, /*has_mark=*/true);
}

std::string little(const std::string& text, Random& /*random*/) {
    return as_utf16(text, /*is_big=*/false, /*has_mark=*/false);
}

std::string big(const std::string& text, Random& /*random*/) {
    return as_utf16(text, /*is_big=*/true, /*has_mark=*/false);
}

std::string without_last_line_end(const std::string& text, Random& /*random*/) {
    return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
}

std::string as_dockers(const std::string& text, Random& /*random*/) {
    std::string out;
    for (const std::string& line : lines_of(text)) {
        const auto at = time_at(line);
        const std::string when =
            at == std::string::npos ? "2026-03-11T09:59:00Z" : line.substr(at, 20);
        out += json::text(json::Object{{"log", line + "\n"}, {"stream", "stdout"}, {"time", when}})
               + "\n";
    }
    return out;
}

std::string found_by_grep(const std::string& text, Random& /*random*/) {
    std::string out;
    std::size_t number = 0;
    for (const std::string& line : lines_of(text))
        out += fmt::format("./var_log/ecs/ecs-agent.log:{}:{}\n", ++number, line);
    return out;
}

std::string quoted(const std::string& text, Random& /*random*/) {
    std::string out;
    for (const std::string& line : lines_of(text))
        out += "    " + line + "\n";
    return out;
}

struct Mutation {
    const char* name;
    std::string (*apply)(const std::string&, Random&);
    bool is_of_agents_lines_only = false; // of other forms it makes nonsense
};

constexpr std::array<Mutation, 22> mutations{{{"fraction", with_fraction},
                                              {"offset", with_offset},
                                              {"no zone", with_no_zone},
                                              {"epoch", with_epoch},
                                              {"syslog's times", with_syslogs_times},
                                              {"returns only", with_returns_only},
                                              {"shuffled", shuffled_within_seconds},
                                              {"noise", among_noise},
                                              {"behind noise", behind_noise},
                                              {"colours", coloured},
                                              {"crlf", with_crlf},
                                              {"broken characters", with_broken_characters},
                                              {"nuls", with_nuls},
                                              {"utf-16le, marked", little_with_mark},
                                              {"utf-16be, marked", big_with_mark},
                                              {"utf-16le", little},
                                              {"utf-16be", big},
                                              {"no last line end", without_last_line_end},
                                              {"docker", as_dockers, true},
                                              {"grep", found_by_grep, true},
                                              {"quoted", quoted, true},
                                              {"none", [](const std::string& text, Random& /*r*/) {
                                                   return text;
                                               }}}};

// The logs that are text, and not in wrappings already.
std::vector<Answer> plain_corpus(bool of_agents_lines_only) {
    std::vector<Answer> plain;
    for (const Answer& answer : corpus()) {
        if (answer.file.starts_with("WRAPPED-") || answer.file.starts_with("UNKNOWN-")) continue;
        if (of_agents_lines_only) {
            const Lines lines = lines_of(corpus_text(answer.file));
            const bool is_agents = std::all_of(lines.begin(), lines.end(), [](const auto& line) {
                return time_at(line) < 40 && line.find("docker[") == std::string::npos;
            });
            if (!is_agents) continue;
        }
        plain.push_back(answer);
    }
    return plain;
}

std::uint32_t seed() {
    const char* given = std::getenv("SQUALL_SEED");
    return given != nullptr ? static_cast<std::uint32_t>(to_integer(given).value_or(1))
                            : std::random_device{}();
}

TEST(Mutation, LeavesTheAnswerAsItIs) {
    const std::uint32_t first_seed = seed();
    for (const Mutation& mutation : mutations) {
        SCOPED_TRACE(fmt::format("SQUALL_SEED={}", first_seed));
        Random random(first_seed);
        for (const Answer& answer : plain_corpus(mutation.is_of_agents_lines_only)) {
            const Diagnosis diagnosis = diagnosed(mutation.apply(corpus_text(answer.file), random));
            EXPECT_TRUE(is_right(answer, diagnosis))
                << mutation.name << ": " << answer.file << ": wanted " << answer.verdict << ": "
                << answer.first << ", told " << told(diagnosis);
        }
    }
}

TEST(Mutation, ACutBehindTheEvidenceLeavesTheCause) {
    for (const Answer& answer : plain_corpus(/*of_agents_lines_only=*/false)) {
        if (answer.verdict != "finding" || answer.file.starts_with("TWO-")) continue;
        const std::string text = corpus_text(answer.file);
        const Diagnosis whole = diagnosed(text);
        ASSERT_FALSE(whole.findings.empty()) << answer.file;
        std::uint64_t last = 0;
        for (const Finding& finding : whole.findings) {
            for (const Evidence& evidence : finding.evidence)
                last = std::max(last, evidence.line);
        }
        Lines lines = lines_of(text);
        // A record's first line tells where it is; it may go on.
        std::size_t end = last;
        while (end < lines.size() && time_at(lines[end]) == std::string::npos)
            ++end;
        lines.resize(std::min(lines.size(), end));
        EXPECT_TRUE(is_right(answer, diagnosed(text_of(lines)))) << answer.file;
    }
}

TEST(Mutation, AnyCutIsReadWithoutInventingACause) {
    const std::uint32_t first_seed = seed();
    SCOPED_TRACE(fmt::format("SQUALL_SEED={}", first_seed));
    Random random(first_seed);
    for (const Answer& answer : corpus()) {
        const std::string text = corpus_text(answer.file);
        for (int round = 0; round < 4; ++round) {
            const auto cut =
                diagnosed(std::string_view(text).substr(0, below(random, text.size() + 1)));
            EXPECT_TRUE(is_valid_utf8(json::text(cut.to_json()))) << answer.file;
            if (!answer.file.starts_with("NORMAL-")) continue;
            for (const Finding& finding : cut.findings) {
                // A log that ends behind a start looks as one whose state is locked; one that ends
                // behind an order to stop, as one of a stopped agent.
                EXPECT_TRUE(finding.cause == "STATE_LOCKED" || finding.cause == "AGENT_STOPPED"
                            || finding.cause == "PAUSE_IMAGE")
                    << answer.file << ": " << finding.cause;
            }
        }
    }
}

} // namespace
} // namespace squall::doctor
