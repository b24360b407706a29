#include "squall/doctor/finding.h"

#include "squall/base/time_text.h"

namespace squall::doctor {
namespace {

json::Array to_json(const std::vector<Evidence>& evidence) {
    json::Array array;
    for (const Evidence& each : evidence) {
        json::Object object{{"file", each.file}, {"line", each.line}, {"text", each.text}};
        if (each.when) object["when"] = rfc3339_seconds(*each.when);
        array.push_back(std::move(object));
    }
    return array;
}

json::Array to_json(const std::vector<std::string>& lines) {
    json::Array array;
    for (const std::string& line : lines)
        array.push_back(json::Value(line));
    return array;
}

json::Object to_json(const Finding& finding) {
    return {{"cause", finding.cause},
            {"certainty", name_of(finding.certainty)},
            {"severity", name_of(finding.severity)},
            {"symptom", finding.is_symptom},
            {"summary", finding.summary},
            {"evidence", to_json(finding.evidence)},
            {"remedy", to_json(finding.remedy)}};
}

json::Object to_json(const Look& look) {
    json::Object object{{"check", look.check}, {"summary", look.summary}};
    if (!look.how.empty()) object["how"] = look.how;
    if (look.took.count() > 0) object["took_ms"] = look.took.count();
    return object;
}

template <typename Each>
json::Array array_of(const std::vector<Each>& all) {
    json::Array array;
    for (const Each& each : all)
        array.push_back(to_json(each));
    return array;
}

} // namespace

std::string_view name_of(Certainty certainty) {
    switch (certainty) {
    case Certainty::possible:
        return "possible";
    case Certainty::likely:
        return "likely";
    case Certainty::certain:
        return "certain";
    }
    return "";
}

std::string_view name_of(Severity severity) {
    switch (severity) {
    case Severity::terminal:
        return "terminal";
    case Severity::retries:
        return "retries";
    case Severity::heals:
        return "heals";
    }
    return "";
}

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
    case Verdict::healthy:
        return "healthy";
    case Verdict::finding:
        return "finding";
    case Verdict::unknown:
        return "unknown";
    case Verdict::recovered:
        return "recovered";
    }
    return "";
}

json::Object Diagnosis::to_json() const {
    return {{"verdict", name_of(verdict)},
            {"findings", array_of(findings)},
            {"healthy", array_of(healthy)},
            {"could_not_look", array_of(could_not_look)}};
}

int Diagnosis::exit_code() const {
    switch (verdict) {
    case Verdict::healthy:
    case Verdict::recovered:
        return 0;
    case Verdict::finding:
        return 1;
    case Verdict::unknown:
        break;
    }
    return 2;
}

} // namespace squall::doctor
