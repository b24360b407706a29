// EC2 of one region, as far as container instances need it.
#pragma once

#include "api/call.h"
#include "ec2/network.h"

namespace squall::lab::ec2 {

struct Instance {
    std::string id;
    std::string type = "t3.medium";
    std::string image_id = "ami-0squall0lab000001";
    std::string availability_zone;
    std::string private_ip;
    std::string mac;
    std::string vpc_id = ec2::vpc_id;
    std::string subnet_id;
    std::string role = "ecsInstanceRole";
    std::string name;
    std::string state = "running";
    WallTime launched_at;
};

class Instances {
public:
    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    std::map<std::string, Instance, std::less<>> all; // by id

private:
    Answer describe_instances(const ApiCall& call);
    // describe_network.cc
    Answer describe_subnets(const ApiCall& call);
    Answer describe_security_groups(const ApiCall& call);
};

} // namespace squall::lab::ec2
