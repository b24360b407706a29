#include "squall/host/afar.h"

#include "afar/errand_report.h"
#include "afar/errand_script.h"
#include "afar/left_over.h"
#include "afar/vpc.h"
#include "checks/look.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/doctor/diagnose.h"
#include "squall/host/remote_command.h"
#include "squall/wire/arn.h"

#include <algorithm>

namespace squall::host {
namespace {

constexpr Seconds call_limit{20};
constexpr Seconds errand_limit{60};
// For all that EC2 is asked of networks.
constexpr Seconds survey_limit{20};
constexpr std::size_t neighbours_max = 100;
constexpr Millis look_interval{700};
constexpr std::size_t boundary_digits = 24;

bool is_meant(const aws::ContainerInstance& instance, const std::string& name) {
    return instance.ec2_instance_id == name || instance.arn == name
           || instance.arn.ends_with("/" + name);
}

// What ECS has under this id.
Look look_at_records(const Patient& patient) {
    if (patient.records.empty())
        return could_not_look("no container instance of the cluster is this EC2 instance: it never "
                              "registered, was deregistered, or is in another cluster",
                              "aws ecs list-clusters");
    const aws::ContainerInstance& newest = patient.records.front();
    std::string summary = fmt::format("{} is {}, its agent {} ({})",
                                      newest.arn,
                                      newest.status,
                                      newest.agent_connected ? "connected" : "not connected",
                                      newest.agent_version);
    if (patient.records.size() > 1) {
        std::vector<std::string> ghosts;
        for (std::size_t i = 1; i < patient.records.size(); ++i)
            ghosts.push_back(patient.records[i].arn);
        summary += fmt::format(
            "; {} older registrations are left over: {}", ghosts.size(), join(ghosts, ", "));
    }
    return healthy(std::move(summary));
}

using Instances = aws::Outcome<std::vector<aws::Ec2Instance>>;

const aws::Ec2Instance* instance_with(const Instances& instances, const std::string& id) {
    if (!instances) return nullptr;
    const auto found =
        std::find_if(instances->begin(), instances->end(), [&](const aws::Ec2Instance& instance) {
            return instance.instance_id == id;
        });
    return found == instances->end() ? nullptr : &*found;
}

// `state`: of EC2's; empty where EC2 no longer knows it.
Sign instance_gone(const Patient& patient, const std::string& state) {
    const std::string& id = patient.instance_id;
    const bool is_going = state == "shutting-down";
    const bool has_ghost = !patient.records.empty();
    std::string summary = is_going ? "EC2 is ending this instance" : "EC2 has ended this instance";
    if (has_ghost)
        summary += is_going ? ": what ECS shows will be a ghost" : ": what ECS shows is a ghost";
    else
        summary += ", and the cluster has no container instance of it: nothing is left over";
    Sign gone = sign("INSTANCE_GONE",
                     Certainty::certain,
                     std::move(summary),
                     {evidence("ec2:DescribeInstances",
                               state.empty() ? "it has no " + id : id + " is " + state)});
    // Which deregister the ghost.
    if (!has_ghost) gone.instead_of = Sign::all_steps;
    return gone;
}

Look look_at_instance(const Patient& patient, const Instances& instances) {
    const std::string& id = patient.instance_id;
    const std::string how = "aws ec2 describe-instances --instance-ids " + id;
    if (id.starts_with("mi-")) return not_here("no instance of EC2");
    if (!instances) return could_not_look(aws::to_error(instances.error()).message, how);
    const auto* found = instance_with(instances, id);
    // Nobody has ever heard of it: of a mistyped id there is no ghost.
    if (found == nullptr && patient.records.empty())
        return could_not_look(
            "EC2 has no instance " + id + " in this region and account: is the id right?", how);
    const std::string state = found == nullptr ? "gone" : found->state;
    if (found == nullptr || state == "terminated" || state == "shutting-down")
        return finding(instance_gone(patient, found == nullptr ? "" : state));
    // Neither an illness nor anything to be done, but no proof of health.
    if (state == "pending") return could_not_look("the EC2 instance is pending: it starts", how);
    if (state != "running")
        return finding(sign("INSTANCE_STOPPED",
                            Certainty::certain,
                            "the EC2 instance is " + state,
                            {evidence("ec2:DescribeInstances", id + " is " + state)}));
    return healthy("the EC2 instance is running");
}

doctor::Names names_of(const Patient& patient, const std::string& cluster) {
    doctor::Names names;
    names.cluster = cluster;
    names.instance = patient.instance_id;
    if (patient.records.empty()) return names;
    names.container_instance = patient.records.front().arn;
    if (const auto arn = wire::parse_arn(names.container_instance)) {
        names.region = arn->region;
        names.account = arn->account;
    }
    return names;
}

Look unreached(const std::string& id, const std::string& why) {
    return could_not_look("nothing could be asked on the host: " + why,
                          fmt::format("aws ssm describe-instance-information --filters "
                                      "Key=InstanceIds,Values={}; or on the host: squall doctor",
                                      id));
}

// Who runs commands there, or the errand itself, had no room for a file.
bool is_for_want_of_room(const HostResult* result) {
    return result != nullptr && result->is_over()
           && lower(result->output + result->details).find("no space left on device")
                  != std::string::npos;
}

Sign without_room(const std::string& why) {
    return sign("DISK_FULL",
                Certainty::likely,
                "no command can be run on the host for want of room: a filesystem of it is full, "
                "or out of inodes",
                {evidence("ssm:SendCommand", why)});
}

} // namespace

// What EC2 says, of all patients together.
struct Afar::Surroundings {
    Instances instances; // and of some of the connected ones beside them
    VpcNetwork network;
};

struct Afar::Errands {
    std::string boundary;
    std::map<std::string, HostResult> results;
    std::string unsent; // why not all of them were sent
    std::string unseen; // why it is not known what became of those that were; empty: they are late

