#include "squall/wire/arn.h"

#include "squall/base/text.h"

namespace squall::wire {

std::string Arn::text() const {
    return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, account, resource);
}

std::string_view Arn::id() const {
    const std::string_view whole = resource;
    const std::size_t slash = whole.rfind('/');
    return slash == std::string_view::npos ? whole : whole.substr(slash + 1);
}

Result<Arn> parse_arn(std::string_view text) {
    const auto parts = split(text, ':');
    if (parts.size() < 6 || parts[0] != "arn" || parts[1].empty() || parts[2].empty()
        || parts[5].empty()) {
        return fail(Errc::invalid_input,
                    "'{}' is not an ARN (arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE)",
                    text);
    }
    std::size_t resource = 0;
    for (int colons = 0; colons < 5; ++colons)
        resource = text.find(':', resource) + 1;
    return Arn{parts[1], parts[2], parts[3], parts[4], std::string(text.substr(resource))};
}

} // namespace squall::wire
