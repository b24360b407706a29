#include "api/breakage.h"

#include "api/common_errors.h"
#include "api/operations.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/base/wildcards.h"

#include <algorithm>
#include <cctype>

namespace squall::lab {
namespace {

constexpr std::string_view ways =
    "500, 503, throttle, slow=3s, hang, hang=30s, lost-request, lost-answer, garbage, half-answer, "
    "or an error code of AWS such as AccessDeniedException";

Result<void> check_calls(const std::string& pattern) {
    const auto operations = all_operations();
    if (std::any_of(operations.begin(), operations.end(), [&](const Operation& one) {
            return is_meant(pattern, one.service, one.name);
        }))
        return {};
    std::vector<std::string> names;
    for (const auto& one : operations)
        names.push_back(fmt::format("{}:{}", one.service, one.name));
    const auto meant = nearest(pattern, names);
    return fail(Errc::invalid_input,
                "'{}' means no call of this lab: {}",
                pattern.substr(0, 80),
                meant ? fmt::format("did you mean {}?", *meant)
                      : "say SERVICE:OPERATION as in ssm:SendCommand, SERVICE:*, or *");
}

// Upper case first: AWS's codes are words like InternalFailure or InvalidInstanceID.NotFound.
bool is_error_code(std::string_view text) {
    return text.size() >= 3 && text.size() <= 128
           && std::isupper(static_cast<unsigned char>(text.front())) != 0
           && std::all_of(text.begin(), text.end(), [](char c) {
                  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.';
              });
}

struct Way {
    Fate fate;
    std::string code; // of an error: its name, else "500", "503" or "throttle"
};

Result<Way> read_way(const std::string& how) {
    const auto [word, value] = split_once(how, '=');
    if (how == "500" || how == "503" || how == "throttle") return Way{{}, how};
    if (word == "slow" || word == "hang") {
        const auto delay = word == "hang" && value.empty()
                               ? Result<Millis>(Breakages::hang_unless_told)
                               : parse_duration(value);
        if (!delay) return fail(how, delay.error());
        if (*delay > Breakages::delay_max)
            return fail(Errc::invalid_input, "{}: at most an hour", how);
        return Way{{word == "slow" ? Mishap::slow : Mishap::hang, {}, *delay}, {}};
    }
    if (how == "lost-request") return Way{{Mishap::lost_request}, {}};
    if (how == "lost-answer") return Way{{Mishap::lost_answer}, {}};
    if (how == "garbage") return Way{{Mishap::garbage}, {}};
    if (how == "half-answer") return Way{{Mishap::half_answer}, {}};
    if (is_error_code(how)) return Way{{}, how};
    return fail(Errc::invalid_input,
                "'{}' is no way for a call to go wrong; there are: {}",
                how.substr(0, 80),
                ways);
}

wire::ServiceError error_of(std::string_view service, const std::string& code) {
    if (code == "500") return internal_error(service);
    if (code == "503") return unavailable_error(service);
    if (code == "throttle") return throttling_error(service);
    return error_of_code(service, code);
}

Result<std::optional<std::int64_t>> integer_of(const json::Object& object, std::string_view name) {
    const json::Value& value = json::at(object, name);
    if (value.is_null()) return std::optional<std::int64_t>();
    if (!value.is_int64()) return fail(Errc::invalid_input, "{} must be an integer", name);
    return std::optional(value.as_int64());
}

} // namespace

bool is_meant(std::string_view pattern, std::string_view service, std::string_view operation) {
    const Operation* known = find_operation(service, operation);
    const bool is_of_agents = known != nullptr && known->is_of_agents;
    if (pattern == "*") return !is_of_agents;
    const auto [services, operations] = split_once(pattern, ':');
    if (!matches_pattern(services, service) || !matches_pattern(operations, operation))
        return false;
    // ec2messages is only the SSM agents' own: who says ec2messages:* has named them.
    return !is_of_agents || operations == operation || services == "ec2messages";
}

bool is_called(const Principal& caller, std::string_view name) {
    const auto parts = split(caller.arn, '/');
    return std::find(parts.begin() + 1, parts.end(), name) != parts.end();
}

Result<BreakOrder> BreakOrder::read(const json::Object& object) {
    BreakOrder order{std::string(json::string_at(object, "calls")),
                     std::string(json::string_at(object, "how")),
                     {},
                     {},
                     {},
                     std::string(json::string_at(object, "for")),
                     std::string(json::string_at(object, "caller")),
                     false};
    for (auto [name, member] : {std::pair("times", &BreakOrder::times),
                                std::pair("share", &BreakOrder::share),
                                std::pair("seed", &BreakOrder::seed)}) {
        const auto value = integer_of(object, name);
        if (!value) return fail(value.error());
        order.*member = *value;
    }
    return order;
}

Result<json::Object> Breakages::add(const BreakOrder& order, WallTime now) {
    forget_over(now);
    if (all_.size() >= count_max)
        return fail(Errc::invalid_input,
                    "{} things are broken already: mend some with `squall lab api mend`",
                    count_max);
    if (auto checked = check_calls(order.calls); !checked) return fail(checked.error());
    auto way = read_way(order.how);
    if (!way) return fail(way.error());
    Breakage breakage{++last_id_, order, way->fate, way->code, {}, 0, {}};
    if (order.times && *order.times < 1)
        return fail(Errc::invalid_input, "--times must be 1 or more");
    if (order.share && (*order.share < 1 || *order.share > 100))
        return fail(Errc::invalid_input, "--share must be 1% to 100%");
    if (!order.lasting.empty()) {
        const auto lasting = parse_duration(order.lasting);
        if (!lasting) return fail("--for", lasting.error());
        if (lasting->count() == 0) return fail(Errc::invalid_input, "--for must be over 0");
        breakage.until = now + *lasting;
    }
    if (order.share && !order.seed)
        breakage.order.seed = static_cast<std::int64_t>(std::random_device{}() & 0xFFFFFFU);
    breakage.random.seed(static_cast<std::uint64_t>(breakage.order.seed.value_or(0)));
    all_.push_back(std::move(breakage));
    return all_.back().describe(now);
}

std::size_t Breakages::mend(std::optional<std::int64_t> id) {
    return std::erase_if(
        all_, [&](const Breakage& one) { return id ? one.id == *id : !one.order.is_hidden; });
}

std::optional<Fate> Breakages::fate_of(const ApiCall& call) {
    forget_over(call.now);
    for (auto& one : all_) {
        if (!is_meant(one.order.calls, call.service, call.operation)) continue;
        if (!one.order.caller.empty() && !is_called(call.caller, one.order.caller)) continue;
        // The remainder favours small numbers by less than one in 10^17.
        if (one.order.share && static_cast<std::int64_t>(one.random() % 100U) >= *one.order.share)
            continue;
        ++one.hits;
        Fate fate = one.fate;
        if (fate.mishap == Mishap::error) fate.error = error_of(call.service, one.code);
        return fate;
    }
    return std::nullopt;
}

json::Array Breakages::describe(WallTime now) {
    forget_over(now);
    json::Array all;
    for (const auto& one : all_)
        if (!one.order.is_hidden) all.push_back(one.describe(now));
    return all;
}

bool Breakages::Breakage::is_over(WallTime now) const {
    return (until && *until <= now) || (order.times && hits >= *order.times);
}

json::Object Breakages::Breakage::describe(WallTime now) const {
    json::Object object{{"id", id}, {"calls", order.calls}, {"how", order.how}, {"hits", hits}};
    if (!order.caller.empty()) object["caller"] = order.caller;
    if (order.times) object["times_left"] = *order.times - hits;
    if (order.share) {
        object["share"] = *order.share;
        object["seed"] = *order.seed;
    }
    if (until) object["seconds_left"] = std::chrono::ceil<Seconds>(*until - now).count();
    return object;
}

void Breakages::forget_over(WallTime now) {
    std::erase_if(all_, [&](const Breakage& one) { return one.is_over(now); });
}

} // namespace squall::lab
