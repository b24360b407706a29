// What EC2 answers: XML of one shape, and lists that callers narrow down by ids and by filters.
#pragma once

#include "api/call.h"
#include "squall/wire/xml.h"

#include <functional>
#include <map>

namespace squall::lab::ec2 {

using WriteXml = std::function<void(wire::XmlWriter& xml)>;

[[nodiscard]] AnswerBody answer_with(const ApiCall& call, const WriteXml& members);

// <return>true</return> is what EC2 says of most changes.
[[nodiscard]] AnswerBody done(const ApiCall& call);

// The account of whoever calls.
[[nodiscard]] std::string account_of(const ApiCall& call);

// What a list is of, in EC2's words.
struct Kind {
    const char* ids;       // NetworkAclId: the ids that a caller asks for
    const char* not_found; // InvalidNetworkAclID.NotFound
    const char* noun;      // "network acl ID", as its message has it
    const char* list;      // networkAclSet, in the answer
};

[[nodiscard]] tl::unexpected<wire::ServiceError> no_such(const Kind& kind, std::string_view id);

// What a filter compares: a member may have several values. A filter that is not among them is
// refused.
using Members = std::multimap<std::string_view, std::string>;

struct Item {
    std::string id;
    Members members;
    WriteXml write; // without it there is no such item: it only says which filters there are
};

// Of all of them those that are asked for, in the same order.
[[nodiscard]] Answer list_of(const ApiCall& call, const Kind& kind, const std::vector<Item>& all);

} // namespace squall::lab::ec2
