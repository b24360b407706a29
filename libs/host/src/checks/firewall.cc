#include "checks/firewall.h"

#include "address_set.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace squall::host {
namespace {

using Words = std::vector<std::string>;

// The words of a line of `iptables -S`: "…" may have blanks in it, and \ takes the next letter as
// it is.
Words words_of(std::string_view line) {
    Words words;
    std::string word;
    bool is_quoted = false;
    bool is_word = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            is_quoted = !is_quoted;
            is_word = true;
        } else if (line[i] == ' ' && !is_quoted) {
            if (is_word) words.push_back(std::move(word));
            word.clear();
            is_word = false;
        } else {
            if (line[i] == '\\' && i + 1 < line.size()) ++i;
            word += line[i];
            is_word = true;
        }
    }
    if (is_word) words.push_back(std::move(word));
    return words;
}

// Only what a rule says of itself can be wrong for a shell: a comment.
std::string removal_of(const Words& rule) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-_./:,!+=@%";
    std::string command = "sudo iptables -D";
    for (auto word = rule.begin() + 1; word != rule.end(); ++word) {
        const bool is_plain = !word->empty() && word->find_first_not_of(plain) == std::string::npos;
        command += " " + (is_plain ? *word : shell_quoted(*word));
    }
    return command;
}

enum class Match { no, maybe, yes };

Match match(bool fits, bool is_negated) { return fits != is_negated ? Match::yes : Match::no; }

struct Ports {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

// "443", "80,443", "1024:65535"; what is none is left out.
std::vector<Ports> ports_of(const std::string& list) {
    std::vector<Ports> found;
    for (const std::string& range : split(list, ',')) {
        const auto [first, last] = split_once(range, ':');
        const auto from = to_integer(first);
        const auto to = range.find(':') == std::string::npos ? from : to_integer(last);
        if (from && to) found.push_back({*from, *to});
    }
    return found;
}

bool has_port(const std::string& list, int port) {
    const auto all = ports_of(list);
    return std::any_of(all.begin(), all.end(), [&](const Ports& ports) {
        return ports.first <= port && port <= ports.last;
    });
}

// This end's port, which the kernel has picked: some one that is nobody's.
Match match_picked_port(const std::string& list, bool is_negated) {
    constexpr int lowest = 1024;
    constexpr int highest = 65535;
    const auto all = ports_of(list);
    const bool is_any = std::any_of(all.begin(), all.end(), [&](const Ports& ports) {
        return ports.first <= lowest && highest <= ports.last;
    });
    const bool is_none = std::all_of(
        all.begin(), all.end(), [&](const Ports& ports) { return ports.last < lowest; });
    return is_any || is_none ? match(is_any, is_negated) : Match::maybe;
}

bool has_word(const std::string& list, std::string_view word) {
    const auto words = split(list, ',');
    return std::find(words.begin(), words.end(), word) != words.end();
}

Match match_address(const std::string& cidr, const std::string& address, bool is_negated) {
    const auto block = AddressSet::of_cidr(cidr);
    const auto one = AddressSet::of_cidr(address);
    return block && one ? match(block->contains(*one), is_negated) : Match::maybe;
}

enum class Way { out, back };

// The first one of a connection, or the answer to it.
struct Packet {
    const Destination& there;
    Way way = Way::out;
};

// One option of a rule and what comes after it; what is not understood may match or not.
Match match_option(const std::string& option,
                   const Words& values,
                   bool is_negated,
                   const Packet& packet) {
    const bool is_out = packet.way == Way::out;
    const std::string value = values.empty() ? "" : values.front();
    if (option == (is_out ? "-d" : "-s"))
        return match_address(value, packet.there.address, is_negated);
    if (option == "-p") return match(value == "tcp" || value == "6" || value == "all", is_negated);
    if (option == "--dport" || option == "--dports" || option == "--sport"
        || option == "--sports") {
        const bool is_theirs = option.starts_with("--d") == is_out;
        return is_theirs ? match(has_port(value, packet.there.port), is_negated)
                         : match_picked_port(value, is_negated);
    }
    if (option == "--ctstate" || option == "--state")
        return match(has_word(value, is_out ? "NEW" : "ESTABLISHED"), is_negated);
    if (option == "--tcp-flags" && values == Words{"FIN,SYN,RST,ACK", "SYN"})
        return match(is_out, is_negated);
    // By this one a host reaches nobody but itself.
    if (option == (is_out ? "-o" : "-i") && value == "lo"
        && !packet.there.address.starts_with("127."))
        return match(/*fits=*/false, is_negated);
    // A module says nothing by itself but what its options say.
    static const std::set<std::string, std::less<>> silent_modules{
        "tcp", "multiport", "comment", "conntrack", "state"};
    if (option == "-m") return silent_modules.contains(value) ? Match::yes : Match::maybe;
    return option == "--comment" ? Match::yes : Match::maybe;
}

struct Rule {
    std::string text;
    Words words;        // "-A", "OUTPUT", …
    std::string target; // empty: it only counts
    bool is_goto = false;
};

Match match_rule(const Rule& rule, const Packet& packet) {
    Match all = Match::yes;
    bool is_negated = false;
    for (std::size_t i = 2; i < rule.words.size() && all != Match::no;) {
        const std::string& option = rule.words[i++];
        if (option == "!") {
            is_negated = true;
            continue;
        }
        // What follows is about the target.
        if (option == "-j" || option == "-g") break;
        Words values;
        while (i < rule.words.size() && !rule.words[i].starts_with('-') && rule.words[i] != "!")
            values.push_back(rule.words[i++]);
        // A comment is one word, however it begins.
        if (option == "--comment" && values.empty()) ++i;
        all = std::min(all, match_option(option, values, is_negated, packet));
        is_negated = false;
    }
    return all;
}

using Chains = std::map<std::string, std::vector<Rule>, std::less<>>;

Chains chains_of(std::string_view listing) {
    Chains chains;
    for (std::string& line : split(listing, '\n')) {
        Rule rule{{}, words_of(line), {}, false};
        rule.text = std::move(line);
        const Words& words = rule.words;
        // One without rules is there, too: who is sent there by -g does not come back.
        if (words.size() >= 2 && words[0] == "-N") chains.try_emplace(words[1]);
        if (words.size() < 2 || words[0] != "-A") continue;
        for (std::size_t i = 2; i + 1 < words.size(); ++i) {
            if (words[i] != "-j" && words[i] != "-g") continue;
            rule.target = words[i + 1];
            rule.is_goto = words[i] == "-g";
        }
        chains[words[1]].push_back(std::move(rule));
    }
    return chains;
}

// The way of one packet through the chains, as if no rule that keeps it away were there.
class Walk {
public:
    Walk(const Chains& chains, const Packet& packet) : chains_(chains), packet_(packet) {}

