#include "nft_rules.h"

#include <endian.h>
#include <linux/if.h>
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

namespace squall::redirect {
namespace {

constexpr const char* chain_name = "take";
constexpr const char* bridges_chain_name = "take_from_bridges";
constexpr std::uint32_t type_inet_service = 13;  // nft's own number for the type of a port
constexpr std::int32_t priority_tproxy = -150;   // "mangle": before any NAT
constexpr std::int32_t priority_redirect = -110; // before "dstnat", as Docker's is
constexpr std::uint32_t invalid_state = 1;       // nft's "ct state invalid"
constexpr std::size_t port_size = 2;
constexpr std::uint32_t destination_port_at = 2; // in a TCP header (RFC 9293, 3.1)
constexpr std::uint32_t flags_at = 13;
constexpr char syn_flag = 0x02;
constexpr char beginning_flags = 0x17;   // fin, syn, rst, ack: only syn in what begins
constexpr std::uint32_t source4_at = 12; // RFC 791, 3.1
constexpr std::uint32_t source6_at = 8;  // RFC 8200, 3

template <class Plain>
std::string bytes_of(const Plain& plain) {
    return {reinterpret_cast<const char*>(&plain), sizeof plain}; // NOLINT: as the kernel reads it
}

std::string port_bytes(std::uint16_t port) { return bytes_of(htobe16(port)); }

void begin(NetlinkMessages& messages, int message, int flags) {
    const nfgenmsg header{NFPROTO_INET, NFNETLINK_V0, 0};
    messages.begin(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message),
                   static_cast<std::uint16_t>(flags | NLM_F_ACK),
                   bytes_of(header));
}

// A rule, expression by expression; every value passes through register 1.
class Rule {
public:
    Rule(NetlinkMessages& messages, const std::string& table, const char* chain)
        : messages_(messages) {
        begin(messages_, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
        messages_.put_text(NFTA_RULE_TABLE, table);
        messages_.put_text(NFTA_RULE_CHAIN, chain);
        list_ = messages_.nest(NFTA_RULE_EXPRESSIONS);
    }

    Rule(const Rule&) = delete;
    Rule& operator=(const Rule&) = delete;

    ~Rule() {
        messages_.end_nest(list_);
        messages_.end();
    }

    void load_meta(std::uint32_t key) {
        expression("meta", [&] {
            messages_.put_u32(NFTA_META_DREG, NFT_REG_1);
            messages_.put_u32(NFTA_META_KEY, key);
        });
    }

    void load_payload(std::uint32_t base, std::uint32_t offset, std::size_t size) {
        expression("payload", [&] {
            messages_.put_u32(NFTA_PAYLOAD_DREG, NFT_REG_1);
            messages_.put_u32(NFTA_PAYLOAD_BASE, base);
            messages_.put_u32(NFTA_PAYLOAD_OFFSET, offset);
            messages_.put_u32(NFTA_PAYLOAD_LEN, static_cast<std::uint32_t>(size));
        });
    }

    void mask(const std::string& mask) {
        expression("bitwise", [&] {
            messages_.put_u32(NFTA_BITWISE_SREG, NFT_REG_1);
            messages_.put_u32(NFTA_BITWISE_DREG, NFT_REG_1);
            messages_.put_u32(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(mask.size()));
            value(NFTA_BITWISE_MASK, mask);
            value(NFTA_BITWISE_XOR, std::string(mask.size(), '\0'));
        });
    }

    void compare(const std::string& with, std::uint32_t how = NFT_CMP_EQ) {
        expression("cmp", [&] {
            messages_.put_u32(NFTA_CMP_SREG, NFT_REG_1);
            messages_.put_u32(NFTA_CMP_OP, how);
            value(NFTA_CMP_DATA, with);
        });
    }

    void look_up(const char* set) {
        expression("lookup", [&] {
            messages_.put_text(NFTA_LOOKUP_SET, set);
            messages_.put_u32(NFTA_LOOKUP_SREG, NFT_REG_1);
        });
    }

    // The type of the destination, as the routing tables have it.
    void load_destination_type() {
        expression("fib", [&] {
            messages_.put_u32(NFTA_FIB_DREG, NFT_REG_1);
            messages_.put_u32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
            messages_.put_u32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
        });
    }

    void load_conntrack_state() {
        expression("ct", [&] {
            messages_.put_u32(NFTA_CT_DREG, NFT_REG_1);
            messages_.put_u32(NFTA_CT_KEY, NFT_CT_STATE);
        });
    }

    void set(const std::string& bytes) {
        expression("immediate", [&] {
            messages_.put_u32(NFTA_IMMEDIATE_DREG, NFT_REG_1);
            value(NFTA_IMMEDIATE_DATA, bytes);
        });
    }

    void count() {
        expression("counter", [] {});
    }

    void tproxy() {
        expression("tproxy", [&] {
            messages_.put_u32(NFTA_TPROXY_FAMILY, NFPROTO_UNSPEC);
            messages_.put_u32(NFTA_TPROXY_REG_PORT, NFT_REG_1);
        });
    }

    void redirect() {
        expression("redir", [&] { messages_.put_u32(NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1); });
    }

    void leave() {
        expression("immediate", [&] {
            messages_.put_u32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
            const auto data = messages_.nest(NFTA_IMMEDIATE_DATA);
            const auto verdict = messages_.nest(NFTA_DATA_VERDICT);
            messages_.put_u32(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(NFT_RETURN));
            messages_.end_nest(verdict);
            messages_.end_nest(data);
        });
    }

private:
    template <class Fill>
    void expression(const char* name, const Fill& fill) {
        const auto element = messages_.nest(NFTA_LIST_ELEM);
        messages_.put_text(NFTA_EXPR_NAME, name);
        const auto data = messages_.nest(NFTA_EXPR_DATA);
        fill();
        messages_.end_nest(data);
        messages_.end_nest(element);
    }

    void value(std::uint16_t type, const std::string& bytes) {
        const auto nest = messages_.nest(type);
        messages_.put(NFTA_DATA_VALUE, bytes);
        messages_.end_nest(nest);
    }

    NetlinkMessages& messages_;
    std::size_t list_ = 0;
};

// table inet NAME { flags owner; }
void put_table(NetlinkMessages& messages, const std::string& name, bool has_owner) {
    begin(messages, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
    messages.put_text(NFTA_TABLE_NAME, name);
    messages.put_u32(NFTA_TABLE_FLAGS, has_owner ? std::uint32_t{NFT_TABLE_F_OWNER} : 0U);
    messages.end();
}

// set armed { type inet_service; flags timeout; }
void put_set(NetlinkMessages& messages, const std::string& table) {
    begin(messages, NFT_MSG_NEWSET, NLM_F_CREATE);
    messages.put_text(NFTA_SET_TABLE, table);
    messages.put_text(NFTA_SET_NAME, armed_set);
    messages.put_u32(NFTA_SET_FLAGS, NFT_SET_TIMEOUT);
    messages.put_u32(NFTA_SET_KEY_TYPE, type_inet_service);
    messages.put_u32(NFTA_SET_KEY_LEN, port_size);
    messages.put_u32(NFTA_SET_ID, 1);
    messages.end();
}

// chain take { type filter hook prerouting priority mangle; policy accept; }
void put_chain(NetlinkMessages& messages,
               const std::string& table,
               const char* name,
               const char* type,
               std::int32_t priority) {
    begin(messages, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    messages.put_text(NFTA_CHAIN_TABLE, table);
    messages.put_text(NFTA_CHAIN_NAME, name);
    const auto hook = messages.nest(NFTA_CHAIN_HOOK);
    messages.put_u32(NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
    messages.put_u32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(priority));
    messages.end_nest(hook);
    messages.put_u32(NFTA_CHAIN_POLICY, NF_ACCEPT);
    messages.put_text(NFTA_CHAIN_TYPE, type);
    messages.end();
}

enum class Way { tproxy, redirect, redirect_from_bridges };

// A name or a kind of an interface, as the kernel compares it.
std::string padded(const std::string& name) {
    std::string text = name.substr(0, IFNAMSIZ - 1);
    text.resize(IFNAMSIZ, '\0');
    return text;
}

// ip saddr 10.0.0.0/16 return
void put_exemption(NetlinkMessages& messages,
                   const std::string& table,
                   const char* chain,
                   const net::AddressRange& range) {
    Rule rule(messages, table, chain);
    rule.load_meta(NFT_META_NFPROTO);
    rule.compare(std::string(1, static_cast<char>(range.is_ipv6() ? NFPROTO_IPV6 : NFPROTO_IPV4)));
    rule.load_payload(NFT_PAYLOAD_NETWORK_HEADER,
                      range.is_ipv6() ? source6_at : source4_at,
                      range.address.size());
    rule.mask(range.mask());
    rule.compare(range.address);
    rule.leave();
}

// iifname "eth0" meta l4proto tcp tcp dport @armed tcp flags & (fin|syn|rst|ack) == syn
//     fib daddr type local counter tproxy to :20000
void put_rule(NetlinkMessages& messages, const Wanted& wanted, Way way) {
    Rule rule(messages,
              wanted.table,
              way == Way::redirect_from_bridges ? bridges_chain_name : chain_name);
    if (way == Way::redirect_from_bridges) {
        rule.load_meta(NFT_META_IIFKIND);
        rule.compare(padded("bridge"));
    } else if (!wanted.interface.empty()) {
        rule.load_meta(NFT_META_IIFNAME);
        rule.compare(padded(wanted.interface));
    }
    rule.load_meta(NFT_META_L4PROTO);
    rule.compare(std::string(1, static_cast<char>(IPPROTO_TCP)));
    rule.load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, destination_port_at, port_size);
    rule.look_up(armed_set);
    rule.load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, flags_at, 1);
    rule.mask(std::string(1, beginning_flags));
    rule.compare(std::string(1, syn_flag));
    if (wanted.mark != 0) {
        rule.load_meta(NFT_META_MARK);
        rule.compare(bytes_of(wanted.mark), NFT_CMP_NEQ);
    }
    if (wanted.only_local) {
        rule.load_destination_type();
        rule.compare(bytes_of(static_cast<std::uint32_t>(RTN_LOCAL)));
    }
    rule.count();
    rule.set(port_bytes(wanted.proxy_port));
    if (way == Way::tproxy)
        rule.tproxy();
    else
        rule.redirect();
}

// Nothing but a use of connection tracking: with the last of these the kernel would forget which
// connections were redirected, and reset them.
void put_hold(NetlinkMessages& messages, const std::string& table) {
    put_chain(messages, table, "hold", "filter", priority_tproxy);
    Rule rule(messages, table, "hold");
    rule.load_conntrack_state();
    rule.mask(bytes_of(invalid_state));
    rule.compare(bytes_of(std::uint32_t{0}), NFT_CMP_NEQ);
}

void put_taking(NetlinkMessages& messages, const Wanted& wanted, Way way) {
    const char* const chain = way == Way::redirect_from_bridges ? bridges_chain_name : chain_name;
    if (way == Way::tproxy)
        put_chain(messages, wanted.table, chain, "filter", priority_tproxy);
    else
        put_chain(messages, wanted.table, chain, "nat", priority_redirect);
    for (const net::AddressRange& range : wanted.exempt)
        put_exemption(messages, wanted.table, chain, range);
    put_rule(messages, wanted, way);
}

// elements = { 80 timeout 3s }
void put_elements(NetlinkMessages& messages,
                  const Wanted& wanted,
                  int message,
                  std::optional<Millis> timeout) {
    begin(messages, message, message == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
    messages.put_text(NFTA_SET_ELEM_LIST_TABLE, wanted.table);
    messages.put_text(NFTA_SET_ELEM_LIST_SET, armed_set);
    const auto list = messages.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
    for (const std::uint16_t port : wanted.ports) {
        const auto element = messages.nest(NFTA_LIST_ELEM);
        const auto key = messages.nest(NFTA_SET_ELEM_KEY);
        messages.put(NFTA_DATA_VALUE, port_bytes(port));
        messages.end_nest(key);
        if (timeout)
            messages.put_u64(NFTA_SET_ELEM_TIMEOUT, static_cast<std::uint64_t>(timeout->count()));
        messages.end_nest(element);
    }
    messages.end_nest(list);
    messages.end();
}

} // namespace

bool holds_connections(const Wanted& wanted, TableShape shape) {
    return !shape.by_tproxy || wanted.also_bridges;
}

NetlinkMessages table_of(const Wanted& wanted, TableShape shape) {
    NetlinkMessages messages;
    put_table(messages, wanted.table, shape.has_owner);
    put_set(messages, wanted.table);
    if (holds_connections(wanted, shape)) put_hold(messages, wanted.table);
    put_taking(messages, wanted, shape.by_tproxy ? Way::tproxy : Way::redirect);
    // Beside redirect it would be one redirect too many.
    if (shape.by_tproxy && wanted.also_bridges)
        put_taking(messages, wanted, Way::redirect_from_bridges);
    return messages;
}

NetlinkMessages lease_of(const Wanted& wanted, Millis length) {
    // Before Linux 6.12 adding what is there does not give it a new end: so it is removed first,
    // and added before that, because what is not there cannot be removed.
    NetlinkMessages messages;
    put_elements(messages, wanted, NFT_MSG_NEWSETELEM, length);
    put_elements(messages, wanted, NFT_MSG_DELSETELEM, std::nullopt);
    put_elements(messages, wanted, NFT_MSG_NEWSETELEM, length);
    return messages;
}

NetlinkMessages end_of_lease(const Wanted& wanted) {
    NetlinkMessages messages;
    put_elements(messages, wanted, NFT_MSG_NEWSETELEM, lease_length);
    put_elements(messages, wanted, NFT_MSG_DELSETELEM, std::nullopt);
    return messages;
}

NetlinkMessages removal_of(const std::string& table) {
    NetlinkMessages messages;
    begin(messages, NFT_MSG_DELTABLE, 0);
    messages.put_text(NFTA_TABLE_NAME, table);
    messages.end();
    return messages;
}

NetlinkMessages question_of_lease(const Wanted& wanted) {
    NetlinkMessages messages;
    begin(messages, NFT_MSG_GETSETELEM, NLM_F_DUMP);
    messages.put_text(NFTA_SET_ELEM_LIST_TABLE, wanted.table);
    messages.put_text(NFTA_SET_ELEM_LIST_SET, armed_set);
    messages.end();
    return messages;
}

std::optional<Millis> expiry_of(std::string_view answer) {
    std::optional<Millis> shortest;
    if (answer.size() < sizeof(nfgenmsg)) return shortest;
    const auto list = attribute(answer.substr(sizeof(nfgenmsg)), NFTA_SET_ELEM_LIST_ELEMENTS);
    for (const auto& element : attributes_of(list)) {
        const auto text = attribute(element.payload, NFTA_SET_ELEM_EXPIRATION);
        if (text.size() != sizeof(std::uint64_t)) continue;
        std::uint64_t left = 0;
        std::memcpy(&left, text.data(), sizeof left);
        const Millis expiry{static_cast<Millis::rep>(be64toh(left))};
        shortest = std::min(shortest.value_or(expiry), expiry);
    }
    return shortest;
}

} // namespace squall::redirect
