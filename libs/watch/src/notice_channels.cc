// Channels that tell: topics, webhooks, a metric.
#include "squall/aws/endpoint.h"
#include "squall/base/time_text.h"
#include "squall/watch/channel.h"

namespace squall::watch {
namespace {

constexpr Seconds send_limit{30};

constexpr std::string_view metric_namespace = "ECS/ECSAgentFailures";
constexpr std::string_view metric_name = "ECSAgentFailuresCount";

class SnsChannel final : public Channel {
public:
    SnsChannel(aws::Client& client, std::string topic_arn)
        : sns_(client), topic_arn_(std::move(topic_arn)) {}

    [[nodiscard]] std::string_view name() const override { return "sns"; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return is_notice(decision.kind) || is_about_sight(decision);
    }

    Result<std::string> send(const OutboxEntry& entry, const std::stop_token& stop) override {
        aws::Notification notification;
        notification.topic_arn = topic_arn_;
        notification.subject = entry.subject;
        notification.message = entry.body;
        notification.attributes = {{"idempotency_key", entry.idempotency_key}};
        for (const char* name : {"kind", "cluster", "node", "incident"}) {
            if (const auto value = json::string_at(entry.object, name); !value.empty())
                notification.attributes[name] = value;
        }
        if (topic_arn_.ends_with(".fifo")) {
            notification.message_group_id = json::string_at(entry.object, "incident");
            notification.message_deduplication_id = entry.idempotency_key;
        }
        const auto sent = sns_.publish(notification, Deadline::in(send_limit), stop);
        if (!sent) return fail("telling " + topic_arn_, aws::to_error(sent.error()));
        return *sent;
    }

private:
    aws::Sns sns_;
    std::string topic_arn_;
};

class WebhookChannel final : public Channel {
public:
    explicit WebhookChannel(wire::Url url)
        : url_(std::move(url)),
          client_(aws::settings_through_proxies(aws::Environment::from_process())) {}

    [[nodiscard]] std::string_view name() const override { return "webhook"; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return is_notice(decision.kind) || decision.kind == monitor::DecisionKind::info;
    }

    Result<std::string> send(const OutboxEntry& entry, const std::stop_token& stop) override {
        wire::HttpRequest request{"POST",
                                  url_.target,
                                  {{"Content-Type", "application/json"},
                                   {"Idempotency-Key", entry.idempotency_key},
                                   {"User-Agent", "squall-monitor"}},
                                  json::text(entry.object)};
        const auto answer = client_.send(url_, request, Deadline::in(send_limit), stop);
        if (!answer) return fail("POST " + url_.origin(), answer.error());
        if (answer->status / 100 == 2) return std::string();
        // A receiver that is overloaded says so with 4xx, too.
        const bool is_final =
            answer->status / 100 == 4 && answer->status != 408 && answer->status != 429;
        return fail(is_final ? Errc::invalid_input : Errc::unavailable,
                    "POST {}: it answers {}",
                    url_.origin(),
                    answer->status);
    }

private:
    wire::Url url_;
    transport::HttpClient client_;
};

class MetricsChannel final : public Channel {
public:
    MetricsChannel(aws::Client& client, Clock& clock) : cloudwatch_(client), clock_(clock) {}

    [[nodiscard]] std::string_view name() const override { return "metrics"; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return decision.kind == monitor::DecisionKind::opened
               || decision.kind == monitor::DecisionKind::grouped;
    }

    Result<std::string> send(const OutboxEntry& entry, const std::stop_token& stop) override {
        const std::string cluster(json::string_at(entry.object, "cluster"));
        std::vector<aws::MetricDatum> data;
        const auto add = [&](const char* dimension, const std::string& value, double count) {
            aws::MetricDatum datum;
            datum.name = metric_name;
            datum.dimensions = {{dimension, value}};
            datum.value = count;
            datum.unit = "Count";
            datum.timestamp = clock_.wall();
            data.push_back(std::move(datum));
        };
        const auto& nodes = json::array_at(entry.object, "nodes");
        if (!cluster.empty()) add("ClusterName", cluster, static_cast<double>(nodes.size()));
        for (const auto& node : nodes)
            add("NodeName", std::string(json::string_of(node)), 1);
        const auto put =
            cloudwatch_.put_metric_data(metric_namespace, data, Deadline::in(send_limit), stop);
        if (!put) return fail(aws::to_error(put.error()));
        return std::string();
    }

private:
    aws::CloudWatch cloudwatch_;
    Clock& clock_;
};

} // namespace

std::unique_ptr<Channel> sns_channel(aws::Client& client, std::string topic_arn) {
    return std::make_unique<SnsChannel>(client, std::move(topic_arn));
}

std::unique_ptr<Channel> webhook_channel(wire::Url url) {
    return std::make_unique<WebhookChannel>(std::move(url));
}

std::unique_ptr<Channel> metrics_channel(aws::Client& client, Clock& clock) {
    return std::make_unique<MetricsChannel>(client, clock);
}

} // namespace squall::watch
