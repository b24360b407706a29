// modify-body: the application is asked, and its answer gets another body, or other headers.
#include "faults/ecs_container_http.h"
#include "squall/fault/fault.h"

#include <algorithm>

namespace squall::experiment {
namespace {

bool is_modified(const TunableValues& values, const CanaryAnswer& answer) {
    const std::string& body = values.text("RESPONSE_BODY");
    if (!body.empty()) return answer.body == body;
    const auto headers = json::parse_object(values.text("HEADERS"));
    if (!headers || headers->empty()) return answer.body == fault::modified_body_by_default;
    return std::all_of(headers->begin(), headers->end(), [&](const auto& header) {
        return wire::header_value(answer.headers, header.key()) == json::string_of(header.value());
    });
}

} // namespace

HttpKind http_modify_body() {
    return {"modify-body",
            "replaces bodies and headers of a container's responses",
            "The application is asked, its status stays, and its body is replaced by "
            "RESPONSE_BODY. With HEADERS alone only\nthe headers are changed.",
            {{.name = "RESPONSE_BODY",
              .meaning = "the body that clients get",
              .takes_control_characters = true},
             {.name = "CONTENT_TYPE",
              .meaning = "of that body; text/plain where nothing is said",
              .pattern = "[ -~]{1,200}",
              .pattern_meaning = "a media type such as application/json",
              .in_environment = false},
             {.name = "HEADERS",
              .meaning = "headers to set: a JSON object, such as {\"X-Trace\": \"chaos\"}",
              .in_environment = false,
              .takes_control_characters = true}},
            /*reads_requests=*/true,
            /*waits=*/{},
            is_modified};
}

} // namespace squall::experiment
