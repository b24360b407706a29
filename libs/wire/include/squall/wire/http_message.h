// HTTP messages as values. Nothing here reads or writes a socket.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::wire {

struct Header {
    std::string name;
    std::string value;
};

// In the order of the wire; names compare without case.
using Headers = std::vector<Header>;

// The first header of that name; empty where there is none.
[[nodiscard]] std::string_view header_value(const Headers& headers, std::string_view name);
[[nodiscard]] bool has_header(const Headers& headers, std::string_view name);
// Replaces every header of that name by one.
void set_header(Headers& headers, std::string_view name, std::string value);

struct HttpRequest {
    std::string method = "GET";
    std::string target = "/"; // path and query, as they go over the wire
    Headers headers;
    std::string body;
};

struct HttpResponse {
    int status = 200;
    Headers headers;
    std::string body;
};

struct Url {
    std::string scheme; // http or https; unix for a socket in the file system
    std::string host;   // a path for unix
    std::uint16_t port = 0;
    std::string target = "/";
    std::string user_info; // before '@', still encoded; for proxies

    [[nodiscard]] bool is_tls() const { return scheme == "https"; }

    // host, and the port where it is not the scheme's own: what the Host header says.
    [[nodiscard]] std::string host_header() const;
    [[nodiscard]] std::string origin() const; // scheme://host[:port]
};

// http://, https:// and unix:/path; the port defaults to the scheme's.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

// RFC 3986 percent-encoding: unreserved characters stay, '/' too when `keep_slash`.
[[nodiscard]] std::string percent_encoded(std::string_view text, bool keep_slash = false);
// '%41' becomes 'A'; a '%' that is no escape stays. With `plus_is_space` as in forms and query
// strings.
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus_is_space);

} // namespace squall::wire
