#include "runtime/engine.h"

#include "runtime/engine_entry.h"
#include "runtime/process.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <unistd.h>

#include <algorithm>

namespace squall::labhost::runtime {
namespace {

// A killed process is gone in milliseconds; only one that hangs in the kernel takes longer.
constexpr Seconds leftover_time{10};

constexpr int exit_code_of_killed = 128 + SIGKILL;

std::string machine_hostname() {
    std::array<char, 65> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "";
}

// The spec of a request, with what only this machine knows.
Answer<ContainerSpec> complete_spec(const json::Object& request, std::span<const Image> images) {
    const std::string wanted(json::string_at(request, "Image"));
    const Image* image = find_image(images, wanted);
    if (image == nullptr) return refuse(404, "No such image: {}", familiar_image_name(wanted));
    auto spec = parse_container_spec(request, *image);
    // A process that shares the machine's network answers to its name, as Docker has it.
    if (spec && spec->network.kind == NetworkKind::host && spec->hostname.empty())
        spec->hostname = machine_hostname();
    return spec;
}

} // namespace

Engine::Engine(transport::Loop& loop, const Clock& clock, EngineSettings settings)
    : loop_(loop),
      clock_(clock),
      settings_(std::move(settings)),
      store_(settings_.containers_folder),
      images_(built_in_images()) {}

Engine::~Engine() = default;

Result<void> Engine::set_up() {
    for (const auto& folder : {settings_.containers_folder, settings_.root_folder}) {
        if (auto made = make_directories(folder, 0711); !made) return made;
    }
    for (auto& stored : store_.load())
        recover(std::move(stored));
    return bridge_.set_up();
}

void Engine::recover(StoredContainer stored) {
    auto entry = std::make_unique<Entry>();
    Container& container = entry->container;
    container = {std::move(stored.id),
                 std::move(stored.name),
                 stored.created,
                 std::move(stored.request),
                 {},
                 std::move(stored.state),
                 std::move(stored.endpoint)};
    auto& state = container.state;
    if (state.status == Status::running) {
        const auto killed =
            kill_leftover(state.pid, state.pid_start_time, Deadline::in(leftover_time));
        if (!killed) log::warning("container {}: {}", container.name, killed.error().message);
        log::info("container {} was left running by an earlier dockerd: {}",
                  container.name,
                  killed && *killed ? "killed" : "it has ended meanwhile");
        state = {Status::exited, 0, 0, exit_code_of_killed, {}, state.started_at, clock_.wall()};
    }
    if (container.endpoint) bridge_.disconnect(*container.endpoint);
    container.endpoint.reset();
    save(container);
    auto spec = complete_spec(container.request, images_);
    if (!spec)
        return log::warning("container {} cannot be had again and is left out: {}",
                            container.name,
                            spec.error().message);
    container.spec = std::move(*spec);
    const std::string id = container.id;
    const bool goes = container.spec.auto_remove && state.status == Status::exited;
    entries_.emplace(id, std::move(entry));
    if (!goes) return;
    if (const auto erased = erase(id); !erased) log::warning("{}", erased.error().message);
}

const Image& Engine::image_of(const Container& container) const {
    const Image* image = find_image(images_, container.spec.root_of);
    SQUALL_ASSERT(image != nullptr);
    return *image;
}

Answer<Engine::Entry*> Engine::find_entry(std::string_view key) const {
    const auto exact = entries_.find(key);
    if (exact != entries_.end()) return exact->second.get();
    std::string_view name = key;
    if (name.starts_with('/')) name.remove_prefix(1);
    for (const auto& [id, entry] : entries_) {
        if (entry->container.name == name) return entry.get();
    }
    const auto first = entries_.lower_bound(key);
    if (key.empty() || first == entries_.end() || !first->first.starts_with(key))
        return refuse(404, "No such container: {}", key);
    const auto second = std::next(first);
    if (second != entries_.end() && second->first.starts_with(key))
        return refuse(500, "Multiple IDs found with provided prefix: {}", key);
    return first->second.get();
}

Answer<const Container*> Engine::find(std::string_view key) const {
    const auto entry = find_entry(key);
    if (!entry) return fail(entry.error());
    return &(*entry)->container;
}

std::vector<const Container*> Engine::all() const {
    std::vector<const Container*> containers;
    for (const auto& [id, entry] : entries_)
        containers.push_back(&entry->container);
    std::stable_sort(containers.begin(), containers.end(), [](const auto* a, const auto* b) {
        return a->created > b->created;
    });
    return containers;
}

// Interfaces are named after the first eight digits: they must be nobody else's.
std::string Engine::new_id() const {
    while (true) {
        std::string id = random_hex(64);
        const auto near = entries_.lower_bound(id.substr(0, 8));
        if (near == entries_.end() || !near->first.starts_with(id.substr(0, 8))) return id;
    }
}

Answer<std::string> Engine::usable_name(std::string name, const std::string& id) const {
    if (name.starts_with('/')) name.erase(0, 1);
    if (name.empty()) name = "squall_" + id.substr(0, 8);
    if (!is_container_name(name))
        return refuse(
            400, "Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name);
    for (const auto& [other, entry] : entries_) {
        if (entry->container.name == name)
            return refuse(409,
                          "Conflict. The container name \"/{}\" is already in use by container "
                          "\"{}\". You have to remove (or rename) that container to be able to "
                          "reuse that name.",
                          name,
                          other);
    }
    return name;
}

Answer<CreatedContainer> Engine::create(std::string name, json::Object request) {
    if (shutting_down_) return refuse(503, "the daemon is shutting down");
    if (entries_.size() >= containers_max)
        return refuse(500, "a lab host holds at most {} containers", containers_max);
    const std::string id = new_id();
    auto usable = usable_name(std::move(name), id);
    if (!usable) return fail(usable.error());
    auto spec = complete_spec(request, images_);
    if (!spec) return fail(spec.error());
    if (spec->network.kind == NetworkKind::container) {
        if (const auto other = find(spec->network.container); !other) return fail(other.error());
    }
    auto entry = std::make_unique<Entry>();
    entry->container = {
        id, std::move(*usable), clock_.wall(), std::move(request), std::move(*spec), {}, {}};
    if (const auto saved = store_.save(entry->container); !saved)
        return refuse(500, "{}", saved.error().message);
    CreatedContainer created{id, entry->container.spec.warnings};
    entries_.emplace(id, std::move(entry));
    return created;
}

void Engine::save(const Container& container) {
    const auto saved = store_.save(container);
    // What has happened has happened: it is known here, and a later start looks at the processes.
    if (!saved) log::warning("container {}: {}", container.name, saved.error().message);
}

} // namespace squall::labhost::runtime
