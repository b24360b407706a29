#include "ec2/rules.h"

#include "squall/base/text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

namespace squall::lab::ec2 {
namespace {

// net.ipv4.ip_local_port_range, as kernels have it.
constexpr Ports ephemeral{32768, 60999};

struct Block {
    std::uint32_t address = 0;
    std::uint32_t mask = 0;
    int length = 0;
};

std::optional<std::uint32_t> parse_address(std::string_view text) {
    in_addr parsed{};
    if (::inet_pton(AF_INET, std::string(text).c_str(), &parsed) != 1) return std::nullopt;
    return ntohl(parsed.s_addr);
}

std::optional<Block> parse_block(std::string_view text) {
    const auto [address, length] = split_once(text, '/');
    const auto parsed = parse_address(address);
    const auto bits = to_integer(length).value_or(-1);
    if (!parsed || bits < 0 || bits > 32) return std::nullopt;
    const std::uint32_t mask =
        bits == 0 ? 0 : ~std::uint32_t{0} << static_cast<unsigned>(32 - bits);
    return Block{*parsed, mask, static_cast<int>(bits)};
}

bool is_tcp(std::string_view protocol) {
    return protocol == "-1" || protocol == "tcp" || protocol == "6";
}

bool has_port(std::string_view protocol, const Ports& ports, int port) {
    return protocol == "-1" || (ports.from <= port && port <= ports.to);
}

bool passes(const NetworkAcl& acl, bool egress, std::string_view address, int port) {
    const auto fits = [&](const AclEntry& entry) {
        return entry.egress == egress && is_tcp(entry.protocol)
               && has_port(entry.protocol, entry.ports, port)
               && is_within(address, entry.cidr_block);
    };
    const auto first = std::find_if(acl.entries.begin(), acl.entries.end(), fits);
    return first != acl.entries.end() && first->allows;
}

} // namespace

bool is_cidr_block(std::string_view text) {
    const auto block = parse_block(text);
    return block && (block->address & ~block->mask) == 0;
}

bool is_within(std::string_view address, std::string_view cidr_block) {
    const auto block = parse_block(cidr_block);
    const auto parsed = parse_address(address);
    return block && parsed && (*parsed & block->mask) == (block->address & block->mask);
}

bool lets_out(const SecurityGroup& group, std::string_view address, int port) {
    return std::any_of(group.egress.begin(), group.egress.end(), [&](const GroupRule& rule) {
        return rule.peer == GroupRule::Peer::cidr && is_tcp(rule.protocol)
               && has_port(rule.protocol, rule.ports, port) && is_within(address, rule.value);
    });
}

bool lets_out(const NetworkAcl& acl, std::string_view address, int port) {
    if (!passes(acl, /*egress=*/true, address, port)) return false;
    // Between two of these, ports are treated alike.
    std::vector<int> telling{ephemeral.from};
    for (const AclEntry& entry : acl.entries)
        for (const int edge : {entry.ports.from, entry.ports.to + 1})
            if (edge > ephemeral.from && edge <= ephemeral.to) telling.push_back(edge);
    return std::all_of(telling.begin(), telling.end(), [&](int back) {
        return passes(acl, /*egress=*/false, address, back);
    });
}

const Route* route_to(const RouteTable& table, std::string_view address) {
    const Route* best = nullptr;
    int longest = -1;
    for (const Route& route : table.routes) {
        const auto block = parse_block(route.destination_cidr_block);
        if (!block || block->length <= longest || !is_within(address, route.destination_cidr_block))
            continue;
        best = &route;
        longest = block->length;
    }
    return best;
}

} // namespace squall::lab::ec2
