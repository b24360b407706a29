#include "afar/left_over.h"

#include "checks/look.h"
#include "squall/base/time_text.h"
#include "squall/doctor/redact.h"

#include <algorithm>

namespace squall::host {
namespace {

// The agent says it before it registers, by its host's clock.
constexpr std::chrono::minutes registration_max{5};

// Where its log says that the saved state was another instance's.
struct Mismatch {
    const doctor::ScannedLog* log = nullptr;
    const doctor::Sighting* seen = nullptr;
};

std::optional<Mismatch> last_mismatch(const doctor::Catalogue& catalogue,
                                      const std::vector<doctor::ScannedLog>& logs) {
    const auto cause = catalogue.index_of("STALE_IDENTITY");
    if (!cause) return std::nullopt;
    std::optional<Mismatch> last;
    for (const doctor::ScannedLog& log : logs) {
        for (const doctor::Segment& segment : log.segments) {
            const auto found = segment.causes.find(*cause);
            if (found == segment.causes.end()) continue;
            const doctor::Sighting& seen = found->second.last;
            if (!last || !last->seen->when || (seen.when && *seen.when > *last->seen->when))
                last = Mismatch{&log, &seen};
        }
    }
    return last;
}

// It led to this registration, and not to an earlier one.
bool is_of(const Mismatch& mismatch, const aws::ContainerInstance& registration) {
    if (!mismatch.seen->when || !registration.registered_at) return true;
    return *mismatch.seen->when >= *registration.registered_at - registration_max;
}

bool is_named(const aws::ContainerInstance& record, const std::string& name) {
    return record.arn == name || record.arn.ends_with("/" + name);
}

std::string words_of(const aws::ContainerInstance& record) {
    return fmt::format("{} is {}, its agent {}, registered {}",
                       record.arn,
                       record.status,
                       record.agent_connected ? "connected" : "not connected",
                       record.registered_at ? rfc3339_seconds(*record.registered_at)
                                            : "nobody knows when");
}

} // namespace

std::string left_over_by_name(const std::vector<aws::ContainerInstance>& records,
                              const std::vector<std::string>& names) {
    for (std::size_t i = 1; i < records.size(); ++i) {
        if (std::any_of(names.begin(), names.end(), [&](const std::string& name) {
                return is_named(records[i], name);
            }))
            return records[i].arn;
    }
    return {};
}

std::optional<doctor::Look> left_over(const Patient& patient,
                                      const doctor::Catalogue& catalogue,
                                      const std::vector<doctor::ScannedLog>& logs) {
    if (patient.records.size() < 2 || !patient.records.front().agent_connected) return std::nullopt;
    const aws::ContainerInstance& newest = patient.records.front();
    const auto ghost =
        std::find_if(patient.records.begin() + 1, patient.records.end(), [&](const auto& record) {
            return !record.agent_connected
                   && (patient.asked_for.empty() || record.arn == patient.asked_for);
        });
    if (ghost == patient.records.end()) return std::nullopt;
    const auto mismatch = last_mismatch(catalogue, logs);
    const bool is_told = mismatch && is_of(*mismatch, newest);
    if (!is_told && patient.asked_for.empty()) return std::nullopt;
    std::vector<Evidence> seen{evidence("ecs:DescribeContainerInstances", words_of(*ghost)),
                               evidence("ecs:DescribeContainerInstances", words_of(newest))};
    if (is_told) {
        Evidence line = evidence(mismatch->log->name, doctor::redacted(mismatch->seen->text));
        line.line = mismatch->seen->line;
        line.when = mismatch->seen->when;
        seen.push_back(std::move(line));
    }
    doctor::Look look = finding(
        sign("STALE_IDENTITY",
             is_told ? Certainty::certain : Certainty::likely,
             fmt::format("{} is a ghost: the agent of {} registered anew as {}, and is connected{}",
                         ghost->arn,
                         patient.instance_id,
                         newest.arn,
                         is_told ? "; its saved state was another instance's" : ""),
             std::move(seen),
             {fmt::format("aws ecs deregister-container-instance --cluster {{cluster}} "
                          "--container-instance {} --force",
                          ghost->arn)}));
    look.check = "ecs-records";
    return look;
}

} // namespace squall::host
