// The query protocol as the JSON that the same service's newer protocol speaks: for services that
// see and give JSON only, in whichever protocol they are called.
#pragma once

#include "api/call.h"

namespace squall::lab {

// Whether the calls of a service come to it with their form as its body.
[[nodiscard]] bool has_form_as_body(std::string_view service);

// Lists, maps and structures as they are spelled in a form ("Entries.member.1.Id", and SQS's
// flat "MessageAttribute.1.Name"), by the names that they have in JSON. What nests deeper than any
// service's parameters do is left out. All values are texts, except SQS's numbers.
[[nodiscard]] json::Object body_of_form(std::string_view service,
                                        std::string_view operation,
                                        const wire::QueryParameters& form);

// The answer to a call of the query protocol, from what its service gave as JSON.
[[nodiscard]] std::string xml_of(const ApiCall& call, const json::Object& answer);

} // namespace squall::lab
