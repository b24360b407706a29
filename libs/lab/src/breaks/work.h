// Steps on their way: one piece of work on one host, without waiting. Runs on the loop's thread.
#pragma once

#include "breaks/step.h"
#include "hosts/chore.h"

namespace squall::lab::breaks {

// What work needs of the lab's hosts.
class Hosts {
public:
    Hosts(const Hosts&) = delete;
    Hosts& operator=(const Hosts&) = delete;
    virtual ~Hosts() = default;

    // A script for its shell. Gone with what is returned.
    [[nodiscard]] virtual std::unique_ptr<Chore> run(const std::string& instance_id,
                                                     const std::string& script,
                                                     std::function<void(Chore::Ended)> done) = 0;
    // It has come up, and has not been switched off or ended since.
    [[nodiscard]] virtual bool is_up(const std::string& instance_id) const = 0;
    // It will not come back.
    [[nodiscard]] virtual bool is_gone(const std::string& instance_id) const = 0;

protected:
    Hosts() = default;
};

class Work {
public:
    using Done = std::function<void(Result<void> how)>;

    // Begins at once; `done` comes later, and may destroy the work. Of a host that is gone only the
    // steps in the cloud are done. References outlive the work.
    Work(transport::Loop& loop, Hosts& hosts, Site& site, Steps steps, Done done);
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

private:
    void go_on();
    void take(const OnHost& step);
    void take(const OnUnits& step);
    void take(const InCloud& step);
    void take(const Awaited& step);
    void next();
    void end(Result<void> how);

    Hosts& hosts_;
    Site& site_;
    Steps steps_;
    Done done_;
    std::size_t at_ = 0;
    std::unique_ptr<Chore> chore_;
    transport::Timer timer_;
    std::optional<SteadyTime> waits_until_;
};

} // namespace squall::lab::breaks
