#include "cloud/go_words.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::labhost {
namespace {

using transport::NetProblem;
using transport::TlsVerdict;
using Step = NetProblem::Step;
using What = NetProblem::What;

// Go has the C library's texts in lower case.
std::string errno_words(int number) { return lower(errno_text(number)); }

// What a system call on a socket says: `network` is "tcp" or "udp".
std::string socket_text(const NetProblem& problem, std::string_view network) {
    const std::string ends =
        problem.local.empty() ? problem.peer : fmt::format("{}->{}", problem.local, problem.peer);
    if (problem.call == "socket" || problem.call == "connect")
        return fmt::format("dial {} {}: {}: {}",
                           network,
                           problem.peer,
                           problem.call,
                           errno_words(problem.os_error));
    return fmt::format("{} {} {}: {}: {}",
                       problem.call,
                       network,
                       ends,
                       problem.call,
                       errno_words(problem.os_error));
}

std::string look_up_text(const NetProblem& problem) {
    const std::string server = problem.peer.empty() ? "" : fmt::format(" on {}", problem.peer);
    const auto failed = [&](std::string_view why) {
        return fmt::format("dial tcp: lookup {}{}: {}", problem.host, server, why);
    };
    switch (problem.what) {
    case What::no_such_host:
        return failed("no such host");
    case What::misbehaving:
        return failed("server misbehaving");
    case What::timed_out:
        if (problem.local.empty()) return failed("i/o timeout");
        return failed(fmt::format("read udp {}->{}: i/o timeout", problem.local, problem.peer));
    case What::system:
        return failed(socket_text(problem, "udp"));
    default:
        return failed(lower(problem.text));
    }
}

std::string connect_text(const NetProblem& problem) {
    if (problem.what == What::timed_out)
        return fmt::format("dial tcp {}: i/o timeout", problem.peer);
    if (problem.what == What::system) return socket_text(problem, "tcp");
    return problem.text;
}

std::string certificate_text(const NetProblem& problem, WallTime now) {
    const TlsVerdict& verdict = problem.verdict;
    const auto out_of_time = [&](std::string_view side, WallTime limit) {
        return fmt::format("certificate has expired or is not yet valid: current time {} is {} {}",
                           rfc3339_seconds(now),
                           side,
                           rfc3339_seconds(limit));
    };
    std::string why;
    switch (verdict.kind) {
    case TlsVerdict::Kind::unknown_authority:
        why = "certificate signed by unknown authority";
        break;
    case TlsVerdict::Kind::too_early:
        why = out_of_time("before", verdict.valid_from);
        break;
    case TlsVerdict::Kind::too_late:
        why = out_of_time("after", verdict.valid_until);
        break;
    case TlsVerdict::Kind::wrong_name:
        why = fmt::format(
            "certificate is valid for {}, not {}", join(verdict.names, ", "), problem.host);
        break;
    default:
        why = verdict.text;
    }
    return "tls: failed to verify certificate: x509: " + why;
}

std::string tls_text(const NetProblem& problem, WallTime now) {
    if (problem.what == What::certificate) return certificate_text(problem, now);
    if (problem.what == What::timed_out) return "net/http: TLS handshake timeout";
    if (problem.what == What::closed) return "EOF";
    if (problem.what == What::system) return socket_text(problem, "tcp");
    // What OpenSSL says of it, and what Go does.
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> known{{
        {"wrong version number", "tls: first record does not look like a TLS handshake"},
        {"http request", "tls: first record does not look like a TLS handshake"},
        {"packet length too long", "tls: first record does not look like a TLS handshake"},
        {"alert handshake failure", "remote error: tls: handshake failure"},
        {"alert protocol version", "remote error: tls: protocol version not supported"},
        {"unsupported protocol", "tls: server selected unsupported protocol version 301"},
    }};
    for (const auto& [theirs, ours] : known) {
        if (problem.text.find(theirs) != std::string::npos) return std::string(ours);
    }
    return "tls: " + problem.text;
}

std::string exchange_text(const NetProblem& problem) {
    if (problem.what == What::closed) return "EOF";
    if (problem.what == What::system) return socket_text(problem, "tcp");
    if (problem.what == What::timed_out) return "context deadline exceeded";
    return problem.text;
}

} // namespace

std::string go_text(const NetProblem& problem, WallTime now) {
    switch (problem.step) {
    case Step::look_up:
        return look_up_text(problem);
    case Step::connect:
        return connect_text(problem);
    case Step::tunnel:
        // The proxy's own words for its status.
        return problem.what == What::status ? problem.reason : exchange_text(problem);
    case Step::tls:
        return tls_text(problem, now);
    case Step::exchange:
        return exchange_text(problem);
    }
    return problem.text;
}

std::string go_request_text(std::string_view method,
                            const std::string& url,
                            const NetProblem& problem,
                            WallTime now) {
    const bool is_proxy_of_tls = problem.is_on_way_to_proxy && url.starts_with("https:");
    const bool is_late_answer = problem.what == What::timed_out && problem.step == Step::exchange;
    std::string verb = lower(method);
    verb.front() = method.front();
    return fmt::format("{} \"{}\": {}{}{}",
                       verb,
                       url,
                       is_proxy_of_tls ? "proxyconnect tcp: " : "",
                       go_text(problem, now),
                       is_late_answer ? " (Client.Timeout exceeded while awaiting headers)" : "");
}

std::string go_websocket_text(const NetProblem& problem, WallTime now) {
    if (problem.step == Step::exchange && problem.what == What::status)
        return "websocket: bad handshake";
    // One deadline for all of it, which a read of the socket meets.
    if (problem.what == What::timed_out && problem.step != Step::look_up
        && problem.step != Step::connect)
        return fmt::format("read tcp {}->{}: i/o timeout", problem.local, problem.peer);
    return go_text(problem, now);
}

bool is_modelled(std::string_view operation, std::string_view code) {
    if (code == "ClientException" || code == "ServerException") return true;
    if (operation == "DiscoverPollEndpoint") return false;
    if (code == "InvalidParameterException") return true;
    return code == "AccessDeniedException" && operation.starts_with("Submit");
}

} // namespace squall::labhost
