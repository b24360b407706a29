// For tests: a host of their own (network, process, mount, name and IPC namespaces), a dockerd in
// it, and ways to look at both from outside. Needs root. Everything is gone when the object is.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/fd.h"
#include "squall/base/file.h"
#include "squall/base/json.h"
#include "squall/base/temporary_folder.h"
#include "squall/transport/http_client.h"

#include <string>
#include <vector>

namespace squall::labhost::runtime {

// Long enough for a loaded machine; reached only when something hangs.
inline Deadline soon() { return Deadline::in(Seconds(30)); }

// A program in a test host, with its standard error as we read it.
class HostProcess {
public:
    HostProcess() = default;
    HostProcess(HostProcess&&) noexcept = default;
    HostProcess& operator=(HostProcess&& other) noexcept;
    ~HostProcess();

    [[nodiscard]] pid_t pid() const { return pid_; } // as we count

    // Reads until a line with this text; false at the end of the stream.
    bool wait_for_line(std::string_view text);
    // Everything it has said so far, or until its end if it has ended.
    std::string said();
    void signal(int number) const;
    // The exit code, 128 + signal where a signal ended it; -1 if it does not end in time.
    int wait();

private:
    friend class TestHost;
    pid_t pid_ = 0;
    pid_t guardian_ = 0; // our child: its parent, which ends as it does
    Fd errors_;
    std::string said_;
};

class TestHost {
public:
    TestHost();
    TestHost(const TestHost&) = delete;
    TestHost& operator=(const TestHost&) = delete;
    ~TestHost();

    // In front of every path of the dockerd's own.
    [[nodiscard]] const Path& root() const { return root_.path(); }

    [[nodiscard]] Path socket() const { return root_ / "docker.sock"; }

    [[nodiscard]] const Fd& network() const { return network_; }

    // This program as a role, inside.
    [[nodiscard]] HostProcess start_role(const std::vector<std::string>& words) const;
    // The dockerd, when it says that it listens.
    [[nodiscard]] HostProcess start_dockerd() const;

    // A program of the machine in the host's network: what it says, and how it ends.
    [[nodiscard]] std::string run(const std::vector<std::string>& words,
                                  int* exit_code = nullptr) const;
    [[nodiscard]] std::string nat_rules() const;
    // The command lines of what runs inside, apart from the first process.
    [[nodiscard]] std::vector<std::string> processes() const;
    // True if one of them has this in its command line.
    [[nodiscard]] bool runs(std::string_view text) const;

    // Docker's API, from outside through its socket.
    wire::HttpResponse
    call(const std::string& method, const std::string& target, const json::Value& body = nullptr);
    // As call, for an answer in JSON of this status; null and a failure where it is another.
    json::Value ask(int status,
                    const std::string& method,
                    const std::string& target,
                    const json::Value& body = nullptr);

    // Creates (with 201) and starts (with 204); the id.
    std::string start_container(const std::string& name, json::Object body);
    json::Value inspect(const std::string& id);
    // Until it has ended: the exit code.
    std::int64_t wait_for_end(const std::string& id);
    // What it wrote to both streams, without their heads.
    std::string log_of(const std::string& id);
    // Until its log holds this text; false when that does not happen in time.
    bool wait_for_log(const std::string& id, std::string_view text);

private:
    const TemporaryFolder root_;
    pid_t guardian_ = 0; // our child, outside; ends with the first process inside
    pid_t first_ = 0;    // as we count
    Fd network_;
    transport::HttpClient client_{transport::ClientSettings{}};
};

} // namespace squall::labhost::runtime
