// What a target gets of an event.
#include "api/json_path.h"
#include "events/rule.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::eventbridge {
namespace {

constexpr std::size_t template_max = 8192;
constexpr std::size_t paths_max = 100;

using Variables = std::map<std::string, json::Value, std::less<>>;

Variables variables_of(const json::Object& transformer,
                       const Rule& rule,
                       const json::Object& event,
                       WallTime now) {
    Variables variables;
    variables["aws.events.rule-arn"] = rule.arn;
    variables["aws.events.rule-name"] = rule.name;
    variables["aws.events.event.ingestion-time"] = rfc3339_seconds(now);
    variables["aws.events.event.json"] = event;
    json::Object without_detail = event;
    without_detail.erase("detail");
    variables["aws.events.event"] = std::move(without_detail);
    for (const auto& [name, path] : json::object_at(transformer, "InputPathsMap")) {
        // What the event does not have is nothing: AWS leaves it out, too.
        if (const auto value = value_at(event, json::string_of(path)))
            variables[std::string(name)] = *value;
    }
    return variables;
}

std::string plain(const json::Value& value) {
    return value.is_string() ? std::string(json::string_of(value)) : json::text(value);
}

// As it stands inside of a string.
std::string escaped(const json::Value& value) {
    const std::string quoted = json::text(json::Value(plain(value)));
    return quoted.substr(1, quoted.size() - 2);
}

std::string fill(std::string_view text, const Variables& variables) {
    const std::string_view begin = trimmed(text);
    const bool is_json = begin.starts_with('{') || begin.starts_with('[') || begin.starts_with('"');
    std::string filled;
    bool is_quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto end = text[at] == '<' ? text.find('>', at) : std::string_view::npos;
        if (end != std::string_view::npos) {
            const auto variable = variables.find(text.substr(at + 1, end - at - 1));
            const json::Value value =
                variable == variables.end() ? json::Value("") : variable->second;
            filled += !is_json ? plain(value) : is_quoted ? escaped(value) : json::text(value);
            at = end;
            continue;
        }
        filled += text[at];
        if (text[at] == '\\' && at + 1 < text.size())
            filled += text[++at];
        else if (text[at] == '"')
            is_quoted = !is_quoted;
    }
    return filled;
}

std::string problem_of_transformer(const json::Object& transformer) {
    const auto text = json::string_at(transformer, "InputTemplate");
    if (text.empty() || text.size() > template_max)
        return "InputTemplate must have 1 to 8192 characters.";
    const json::Object& paths = json::object_at(transformer, "InputPathsMap");
    if (paths.size() > paths_max) return "InputPathsMap can have at most 100 members.";
    for (const auto& [name, path] : paths) {
        if (name.starts_with("aws")) return "Names that begin with aws are AWS's own.";
        if (!is_json_path(json::string_of(path)))
            return fmt::format("Invalid JSON path {}", json::text(path));
    }
    return {};
}

} // namespace

std::string
input_of(const Target& target, const Rule& rule, const json::Object& event, WallTime now) {
    if (const auto input = json::string_at(target.definition, "Input"); !input.empty())
        return std::string(input);
    if (const auto path = json::string_at(target.definition, "InputPath"); !path.empty()) {
        const auto value = value_at(event, path);
        return value ? json::text(*value) : "null";
    }
    const json::Object& transformer = json::object_at(target.definition, "InputTransformer");
    if (transformer.empty()) return json::text(event);
    return fill(json::string_at(transformer, "InputTemplate"),
                variables_of(transformer, rule, event, now));
}

std::string problem_of(const json::Object& target) {
    const auto id = json::string_at(target, "Id");
    const auto arn = json::string_at(target, "Arn");
    if (id.empty() || id.size() > 64) return "A target's Id must have 1 to 64 characters.";
    if (!arn.starts_with("arn:") || std::count(arn.begin(), arn.end(), ':') < 5)
        return fmt::format(
            "Parameter {} is not valid. Reason: Provided Arn is not in correct format.", arn);
    int inputs = 0;
    for (const char* name : {"Input", "InputPath", "InputTransformer"})
        inputs += target.contains(name) ? 1 : 0;
    if (inputs > 1)
        return fmt::format(
            "Only one of Input, InputPath, or InputTransformer must be provided for target {}.",
            id);
    if (const auto input = json::string_at(target, "Input"); !input.empty() && !json::parse(input))
        return fmt::format("JSON syntax error in Input for target {}.", id);
    if (const auto path = json::string_at(target, "InputPath");
        !path.empty() && !is_json_path(path))
        return fmt::format("Invalid InputPath for target {}.", id);
    if (const auto* transformer = target.if_contains("InputTransformer")) {
        if (!transformer->is_object()) return "InputTransformer must be a structure.";
        if (auto problem = problem_of_transformer(transformer->as_object()); !problem.empty())
            return fmt::format("Invalid InputTransformer for target {} : {}", id, problem);
    }
    const bool is_fifo = arn.find(":sqs:") != std::string_view::npos && arn.ends_with(".fifo");
    const json::Object& sqs = json::object_at(target, "SqsParameters");
    if (is_fifo && json::string_at(sqs, "MessageGroupId").empty())
        return fmt::format("Parameter(s) SqsParameters must be specified for target: {}.", id);
    return {};
}

} // namespace squall::lab::eventbridge
