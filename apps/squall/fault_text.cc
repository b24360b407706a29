#include "fault_text.h"

#include "squall/base/text.h"

namespace squall::app {
namespace {

json::Object tunable_json(const experiment::TunableSpec& spec) {
    json::Object object{{"name", spec.name},
                        {"required", spec.required},
                        {"default", spec.default_value},
                        {"meaning", spec.meaning}};
    if (spec.type == experiment::TunableSpec::Type::integer) {
        object["least"] = spec.least;
        object["most"] = spec.most;
    }
    if (!spec.choices.empty())
        object["choices"] = json::Array(spec.choices.begin(), spec.choices.end());
    return object;
}

} // namespace

json::Object fault_json(const experiment::FaultDescription& description) {
    json::Array tunables;
    for (const auto& spec : description.tunables)
        tunables.push_back(tunable_json(spec));
    return {{"name", description.name},
            {"summary", description.summary},
            {"diagnosis",
             description.diagnosis.empty() ? json::Value() : json::Value(description.diagnosis)},
            {"tunables", std::move(tunables)},
            {"permissions",
             json::Array(description.permissions.begin(), description.permissions.end())}};
}

std::string fault_text(const experiment::FaultDescription& description) {
    std::string text = fmt::format(
        "{} - {}\n\n{}\n\ntunables\n", description.name, description.summary, description.text);
    for (const auto& spec : description.tunables) {
        std::string range;
        if (spec.type == experiment::TunableSpec::Type::integer)
            range = fmt::format(
                " ({} to {}{}{})", spec.least, spec.most, spec.unit.empty() ? "" : " ", spec.unit);
        const std::string start = spec.required                ? "required"
                                  : spec.default_value.empty() ? "none"
                                                               : spec.default_value;
        text += fmt::format("  {:<22} {:<10} {}{}\n", spec.name, start, spec.meaning, range);
    }
    text += description.diagnosis.empty()
                ? "\nsquall doctor finds nothing on its hosts: their agents stay connected\n"
                : fmt::format("\nsquall doctor names {} on its hosts meanwhile, and the run\n",
                              description.diagnosis);
    return text + fmt::format("\npermissions\n  {}\n", join(description.permissions, "\n  "));
}

} // namespace squall::app
