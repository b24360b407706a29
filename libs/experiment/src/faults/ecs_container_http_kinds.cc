// WITH_FAULTS: several of these faults on the same requests.
#include "faults/ecs_container_http.h"
#include "faults/ecs_container_http_tunables.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr const char* with_faults = "WITH_FAULTS";

bool has_kind(const std::vector<const HttpKind*>& kinds, std::string_view name) {
    return std::any_of(
        kinds.begin(), kinds.end(), [&](const HttpKind* kind) { return kind->name == name; });
}

// Why one of these leaves nothing to another; empty where each has its part.
std::string clash_of(const std::vector<const HttpKind*>& kinds, const TunableValues& values) {
    const bool answers =
        has_kind(kinds, "status-code") && values.text("MODIFY_RESPONSE_BODY") == "true";
    if (has_kind(kinds, "reset-peer")) {
        // With EVERY_NTH each of them counts the same requests.
        const std::string& moment = values.text("RESET_AT");
        if (moment != "response" && values.number("TOXICITY") == 100)
            return fmt::format("with RESET_AT={} reset-peer leaves nothing to the other faults: "
                               "let it have a share (TOXICITY=50, say), or set RESET_AT=response",
                               moment);
        if (moment != "connect" && answers)
            return fmt::format("status-code answers without the application, and leaves "
                               "RESET_AT={} nothing to reset: set MODIFY_RESPONSE_BODY=false",
                               moment);
    }
    if (has_kind(kinds, "modify-body") && answers)
        return "status-code answers without the application, and leaves modify-body nothing to "
               "change: set MODIFY_RESPONSE_BODY=false";
    return {};
}

} // namespace

std::vector<TunableSpec> tunables_of_others(const std::vector<HttpKind>& others) {
    std::vector<std::string> names;
    names.reserve(others.size());
    for (const auto& other : others)
        names.push_back(other.name);
    std::vector<TunableSpec> specs{
        {.name = with_faults,
         .meaning =
             "these faults on the same requests too, with commas between: " + join(names, ", "),
         .pattern = join(names, "|"),
         .pattern_meaning = fmt::format("some of the other faults, by their short names, with "
                                        "commas between: {}",
                                        join(names, ", ")),
         .list_max = others.size()}};
    for (const auto& other : others) {
        for (TunableSpec spec : other.tunables) {
            spec.meaning = fmt::format("with {}={}: {}", with_faults, other.name, spec.meaning);
            // Whoever did not name the fault may have its variables for something else.
            spec.in_environment = false;
            specs.push_back(std::move(spec));
        }
    }
    return specs;
}

std::vector<const HttpKind*> EcsContainerHttp::kinds_of(const TunableValues& values) const {
    std::vector<const HttpKind*> kinds{&kind_};
    // A plan in a journal may be of a squall that did not know it yet.
    if (!values.has(with_faults)) return kinds;
    const auto wanted = values.list(with_faults);
    for (const auto& other : others_) {
        if (std::find(wanted.begin(), wanted.end(), other.name) != wanted.end())
            kinds.push_back(&other);
    }
    return kinds;
}

void EcsContainerHttp::check_kinds(const TunableValues& values, Problems& problems) const {
    const auto kinds = kinds_of(values);
    for (const auto& other : others_) {
        if (has_kind(kinds, other.name)) continue;
        for (const auto& spec : other.tunables) {
            const TunableValue& value = values.all().at(spec.name);
            if (value.source != "default")
                problems.push_back({value.source,
                                    fmt::format("{} is of the fault {}: add that to {}, or leave "
                                                "it out",
                                                spec.name,
                                                other.name,
                                                with_faults)});
        }
    }
    if (kinds.size() < 2) return;
    if (auto clash = clash_of(kinds, values); !clash.empty())
        problems.push_back({values.all().at(with_faults).source, std::move(clash)});
}

void EcsContainerHttp::drop_others(TunableValues& values, std::vector<TunableSpec>& specs) const {
    const auto kinds = kinds_of(values);
    for (const auto& other : others_) {
        if (has_kind(kinds, other.name)) continue;
        for (const auto& spec : other.tunables) {
            values.erase(spec.name);
            std::erase_if(specs, [&](const TunableSpec& one) { return one.name == spec.name; });
        }
    }
}

} // namespace squall::experiment