    enum class End { returns, passes };

    struct Outcome {
        std::vector<const Rule*> found;
        End end = End::passes; // returns: the chain's policy decides
    };

    Outcome from(const std::string& chain) {
        const End end = through(chain, Match::yes, 0);
        return {std::move(found_), end};
    }

private:
    static constexpr int depth_max = 16;
    static constexpr int rules_max = 20'000; // chains may be come through again and again

    // `reached`: whether the packet comes here at all.
    // NOLINTNEXTLINE(misc-no-recursion): chains call one another, and the depth is counted.
    End through(const std::string& name, Match reached, int depth) {
        const auto chain = chains_.find(name);
        if (chain == chains_.end()) return End::returns;
        // The kernel has no loops of chains; what says otherwise is not understood.
        if (depth > depth_max) return End::passes;
        for (const Rule& rule : chain->second) {
            if (++rules_ > rules_max) return End::passes;
            const Match matched = std::min(reached, match_rule(rule, packet_));
            if (matched == Match::no) continue;
            const std::string& target = rule.target;
            if (target == "DROP" || target == "REJECT") {
                if (matched == Match::yes) found_.push_back(&rule);
                continue;
            }
            // Who decides about it in a queue is not known here.
            if (target == "ACCEPT" || target == "NFQUEUE" || target == "QUEUE") return End::passes;
            // One that may have returned may have missed what comes now.
            if (target == "RETURN") return matched == Match::yes ? End::returns : End::passes;
            if (!chains_.contains(target)) continue;
            if (through(target, matched, depth + 1) == End::passes) return End::passes;
            if (rule.is_goto) return matched == Match::yes ? End::returns : End::passes;
        }
        return End::returns;
    }

    const Chains& chains_;
    Packet packet_;
    std::vector<const Rule*> found_;
    int rules_ = 0;
};

// The rules on the way of a packet that may be meant by them, or not; past those that may let it
// pass as well.
class Doubts {
public:
    Doubts(const Chains& chains, const Packet& packet) : chains_(chains), packet_(packet) {}

    std::vector<std::string> from(const std::string& chain, const std::string& closed) {
        if (goes_on_behind(chain, 0) && !closed.empty()) found_.push_back(closed);
        return std::move(found_);
    }

private:
    static constexpr int depth_max = 16;
    static constexpr int rules_max = 20'000;

    // The other end of what was tried is another one; this end's is not known, and where a rule has
    // one address alone, it is hardly that.
    [[nodiscard]] bool is_for_another(const Words& words) const {
        constexpr std::string_view one_host = "/32";
        for (std::size_t i = 2; i + 1 < words.size() && (words[i] == "-s" || words[i] == "-d");
             i += 2)
            if (words[i + 1].ends_with(one_host)
                && words[i + 1] != packet_.there.address + std::string(one_host))
                return true;
        return false;
    }

