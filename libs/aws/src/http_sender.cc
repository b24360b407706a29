#include "squall/aws/http_sender.h"

namespace squall::aws {
namespace {

std::string either(const Environment& environment, std::string_view a, std::string_view b) {
    return environment.get(a).value_or(environment.get_or(b, ""));
}

} // namespace

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
