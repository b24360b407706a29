// A container as it is known: what it shall be, how it does, and what it holds of the host. Nothing
// here touches a process; engine.h does.
#pragma once

#include "runtime/container_spec.h"

#include <sys/types.h>

namespace squall::labhost::runtime {

enum class Status { created, running, exited };

[[nodiscard]] std::string_view name_of(Status status);

struct ContainerState {
    Status status = Status::created;
    pid_t pid = 0; // of its first process, as the host counts; 0 unless running
    // Of that process, in clock ticks since boot: tells it from another that got its number.
    std::uint64_t pid_start_time = 0;
    int exit_code = 0; // 128 + signal where a signal ended it
    std::string error; // why it did not start
    std::optional<WallTime> started_at;
    std::optional<WallTime> finished_at;
};

// What a container on the bridge holds of the host's network. Written down before any of it is
// made.
struct Endpoint {
    std::string id; // 64 hex digits, Docker's name for it
    std::uint16_t host_part = 0;
    std::string veth; // the host's end; the container's is eth0
    std::vector<PublishedPort> ports;

    [[nodiscard]] std::string address() const;
};

struct Container {
    std::string id; // 64 hex digits
    std::string name;
    WallTime created;
    json::Object request; // the body it was created with: the spec can be made again from it
    ContainerSpec spec;
    ContainerState state;
    std::optional<Endpoint> endpoint;
    std::optional<Health> health; // where it is checked, from its first start on; not on disk

    [[nodiscard]] bool is_running() const { return state.status == Status::running; }

    // Its own, or Docker's default, the first twelve digits of the id.
    [[nodiscard]] std::string hostname() const;
};

// The container's part of a file that outlives this process.
[[nodiscard]] json::Object to_json(const Container& container);

struct StoredContainer {
    std::string id;
    std::string name;
    WallTime created;
    json::Object request;
    ContainerState state;
    std::optional<Endpoint> endpoint;
};

[[nodiscard]] Result<StoredContainer> stored_container(const json::Object& object);

} // namespace squall::labhost::runtime
