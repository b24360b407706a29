#include "counts.h"

namespace squall::host_app {

json::Object json_of(const proxy::Counts& counts) {
    const http::Counts& exchanges = counts.exchanges;
    return {{"accepted", counts.accepted},
            {"reset_after_accept", counts.reset_after_accept},
            {"tls", counts.tls},
            {"http2", counts.http2},
            {"refused_directly", counts.refused_directly},
            {"out_of_descriptors", counts.out_of_descriptors},
            {"out_of_ports", counts.out_of_ports},
            {"requests", exchanges.requests},
            {"met", exchanges.met},
            {"untouched", exchanges.untouched},
            {"answered", exchanges.answered},
            {"changed", exchanges.changed},
            {"delayed", exchanges.delayed},
            {"reset", exchanges.reset},
            {"refused", exchanges.refused},
            {"application_unreachable", exchanges.application_unreachable},
            {"application_unclear", exchanges.application_unclear},
            {"upgraded", exchanges.upgraded}};
}

json::Object without_zeros(json::Object counts) {
    json::Object kept;
    for (auto& [name, count] : counts) {
        if (!count.is_uint64() || count.get_uint64() != 0) kept.emplace(name, std::move(count));
    }
    return kept;
}

} // namespace squall::host_app
