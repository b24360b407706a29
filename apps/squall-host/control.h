// The unix socket of a running proxy: asked with one word, it answers with one text, on the proxy's
// own thread. Whoever asks and does not listen holds up nobody.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/net/epoll.h"

#include <functional>
#include <map>
#include <string>

namespace squall::host_app {

class ControlSocket {
public:
    // Makes the folder too; for root alone. Fails with conflict where somebody answers there.
    [[nodiscard]] static Result<ControlSocket> open(const Path& path);
    ControlSocket(ControlSocket&&) = default;
    ControlSocket& operator=(ControlSocket&&) = delete;
    // Removes the socket's file.
    ~ControlSocket();

    // Readable when serve() has something to do.
    [[nodiscard]] int fd() const { return epoll_.fd(); }

    // `answer` is given each question.
    void serve(const std::function<std::string(std::string_view)>& answer);

private:
    ControlSocket(net::Epoll epoll, Fd listener, Path path);
    void let_in();

    net::Epoll epoll_;
    Fd listener_;
    Path path_;
    std::map<int, Fd> clients_;
};

struct Answer {
    std::string text; // empty: it did not answer in time, frozen perhaps
    int pid = 0;      // of the process that listens there
};

// Fails with not_found where nobody listens.
[[nodiscard]] Result<Answer> ask(const Path& path, std::string_view question, Millis patience);

} // namespace squall::host_app
