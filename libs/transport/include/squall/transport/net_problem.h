// Why nothing came of reaching a server, told apart by what failed: facts, for whoever words them.
#pragma once

#include "squall/base/clock.h"

#include <string>
#include <vector>

namespace squall::transport {

// What a client found of a server's certificate.
struct TlsVerdict {
    enum class Kind { accepted, unknown_authority, too_early, too_late, wrong_name, other };

    Kind kind = Kind::accepted;
    std::string text;    // OpenSSL's, where it was not accepted
    WallTime valid_from; // of the certificate that was looked at
    WallTime valid_until;
    std::vector<std::string> names; // that it is for
    std::string certificate;        // whose it is, by whom, valid from when to when
};

// How far an attempt to reach a server came.
enum class Step {
    look_up,  // a name's addresses
    connect,  // a TCP connection
    tunnel,   // through a proxy, once it is connected to
    tls,      // the handshake
    exchange, // a request and its answer
};

struct NetProblem {
    using Step = transport::Step;

    enum class What {
        system,       // `os_error` of `call`
        timed_out,    // nobody answered, or not whole
        no_such_host, // so says the name server
        misbehaving,  // the name server cannot say
        certificate,  // is not accepted: `verdict`
        status,       // an HTTP answer other than the one that was needed: `status`
        closed,       // the other side ended the connection
        other,        // `text` is all there is
    };

    Step step = Step::connect;
    What what = What::other;
    bool is_on_way_to_proxy = false; // and not to the server itself
    std::string host;                // whose addresses were looked up
    std::string peer;                // "10.0.0.12:443": who was spoken to, or the name server
    std::string local;               // "10.0.1.10:40222": our own end, where there was one
    std::string call;                // "socket", "connect", "read" or "write"
    int os_error = 0;
    int status = 0;
    std::string reason; // the words of the status
    std::string body;   // of such an answer
    std::string text;
    TlsVerdict verdict;
};

} // namespace squall::transport
