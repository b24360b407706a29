// One attempt to speak with a server, taken apart: how far it came, how long each step took, and
// what ended it. For those who want to know what is wrong, where HttpClient wants an answer.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/transport/net_problem.h"
#include "squall/wire/http_message.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::transport {

// What ended a step, as far as somebody branches on it; an error's text has the rest.
enum class Trouble {
    none,
    no_such_name,     // the name server knows no such name, or no address of it
    name_refused,     // the name server answers that it cannot, or does not want to
    no_name_server,   // nothing listens where the name server should be
    name_timed_out,   // no answer of a name server
    missing,          // of a unix socket: there is no such file
    refused,          // nothing listens there, or a firewall says so
    unreachable,      // no route
    forbidden,        // this host's own rules do not let the packet out, or the file be opened
    timed_out,        // no answer
    broken,           // the connection was closed or reset
    untrusted,        // the certificate's authority is not among those that are trusted
    not_yet_valid,    // the certificate's time has not come, by this host's clock
    expired,          // the certificate's time is over, by this host's clock
    wrong_name,       // the certificate is somebody else's
    handshake,        // TLS, and no certificate is the reason
    no_authorities,   // there is no file with authorities to trust
    refused_by_proxy, // the proxy's answer is not 200: `proxy_status`
    no_http,          // what came is no HTTP
};

[[nodiscard]] std::string_view name_of(Step step);

struct NameAnswer {
    std::vector<std::string> addresses; // numeric, in the order in which they should be tried
    Trouble trouble = Trouble::none;
    std::string error;
};

// The addresses of a name, from /etc/hosts or the servers of /etc/resolv.conf. A numeric address
// is its own.
[[nodiscard]] NameAnswer look_up(const std::string& host, Deadline deadline);

struct ProbeOrder {
    wire::Url url; // http, https or unix
    std::optional<wire::Url> proxy;
    // Sent at the end. Without one a probe is over when the server could be spoken to.
    std::optional<wire::HttpRequest> request;
    std::optional<Path> ca_file; // nothing: find_ca_file()'s
    Millis step_max = Seconds(5);
    // Nothing: transport::look_up.
    std::function<NameAnswer(const std::string& host, Deadline deadline)> look_up;
};

struct ConnectAttempt {
    std::string address; // "10.0.0.7:443"
    Trouble trouble = Trouble::none;
    std::string error;
    Millis took{0};
};

struct StepTime {
    Step step = Step::look_up;
    Millis took{0};
};

struct Probed {
    [[nodiscard]] bool is_well() const { return trouble == Trouble::none; }

    Step step = Step::look_up; // the last one that was begun
    Trouble trouble = Trouble::none;
    std::string error;           // of that step, in words: "no answer within 5 s"
    Millis took{0};              // that step
    std::vector<StepTime> steps; // all that were begun, in their order
    Millis total{0};
    std::vector<ConnectAttempt> attempts; // one for each address; they are tried side by side
    int proxy_status = 0;
    std::string certificate; // of one that is not accepted: whose, by whom, valid from when to when
    std::optional<wire::HttpResponse> answer; // any status
};

// At most `addresses_max` addresses are tried. Blocks; may be called from several threads at once.
inline constexpr std::size_t addresses_max = 8;
[[nodiscard]] Probed probe(const ProbeOrder& order, Deadline deadline);

} // namespace squall::transport
