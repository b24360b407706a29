// What the agent said of itself at port 51678 when the archive was made.
#include "bundle/readers.h"
#include "squall/base/json.h"

namespace squall::doctor {

// That it is registered is left to its log: only the live check knows that it is so now.
std::optional<Look> look_at_introspection(const TextFile& file) {
    const auto answer = json::parse_object(file.text);
    if (!answer) return {};
    constexpr const char* arn = "ContainerInstanceArn";
    // The answer to another question (its tasks) has none.
    if (answer->find(arn) == answer->end() || !json::string_at(*answer, arn).empty()) return {};
    Look look;
    look.check = "introspection";
    look.summary = "the agent answered, and had no container instance yet: it had not registered";
    look.how = "curl http://localhost:51678/v1/metadata";
    return look;
}

} // namespace squall::doctor
