#include "runtime/state_store.h"

#include "squall/base/log.h"

#include <algorithm>

namespace squall::labhost::runtime {
namespace {

constexpr const char* state_file = "config.json";
// A create request may be 8 MiB (the server's limit); JSON text grows a little when it is written.
constexpr std::size_t state_file_max = 32U << 20U;

Result<StoredContainer> load_one(const Path& file) {
    const auto text = read_file(file, state_file_max);
    if (!text) return fail(text.error());
    const auto object = json::parse_object(*text);
    if (!object) return fail(object.error());
    return stored_container(*object);
}

} // namespace

Result<void> StateStore::save(const Container& container) const {
    const Path folder = folder_ / container.id;
    if (auto made = make_directories(folder, 0700); !made) return made;
    return write_file(folder / state_file, json::text(to_json(container)), 0600);
}

Result<void> StateStore::remove(const std::string& id) const {
    std::error_code error;
    std::filesystem::remove_all(folder_ / id, error);
    if (error)
        return fail(Errc::failed, "removing {}: {}", (folder_ / id).string(), error.message());
    return {};
}

std::vector<StoredContainer> StateStore::load() const {
    std::vector<StoredContainer> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
        auto loaded = load_one(entry.path() / state_file);
        if (loaded)
            found.push_back(std::move(*loaded));
        else
            log::warning("the container in {} is left as it is: {}",
                         entry.path().string(),
                         loaded.error().message);
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.created < b.created;
    });
    return found;
}

Path StateStore::log_path(const std::string& id) const { return folder_ / id / (id + "-json.log"); }

} // namespace squall::labhost::runtime
