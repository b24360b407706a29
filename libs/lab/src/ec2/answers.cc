#include "ec2/answers.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::ec2 {
namespace {

constexpr const char* xml_namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";
constexpr int filters_max = 50;

Result<bool, wire::ServiceError> passes(const wire::QueryParameters& form, const Members& members) {
    bool is_shown = true;
    for (int i = 1; i <= filters_max; ++i) {
        const std::string prefix = fmt::format("Filter.{}", i);
        if (!form.has_structure(prefix)) break;
        const auto [begin, end] = members.equal_range(form.get(prefix + ".Name"));
        if (begin == end)
            return refuse("InvalidParameterValue",
                          fmt::format("The filter '{}' is invalid", form.get(prefix + ".Name")));
        const auto values = form.list(prefix + ".Value");
        is_shown &= std::any_of(begin, end, [&](const auto& member) {
            return std::find(values.begin(), values.end(), member.second) != values.end();
        });
    }
    return is_shown;
}

} // namespace

AnswerBody answer_with(const ApiCall& call, const WriteXml& members) {
    wire::XmlWriter xml;
    xml.open(call.operation + "Response", xml_namespace);
    xml.leaf("requestId", call.request_id);
    members(xml);
    xml.close();
    return xml.text();
}

AnswerBody done(const ApiCall& call) {
    return answer_with(call, [](wire::XmlWriter& xml) { xml.leaf("return", "true"); });
}

std::string account_of(const ApiCall& call) { return split(call.caller.arn, ':').at(4); }

tl::unexpected<wire::ServiceError> no_such(const Kind& kind, std::string_view id) {
    return refuse(kind.not_found, fmt::format("The {} '{}' does not exist", kind.noun, id));
}

Answer list_of(const ApiCall& call, const Kind& kind, const std::vector<Item>& all) {
    const auto wanted = call.form.list(kind.ids);
    for (const auto& id : wanted) {
        if (std::none_of(all.begin(), all.end(), [&](const Item& item) { return item.id == id; }))
            return no_such(kind, id);
    }
    std::vector<const Item*> shown;
    for (const Item& item : all) {
        const auto passed = passes(call.form, item.members);
        if (!passed) return fail(passed.error());
        const bool is_asked =
            wanted.empty() || std::find(wanted.begin(), wanted.end(), item.id) != wanted.end();
        if (*passed && is_asked && item.write) shown.push_back(&item);
    }
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.element(kind.list, [&] {
            for (const Item* item : shown)
                xml.element("item", [&] { item->write(xml); });
        });
    });
}

} // namespace squall::lab::ec2
