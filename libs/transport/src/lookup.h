// One name's addresses, by c-ares, without blocking the loop; and what went wrong on the wire where
// there are none.
#pragma once

#include "resolve.h"
#include "squall/transport/net_problem.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace squall::transport {

class Lookup {
public:
    using Done = std::function<void(Result<std::vector<Endpoint>, NetProblem>)>;

    // Begins; `done` is called later, once, unless it is cancelled or destroyed before.
    Lookup(boost::asio::io_context& context,
           const std::string& host,
           std::uint16_t port,
           Done done);
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;
    ~Lookup();

    // What is to be said of it when whoever waits has no more patience.
    [[nodiscard]] NetProblem timed_out() const;

    struct Parts;

private:
    std::weak_ptr<Parts> parts_; // what is pending on the loop has them
};

} // namespace squall::transport