    [[nodiscard]] const HostResult* of(const std::string& id) const {
        const auto found = results.find(id);
        return found == results.end() ? nullptr : &found->second;
    }

    // Why nothing came from there.
    [[nodiscard]] std::string why_not(const std::string& id) const {
        const HostResult* result = of(id);
        if (result == nullptr) return unsent;
        if (!result->is_over())
            return unseen.empty() ? "SSM has sent a command there, and no answer came in time"
                                  : unseen;
        return fmt::format("SSM says {}{}{}",
                           result->details,
                           result->output.empty() ? "" : ": ",
                           result->output.substr(0, 300));
    }
};

aws::Outcome<std::vector<Patient>> Afar::find_patients(const std::string& cluster,
                                                       const std::vector<std::string>& wanted,
                                                       Deadline deadline,
                                                       const std::stop_token& stop) {
    const auto arns = world_.ecs.list_container_instances(cluster, {}, deadline, stop);
    if (!arns) return fail(arns.error());
    auto described = world_.ecs.describe_container_instances(cluster, *arns, deadline, stop);
    if (!described) return fail(described.error());
    const auto is_wanted = [&](const aws::ContainerInstance& instance) {
        if (wanted.empty()) return !instance.agent_connected;
        return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
            return is_meant(instance, name);
        });
    };
    cluster_ = cluster;
    connected_.clear();
    for (const auto& instance : described->found)
        if (instance.agent_connected) connected_.insert(instance.ec2_instance_id);
    left_over_ = static_cast<std::size_t>(
        std::count_if(described->found.begin(), described->found.end(), [&](const auto& instance) {
            return !instance.agent_connected && connected_.contains(instance.ec2_instance_id);
        }));
    std::vector<Patient> patients;
    const auto add = [&](const std::string& id) {
        const bool is_there = std::any_of(patients.begin(), patients.end(), [&](const Patient& p) {
            return p.instance_id == id;
        });
        if (!is_there) patients.push_back({id, {}});
    };
    for (const auto& instance : described->found) {
        // A ghost beside a connected record of the same instance is no patient.
        const bool is_alive =
            wanted.empty()
            && std::any_of(
                described->found.begin(), described->found.end(), [&](const auto& other) {
                    return other.ec2_instance_id == instance.ec2_instance_id
                           && other.agent_connected;
                });
        if (is_wanted(instance) && !is_alive) add(instance.ec2_instance_id);
    }
    for (const std::string& name : wanted) {
        const bool is_id = name.starts_with("i-") || name.starts_with("mi-");
        const bool is_found =
            std::any_of(described->found.begin(),
                        described->found.end(),
                        [&](const auto& instance) { return is_meant(instance, name); });
        if (is_id) add(name);
        if (!is_id && !is_found)
            return fail(aws::not_answered(
                "ecs:DescribeContainerInstances",
                Error{Errc::not_found,
                      fmt::format("cluster {} has no container instance '{}'", cluster, name)}));
    }
    for (Patient& patient : patients) {
        for (const auto& instance : described->found) {
            if (instance.ec2_instance_id == patient.instance_id)
                patient.records.push_back(instance);
        }
        std::stable_sort(
            patient.records.begin(), patient.records.end(), [](const auto& a, const auto& b) {
                return a.registered_at > b.registered_at;
            });
        patient.asked_for = left_over_by_name(patient.records, wanted);
    }
    return patients;
}

