// What a fault proxy on one thread cannot beat: the bare work of each of its tasks, on an epoll.
#include "canned.h"
#include "origin.h"
#include "relay.h"
#include "resetter.h"
#include "server.h"

#include <string_view>

namespace {

constexpr const char* usage = "bench-limit canned PORT STATUS BODY | origin PORT | "
                              "relay PORT TO_PORT BUFFER_KIB | reset PORT AFTER_MS";

} // namespace

int main(int argc, char** argv) {
    using squall::bench::argument;
    using squall::bench::number;
    const std::span arguments(argv, static_cast<std::size_t>(argc));
    const auto word = [&](std::size_t place) {
        return argument(arguments, place, usage);
    };
    const auto port = [&](std::size_t place) {
        return static_cast<std::uint16_t>(number(word(place)));
    };
    squall::bench::raise_descriptor_limit();
    const std::string_view kind = word(1);
    if (kind == "reset") squall::bench::serve_resets(port(2), number(word(3)));
    squall::bench::Epoll epoll;
    const int listener = squall::bench::listen_on(port(2));
    if (kind == "canned") {
        squall::bench::Canned canned(epoll, static_cast<int>(number(word(3))), word(4));
        squall::bench::serve(epoll, listener, canned);
    }
    if (kind == "origin") {
        squall::bench::Origin origin(epoll);
        squall::bench::serve(epoll, listener, origin);
    }
    if (kind == "relay") {
        squall::bench::Relay relay(epoll, port(3), number(word(4)) << 10U);
        squall::bench::serve(epoll, listener, relay);
    }
    argument(arguments, arguments.size(), usage);
}
