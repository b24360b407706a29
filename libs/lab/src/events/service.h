// Amazon EventBridge of one region: buses, rules, and events on their way from the one to the
// targets of the other. Nothing waits: an event that is put has been handed on when put() returns.
#pragma once

#include "api/call.h"
#include "api/delivery.h"
#include "events/rule.h"

namespace squall::lab::eventbridge {

class Service {
public:
    static constexpr std::size_t rules_max = 300; // of a bus; AWS's quota
    static constexpr std::size_t buses_max = 100;
    static constexpr std::size_t targets_max = 5; // of a rule
    static constexpr std::size_t tags_max = 50;
    // An event goes from bus to bus so often: AWS, too, lets no circle turn for ever.
    static constexpr int hops_max = 3;

    // What happens is counted by CloudWatch's names: Invocations, FailedInvocations, …
    using Count =
        std::function<void(std::string_view metric, const std::string& rule, WallTime now)>;

    Service(const std::string& account, const std::string& region);

    // Where targets are; without it every delivery fails.
    void use(Deliver deliver) { deliver_ = std::move(deliver); }

    void use(Count count) { count_ = std::move(count); }

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // An event of a service of AWS's own, whole, on the default bus.
    void put(const json::Object& event, WallTime now);
    // The same with its envelope made here.
    void put(std::string_view source,
             std::string_view detail_type,
             json::Array resources,
             json::Object detail,
             WallTime now);
    // From a rule to another bus. False where there is none, or after too many hops.
    bool deliver(const std::string& bus_arn, const Delivery& delivery);
    // Rules with a rate.
    void tick(WallTime now);

private:
    template <class T>
    using Found = Result<T, wire::ServiceError>;

    // buses.cc
    Answer create_event_bus(const ApiCall& call);
    Answer delete_event_bus(const ApiCall& call);
    Answer describe_event_bus(const ApiCall& call);
    Answer list_event_buses(const ApiCall& call);
    Answer tag_resource(const ApiCall& call);
    Answer untag_resource(const ApiCall& call);
    Answer list_tags_for_resource(const ApiCall& call);
    [[nodiscard]] Found<json::Array*> tags_at(std::string_view arn);
    // rules.cc
    Answer put_rule(const ApiCall& call);
    Answer describe_rule(const ApiCall& call);
    Answer list_rules(const ApiCall& call);
    Answer enable_rule(const ApiCall& call);
    Answer disable_rule(const ApiCall& call);
    Answer delete_rule(const ApiCall& call);
    Answer switch_rule(const ApiCall& call, bool is_enabled);
    // targets.cc
    Answer put_targets(const ApiCall& call);
    Answer list_targets_by_rule(const ApiCall& call);
    Answer remove_targets(const ApiCall& call);
    Answer list_rule_names_by_target(const ApiCall& call);
    // put_events.cc
    Answer put_events(const ApiCall& call);
    Answer test_event_pattern(const ApiCall& call);
    [[nodiscard]] json::Object put_entry(const json::Object& entry, WallTime now);
    [[nodiscard]] json::Object envelope(std::string_view source,
                                        std::string_view detail_type,
                                        json::Array resources,
                                        json::Object detail,
                                        WallTime now) const;
    void route(const Bus& bus, const json::Object& event, WallTime now);
    void invoke(const Rule& rule, const json::Object& event, WallTime now);
    void count(std::string_view metric, const std::string& rule, WallTime now) const;

    [[nodiscard]] std::string arn(const std::string& resource) const;
    // By EventBusName, which may be an ARN, and is "default" where it is absent.
    [[nodiscard]] Found<Bus*> bus_of(const ApiCall& call, std::string_view member = "EventBusName");
    [[nodiscard]] Found<Rule*> rule_of(const ApiCall& call, std::string_view member);

    std::string account_;
    std::string region_;
    std::map<std::string, Bus, std::less<>> buses_; // by name
    Deliver deliver_;
    Count count_;
    int hops_ = 0;
};

// What the operations share.
[[nodiscard]] tl::unexpected<wire::ServiceError> invalid(std::string message);
// The last part of a name or an ARN of a bus.
[[nodiscard]] std::string bus_name(std::string_view name_or_arn);
// A page of 1 to 100 (Limit) of these names.
[[nodiscard]] Result<Page, wire::ServiceError> page_of_names(const ApiCall& call,
                                                             const std::vector<std::string>& names);

} // namespace squall::lab::eventbridge
