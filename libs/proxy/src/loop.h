// The loop inside a Proxy.
#pragma once

#include "connection.h"
#include "due_queue.h"
#include "squall/proxy/proxy.h"

#include <vector>

namespace squall::proxy {

class Proxy::Loop {
public:
    Loop(net::Epoll epoll,
         Fd listener,
         const net::Address& address,
         const net::Address& application,
         fault::FaultSet& faults);

    void serve(std::optional<SteadyTime> end, int wake);
    void disarm();

    [[nodiscard]] const net::Address& address() const { return address_; }

    [[nodiscard]] const Counts& counts() const { return counts_; }

    [[nodiscard]] std::size_t connections() const { return count_; }

private:
    // As many as are to be accepted at once. False when there are no more for now.
    bool accept_all();
    void take_in(Fd socket);
    void pause_accepting();
    void resume_accepting();
    void on_event(int fd, std::uint32_t events);
    void on_due(std::uint64_t id);

    // Everything that can be done now with a connection; it may be gone afterwards.
    void drive(Connection& connection);
    bool pull_client(Connection& connection);
    bool pull_application(Connection& connection);
    [[nodiscard]] std::size_t offer_client(Connection& connection, std::string_view bytes);
    [[nodiscard]] std::size_t offer_application(Connection& connection, std::string_view bytes);
    bool decide(Connection& connection, std::string_view bytes);
    // Bytes from a socket; nothing when there are none for now.
    [[nodiscard]] std::string_view receive(Side& side);
    void carry_out(Connection& connection, http::Effects& effects);
    void open_application(Connection& connection);
    // True when the connection is over.
    [[nodiscard]] bool settle(Connection& connection);
    void remove(Connection& connection, bool resets);
    void watch(int fd, int client);
    [[nodiscard]] Connection* find(int fd);

    net::Epoll epoll_;
    Fd listener_;
    net::Address address_;
    net::Address application_;
    fault::FaultSet& faults_;
    Counts counts_;
    bool is_armed_ = true;
    bool is_accepting_ = true;
    SteadyTime now_;
    std::uint64_t last_number_ = 0;
    std::size_t count_ = 0;
    std::vector<std::unique_ptr<Connection>> by_client_; // at its client's descriptor
    std::vector<int> client_of_;                         // by descriptor, of either side
    DueQueue dues_;
    std::vector<char> buffer_;
    http::Effects effects_;
};

} // namespace squall::proxy
