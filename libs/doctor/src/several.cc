#include "squall/doctor/several.h"

#include "squall/base/text.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <map>

namespace squall::doctor {
namespace {

constexpr const char* blank = "#";

void blank_out_patterns(std::string& text) {
    static const std::array<RE2, 8> patterns{
        RE2(R"(\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z| ?[A-Z]{3,4}\b|[+-]\d\d:?\d\d)?)"),
        RE2(R"(\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"),
        RE2(R"(\b[0-9a-f]{32,}\b)"),
        RE2(R"(\bip-\d+-\d+-\d+-\d+\b)"),
        RE2(R"(/proc/\d+\b)"),
        RE2(R"(\b\d+\.\d+\.\d+\.\d+:\d+->)"),
        RE2(R"(\becs-[at]-\d+\b)"),
        RE2(R"((?i)\brequest ?id:? \S+)"),
    };
    for (const RE2& pattern : patterns)
        RE2::GlobalReplace(&text, pattern, blank);
    // Of each log by itself; and how sure it is, which is told of each.
    static const RE2 end(
        R"( Seen \d+ times\b.*\.$|\.? The agent last connected to ACS at .*$|, unless .*$)");
    RE2::Replace(&text, end, "");
}

// ECS and its metadata have many of these, and one host meets these, another those.
bool is_public_address(std::string_view word) {
    static const RE2 address(R"((\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}(?::\d+)?)");
    int first = 0;
    int second = 0;
    if (!RE2::FullMatch({word.data(), word.size()}, address, &first, &second)) return false;
    const bool is_private = first == 10 || first == 127 || (first == 192 && second == 168)
                            || (first == 172 && second >= 16 && second <= 31)
                            || (first == 169 && second == 254);
    return !is_private;
}

bool is_number(std::string_view word) {
    static const RE2 number(R"(\d+(?:\.\d+)?(?:%|ms|[smhd]|[KMGT](?:i?B)?)?)");
    return RE2::FullMatch({word.data(), word.size()}, number);
}

// One host has GiB of what another has MiB of.
bool is_unit(std::string_view word) {
    static constexpr std::array<std::string_view, 11> units{
        "B", "KiB", "MiB", "GiB", "TiB", "ms", "s", "min", "h", "day", "days"};
    return std::find(units.begin(), units.end(), word) != units.end();
}

// Behind these a number is no count: what was answered, or which of several it is.
bool is_what_it_says(std::string_view word) {
    static constexpr std::array<std::string_view, 9> words{
        "answer", "answers", "answered", "HTTP", "code", "curl", "port", "rule", "version"};
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string without_numbers(std::string_view text) {
    constexpr std::string_view around = "()[]`'\",;:.=";
    std::vector<std::string> words = split(text, ' ');
    std::string_view before;
    for (std::string& word : words) {
        const auto begin = word.find_first_not_of(around);
        const auto end = word.find_last_not_of(around);
        if (begin == std::string::npos) continue;
        const auto core = std::string_view(word).substr(begin, end - begin + 1);
        const bool is_blank = is_public_address(core)
                              || (is_number(core) && !is_what_it_says(before))
                              || (before == blank && is_unit(core));
        if (is_blank) word.replace(begin, end - begin + 1, blank);
        before = is_blank ? std::string_view(blank) : core;
    }
    return join(words, " ");
}

// What another host might say in the same words.
std::string in_general(std::string text, const Examined& host) {
    for (const std::string& name : host.own_names)
        if (!name.empty()) text = replace_all(std::move(text), name, blank);
    blank_out_patterns(text);
    return without_numbers(text);
}

std::string key_of(const Finding& finding, const Examined& host) {
    std::string key = finding.cause + "\n" + in_general(finding.summary, host);
    for (const std::string& step : finding.remedy)
        key += "\n" + in_general(step, host);
    return key;
}

std::string key_of(const Look& look, const Examined& host) {
    return look.check + "\n" + in_general(look.summary, host);
}

const Finding* root_of(const Diagnosis& diagnosis) {
    const bool has_root = diagnosis.verdict == Verdict::finding && !diagnosis.findings.empty();
    return has_root ? &diagnosis.findings.front() : nullptr;
}

std::string cause_of(const Diagnosis& diagnosis) {
    const Finding* root = root_of(diagnosis);
    return root == nullptr ? std::string(name_of(diagnosis.verdict)) : root->cause;
}

std::string key_of(const Examined& host) {
    const Diagnosis& diagnosis = host.diagnosis;
    const Finding* root = root_of(diagnosis);
    return fmt::format("{}\n{}\n{}",
                       root == nullptr ? cause_of(diagnosis) : key_of(*root, host),
                       root == nullptr ? "" : name_of(root->severity),
                       diagnosis.is_connected.value_or(false));
}

using Members = std::vector<const Examined*>;

// "i-1, i-2", "12 of them"; empty where all are meant.
std::string some_of(const std::vector<std::string>& hosts, const Members& members) {
    constexpr std::size_t names_max = 3;
    if (hosts.size() == members.size()) return {};
    return hosts.size() > names_max ? fmt::format("{} of them", hosts.size()) : join(hosts, ", ");
}

// Of all members' what is alike once, and who has it where not all do.
template <typename Each>
std::vector<Each> each_once(const Members& members, std::vector<Each> Diagnosis::*list) {
    struct Told {
        Each each;
        std::vector<std::string> hosts;
    };

    std::vector<Told> all;
    std::map<std::string, std::size_t> known;
    for (const Examined* member : members) {
        for (const Each& each : member->diagnosis.*list) {
            const auto [at, is_new] = known.try_emplace(key_of(each, *member), all.size());
            if (is_new) all.push_back({each, {}});
            auto& hosts = all[at->second].hosts;
            const std::string& name = member->own_names.front();
            if (hosts.empty() || hosts.back() != name) hosts.push_back(name);
        }
    }
    std::vector<Each> told;
    for (Told& each : all) {
        if (const std::string who = some_of(each.hosts, members); !who.empty())
            each.each.summary = fmt::format("{}: {}", who, each.each.summary);
        told.push_back(std::move(each.each));
    }
    return told;
}

bool is_healthy_on(const Examined& host, const std::string& check) {
    const Diagnosis& diagnosis = host.diagnosis;
    return std::any_of(diagnosis.healthy.begin(), diagnosis.healthy.end(), [&](const Look& look) {
        return look.check == check;
    });
}

// A remedy with a host's own names or processes in it is of one host.
bool has_one_remedy(const Members& members) {
    const Finding* first = root_of(members.front()->diagnosis);
    return first == nullptr
           || std::all_of(members.begin(), members.end(), [&](const Examined* member) {
                  return root_of(member->diagnosis)->remedy == first->remedy;
              });
}

Diagnosis told_together(const Members& members) {
    Diagnosis together = members.front()->diagnosis;
    if (members.size() == 1) return together;
    together.findings = each_once(members, &Diagnosis::findings);
    together.could_not_look = each_once(members, &Diagnosis::could_not_look);
    std::erase_if(together.healthy, [&](const Look& look) {
        return !std::all_of(members.begin(), members.end(), [&](const Examined* member) {
            return is_healthy_on(*member, look.check);
        });
    });
    if (root_of(together) == nullptr) return together;
    Finding& root = together.findings.front();
    for (const Examined* member : members)
        root.certainty = std::min(root.certainty, member->diagnosis.findings.front().certainty);
    if (!has_one_remedy(members))
        root.summary += fmt::format(" (This and what follows is of {}: on the others it is alike, "
                                    "with names and numbers of their own.)",
                                    members.front()->own_names.front());
    // Roots first, as in each of them.
    std::stable_partition(together.findings.begin() + 1,
                          together.findings.end(),
                          [](const Finding& finding) { return !finding.is_symptom; });
    return together;
}

} // namespace

std::vector<Alike> put_together(std::span<const Examined> all) {
    std::vector<std::pair<std::string, Members>> groups; // by their causes
    std::map<std::string, std::size_t> known;
    std::map<std::string, std::size_t> hosts_of;
    for (const Examined& host : all) {
        const std::string cause = cause_of(host.diagnosis);
        ++hosts_of[cause];
        const auto [at, is_new] = known.try_emplace(key_of(host), groups.size());
        if (is_new) groups.push_back({cause, {}});
        groups[at->second].second.push_back(&host);
    }
    std::stable_sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) {
        if (a.first != b.first)
            return hosts_of[a.first] != hosts_of[b.first] ? hosts_of[a.first] > hosts_of[b.first]
                                                          : a.first < b.first;
        return a.second.size() > b.second.size();
    });
    std::vector<Alike> told;
    for (const auto& [cause, members] : groups) {
        Alike alike{{}, told_together(members)};
        for (const Examined* member : members)
            alike.hosts.push_back(member->own_names.front());
        told.push_back(std::move(alike));
    }
    return told;
}

} // namespace squall::doctor
