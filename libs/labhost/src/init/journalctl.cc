// journalctl of a lab host, in its subset:
//
//   journalctl [-u UNIT]… [-t IDENTIFIER]… [-p PRIORITY] [-n [N]] [-r] [-o FORMAT] [-q]
//              [-S|--since TIME] [-U|--until TIME] [-b] [--no-pager] [-e] [-x] [-a]
//
// Different from the real one:
//   - there is one boot and no kernel log: -b is always true, -k is refused
//   - -f (follow) is refused: ask again, or read /run/log/journal/journal.jsonl with tail -F
//   - FORMAT is short, short-iso, short-precise, cat or json; json has the fields that matter
//   - matches (FIELD=VALUE) other than _SYSTEMD_UNIT= and SYSLOG_IDENTIFIER= are refused
//   - there is no pager and no catalog: --no-pager, -e, -x and -a change nothing
//   - the process that a line names is the one that init started, not a child of it that wrote
#include "init/init_client.h"
#include "init/journal.h"
#include "init/journal_text.h"
#include "init/roles.h"
#include "init/time_span.h"
#include "init/tool_options.h"
#include "init/unit_name.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace squall::labhost::init {
namespace {

using Value = OptionSpec::Value;

const OptionRules rules{"journalctl",
                        {{"unit", 'u', Value::needed},
                         {"identifier", 't', Value::needed},
                         {"priority", 'p', Value::needed},
                         {"lines", 'n', Value::optional},
                         {"output", 'o', Value::needed},
                         {"since", 'S', Value::needed},
                         {"until", 'U', Value::needed},
                         {"reverse", 'r'},
                         {"quiet", 'q'},
                         {"boot", 'b', Value::optional},
                         {"dmesg", 'k'},
                         {"follow", 'f'},
                         {"catalog", 'x'},
                         {"pager-end", 'e'},
                         {"all", 'a'},
                         {"utc"},
                         {"no-pager"},
                         {"no-hostname"},
                         {"no-full"},
                         {"full", 'l'},
                         {"help", 'h'},
                         {"version"}}};

struct Query {
    std::vector<std::string> units; // patterns too
    std::vector<std::string> identifiers;
    std::int64_t since = 0;
    std::int64_t until = std::numeric_limits<std::int64_t>::max();
    int priority = 7;
    std::optional<std::size_t> lines;
    JournalFormat format = JournalFormat::brief;
    bool reverse = false;
    bool quiet = false;

    [[nodiscard]] bool takes(const JournalEntry& entry) const {
        const auto any = [](const std::vector<std::string>& patterns, const std::string& text) {
            return patterns.empty()
                   || std::any_of(
                       patterns.begin(), patterns.end(), [&](const std::string& pattern) {
                           return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
                       });
        };
        return entry.wall_micros >= since && entry.wall_micros <= until
               && entry.priority <= priority && any(units, entry.unit)
               && any(identifiers, entry.identifier);
    }
};

std::optional<int> parse_priority(std::string_view text) {
    constexpr std::array<std::string_view, 8> names{
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
    for (std::size_t i = 0; i < names.size(); ++i)
        if (text == names[i] || text == std::to_string(i)) return static_cast<int>(i);
    return std::nullopt;
}

Result<void> read_times(const GivenOptions& given, Query& query) {
    for (const auto& [option, target] :
         {std::pair("since", &query.since), std::pair("until", &query.until)}) {
        const auto text = given.value(option);
        if (!text) continue;
        const auto when = parse_timestamp(*text, Wall::now());
        if (!when) return fail(Errc::invalid_input, "Failed to parse timestamp: {}", *text);
        *target = micros_of(*when);
    }
    return {};
}

Result<void> read_matches(const GivenOptions& given, Query& query) {
    std::vector<std::string> rest = given.rest;
    if (given.has("lines")) {
        std::string count = *given.value("lines");
        // "-n 5": getopt leaves the number with the other words.
        if (count.empty() && !rest.empty() && to_integer(rest.front())) {
            count = rest.front();
            rest.erase(rest.begin());
        }
        const auto number = count.empty() ? std::optional<std::int64_t>(10) : to_integer(count);
        if (!number || *number < 0) {
            if (count != "all")
                return fail(Errc::invalid_input, "Failed to parse lines '{}'", count);
        } else {
            query.lines = static_cast<std::size_t>(*number);
        }
    }
    for (const std::string& match : rest) {
        const auto [field, value] = split_once(match, '=');
        if (field == "_SYSTEMD_UNIT" && match.find('=') != std::string::npos)
            query.units.emplace_back(value);
        else if (field == "SYSLOG_IDENTIFIER" && match.find('=') != std::string::npos)
            query.identifiers.emplace_back(value);
        else
            return fail(Errc::invalid_input, "Failed to add match '{}': Invalid argument", match);
    }
    return {};
}

Result<Query> query_from(const GivenOptions& given) {
    Query query;
    if (given.has("dmesg"))
        return fail(Errc::refused, "journalctl: a lab host has no kernel log of its own (-k)");
    if (given.has("follow"))
        return fail(Errc::refused,
                    "journalctl: following (-f) is not available in a lab host; use: tail -F {}",
                    journal_path);
    for (const std::string& unit : given.values("unit"))
        query.units.push_back(mangled(unit));
    query.identifiers = given.values("identifier");
    if (const auto text = given.value("priority")) {
        const auto priority = parse_priority(*text);
        if (!priority) return fail(Errc::invalid_input, "Unknown log level {}", *text);
        query.priority = *priority;
    }
    if (const auto text = given.value("output")) {
        const auto format = parse_journal_format(*text);
        if (!format) return fail(Errc::invalid_input, "Unknown output format '{}'.", *text);
        query.format = *format;
    }
    query.reverse = given.has("reverse");
    query.quiet = given.has("quiet");
    if (auto read = read_times(given, query); !read) return fail(std::move(read.error()));
    if (auto read = read_matches(given, query); !read) return fail(std::move(read.error()));
    return query;
}

} // namespace

int run_journalctl(const std::vector<std::string>& arguments) {
    const auto given = parse_options(rules, arguments);
    if (!given) {
        log::print("{}\n", given.error().message);
        return 1;
    }
    if (given->has("version")) {
        fmt::print("systemd 252 (252.23-2.amzn2023)\n");
        return 0;
    }
    if (given->has("help")) {
        fmt::print("journalctl [OPTIONS...] [MATCHES...]\n\nQuery the journal of a lab host.\n");
        return 0;
    }
    const auto query = query_from(*given);
    if (!query) {
        log::print("{}\n", query.error().message);
        return 1;
    }
    auto entries = read_journal(InitClient().journal_file(),
                                [&](const JournalEntry& entry) { return query->takes(entry); });
    if (!entries) {
        log::print("Failed to open journal: {}\n", entries.error().message);
        return 1;
    }
    // -n counts from the end, but with --since from there: as journalctl does.
    if (query->lines && entries->size() > *query->lines) {
        const auto count = static_cast<std::ptrdiff_t>(*query->lines);
        if (query->since > 0)
            entries->erase(entries->begin() + count, entries->end());
        else
            entries->erase(entries->begin(), entries->end() - count);
    }
    if (query->reverse) std::reverse(entries->begin(), entries->end());
    const std::string hostname = own_hostname();
    for (const JournalEntry& entry : *entries)
        std::fputs(journal_line(entry, query->format, hostname).c_str(), stdout);
    if (entries->empty() && !query->quiet) fmt::print("-- No entries --\n");
    return 0;
}

} // namespace squall::labhost::init
