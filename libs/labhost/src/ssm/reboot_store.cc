#include "ssm/reboot_store.h"

namespace squall::labhost {
namespace {

constexpr std::size_t file_max = 4U << 20U;

} // namespace

Path RebootStore::file_of(const std::string& command_id) const {
    return folder_ / (command_id + ".json");
}

Result<void> RebootStore::keep(const Work& work) const {
    if (auto made = make_directories(folder_, 0700); !made) return made;
    const json::Object object{{"message_id", work.message_id},
                              {"command_id", work.command_id},
                              {"payload", work.payload},
                              {"earlier_output", work.earlier_output},
                              {"earlier_errors", work.earlier_errors}};
    return write_file(file_of(work.command_id), json::text(object), 0600);
}

std::vector<Work> RebootStore::kept() const {
    std::vector<Work> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
        const auto text = read_file(entry.path(), file_max);
        const auto object =
            text ? json::parse_object(*text) : Result<json::Object>(fail(text.error()));
        if (!object) continue;
        found.push_back({std::string(json::string_at(*object, "message_id")),
                         std::string(json::string_at(*object, "command_id")),
                         json::object_at(*object, "payload"),
                         std::string(json::string_at(*object, "earlier_output")),
                         std::string(json::string_at(*object, "earlier_errors"))});
    }
    return found;
}

void RebootStore::forget(const std::string& command_id) const {
    std::error_code ignored;
    std::filesystem::remove(file_of(command_id), ignored);
}

} // namespace squall::labhost
