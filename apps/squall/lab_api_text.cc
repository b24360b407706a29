#include "lab_api_text.h"

#include "squall/base/time_text.h"

#include <fmt/format.h>

namespace squall::app {
namespace {

std::string counted(std::int64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string broken_line(const json::Value& one) {
    std::string line = fmt::format("#{} {} {}",
                                   json::integer_at(one, "id"),
                                   json::string_at(one, "calls"),
                                   json::string_at(one, "how"));
    if (const auto caller = json::string_at(one, "caller"); !caller.empty())
        line += fmt::format(", of {} only", caller);
    if (!json::at(one, "share").is_null())
        line += fmt::format(", {}% of the calls (seed {})",
                            json::integer_at(one, "share"),
                            json::integer_at(one, "seed"));
    if (!json::at(one, "times_left").is_null())
        line += fmt::format(", {} left", counted(json::integer_at(one, "times_left"), "time"));
    if (!json::at(one, "seconds_left").is_null())
        line += fmt::format(", for {} more",
                            short_duration(Seconds(json::integer_at(one, "seconds_left"))));
    return line + fmt::format(", {} so far", counted(json::integer_at(one, "hits"), "call"));
}

} // namespace

std::vector<std::string> lab_api_lines(const json::Object& api, WhenWell when_well) {
    std::vector<std::string> lines;
    const json::Array& broken = json::array_at(api, "broken");
    lines.reserve(broken.size() + 1);
    for (const auto& one : broken)
        lines.push_back("api broken: " + broken_line(one));
    if (!lines.empty()) lines.back() += "; `squall lab api mend` mends it";
    if (json::bool_at(api, "throttling"))
        lines.emplace_back("api throttling is on: AWS's request rates hold");
    if (lines.empty() && when_well == WhenWell::says_so)
        lines.emplace_back("nothing is broken, and throttling is off");
    return lines;
}

std::string lab_api_answer(const std::string& verb, const json::Object& done) {
    if (verb == "break") return "broken: " + broken_line(done);
    if (verb == "mend") return fmt::format("mended: {}", json::integer_at(done, "mended"));
    if (verb == "expire")
        return fmt::format("expired: {}",
                           counted(json::integer_at(done, "expired"), "set") + " of credentials");
    return json::bool_at(done, "throttling") ? "throttling is on" : "throttling is off";
}

} // namespace squall::app
