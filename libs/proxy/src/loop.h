// The loop inside a Proxy.
#pragma once

#include "connection.h"
#include "due_queue.h"
#include "squall/proxy/proxy.h"

#include <vector>

namespace squall::proxy {

// A limit of the machine's was met, and not a mistake.
[[nodiscard]] bool is_lack(int error);

class Proxy::Loop {
public:
    Loop(net::Epoll epoll, Settings settings, fault::FaultSet& faults);

    void serve(std::optional<SteadyTime> end, int wake);
    void disarm();

    [[nodiscard]] const Counts& counts() const { return counts_; }

    void count_apart(const net::Address& client) { apart_ = client; }

    [[nodiscard]] const Counts& counted_apart() const { return counted_apart_; }

    [[nodiscard]] bool is_over() const { return settings_.listeners.empty() && count_ == 0; }

    [[nodiscard]] std::size_t connections() const { return count_; }

private:
    // What is due, by number: the listeners, or a connection by its own and its descriptor.
    static constexpr std::uint64_t listener_id = 0;
    static constexpr unsigned descriptor_bits = 24;
    static constexpr std::uint64_t descriptor_mask = (1U << descriptor_bits) - 1;

    // Where a client's connection is counted.
    [[nodiscard]] Counts& counts_of(int client);

    // loop_door.cc
    [[nodiscard]] bool is_listener(int fd) const;
    // Whoever is let in has a descriptor for the application behind it, too.
    [[nodiscard]] bool has_room() const;
    // As many as are to be accepted at once. False when there are no more for now.
    bool accept_all(int listener);
    void take_in(Fd socket);
    void admit(Fd socket, std::uint64_t id, SteadyTime accepted);
    // False when none with this id is held.
    bool reset_held(std::uint64_t id);
    void pause_accepting();
    void resume_accepting();
    void close_door();
    // Where a client meant to go; nothing where it meant us.
    [[nodiscard]] static std::optional<net::Address> destination_of(int fd, std::uint16_t own_port);

    // loop.cc
    void on_event(const epoll_event& event);

    // Of its descriptors, as long as it has them.
    [[nodiscard]] static std::uint32_t generation_of(const Connection& connection) {
        return static_cast<std::uint32_t>(connection.id >> descriptor_bits);
    }

    void on_due(std::uint64_t id);

    // Everything that can be done now with a connection; it may be gone afterwards.
    void drive(Connection& connection);
    bool pull_client(Connection& connection);
    bool pull_application(Connection& connection);
    [[nodiscard]] std::size_t offer_client(Connection& connection, std::string_view bytes);
    [[nodiscard]] std::size_t offer_application(Connection& connection, std::string_view bytes);
    bool decide(Connection& connection, std::string_view bytes);
    // To the application.
    void name_client(Connection& connection) const;
    // Bytes from a socket, for the other side; nothing when there are none for now.
    [[nodiscard]] std::string_view receive(Side& side, const Side& other);
    void carry_out(Connection& connection, http::Effects& effects);
    void open_application(Connection& connection);
    // True when the connection is over.
    [[nodiscard]] bool settle(Connection& connection);
    void remove(Connection& connection, bool resets);
    void watch(int fd, int client);
    [[nodiscard]] Connection* find(int fd);

    net::Epoll epoll_;
    Settings settings_;
    std::uint16_t own_port_ = 0; // where connections are brought to
    fault::FaultSet& faults_;
    Counts counts_;
    std::optional<net::Address> apart_;
    Counts counted_apart_;
    bool is_armed_ = true;
    bool is_accepting_ = false;
    std::optional<SteadyTime> door_closes_at_; // when it is disarmed
    SteadyTime now_;
    std::uint64_t last_number_ = 0;
    std::size_t count_ = 0;      // of clients
    std::size_t held_count_ = 0; // of them
    std::size_t descriptors_max_ = 0;
    std::vector<std::unique_ptr<Connection>> by_client_; // at its client's descriptor
    std::vector<int> client_of_;                         // by descriptor, of either side
    std::vector<Held> held_;                             // by descriptor
    DueQueue dues_;
    std::unique_ptr<char[]> buffer_; // memory only as far as it was read into
    http::Effects effects_;
};

} // namespace squall::proxy
