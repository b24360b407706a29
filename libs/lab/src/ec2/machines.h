// What the instances of EC2 run on, as EC2 orders it about.
#pragma once

#include <string>

namespace squall::lab::ec2 {

// Every order returns at once; Instances::settle() is told when it has been carried out, and never
// in the middle of the order itself.
class Machines {
public:
    virtual ~Machines() = default;

    // Ends all that runs there; its disk stays.
    virtual void stop(const std::string& instance_id) = 0;
    // Of one that is stopped.
    virtual void start(const std::string& instance_id) = 0;
    virtual void reboot(const std::string& instance_id) = 0;
    virtual void terminate(const std::string& instance_id) = 0;
};

} // namespace squall::lab::ec2
