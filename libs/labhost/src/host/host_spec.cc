#include "squall/labhost/host_spec.h"

namespace squall::labhost {

json::Object HostSpec::to_json() const {
    json::Object object{{"instanceId", instance_id},
                        {"hostname", hostname},
                        {"privateIp", private_ip},
                        {"prefixLength", prefix_length},
                        {"gateway", gateway},
                        {"cluster", cluster},
                        {"region", region},
                        {"endpointUrl", endpoint_url},
                        {"nameServer", name_server},
                        {"authorityPem", authority_pem},
                        {"mountFolder", mount_folder},
                        {"hasSystemd", has_systemd},
                        {"hasSsmAgent", has_ssm_agent},
                        {"dockerCgroup", docker_cgroup}};
    if (external_credentials)
        object["externalCredentials"] =
            json::Object{{"accessKeyId", external_credentials->access_key_id},
                         {"secretAccessKey", external_credentials->secret_access_key},
                         {"sessionToken", external_credentials->session_token}};
    return object;
}

Result<HostSpec> HostSpec::from_json(const json::Object& object) {
    HostSpec spec;
    spec.prefix_length = static_cast<int>(json::integer_at(object, "prefixLength"));
    for (const auto& [name, into] : {std::pair("instanceId", &spec.instance_id),
                                     std::pair("hostname", &spec.hostname),
                                     std::pair("privateIp", &spec.private_ip),
                                     std::pair("gateway", &spec.gateway),
                                     std::pair("cluster", &spec.cluster),
                                     std::pair("region", &spec.region),
                                     std::pair("endpointUrl", &spec.endpoint_url),
                                     std::pair("nameServer", &spec.name_server),
                                     std::pair("authorityPem", &spec.authority_pem),
                                     std::pair("mountFolder", &spec.mount_folder)}) {
        *into = json::string_at(object, name);
        if (into->empty())
            return fail(Errc::invalid_input, "the description of a lab host lacks {}", name);
    }
    spec.has_systemd = json::bool_at(object, "hasSystemd");
    spec.has_ssm_agent = json::bool_at(object, "hasSsmAgent");
    spec.docker_cgroup = json::string_at(object, "dockerCgroup");
    if (const auto& keys = json::object_at(object, "externalCredentials"); !keys.empty())
        spec.external_credentials =
            wire::SigningCredentials{std::string(json::string_at(keys, "accessKeyId")),
                                     std::string(json::string_at(keys, "secretAccessKey")),
                                     std::string(json::string_at(keys, "sessionToken"))};
    return spec;
}

} // namespace squall::labhost
