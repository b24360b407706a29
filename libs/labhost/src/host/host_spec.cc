#include "squall/labhost/host_spec.h"

namespace squall::labhost {

json::Object HostSpec::to_json() const {
    return {{"instanceId", instance_id},
            {"hostname", hostname},
            {"privateIp", private_ip},
            {"prefixLength", prefix_length},
            {"gateway", gateway},
            {"cluster", cluster},
            {"region", region},
            {"endpointUrl", endpoint_url},
            {"mountFolder", mount_folder}};
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
                                     std::pair("mountFolder", &spec.mount_folder)}) {
        *into = json::string_at(object, name);
        if (into->empty())
            return fail(Errc::invalid_input, "the description of a lab host lacks {}", name);
    }
    return spec;
}

} // namespace squall::labhost