Afar::Errands Afar::send_errands(const std::vector<std::string>& ids,
                                 Deadline deadline,
                                 const std::stop_token& stop) {
    Errands errands;
    errands.boundary = random_hex(boundary_digits);
    if (ids.empty()) return errands;
    RemoteCommand command(world_.ssm);
    const Script script{
        errand_script(errands.boundary), "squall doctor: looks, and changes nothing", errand_limit};
    if (const auto sent = command.send(ids, script, deadline, stop); !sent)
        errands.unsent = aws::to_error(sent.error()).message;
    const auto is_late = [&] {
        return deadline.passed(world_.clock.now());
    };
    while (!command.is_over() && !is_late() && world_.clock.wait_for(look_interval, stop)
           && !is_late()) {
        const auto looked = command.look(deadline, stop);
        errands.unseen = looked ? std::string() : aws::to_error(looked.error()).message;
    }
    errands.results = command.results();
    return errands;
}

std::vector<Look> Afar::look_from_outside(const Patient& patient,
                                          const Surroundings& around,
                                          const std::vector<Look>& looks,
                                          const ErrandReport* report) const {
    const auto* instance = instance_with(around.instances, patient.instance_id);
    if (instance == nullptr || instance->state != "running") return {};
    const bool is_connected = !patient.records.empty() && patient.records.front().agent_connected;
    KnownOfHost known =
        known_of_host(is_connected, looks, report == nullptr ? std::string_view() : report->config);
    learn_from_neighbours(*instance, *around.instances, connected_, known);
    auto found = look_at_instance_settings(*instance, known);
    auto network = look_at_vpc(*instance, around.network, known);
    std::move(network.begin(), network.end(), std::back_inserter(found));
    return found;
}

Afar::Surroundings
Afar::survey(const std::vector<std::string>& ids, Deadline deadline, const std::stop_token& stop) {
    // Some of the neighbours, in one more call at the most: proof of what is open.
    std::vector<std::string> asked = ids;
    for (const auto& id : connected_) {
        if (asked.size() >= ids.size() + neighbours_max) break;
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) asked.push_back(id);
    }
    Surroundings around{
        world_.ec2.describe_instances(asked, deadline.sooner(Deadline::in(call_limit)), stop), {}};
    std::vector<const aws::Ec2Instance*> running;
    for (const auto& id : ids) {
        const auto* instance = instance_with(around.instances, id);
        if (instance != nullptr && instance->state == "running") running.push_back(instance);
    }
    around.network = survey_network(
        world_.network, running, {deadline.sooner(Deadline::in(survey_limit)), stop});
    return around;
}

doctor::Case
Afar::case_of(const Patient& patient, const Surroundings& around, const Errands& errands) {
    const std::string& id = patient.instance_id;
    doctor::Case evidence;
    evidence.now = world_.clock.wall();
    evidence.names.learn(names_of(patient, cluster_));
    evidence.looks = {named("ecs", look_at_records(patient)),
                      named("ec2", look_at_instance(patient, around.instances))};
    const HostResult* result = errands.of(id);
    std::optional<ErrandReport> report;
    if (result == nullptr || result->state != HostResult::State::succeeded) {
        const std::string why = errands.why_not(id);
        evidence.looks.push_back(named(
            "ssm", is_for_want_of_room(result) ? finding(without_room(why)) : unreached(id, why)));
    } else if (auto read = read_errand(result->output, errands.boundary)) {
        report = std::move(*read);
        auto looks = looks_of(*report);
        std::move(looks.begin(), looks.end(), std::back_inserter(evidence.looks));
        if (auto scanner = doctor::Scanner::make(catalogue_, evidence.now))
            evidence.logs = scanned(*report, *scanner);
    } else {
        evidence.looks.push_back(named("ssm", unreached(id, read.error().message)));
    }
    if (auto left = left_over(patient, catalogue_, evidence.logs))
        evidence.looks.push_back(std::move(*left));
    auto outside = look_from_outside(patient, around, evidence.looks, report ? &*report : nullptr);
    std::move(outside.begin(), outside.end(), std::back_inserter(evidence.looks));
    return evidence;
}

std::vector<Consultation>
Afar::consult(std::vector<Patient> patients, Deadline deadline, const std::stop_token& stop) {
    std::vector<std::string> ids;
    ids.reserve(patients.size());
    for (const Patient& patient : patients)
        ids.push_back(patient.instance_id);
    const Surroundings around = survey(ids, deadline, stop);
    const Errands errands = send_errands(ids, deadline, stop);
    std::vector<Consultation> consultations;
    for (Patient& patient : patients) {
        auto diagnosis = doctor::diagnose(catalogue_, case_of(patient, around, errands));
        const bool is_away = !patient.records.empty() && !patient.records.front().agent_connected;
        // ECS has the last word on whether it is connected.
        if (diagnosis.verdict == doctor::Verdict::healthy && (is_away || patient.records.empty()))
            diagnosis.verdict = doctor::Verdict::unknown;
        if (!patient.records.empty())
            diagnosis.is_connected = patient.records.front().agent_connected;
        consultations.push_back({std::move(patient), std::move(diagnosis)});
    }
    return consultations;
}

} // namespace squall::host
