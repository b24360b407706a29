// Who puts elastic network interfaces into instances when ECS asks for it, as EC2 does.
#pragma once

#include "ecs/model.h"

namespace squall::lab::ecs {

class InterfacePlug {
public:
    InterfacePlug(const InterfacePlug&) = delete;
    InterfacePlug& operator=(const InterfacePlug&) = delete;
    virtual ~InterfacePlug() = default;

    // Whether it worked is seen by the agent of the instance, which waits for it.
    virtual void attach(const std::string& ec2_instance_id, const NetworkInterface& interface) = 0;
    // Takes away whatever is there of it.
    virtual void detach(const NetworkInterface& interface) = 0;

protected:
    InterfacePlug() = default;
};

} // namespace squall::lab::ecs
