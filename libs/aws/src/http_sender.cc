#include "squall/aws/http_sender.h"

namespace squall::aws {
namespace {

std::string either(const Environment& environment, std::string_view a, std::string_view b) {
    return environment.get(a).value_or(environment.get_or(b, ""));
}

// AWS answers in JSON or XML, and with a request id.
bool is_of_aws(const wire::HttpResponse& answer) {
    const std::string_view type = wire::header_value(answer.headers, "Content-Type");
    return wire::has_header(answer.headers, "x-amzn-RequestId")
           || (!type.empty() && !type.starts_with("text/html") && !type.starts_with("text/plain"));
}

} // namespace

Result<wire::HttpResponse> NetworkSender::send(const wire::Url& server,
                                               const wire::HttpRequest& request,
                                               Deadline deadline,
                                               std::stop_token stop) {
    auto answer = client_.send(server, request, deadline, std::move(stop));
    if (!answer || answer->status < 400 || server.is_tls() || is_of_aws(*answer)) return answer;
    const auto proxy = proxy_.proxy_for(server);
    const auto url = proxy ? wire::parse_url(*proxy) : fail(Errc::not_found, "no proxy");
    if (!url) return answer;
    return fail(answer->status >= 500 ? Errc::unavailable : Errc::denied,
                "the proxy {} answers in place of {}: HTTP {}",
                url->origin(),
                server.origin(),
                answer->status);
}

transport::ClientSettings settings_through_proxies(const Environment& environment) {
    transport::ClientSettings settings;
    settings.proxy.for_https = either(environment, "https_proxy", "HTTPS_PROXY");
    // HTTP_PROXY in capitals counts too: botocore honours it, and no CGI server runs us.
    settings.proxy.for_http = either(environment, "http_proxy", "HTTP_PROXY");
    settings.proxy.except = either(environment, "no_proxy", "NO_PROXY");
    const std::string bundle = either(environment, "AWS_CA_BUNDLE", "SSL_CERT_FILE");
    if (!bundle.empty()) settings.ca_file = bundle;
    return settings;
}

transport::ClientSettings direct_settings(Millis connect_timeout) {
    transport::ClientSettings settings;
    settings.connect_timeout = connect_timeout;
    return settings;
}

} // namespace squall::aws
