#include "iptables_interception.h"

#include "squall/base/subprocess.h"
#include "squall/base/text.h"

#include <unistd.h>

#include <array>

namespace squall::redirect {
namespace {

constexpr std::array programs = {"iptables", "ip6tables"};
constexpr Seconds call_max{10};
constexpr std::size_t chain_name_max = 28; // of iptables

using Words = std::vector<std::string>;

// A chain's name: as much of the table's as fits, from its end, where it differs from others.
std::string chain_of(const Wanted& wanted) {
    const std::string& name = wanted.table;
    return name.size() <= chain_name_max ? name : name.substr(name.size() - chain_name_max);
}

bool is_ipv6(const std::string& program) { return program == programs[1]; }

Result<Finished> call(const std::string& program, const Words& arguments) {
    Command command;
    // Waits for whoever else is changing rules.
    command.argv = {program, "-w", "5"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return run(command, Deadline::in(call_max));
}

Result<void> change(const std::string& program, const Words& arguments) {
    const auto done = call(program, arguments);
    if (!done) return fail(done.error());
    if (done->exit_code == 0) return {};
    return fail(Errc::failed,
                "{} {}: {}",
                program,
                join(arguments, " "),
                trimmed(done->errors).empty() ? fmt::format("exit {}", done->exit_code)
                                              : std::string(trimmed(done->errors)));
}

Words interface_words(const Wanted& wanted) {
    return wanted.interface.empty() ? Words{} : Words{"-i", wanted.interface};
}

Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

// In PREROUTING of nat, before others: to our chain.
Words jump_of(const Wanted& wanted) {
    std::vector<std::string> ports;
    for (const std::uint16_t port : wanted.ports)
        ports.push_back(std::to_string(port));
    return with(
        interface_words(wanted),
        {"-p", "tcp", "-m", "multiport", "--dports", join(ports, ","), "-j", chain_of(wanted)});
}

// In PREROUTING of raw's neighbour, mangle: nothing but a use of connection tracking, without which
// the kernel would forget what was redirected.
Words hold_of(const Wanted& wanted) {
    return {"-m", "conntrack", "--ctstate", "INVALID", "-m", "comment", "--comment", wanted.table};
}

Result<void> fill(const std::string& program, const Wanted& wanted) {
    const std::string chain = chain_of(wanted);
    if (auto made = change(program, {"-t", "nat", "-N", chain}); !made) return made;
    for (const net::AddressRange& range : wanted.exempt) {
        if (range.is_ipv6() != is_ipv6(program)) continue;
        auto added = change(program, {"-t", "nat", "-A", chain, "-s", range.text, "-j", "RETURN"});
        if (!added) return added;
    }
    Words rule{"-t", "nat", "-A", chain, "-p", "tcp", "--syn"};
    if (wanted.only_local) rule = with(rule, {"-m", "addrtype", "--dst-type", "LOCAL"});
    if (wanted.mark != 0)
        rule = with(rule, {"-m", "mark", "!", "--mark", std::to_string(wanted.mark)});
    rule = with(rule, {"-j", "REDIRECT", "--to-ports", std::to_string(wanted.proxy_port)});
    if (auto added = change(program, rule); !added) return added;
    if (auto held = change(program, with({"-t", "mangle", "-A", "PREROUTING"}, hold_of(wanted)));
        !held)
        return held;
    return change(program, with({"-t", "nat", "-I", "PREROUTING"}, jump_of(wanted)));
}

// True when it is not there (any more).
bool remove_rule(const std::string& program, const Words& where, const Words& rule) {
    const Words check = with({"-t", where[0], "-C", where[1]}, rule);
    const auto there = call(program, check);
    if (!there || there->exit_code != 0) return true;
    return change(program, with({"-t", where[0], "-D", where[1]}, rule)).has_value();
}

} // namespace

Result<std::unique_ptr<Interception>> IptablesInterception::arm(const Wanted& wanted) {
    std::unique_ptr<IptablesInterception> made(
        new IptablesInterception(wanted)); // NOLINT: its constructor is private
    for (const std::string program : programs) {
        const auto filled = fill(program, wanted);
        // A machine without IPv6 has nothing there to take.
        if (!filled && is_ipv6(program)) {
            const auto has_nat = call(program, {"-t", "nat", "-S", "PREROUTING"});
            if (!has_nat || has_nat->exit_code != 0) continue;
        }
        if (!filled) return fail(filled.error());
    }
    return std::unique_ptr<Interception>(std::move(made));
}

IptablesInterception::~IptablesInterception() { static_cast<void>(remove(wanted_)); }

Result<void> IptablesInterception::disarm() {
    bool is_gone = true;
    for (const std::string program : programs)
        is_gone = remove_rule(program, {"nat", "PREROUTING"}, jump_of(wanted_)) && is_gone;
    if (is_gone) return {};
    return fail(Errc::failed,
                "removing the iptables rule of {}; remove it by: iptables -t nat -D PREROUTING {}",
                wanted_.table,
                join(jump_of(wanted_), " "));
}

Result<void> IptablesInterception::remove(const Wanted& wanted) {
    const std::string chain = chain_of(wanted);
    for (const std::string program : programs) {
        const auto there = call(program, {"-t", "nat", "-S", chain});
        if (!there || there->exit_code != 0) continue; // no program, or no chain of ours
        const bool is_unhooked = remove_rule(program, {"nat", "PREROUTING"}, jump_of(wanted));
        remove_rule(program, {"mangle", "PREROUTING"}, hold_of(wanted));
        if (!is_unhooked) continue;
        static_cast<void>(change(program, {"-t", "nat", "-F", chain}));
        if (auto removed = change(program, {"-t", "nat", "-X", chain}); !removed) return removed;
    }
    return {};
}

std::string IptablesInterception::list_command() const {
    return fmt::format("iptables -t nat -S {}", chain_of(wanted_));
}

} // namespace squall::redirect
