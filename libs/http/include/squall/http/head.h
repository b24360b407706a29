// The head of an HTTP/1.x message: found in bytes, and read as a careful server reads it (RFC
// 9112).
//
// What a proxy passes on has to mean the same to it and to the application behind it. So whatever
// two readers could take differently is refused: bare line feeds, folded lines, white space before
// a colon, more than one Content-Length, Content-Length beside Transfer-Encoding, and so on.
// Values without ownership: every view points into the bytes that were given. No allocation once
// the vector of fields has grown. For one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace squall::http {

inline constexpr std::size_t head_size_max = 64U << 10U; // bytes; nginx has 32 KiB, haproxy 16
inline constexpr std::size_t head_fields_max = 256;

enum class Version { http_1_0, http_1_1 };

struct Field {
    std::string_view name;
    std::string_view value; // without white space around it
};

// How the end of a message's body is found (RFC 9112, 6.3).
struct Framing {
    enum class Kind { none, length, chunked, until_close };

    Kind kind = Kind::none;
    std::uint64_t length = 0; // of Kind::length

    [[nodiscard]] bool operator==(const Framing&) const = default;
};

// Why a message is not taken, and the status that a server answers it with.
struct Refusal {
    int status = 400;
    std::string_view why; // of static storage
};

// Finds the end of a head in bytes that come piece by piece, without looking at any of them twice.
class HeadFinder {
public:
    enum class Found { not_yet, whole, refused };

    // `bytes`: all of the head so far, from its first byte. Empty lines before the first line must
    // have been taken away.
    [[nodiscard]] Found look(std::string_view bytes);

    [[nodiscard]] std::size_t size() const { return looked_; } // of a whole head

    [[nodiscard]] const Refusal& refusal() const { return refusal_; }

private:
    [[nodiscard]] Found refuse(int status, std::string_view why);

    std::size_t looked_ = 0;
    std::size_t line_ = 0; // where the line began that is being looked at
    Refusal refusal_;
};

struct RequestHead {
    std::string_view raw; // with the empty line that ends it
    std::string_view method;
    std::string_view target;
    Version version = Version::http_1_1;
    std::vector<Field> fields;
    Framing framing;
    bool keeps_alive = true;
    bool expects_continue = false;
    bool asks_upgrade = false; // to a protocol that Upgrade names, and that is not HTTP/2
    bool offers_http2 = false; // by Upgrade: h2c, which RFC 9113 has given up

    // The first of this name, whatever its case.
    [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
    // Nothing, or why the request is refused; `bytes` is a whole head.
    [[nodiscard]] std::optional<Refusal> read(std::string_view bytes);
};

struct ResponseHead {
    std::string_view raw;
    Version version = Version::http_1_1;
    int status = 0;
    std::string_view reason;
    std::vector<Field> fields;
    Framing framing;
    bool keeps_alive = true;

    [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
    // The framing depends on what was asked: the answer to HEAD has no body whatever it says, and
    // that to a successful CONNECT is a tunnel.
    [[nodiscard]] std::optional<Refusal> read(std::string_view bytes,
                                              std::string_view request_method);

    // 1xx other than 101: another head follows.
    [[nodiscard]] bool is_interim() const { return status >= 100 && status < 200 && status != 101; }
};

} // namespace squall::http
