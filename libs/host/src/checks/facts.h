// What several checks need to know, each found out once.
#pragma once

#include "checks/agent_config.h"
#include "checks/once.h"
#include "squall/base/json.h"
#include "squall/host/checkup.h"
#include "squall/wire/protocol.h"
#include "squall/wire/sigv4.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace squall::host {

using transport::Probed;
using transport::Trouble;

// The instance metadata service, asked in this order, as far as each answer led to the next
// question.
struct MetadataView {
    std::string url;
    Probed token;
    WallTime answered_at; // with the token, by this host's clock
    Probed document;      // dynamic/instance-identity/document
    Probed profile;       // meta-data/iam/info
    Probed role;          // meta-data/iam/security-credentials/
    Probed keys;          // meta-data/iam/security-credentials/ROLE; what it answers is never shown

    std::string instance_id;
    std::string region;
    std::string account;
    std::string role_name;
};

struct Keys {
    wire::SigningCredentials keys; // empty: there are none
    std::string source;            // "the instance's role web"
    std::string why_none;
};

// What the Docker Engine answers.
struct DockerView {
    Path socket;
    Probed ping;    // as the agent asks it: 2 s
    Probed patient; // once more, where that was too short: 10 s
    Probed version;
    Probed agent; // the container ecs-agent

    [[nodiscard]] bool is_well() const { return ping.answer || patient.answer; }

    // Of /containers/ecs-agent/json; empty where there is none.
    [[nodiscard]] json::Object container_state() const;
};

struct Introspection {
    Probed probed;
    std::string cluster;
    std::string arn;
    std::string version; // "1.83.0"
};

// What came of ecs:DiscoverPollEndpoint, asked with the agent's own keys.
struct Discovery {
    std::string why_not; // it could not even be asked
    std::string url;
    Probed probed;
    WallTime answered_at;     // by this host's clock
    wire::ServiceError error; // code empty: it was answered, or not at all
    std::string acs;          // URLs
    std::string tcs;
};

enum class Service { api, acs, tcs };

// One of the three servers that an agent speaks with, tried without saying anything to it.
struct EndpointView {
    std::string url; // empty: nobody says where it is, and `why_not` why
    std::string why_not;
    bool is_guessed = false; // AWS's usual name: ECS has not answered what it is
    bool is_through_proxy = false;
    Probed probed;
};

// Of the host's own firewall, as `iptables -S` prints the table filter.
struct FilterRules {
    std::string listing;
    std::string why_not; // empty: that is all of them
    // Of other tables, those that drop or reject: "iptables -t raw -A OUTPUT …".
    std::vector<std::string> others = {};
};

// Null results mean that the deadline came first. May be used from several threads at once.
class Facts {
public:
    explicit Facts(Ground ground);

    [[nodiscard]] const Ground& ground() const { return ground_; }

    // A path of the host: "/etc/ecs/ecs.config".
    [[nodiscard]] Path path(std::string_view absolute) const;

    // What nearly every check needs comes from files, and reading these may hang: a thread of its
    // own calls this, and no check is held up longer than config() says.
    void read_config() { static_cast<void>(config_.get(Deadline::never())); }

    [[nodiscard]] const AgentConfig* config(Deadline deadline) {
        return config_.wait(deadline.sooner(Deadline::in(Seconds(2))));
    }

    [[nodiscard]] const MetadataView* metadata(Deadline deadline) {
        return metadata_.get(deadline);
    }

    [[nodiscard]] const Keys* keys(Deadline deadline) { return keys_.get(deadline); }

    [[nodiscard]] const DockerView* docker(Deadline deadline) { return docker_.get(deadline); }

    [[nodiscard]] const Introspection* introspection(Deadline deadline) {
        return introspection_.get(deadline);
    }

    [[nodiscard]] const Discovery* discovery(Deadline deadline) { return discovery_.get(deadline); }

    [[nodiscard]] const EndpointView* endpoint(Service service, Deadline deadline) {
        return endpoints_.at(static_cast<std::size_t>(service)).get(deadline);
    }

    [[nodiscard]] const FilterRules* filter_rules(Deadline deadline) {
        return filter_rules_.get(deadline);
    }

    // As the agent finds it; empty where nothing says it.
    [[nodiscard]] std::string region(Deadline deadline);
    // The ECS API's, as the agent asks it; empty where no region is known.
    [[nodiscard]] std::string api_url(Deadline deadline);
    [[nodiscard]] std::string cluster(Deadline deadline);
    // An order with this host's proxy, certificates and resolver.
    [[nodiscard]] Result<transport::ProbeOrder> order(const std::string& url, Deadline deadline);

private:
    [[nodiscard]] MetadataView find_metadata(Deadline deadline);
    [[nodiscard]] Keys find_keys(Deadline deadline);
    [[nodiscard]] DockerView find_docker(Deadline deadline);
    [[nodiscard]] Introspection find_introspection(Deadline deadline) const;
    [[nodiscard]] Discovery find_discovery(Deadline deadline);
    [[nodiscard]] EndpointView find_endpoint(Service service, Deadline deadline);
    [[nodiscard]] FilterRules find_filter_rules(Deadline deadline) const;
    [[nodiscard]] FilterRules list_filter_rules(Deadline deadline) const;

    Ground ground_;
    Once<AgentConfig> config_;
    Once<MetadataView> metadata_;
    Once<Keys> keys_;
    Once<DockerView> docker_;
    Once<Introspection> introspection_;
    Once<Discovery> discovery_;
    std::array<Once<EndpointView>, 3> endpoints_;
    Once<FilterRules> filter_rules_;
};

// One request over one connection; no proxy, no name server.
[[nodiscard]] Probed
ask(const std::string& url, const wire::HttpRequest& request, Millis patience, Deadline deadline);

// "HTTP 404", or what went wrong: "no answer within 2 s", "Connection refused".
[[nodiscard]] std::string outcome_text(const Probed& probed);
[[nodiscard]] bool has_status(const Probed& probed, int status);

} // namespace squall::host
