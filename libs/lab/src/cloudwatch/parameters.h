// CloudWatch's parameters and answers in both of its protocols: the services see and give JSON.
#pragma once

#include "api/call.h"

namespace squall::lab::cloudwatch {

// What the operation reads, from the form of the query protocol or from the JSON body.
class Parameters {
public:
    explicit Parameters(const ApiCall& call) : call_(call) {}

    // Empty where there is none.
    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
    // Nothing where there is none, or where it is no number.
    [[nodiscard]] std::optional<double> number(std::string_view name) const;

private:
    const ApiCall& call_;
};

// The same as one object: where it comes from a form, its leaves are texts and its lists arrays.
[[nodiscard]] json::Object body_of(const ApiCall& call);
// What may come as a number or as text.
[[nodiscard]] std::optional<double> number_of(const json::Value& value);
[[nodiscard]] bool bool_of(const json::Value& value, bool otherwise);
// Seconds since 1970, or ISO 8601.
[[nodiscard]] std::optional<WallTime> time_of(const json::Value& value);

// An answer with these members: as it is, or as XML, where an array is a list of <member>.
[[nodiscard]] Answer result(const ApiCall& call, const json::Object& members);

// As the protocol writes times: seconds since 1970, or ISO 8601.
[[nodiscard]] json::Value time_value(const ApiCall& call, WallTime when);

[[nodiscard]] tl::unexpected<wire::ServiceError> invalid_value(std::string message);

} // namespace squall::lab::cloudwatch
