#include "logs/continuation.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

bool may_be_of_agent(LogKind kind) {
    return kind == LogKind::unknown || kind == LogKind::agent || kind == LogKind::init;
}

bool begins_as_record(std::string_view text) {
    // An old agent's, behind a stamp.
    if (text.starts_with('[') && level_named(text.substr(1, text.find(']') - 1)) != Level::none)
        return true;
    return has_own_form(text);
}

} // namespace

bool begins_panic(const Unwrapping& line) {
    return may_be_of_agent(line.kind) && !line.is_indented
           && (line.text.starts_with("panic: ") || line.text.starts_with("fatal error: ")
               || line.text.starts_with("SIGQUIT: "));
}

bool is_continuation(const Unwrapping& line, bool in_panic) {
    if (!may_be_of_agent(line.kind)) return false;
    if (in_panic) return !begins_as_record(line.text) && !begins_panic(line);
    // A whole log may be indented, as people paste it.
    if (line.is_indented) return !begins_as_record(line.text);
    constexpr std::array<std::string_view, 12> beginnings{"\\t",
                                                          "caused by: ",
                                                          "status code: ",
                                                          "Caused by: ",
                                                          "EnvAccessKeyNotFound: ",
                                                          "SharedCredsLoad: ",
                                                          "CredentialsEndpointError: ",
                                                          "EC2RoleRequestError: ",
                                                          "For verbose messaging ",
                                                          "goroutine ",
                                                          "[signal ",
                                                          "[goroutine "};
    return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view beginning) {
        return line.text.starts_with(beginning);
    });
}

bool is_of_same_writer(const Unwrapping& one, const Unwrapping& other) {
    return one.is_bare == other.is_bare && one.writer == other.writer && one.stream == other.stream
           && one.source == other.source;
}

bool may_stand_apart(const Unwrapping& line) {
    return may_be_of_agent(line.kind)
           && (!line.writer.empty() || !line.stream.empty() || line.source.ends_with('|'));
}

bool may_follow(const Unwrapping& line, const Unwrapping& before) {
    return !line.number || !before.number || *line.number == *before.number + 1;
}

} // namespace squall::doctor
