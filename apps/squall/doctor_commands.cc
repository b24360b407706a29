#include "doctor_commands.h"

#include "complaint.h"
#include "monitor_session.h"
#include "output.h"
#include "squall/base/text.h"
#include "squall/doctor/report.h"
#include "squall/doctor/several.h"
#include "squall/host/afar.h"

#include <algorithm>

namespace squall::app {
namespace {

constexpr int exit_unknown = 2;
constexpr Seconds afar_limit{120};

int complain_as_doctor(const Error& error) {
    const int code = complain(error);
    return error.code == Errc::invalid_input ? code : exit_unknown;
}

// A diagnosis that nobody could be told is none.
int told(int code) { return Output::failure() ? exit_unknown : code; }

doctor::ReportStyle style_of(const DoctorCommand& command, const Output& out) {
    return {.has_colour = out.is_terminal(),
            .tells_all = command.tells_all,
            .width = out.is_terminal() ? out.width() : 0};
}

json::Object to_json(const host::Consultation& consultation) {
    json::Object object = consultation.diagnosis.to_json();
    object["instance"] = consultation.patient.instance_id;
    json::Array records;
    for (const auto& record : consultation.patient.records) {
        records.push_back(json::Object{{"arn", record.arn},
                                       {"status", record.status},
                                       {"agent_connected", record.agent_connected},
                                       {"agent_version", record.agent_version}});
    }
    object["container_instances"] = std::move(records);
    return object;
}

// Of all of them: a finding is more than what is not known.
doctor::Verdict verdict_of(const std::vector<host::Consultation>& all) {
    using doctor::Verdict;
    for (const Verdict verdict : {Verdict::finding, Verdict::unknown, Verdict::recovered}) {
        const bool is_any = std::any_of(all.begin(), all.end(), [&](const auto& each) {
            return each.diagnosis.verdict == verdict;
        });
        if (is_any) return verdict;
    }
    return Verdict::healthy;
}

doctor::Examined examined(const host::Consultation& consultation) {
    doctor::Examined host{{consultation.patient.instance_id}, consultation.diagnosis};
    for (const auto& record : consultation.patient.records) {
        host.own_names.push_back(record.arn);
        host.own_names.push_back(record.arn.substr(record.arn.rfind('/') + 1));
    }
    return host;
}

void tell_grouped(const std::vector<host::Consultation>& all, const DoctorCommand& command) {
    Output out;
    std::vector<doctor::Examined> hosts;
    hosts.reserve(all.size());
    for (const auto& each : all)
        hosts.push_back(examined(each));
    bool is_first = true;
    for (const auto& [ids, diagnosis] : doctor::put_together(hosts)) {
        const std::string subject =
            all.size() == 1 ? ids.front()
                            : fmt::format("{} of {}: {}", ids.size(), all.size(), join(ids, ", "));
        if (!is_first) out.line("");
        is_first = false;
        out.write(doctor::report_text(diagnosis, subject, style_of(command, out)));
    }
}

// Nobody is away. A cluster without container instances may have lost them all.
int tell_of_nobody(const DoctorCommand& command, const host::Afar& afar) {
    const std::size_t connected = afar.connected_count();
    Output out;
    const doctor::Diagnosis diagnosis{
        connected > 0 ? doctor::Verdict::healthy : doctor::Verdict::unknown, {}, {}, {}};
    if (command.order.json) {
        json::Object object = diagnosis.to_json();
        object["instances"] = json::Array{};
        out.line(json::text(std::move(object)));
        return told(diagnosis.exit_code());
    }
    out.line(connected > 0
                 ? fmt::format("healthy  every agent of cluster {} is connected: {} "
                               "container instances",
                               command.cluster,
                               connected)
                 : fmt::format("unknown  cluster {} has no container instances", command.cluster));
    if (afar.left_over_count() > 0)
        out.line(fmt::format("{}: `aws ecs list-container-instances --cluster {} --filter "
                             "'agentConnected == false'`",
                             afar.left_over_count() == 1
                                 ? "1 disconnected one is what one of them was before"
                                 : fmt::format("{} disconnected ones are what some of them were "
                                               "before",
                                               afar.left_over_count()),
                             command.cluster));
    out.line(
        fmt::format("`squall doctor --cluster {} --instance ID` looks at one that is connected, "
                    "too, and at one that ECS no longer knows",
                    command.cluster));
    return told(diagnosis.exit_code());
}

int examine_from_afar(const DoctorCommand& command, const doctor::Catalogue& catalogue) {
    SystemClock clock;
    const auto session = open_monitor_session(command.region, command.role_arn, clock, {});
    if (!session) return complain_as_doctor(session.error());
    aws::Ecs ecs((*session)->client());
    aws::Ec2 ec2((*session)->client());
    aws::Ec2Network network((*session)->client());
    aws::Ssm ssm((*session)->client());
    host::Afar afar({ecs, ec2, network, ssm, clock}, catalogue);
    const Deadline deadline = Deadline::in(afar_limit);
    auto patients = afar.find_patients(command.cluster, command.instances, deadline, {});
    if (!patients) {
        const Error error = aws::to_error(patients.error());
        return complain_as_doctor(
            {error.code,
             fmt::format("cluster {}: {}{}",
                         command.cluster,
                         error.message,
                         patients.error().code == "ClusterNotFoundException"
                             ? " (is it this region, and this account? `aws ecs list-clusters`)"
                             : "")});
    }
    if (patients->empty()) return tell_of_nobody(command, afar);
    const auto all = afar.consult(std::move(*patients), deadline, {});
    if (command.order.json) {
        Output out;
        if (command.instances.size() == 1) {
            out.line(json::text(to_json(all.front())));
        } else {
            json::Array instances;
            for (const auto& each : all)
                instances.push_back(to_json(each));
            out.line(json::text(json::Object{{"verdict", name_of(verdict_of(all))},
                                             {"instances", std::move(instances)}}));
        }
    } else {
        tell_grouped(all, command);
    }
    return told(doctor::Diagnosis{verdict_of(all), {}, {}, {}}.exit_code());
}

} // namespace

int run_command(const DoctorCommand& command) {
    const auto catalogue = host::catalogue_with(command.order.signatures);
    if (!catalogue) return complain_as_doctor(catalogue.error());
    if (!command.cluster.empty()) return examine_from_afar(command, *catalogue);
    Output out;
    const auto answer = host::examine(command.order, *catalogue, style_of(command, out));
    if (!answer) return complain_as_doctor(answer.error());
    out.write(answer->text);
    return told(answer->exit_code);
}

int run_command(const DoctorCollectCommand& command) {
    const auto report = host::collect_evidence(command.output, {});
    if (!report) return complain_as_doctor(report.error());
    // Where the archive itself has gone to standard output.
    Output(command.output == "-" ? STDERR_FILENO : STDOUT_FILENO).write(*report);
    return 0;
}

} // namespace squall::app
