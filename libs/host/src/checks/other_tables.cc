#include "checks/other_tables.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::host {
namespace {

// What is in quotes is a comment, or a prefix for a log.
std::string without_quoted(std::string_view line) {
    std::string bare;
    bool is_quoted = false;
    for (const char c : line) {
        if (c == '"') is_quoted = !is_quoted;
        if (!is_quoted) bare += c;
    }
    return bare;
}

bool has_word(const std::string& line, std::string_view word) {
    const auto words = split(replace_all(line, ";", " ;"), ' ');
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Tables that iptables made are seen by iptables.
bool is_followed_elsewhere(const std::vector<std::string>& table) {
    constexpr std::array<std::string_view, 5> own{"filter", "nat", "mangle", "raw", "security"};
    if (table.size() < 3) return true;
    if (table[1] == "ip") return std::find(own.begin(), own.end(), table[2]) != own.end();
    return table[1] != "inet" && table[1] != "netdev";
}

} // namespace

std::vector<std::string> dropping_rules(std::string_view listing, const std::string& table) {
    std::vector<std::string> rules;
    for (const std::string& line : split(listing, '\n')) {
        const std::string bare = without_quoted(line);
        const bool is_closed = bare.starts_with("-P ") && has_word(bare, "DROP");
        const bool drops = bare.starts_with("-A ")
                           && (bare.find(" -j DROP") != std::string::npos
                               || bare.find(" -j REJECT") != std::string::npos);
        const bool is_forwarding = split(bare, ' ').size() > 1 && split(bare, ' ')[1] == "FORWARD";
        if ((is_closed || drops) && !is_forwarding)
            rules.push_back(fmt::format("iptables -t {} {}", table, line));
    }
    return rules;
}

std::vector<std::string> dropping_nft_rules(std::string_view ruleset) {
    std::vector<std::string> rules;
    std::vector<std::string> table;
    std::string chain;
    bool is_forwarding = false;
    for (const std::string& raw : split(ruleset, '\n')) {
        const std::string line(trimmed(raw));
        const std::string bare = without_quoted(line);
        if (bare.starts_with("table ")) table = split(bare, ' ');
        if (bare.starts_with("chain ")) {
            chain = split(bare, ' ')[1];
            is_forwarding = false;
        }
        is_forwarding |= bare.find("hook forward") != std::string::npos;
        if (is_forwarding || is_followed_elsewhere(table)) continue;
        if (has_word(bare, "drop") || has_word(bare, "reject"))
            rules.push_back(fmt::format("nft {} {} {}: {}", table[1], table[2], chain, line));
    }
    return rules;
}

std::vector<std::string> dropping_rules_elsewhere(const Ground& ground, Deadline deadline) {
    constexpr std::size_t names_max = 4096;
    const Deadline limit = deadline.sooner(Deadline::in(Seconds(2)));
    std::vector<std::string> rules;
    // Not there where iptables is nftables': that loads no module.
    const auto known = read_file(ground.root / "proc/net/ip_tables_names", names_max);
    const auto tables = split(known.value_or(""), '\n');
    for (const std::string table : {"raw", "mangle"}) {
        if (known && !trimmed(*known).empty()
            && std::find(tables.begin(), tables.end(), table) == tables.end())
            continue;
        const auto listing =
            ground.run({{"iptables", "-w", "1", "-t", table, "-S"}, {}, {}, {}}, limit);
        if (!listing || listing->exit_code != 0) continue;
        auto more = dropping_rules(listing->output, table);
        rules.insert(rules.end(), more.begin(), more.end());
    }
    const auto ruleset = ground.run({{"nft", "list", "ruleset"}, {}, {}, {}}, limit);
    if (ruleset && ruleset->exit_code == 0) {
        auto more = dropping_nft_rules(ruleset->output);
        rules.insert(rules.end(), more.begin(), more.end());
    }
    return rules;
}

} // namespace squall::host
