#include "squall/experiment/tunable.h"

#include "squall/base/printable.h"
#include "squall/base/text.h"

#include <algorithm>
#include <regex>

namespace squall::experiment {
namespace {

constexpr std::size_t value_max = 4096;
constexpr std::size_t value_shown_max = 80;
constexpr std::size_t problems_shown_max = 20;
constexpr std::size_t problem_length_max = 1000;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Fit for a terminal: on one line, no control characters, not endless.
std::string on_a_line(const std::string& text, std::size_t length_max) {
    return printable(text, length_max) + (text.size() > length_max ? "…" : "");
}

std::string shown(const std::string& text) { return on_a_line(text, value_shown_max); }

std::string with_unit(std::int64_t number, const TunableSpec& spec) {
    return fmt::format("{}{}{}", number, spec.unit.empty() ? "" : " ", spec.unit);
}

std::optional<std::string> text_complaint(const TunableSpec& spec, const std::string& text) {
    if (spec.pattern.empty() || std::regex_match(text, std::regex(spec.pattern)))
        return std::nullopt;
    return fmt::format("{} must be {}, not '{}'", spec.name, spec.pattern_meaning, shown(text));
}

std::optional<std::string> list_complaint(const TunableSpec& spec, const std::string& text) {
    const auto parts = split(text, ',');
    if (parts.size() > spec.list_max)
        return fmt::format("{} has more than {} parts", spec.name, spec.list_max);
    for (auto part = parts.begin(); part != parts.end(); ++part) {
        if (auto wrong = text_complaint(spec, *part)) return wrong;
        if (std::find(parts.begin(), part, *part) != part)
            return fmt::format("{} names '{}' twice", spec.name, shown(*part));
    }
    return std::nullopt;
}

// Why the value cannot be; nothing when it can.
std::optional<std::string>
complaint(const TunableSpec& spec, const std::string& text, std::int64_t& number) {
    if (text.size() > value_max)
        return fmt::format("{} is longer than {} characters", spec.name, value_max);
    if (text.find('\0') != std::string::npos || !is_valid_utf8(text))
        return fmt::format("{} is not text", spec.name);
    if (!spec.takes_control_characters && std::any_of(text.begin(), text.end(), is_control))
        return fmt::format(
            "{} contains a line break or a control character: '{}'", spec.name, shown(text));
    switch (spec.type) {
    case TunableSpec::Type::integer: {
        const auto value = to_integer(text);
        if (!value)
            return fmt::format("{} must be a whole number between {} and {}, not '{}'",
                               spec.name,
                               spec.least,
                               with_unit(spec.most, spec),
                               shown(text));
        if (*value < spec.least || *value > spec.most) {
            return fmt::format("{} must be between {} and {}, not {}",
                               spec.name,
                               spec.least,
                               with_unit(spec.most, spec),
                               *value);
        }
        number = *value;
        return std::nullopt;
    }
    case TunableSpec::Type::choice:
        if (std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end())
            return std::nullopt;
        return fmt::format(
            "{} must be one of {}, not '{}'", spec.name, join(spec.choices, ", "), shown(text));
    case TunableSpec::Type::text:
        return spec.list_max > 0 ? list_complaint(spec, text) : text_complaint(spec, text);
    }
    return std::nullopt;
}

Problem unknown_tunable(const std::string& name,
                        const std::string& where,
                        const std::vector<TunableSpec>& specs) {
    std::vector<std::string> names;
    names.reserve(specs.size());
    for (const auto& spec : specs)
        names.push_back(spec.name);
    const auto meant = nearest(name, names);
    const std::string hint = meant ? fmt::format("did you mean {}?", *meant)
                                   : fmt::format("there are {}", join(names, ", "));
    return {where, fmt::format("unknown tunable '{}': {}", shown(name), hint)};
}

} // namespace

std::string problem_text(const Problems& problems) {
    std::string text;
    const std::size_t count = std::min(problems.size(), problems_shown_max);
    for (std::size_t i = 0; i < count; ++i)
        text += (i == 0 ? "" : "\n")
                + on_a_line(problems[i].where + ": " + problems[i].what, problem_length_max);
    if (count < problems.size()) text += fmt::format("\n... and {} more", problems.size() - count);
    return text;
}

std::vector<std::string> TunableValues::list(const std::string& name) const {
    return text(name).empty() ? std::vector<std::string>{} : split(text(name), ',');
}

json::Object TunableValues::to_json(const std::vector<TunableSpec>& specs) const {
    json::Object object;
    for (const auto& spec : specs) {
        const auto found = values_.find(spec.name);
        if (found == values_.end()) continue;
        if (spec.type == TunableSpec::Type::integer)
            object[spec.name] = found->second.number;
        else
            object[spec.name] = found->second.text;
    }
    return object;
}

Result<TunableValues, Problems>
check_tunables(const std::vector<TunableSpec>& specs,
               const RawValues& given,
               const std::string& where,
               const std::function<std::optional<std::string>(const std::string&)>& environment) {
    Problems problems;
    TunableValues values;
    for (const auto& [name, raw] : given) {
        const bool known =
            std::any_of(specs.begin(), specs.end(), [&, &wanted = name](const TunableSpec& spec) {
                return spec.name == wanted;
            });
        if (!known) problems.push_back(unknown_tunable(name, raw.where, specs));
    }
    for (const auto& spec : specs) {
        const auto found = given.find(spec.name);
        const auto variable =
            found == given.end() && spec.in_environment ? environment(spec.name) : std::nullopt;
        TunableValue value{spec.default_value, 0, "default"};
        if (found != given.end())
            value = {found->second.text, 0, found->second.where};
        else if (variable)
            value = {*variable, 0, "the environment"};
        if (spec.required && value.text.empty()) {
            problems.push_back({value.source == "default" ? where : value.source,
                                fmt::format("{} is required: {}", spec.name, spec.meaning)});
            continue;
        }
        // An empty text is "none", but for those that always mean something; every other value has
        // to be right, the environment's too.
        const bool is_none = value.text.empty() && spec.type == TunableSpec::Type::text
                             && spec.default_value.empty();
        if (!is_none) {
            if (auto wrong = complaint(spec, value.text, value.number)) {
                problems.push_back({value.source, std::move(*wrong)});
                continue;
            }
        }
        values.put(spec.name, std::move(value));
    }
    if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems));
    return values;
}

} // namespace squall::experiment
