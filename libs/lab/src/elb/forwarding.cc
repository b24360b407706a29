#include "elb/forwarding.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab::elb {
namespace {

// Clients of the lab's load balancers are on this machine.
constexpr const char* client_address = "127.0.0.1";

// RFC 9110, 7.6.1, and the two that say how long a body is: whoever sends it on says that anew.
constexpr std::array<std::string_view, 9> of_one_connection{"connection",
                                                            "keep-alive",
                                                            "proxy-connection",
                                                            "te",
                                                            "trailer",
                                                            "transfer-encoding",
                                                            "upgrade",
                                                            "expect",
                                                            "content-length"};

void drop_connection_headers(wire::Headers& headers, bool keeps_length) {
    std::vector<std::string> named;
    for (const auto& header : headers) {
        if (!equal_ignoring_case(header.name, "Connection")) continue;
        for (const auto& name : split(header.value, ','))
            named.push_back(lower(trimmed(name)));
    }
    std::erase_if(headers, [&](const wire::Header& header) {
        const std::string name = lower(header.name);
        if (keeps_length && name == "content-length") return false;
        return std::find(of_one_connection.begin(), of_one_connection.end(), name)
                   != of_one_connection.end()
               || std::find(named.begin(), named.end(), name) != named.end();
    });
}

std::string_view reason_of(int status) {
    switch (status) {
    case 502:
        return "502 Bad Gateway";
    case 503:
        return "503 Service Temporarily Unavailable";
    default:
        return "504 Gateway Time-out";
    }
}

} // namespace

wire::HttpRequest
forwarded(wire::HttpRequest request, std::uint16_t listener_port, const std::string& trace_id) {
    drop_connection_headers(request.headers, /*keeps_length=*/false);
    const std::string before(wire::header_value(request.headers, "X-Forwarded-For"));
    wire::set_header(request.headers,
                     "X-Forwarded-For",
                     before.empty() ? client_address : before + ", " + client_address);
    wire::set_header(request.headers, "X-Forwarded-Proto", "http");
    wire::set_header(request.headers, "X-Forwarded-Port", std::to_string(listener_port));
    if (!wire::has_header(request.headers, "X-Amzn-Trace-Id"))
        request.headers.push_back({"X-Amzn-Trace-Id", trace_id});
    return request;
}

wire::HttpResponse handed_on(wire::HttpResponse response) {
    // What HEAD was told, and nothing else, says a length that the body has not.
    drop_connection_headers(response.headers, /*keeps_length=*/response.body.empty());
    return response;
}

wire::HttpResponse own_answer(int status) {
    const std::string_view reason = reason_of(status);
    return {status,
            {{"Server", "awselb/2.0"}, {"Content-Type", "text/html"}},
            fmt::format("<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}"
                        "</h1></center>\r\n</body>\r\n</html>\r\n",
                        reason)};
}

} // namespace squall::lab::elb
