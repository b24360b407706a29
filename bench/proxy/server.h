// The one loop of all servers that are measured against: accepts what there is, and hands each
// event to the server. A server has `accepted(fd)` and
// `happened(fd, events)`; it closes what it is done with.
#pragma once

#include "net.h"

namespace squall::bench {

template <typename Server>
[[noreturn]] void serve(Epoll& epoll, int listener, Server& server) {
    epoll.add(listener, EPOLLIN);
    for (;;) {
        for (const epoll_event& event : epoll.wait()) {
            if (event.data.fd != listener) {
                server.happened(event.data.fd, event.events);
                continue;
            }
            for (int fd = accept_one(listener); fd >= 0; fd = accept_one(listener))
                server.accepted(fd);
        }
    }
}

// One entry for each descriptor; grows with them.
template <typename Entry>
Entry& entry_of(std::vector<Entry>& entries, int fd) {
    const auto place = static_cast<std::size_t>(fd);
    if (entries.size() <= place) entries.resize(2 * place + 1);
    return entries[place];
}

} // namespace squall::bench