    // Whether it may come back from there.
    // NOLINTNEXTLINE(misc-no-recursion): chains call one another, and the depth is counted.
    bool goes_on_behind(const std::string& name, int depth) {
        const auto chain = chains_.find(name);
        if (chain == chains_.end()) return true;
        if (depth > depth_max) return false;
        for (const Rule& rule : chain->second) {
            if (++rules_ > rules_max) return false;
            const Match matched = match_rule(rule, packet_);
            if (matched == Match::no) continue;
            const bool is_sure = matched == Match::yes;
            const std::string& target = rule.target;
            const bool keeps_away = target == "DROP" || target == "REJECT";
            if (keeps_away && is_for_another(rule.words)) continue;
            if (keeps_away) found_.push_back(rule.text);
            const bool is_end =
                keeps_away || target == "ACCEPT" || target == "NFQUEUE" || target == "QUEUE";
            if (is_end && is_sure) return false;
            if (target == "RETURN" && is_sure) return true;
            if (is_end || !chains_.contains(target)) continue;
            const bool comes_back = goes_on_behind(target, depth + 1);
            if (is_sure && (!comes_back || rule.is_goto)) return comes_back;
        }
        return true;
    }

    const Chains& chains_;
    Packet packet_;
    std::vector<std::string> found_;
    int rules_ = 0;
};

// The chains that this host's own packets and their answers come through.
constexpr std::array<std::pair<Way, const char*>, 2> ways{
    {{Way::out, "OUTPUT"}, {Way::back, "INPUT"}}};

std::string closing_of(std::string_view chain) { return fmt::format("-P {} DROP", chain); }

// A listing as it is understood, once for all that is asked of it.
struct Table {
    Chains chains;
    std::set<std::string, std::less<>> closed; // chains of which the policy drops
};

Table table_of(std::string_view listing) {
    Table table{chains_of(listing), {}};
    for (const std::string& line : split(listing, '\n')) {
        for (const auto& [way, chain] : ways)
            if (trimmed(line) == closing_of(chain)) table.closed.insert(chain);
    }
    return table;
}

// What is in the way of any packet, each once.
class InTheWay {
public:
    void add(const Rule& rule) {
        if (!seen_.insert(&rule).second) return;
        const auto same = std::find_if(found_.begin(), found_.end(), [&](const auto& other) {
            return other.rule == rule.text;
        });
        // Of rules that are alike, -D takes away one at a time.
        if (same != found_.end())
            same->removal += " && " + removal_of(rule.words);
        else
            found_.push_back({rule.text, removal_of(rule.words)});
    }

    // Who has closed the host on purpose wants one way out of it, and not all.
    void add_policy(std::string policy, const Packet& packet) {
        std::string opening =
            packet.way == Way::out
                ? fmt::format("sudo iptables -I OUTPUT -p tcp --dport {} -j ACCEPT",
                              packet.there.port)
                : "sudo iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT";
        const bool is_told =
            std::any_of(policies_.begin(), policies_.end(), [&](const auto& other) {
                return other.removal == opening;
            });
        if (!is_told) policies_.push_back({std::move(policy), std::move(opening)});
    }

    std::vector<FirewallRule> take() && {
        found_.insert(found_.end(),
                      std::make_move_iterator(policies_.begin()),
                      std::make_move_iterator(policies_.end()));
        return std::move(found_);
    }

private:
    std::set<const Rule*> seen_;
    std::vector<FirewallRule> found_;
    std::vector<FirewallRule> policies_;
};

std::vector<FirewallRule> in_the_way_of(const Table& table,
                                        const std::vector<Destination>& destinations) {
    InTheWay in_the_way;
    for (const auto& [way, chain] : ways) {
        const bool is_closed = table.closed.contains(chain);
        for (const auto& there : destinations) {
            const Packet packet{there, way};
            const auto outcome = Walk(table.chains, packet).from(chain);
            for (const Rule* rule : outcome.found)
                in_the_way.add(*rule);
            if (is_closed && outcome.end == Walk::End::returns)
                in_the_way.add_policy(closing_of(chain), packet);
        }
    }
    return std::move(in_the_way).take();
}

} // namespace

std::vector<FirewallRule> rules_in_the_way(std::string_view listing,
                                           const std::vector<Destination>& destinations) {
    return in_the_way_of(table_of(listing), destinations);
}

std::vector<std::string> rules_that_may_be(std::string_view listing,
                                           const std::vector<Destination>& destinations) {
    const Table table = table_of(listing);
    std::vector<std::string> found;
    for (const auto& there : destinations) {
        if (!in_the_way_of(table, {there}).empty()) continue;
        for (const auto& [way, chain] : ways) {
            const std::string closed = table.closed.contains(chain) ? closing_of(chain) : "";
            for (auto& rule : Doubts(table.chains, {there, way}).from(chain, closed)) {
                if (std::find(found.begin(), found.end(), rule) == found.end())
                    found.push_back(std::move(rule));
            }
        }
    }
    return found;
}

} // namespace squall::host
