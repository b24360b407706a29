#include "squall/base/text.h"
#include "squall/transport/http_client.h"

#include <arpa/inet.h>

#include <cstdlib>

namespace squall::transport {
namespace {

std::string from_either(const char* lower_case, const char* upper_case) {
    for (const char* name : {lower_case, upper_case}) {
        if (const char* value = std::getenv(name); value != nullptr && value[0] != '\0')
            return value;
    }
    return {};
}

std::optional<std::uint32_t> ipv4(std::string_view text) {
    in_addr address{};
    if (::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
    return ntohl(address.s_addr);
}

bool in_block(std::string_view host, std::string_view block) {
    const auto [base, width] = split_once(block, '/');
    const auto bits = to_integer(width);
    const auto network = ipv4(base);
    const auto address = ipv4(host);
    if (!bits || !network || !address || *bits < 0 || *bits > 32) return false;
    const std::uint32_t mask =
        *bits == 0 ? 0 : ~std::uint32_t{0} << static_cast<unsigned>(32 - *bits);
    return (*network & mask) == (*address & mask);
}

// One entry of NO_PROXY: "*", a block, or a name that covers itself and everything below it.
bool covers(std::string_view entry, std::string_view host) {
    if (entry == "*") return true;
    if (entry.find('/') != std::string_view::npos) return in_block(host, entry);
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (equal_ignoring_case(entry, host)) return true;
    return host.size() > entry.size() && host[host.size() - entry.size() - 1] == '.'
           && equal_ignoring_case(host.substr(host.size() - entry.size()), entry);
}

} // namespace

ProxySettings ProxySettings::from_environment() {
    return {from_either("https_proxy", "HTTPS_PROXY"),
            from_either("http_proxy", "HTTP_PROXY"),
            from_either("no_proxy", "NO_PROXY")};
}

std::optional<std::string> ProxySettings::proxy_for(const wire::Url& url) const {
    const std::string& proxy = url.is_tls() ? for_https : for_http;
    if (proxy.empty() || url.scheme == "unix") return std::nullopt;
    for (const auto& entry : split(except, ',')) {
        // An entry may carry a port, which must then be ours.
        const auto [name, port] = split_once(trimmed(entry), ':');
        if (name.empty() || (!port.empty() && to_integer(port) != url.port)) continue;
        if (covers(name, url.host)) return std::nullopt;
    }
    return proxy.find("://") == std::string::npos ? "http://" + proxy : proxy;
}

std::optional<Path> find_ca_file() {
    for (const char* name : {"AWS_CA_BUNDLE", "SSL_CERT_FILE"}) {
        if (const char* value = std::getenv(name); value != nullptr && value[0] != '\0')
            return Path(value);
    }
    for (const char* place : {"/etc/ssl/certs/ca-certificates.crt",
                              "/etc/pki/tls/certs/ca-bundle.crt",
                              "/etc/ssl/ca-bundle.pem",
                              "/etc/ssl/cert.pem"}) {
        std::error_code ignored;
        if (std::filesystem::exists(place, ignored)) return Path(place);
    }
    return std::nullopt;
}

} // namespace squall::transport
