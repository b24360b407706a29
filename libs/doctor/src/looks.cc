#include "squall/doctor/looks.h"

#include "squall/base/printable.h"
#include "squall/base/time_text.h"
#include "squall/doctor/redact.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::size_t text_max = 2000;
constexpr std::size_t items_max = 1000;

constexpr std::array<std::pair<Look::State, std::string_view>, 4> states{
    {{Look::State::healthy, "healthy"},
     {Look::State::finding, "finding"},
     {Look::State::could_not_look, "could-not-look"},
     {Look::State::not_here, "not-here"}}};

std::string_view name_of(Look::State state) {
    for (const auto& [each, name] : states)
        if (each == state) return name;
    return "";
}

json::Array lines_json(const std::vector<std::string>& lines) {
    json::Array array;
    for (const std::string& line : lines)
        array.emplace_back(redacted(line));
    return array;
}

json::Object evidence_json(const Evidence& evidence) {
    json::Object object{{"file", redacted(evidence.file)},
                        {"line", evidence.line},
                        {"text", redacted(evidence.text)}};
    if (evidence.when) object["when"] = rfc3339_millis(*evidence.when);
    return object;
}

json::Object sign_json(const Sign& sign) {
    json::Array evidence;
    for (const Evidence& each : sign.evidence)
        evidence.push_back(evidence_json(each));
    json::Object object{{"cause", sign.cause},
                        {"certainty", name_of(sign.certainty)},
                        {"summary", redacted(sign.summary)},
                        {"evidence", std::move(evidence)},
                        {"remedy", lines_json(sign.remedy)}};
    if (sign.severity) object["severity"] = name_of(*sign.severity);
    if (sign.instead_of > 0) object["instead_of"] = sign.instead_of;
    if (sign.is_root) object["is_root"] = true;
    if (!sign.before.empty()) object["before"] = sign.before;
    return object;
}

std::string text_at(const json::Value& value, std::string_view key) {
    return printable(redacted(json::string_at(value, key)), text_max);
}

std::vector<std::string> lines_at(const json::Value& value, std::string_view key) {
    std::vector<std::string> lines;
    for (const json::Value& each : json::array_at(value, key)) {
        if (lines.size() == items_max) break;
        lines.push_back(printable(redacted(json::string_of(each)), text_max));
    }
    return lines;
}

json::Object names_json(const Names& names) {
    json::Object object;
    for (const NameField& field : name_fields()) {
        const std::string& value = names.*field.value;
        if (!value.empty()) object[field.key] = redacted(value);
    }
    return object;
}

Names names_of(const json::Object& object) {
    Names names;
    for (const NameField& field : name_fields())
        names.*field.value = printable(redacted(json::string_at(object, field.key)), text_max);
    return names;
}

Evidence evidence_of(const json::Value& value) {
    Evidence evidence;
    evidence.file = text_at(value, "file");
    evidence.line =
        static_cast<std::uint64_t>(std::max<std::int64_t>(json::integer_at(value, "line"), 0));
    evidence.text = printable(text_at(value, "text"), Evidence::text_max);
    if (const auto when = parse_time(json::string_at(value, "when"))) evidence.when = *when;
    return evidence;
}

Sign sign_of(const json::Value& value) {
    Sign sign;
    sign.cause = text_at(value, "cause");
    const std::string_view certainty = json::string_at(value, "certainty");
    sign.certainty = Certainty::possible;
    for (const Certainty each : {Certainty::likely, Certainty::certain})
        if (certainty == name_of(each)) sign.certainty = each;
    sign.summary = text_at(value, "summary");
    for (const json::Value& each : json::array_at(value, "evidence"))
        if (sign.evidence.size() < items_max) sign.evidence.push_back(evidence_of(each));
    sign.remedy = lines_at(value, "remedy");
    const std::string_view severity = json::string_at(value, "severity");
    for (const Severity each : {Severity::terminal, Severity::retries, Severity::heals})
        if (severity == name_of(each)) sign.severity = each;
    sign.instead_of =
        static_cast<std::size_t>(std::max<std::int64_t>(json::integer_at(value, "instead_of"), 0));
    sign.is_root = json::bool_at(value, "is_root");
    sign.before = text_at(value, "before");
    return sign;
}

Result<Look> look_of(const json::Value& value) {
    Look look;
    look.check = text_at(value, "check");
    const std::string_view state = json::string_at(value, "state");
    const auto* const found = std::find_if(
        states.begin(), states.end(), [&](const auto& each) { return each.second == state; });
    if (look.check.empty() || found == states.end())
        return fail(Errc::invalid_input,
                    "a look needs a check and a state that is known; one has '{}' and '{}'",
                    look.check,
                    printable(state, 40));
    look.state = found->first;
    look.summary = text_at(value, "summary");
    look.how = text_at(value, "how");
    for (const json::Value& each : json::array_at(value, "signs"))
        if (look.signs.size() < items_max) look.signs.push_back(sign_of(each));
    look.took = Millis(std::max<std::int64_t>(json::integer_at(value, "took_ms"), 0));
    look.names = names_of(json::object_at(value, "names"));
    return look;
}

} // namespace

json::Array looks_json(std::span<const Look> looks) {
    json::Array array;
    for (const Look& look : looks) {
        json::Array signs;
        for (const Sign& sign : look.signs)
            signs.push_back(sign_json(sign));
        json::Object object{{"check", look.check},
                            {"state", name_of(look.state)},
                            {"summary", redacted(look.summary)},
                            {"how", redacted(look.how)},
                            {"signs", std::move(signs)},
                            {"took_ms", look.took.count()}};
        if (auto names = names_json(look.names); !names.empty()) object["names"] = std::move(names);
        array.push_back(std::move(object));
    }
    return array;
}

Result<std::vector<Look>> looks_of(const json::Value& value) {
    if (!value.is_array()) return fail(Errc::invalid_input, "looks are a list, and this is none");
    std::vector<Look> looks;
    for (const json::Value& each : value.get_array()) {
        if (looks.size() == items_max) break;
        auto look = look_of(each);
        if (!look) return fail(look.error());
        looks.push_back(std::move(*look));
    }
    return looks;
}

Result<std::vector<Look>> looks_of_text(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) return fail("reading looks", value.error());
    return looks_of(*value);
}

} // namespace squall::doctor
