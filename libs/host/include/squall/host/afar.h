// The doctor from afar: what ECS, EC2 and SSM say of container instances and the network around
// them, and what one short script finds on each of them. Changes nothing. Belongs to one thread.
#pragma once

#include "squall/aws/ec2.h"
#include "squall/aws/ec2_network.h"
#include "squall/aws/ecs.h"
#include "squall/aws/ssm.h"
#include "squall/doctor/catalogue.h"
#include "squall/doctor/diagnose.h"

#include <set>
#include <string>
#include <vector>

namespace squall::host {

struct ErrandReport;

// One EC2 instance, and all that the cluster knows under its id.
struct Patient {
    std::string instance_id; // i-…, mi-…
    // Newest registration first. More than one: all but one of them are ghosts.
    std::vector<aws::ContainerInstance> records;
    // The older one of them that was asked for by its name; empty where none was.
    std::string asked_for;
};

struct Consultation {
    Patient patient;
    doctor::Diagnosis diagnosis;
};

class Afar {
public:
    struct World {
        aws::Ecs& ecs;
        aws::Ec2& ec2;
        aws::Ec2Network& network;
        aws::Ssm& ssm;
        Clock& clock;
    };

    // Both outlive it.
    Afar(World world, const doctor::Catalogue& catalogue) : world_(world), catalogue_(catalogue) {}

    // Those that are wanted (by EC2 instance id, container instance ARN, or its last part); where
    // none is, all whose agent is not connected. An id of EC2 that the cluster does not know is a
    // patient without records.
    [[nodiscard]] aws::Outcome<std::vector<Patient>>
    find_patients(const std::string& cluster,
                  const std::vector<std::string>& wanted,
                  Deadline deadline,
                  const std::stop_token& stop);

    // Looks at all of them, side by side. What cannot be looked at is told in each diagnosis.
    [[nodiscard]] std::vector<Consultation>
    consult(std::vector<Patient> patients, Deadline deadline, const std::stop_token& stop);

    // Of the cluster that was asked last: so many EC2 instances whose agent is connected.
    [[nodiscard]] std::size_t connected_count() const { return connected_.size(); }

    // Disconnected container instances that are former selves of these.
    [[nodiscard]] std::size_t left_over_count() const { return left_over_; }

private:
    struct Errands;
    struct Surroundings;

    [[nodiscard]] Errands send_errands(const std::vector<std::string>& ids,
                                       Deadline deadline,
                                       const std::stop_token& stop);

    [[nodiscard]] Surroundings
    survey(const std::vector<std::string>& ids, Deadline deadline, const std::stop_token& stop);
    [[nodiscard]] std::vector<doctor::Look>
    look_from_outside(const Patient& patient,
                      const Surroundings& around,
                      const std::vector<doctor::Look>& looks,
                      const ErrandReport* report) const;
    [[nodiscard]] doctor::Case
    case_of(const Patient& patient, const Surroundings& around, const Errands& errands);

    World world_;
    const doctor::Catalogue& catalogue_;
    std::string cluster_;             // that was asked last
    std::set<std::string> connected_; // of it, by EC2 instance id
    std::size_t left_over_ = 0;
};

} // namespace squall::host
