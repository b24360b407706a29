// All containers of a host and what can be done with them: what dockerd is, without its HTTP API.
// Lives on one loop's thread. Answers carry Docker's statuses and words (api_error.h).
#pragma once

#include "runtime/bridge.h"
#include "runtime/container_filter.h"
#include "runtime/running_process.h"
#include "runtime/state_store.h"

#include <list>
#include <map>
#include <memory>

namespace squall::labhost::runtime {

struct EngineSettings {
    Path containers_folder; // state and logs
    Path root_folder;       // an empty folder over which containers mount their roots, unseen here
    Path program;           // this program, as the host's path
    Path resolv_conf = "/etc/resolv.conf";
};

struct CreatedContainer {
    std::string id;
    std::vector<std::string> warnings;
};

// What POST /containers/{id}/wait may wait for.
enum class WaitFor { not_running, next_exit, removed };

class Engine {
public:
    static constexpr std::size_t containers_max = 512;
    // Calls that wait for the end of one container.
    static constexpr std::size_t waiting_max = 256;

    using Done = std::function<void(Answer<void>)>;

    // The references must outlive the engine.
    Engine(transport::Loop& loop, const Clock& clock, EngineSettings settings);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    // Makes the network, and ends and undoes what an earlier life of this program left running.
    [[nodiscard]] Result<void> set_up();

    [[nodiscard]] const std::vector<Image>& images() const { return images_; }

    [[nodiscard]] const Image& image_of(const Container& container) const;
    // By id, name (with or without a slash in front) or the beginning of an id that is no other's.
    [[nodiscard]] Answer<const Container*> find(std::string_view key) const;
    // Newest first.
    [[nodiscard]] std::vector<const Container*> all() const;

    [[nodiscard]] Path log_path(const Container& container) const {
        return store_.log_path(container.id);
    }

    // `name` may be empty: one is made up.
    [[nodiscard]] Answer<CreatedContainer> create(std::string name, json::Object request);
    // True when the program has been started, false if it was running.
    [[nodiscard]] Answer<bool> start(std::string_view key);

    // The rest may take as long as a container takes to end: `done` is called when it has, or at
    // once.
    // True for a container that was running. Without `timeout` the container's own.
    void stop(std::string_view key,
              std::optional<Seconds> timeout,
              std::function<void(Answer<bool>)> done);
    void restart(std::string_view key, std::optional<Seconds> timeout, Done done);
    void kill(std::string_view key, int signal, Done done);
    void remove(std::string_view key, bool force, Done done);
    // `done` gets the exit code. One that nobody waits for any more (`is_wanted` says false) is
    // forgotten. False where `done` has been called already.
    bool wait(std::string_view key,
              WaitFor what,
              std::function<void(Answer<int>)> done,
              std::function<bool()> is_wanted);

    // Refuses to start anything from now on, stops what runs, and says when nothing does.
    void shut_down(std::function<void()> done);

private:
    struct Entry;
    struct Ending;

    [[nodiscard]] Answer<Entry*> find_entry(std::string_view key) const;
    [[nodiscard]] Answer<std::string> usable_name(std::string name, const std::string& id) const;
    [[nodiscard]] std::string new_id() const;
    void recover(StoredContainer stored);

    [[nodiscard]] Answer<void> give_endpoint(Entry& entry);
    [[nodiscard]] Answer<Fd> network_to_join(const Entry& entry) const;
    [[nodiscard]] LaunchSpec launch_spec(const Entry& entry) const;
    [[nodiscard]] Result<void, StartFailure> launch_container(Entry& entry);
    [[nodiscard]] Result<void> connect(const Entry& entry, const LaunchedProcess& launched);
    // engine_health.cc
    void begin_health_checks(Entry& entry);
    void end_health_checks(Entry& entry);
    void on_end(const std::string& id, int exit_code);
    void undo_start(Entry& entry);

    void await_end(Entry& entry, Millis grace, Done done);
    void on_patience_over(const std::string& id, std::list<Ending>::iterator ending);
    [[nodiscard]] Answer<void> erase(const std::string& id);
    void save(const Container& container);

    transport::Loop& loop_;
    const Clock& clock_;
    EngineSettings settings_;
    StateStore store_;
    Bridge bridge_;
    std::vector<Image> images_;
    std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_; // by id
    bool shutting_down_ = false;
    std::function<void()> on_all_ended_;
};

} // namespace squall::labhost::runtime
