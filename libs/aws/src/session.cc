#include "squall/aws/session.h"

#include "squall/base/text.h"

namespace squall::aws {

Session::Session(SessionOptions options, SharedConfig config)
    : options_(std::move(options)), config_(std::move(config)), traffic_(options_.seed) {}

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(SessionOptions options,
                                               Clock& clock,
                                               Deadline deadline,
                                               const std::stop_token& stop) {
    auto config =
        SharedConfig::load(options.environment, options.profile, options.credentials_file);
    if (!config) return fail(config.error());
    auto settings = settings_through_proxies(options.environment);
    if (!settings.ca_file) {
        if (const auto bundle = config->get("ca_bundle")) settings.ca_file = *bundle;
    }
    std::unique_ptr<Session> session(new Session(std::move(options), std::move(*config)));
    session->network_ = std::make_unique<NetworkSender>(std::move(settings));
    session->direct_network_ =
        std::make_unique<NetworkSender>(direct_settings(MetadataClient::try_timeout));
    auto connected =
        session->connect({*session->network_, *session->direct_network_}, clock, deadline, stop);
    if (!connected) return fail(connected.error());
    return session;
}

Result<std::unique_ptr<Session>> Session::open_over(SessionSenders senders,
                                                    SessionOptions options,
                                                    Clock& clock,
                                                    Deadline deadline,
                                                    const std::stop_token& stop) {
    auto config =
        SharedConfig::load(options.environment, options.profile, options.credentials_file);
    if (!config) return fail(config.error());
    std::unique_ptr<Session> session(new Session(std::move(options), std::move(*config)));
    auto connected = session->connect(senders, clock, deadline, stop);
    if (!connected) return fail(connected.error());
    return session;
}

Result<void> Session::connect(SessionSenders senders,
                              Clock& clock,
                              Deadline deadline,
                              const std::stop_token& stop) {
    const Environment& environment = options_.environment;
    metadata_ = std::make_unique<MetadataClient>(senders.direct, clock, environment, config_);
    auto region =
        resolve_region({options_.region, environment, config_, *metadata_}, deadline, stop);
    if (!region) return fail(region.error());
    region_ = std::move(*region);
    auto endpoints = Endpoints::resolve(region_.name, environment, config_);
    if (!endpoints) return fail(endpoints.error());
    endpoints_ = std::move(*endpoints);
    chain_ = std::make_unique<CredentialChain>(
        ChainParts{senders.aws, senders.direct, *metadata_, traffic_, clock, environment},
        endpoints_,
        options_.profile,
        options_.credentials_file);
    base_client_ = std::make_unique<Client>(
        ClientParts{senders.aws, *chain_, traffic_, clock}, endpoints_, options_.retry);
    credentials_ = chain_.get();
    if (!options_.assume_role_arn.empty()) {
        const std::string name =
            options_.role_session.empty() ? "squall-" + random_hex(8) : options_.role_session;
        role_ = std::make_unique<AssumeRoleProvider>(
            *base_client_,
            clock,
            RoleToAssume{options_.assume_role_arn, name, options_.external_id});
        credentials_ = role_.get();
    }
    client_ = std::make_unique<Client>(
        ClientParts{senders.aws, *credentials_, traffic_, clock}, endpoints_, options_.retry);
    auto s3 = resolve_s3(region_.name, environment, config_);
    if (!s3) return fail(s3.error());
    s3_ = std::make_unique<S3>(
        S3Parts{senders.aws, *credentials_, clock}, std::move(*s3), region_.name);
    return {};
}

Outcome<Identity> Session::identity(Deadline deadline, const std::stop_token& stop) {
    auto caller = Sts(*client_).get_caller_identity(deadline, stop);
    if (!caller) return fail(caller.error());
    auto credentials = credentials_->get(deadline, stop);
    if (!credentials) return fail(credentials.error());
    return Identity{std::move(*caller), std::move(credentials->source), credentials->expires};
}

} // namespace squall::aws
