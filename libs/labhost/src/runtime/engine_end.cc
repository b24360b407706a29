// How containers end: by themselves, when asked to, when made to.
#include "runtime/engine_entry.h"
#include "squall/base/log.h"

namespace squall::labhost::runtime {
namespace {

// How long Docker waits after SIGKILL before it says that it did not help.
constexpr Seconds after_kill{10};

// What a stop gives every container when Docker itself is stopped (its --shutdown-timeout).
constexpr Seconds shutdown_grace_max{15};

// Docker's own default where a caller asks for nothing sensible.
constexpr Seconds grace_max{24 * 3600};

} // namespace

void Engine::on_end(const std::string& id, int exit_code) {
    Entry& entry = *entries_.at(id);
    Container& container = entry.container;
    end_health_checks(entry);
    entry.process.reset();
    auto& state = container.state;
    state = {Status::exited, 0, 0, exit_code, {}, state.started_at, clock_.wall()};
    undo_start(entry);
    save(container);
    log::info("container {} ended with {}", container.name, exit_code);

    auto endings = std::move(entry.endings);
    entry.endings.clear();
    std::vector<Entry::Waiter> answered;
    std::erase_if(entry.waiters, [&](Entry::Waiter& waiter) {
        if (waiter.what == WaitFor::removed) return false;
        answered.push_back(std::move(waiter));
        return true;
    });
    const bool goes = container.spec.auto_remove;
    // From here on anything may happen to the container: these calls restart it and remove it.
    for (auto& waiter : answered)
        waiter.done(exit_code);
    for (auto& ending : endings)
        ending.done({});
    const auto still = entries_.find(id);
    if (goes && still != entries_.end() && !still->second->container.is_running()) {
        if (const auto erased = erase(id); !erased) log::warning("{}", erased.error().message);
    }
    const bool none_runs = std::none_of(entries_.begin(), entries_.end(), [](const auto& other) {
        return other.second->container.is_running();
    });
    if (none_runs && on_all_ended_) std::exchange(on_all_ended_, {})();
}

void Engine::await_end(Entry& entry, Millis grace, Done done) {
    if (entry.endings.size() >= waiting_max)
        return done(refuse(503, "too many calls wait for the end of {}", entry.container.name));
    entry.endings.emplace_back(loop_, std::move(done));
    // Docker: a negative time is for ever.
    if (grace.count() < 0) return;
    const auto ending = std::prev(entry.endings.end());
    ending->patience.start(
        grace, [this, id = entry.container.id, ending] { on_patience_over(id, ending); });
}

void Engine::on_patience_over(const std::string& id, std::list<Ending>::iterator ending) {
    Entry& entry = *entries_.at(id);
    if (!std::exchange(ending->was_killed, true)) {
        entry.process->signal(SIGKILL);
        return ending->patience.start(after_kill,
                                      [this, id, ending] { on_patience_over(id, ending); });
    }
    const Done done = std::move(ending->done);
    entry.endings.erase(ending);
    done(refuse(500,
                "cannot stop container: {}: tried to kill container, but did not receive an exit "
                "event",
                entry.container.name));
}

void Engine::stop(std::string_view key,
                  std::optional<Seconds> timeout,
                  std::function<void(Answer<bool>)> done) {
    const auto found = find_entry(key);
    if (!found) return done(fail(found.error()));
    Entry& entry = **found;
    if (!entry.container.is_running()) return done(false);
    const Seconds grace = std::min(timeout.value_or(entry.container.spec.stop_timeout), grace_max);
    entry.process->signal(entry.container.spec.stop_signal);
    await_end(entry, grace, [done = std::move(done)](const Answer<void>& ended) {
        if (!ended) return done(fail(ended.error()));
        done(true);
    });
}

void Engine::restart(std::string_view key, std::optional<Seconds> timeout, Done done) {
    const auto container = find(key);
    if (!container) return done(fail(container.error()));
    stop(key, timeout, [this, id = (*container)->id, done = std::move(done)](const auto& stopped) {
        if (!stopped) return done(fail(stopped.error()));
        const auto started = start(id);
        if (!started) return done(fail(started.error()));
        done({});
    });
}

void Engine::kill(std::string_view key, int signal, Done done) {
    const auto found = find_entry(key);
    if (!found) return done(fail(found.error()));
    Entry& entry = **found;
    if (!entry.container.is_running())
        return done(refuse(409,
                           "Cannot kill container: {}: Container {} is not running",
                           key,
                           entry.container.id));
    entry.process->signal(signal);
    if (signal == SIGKILL) return await_end(entry, Millis(0), std::move(done));
    done({});
}

void Engine::remove(std::string_view key, bool force, Done done) {
    const auto found = find_entry(key);
    if (!found) return done(fail(found.error()));
    Entry& entry = **found;
    const std::string id = entry.container.id;
    if (entry.being_removed)
        return done(refuse(409, "removal of container {} is already in progress", key));
    if (!entry.container.is_running()) return done(erase(id));
    if (!force)
        return done(refuse(409,
                           "You cannot remove a running container {}. Stop the container before "
                           "attempting removal or force remove",
                           id));
    entry.being_removed = true;
    entry.process->signal(SIGKILL);
    await_end(entry, Millis(0), [this, id, done = std::move(done)](const Answer<void>& ended) {
        const auto still = entries_.find(id);
        if (still == entries_.end()) return done({});
        still->second->being_removed = false;
        if (!ended) return done(fail(ended.error()));
        done(erase(id));
    });
}

Answer<void> Engine::erase(const std::string& id) {
    const auto entry = entries_.extract(id);
    SQUALL_ASSERT(!entry.empty());
    const Container& container = entry.mapped()->container;
    const auto removed = store_.remove(id);
    for (auto& waiter : entry.mapped()->waiters)
        waiter.done(container.state.exit_code);
    if (!removed) return refuse(500, "{}", removed.error().message);
    return {};
}

bool Engine::wait(std::string_view key,
                  WaitFor what,
                  std::function<void(Answer<int>)> done,
                  std::function<bool()> is_wanted) {
    const auto at_once = [&](Answer<int> answer) {
        done(std::move(answer));
        return false;
    };
    const auto found = find_entry(key);
    if (!found) return at_once(fail(found.error()));
    Entry& entry = **found;
    if (what == WaitFor::not_running && !entry.container.is_running())
        return at_once(entry.container.state.exit_code);
    std::erase_if(entry.waiters, [](const auto& waiter) { return !waiter.is_wanted(); });
    if (entry.waiters.size() >= waiting_max)
        return at_once(refuse(503, "too many calls wait for {}", entry.container.name));
    entry.waiters.push_back({what, std::move(done), std::move(is_wanted)});
    return true;
}

void Engine::shut_down(std::function<void()> done) {
    if (shutting_down_) return;
    shutting_down_ = true;
    std::vector<std::string> running;
    for (const auto& [id, entry] : entries_) {
        if (entry->container.is_running()) running.push_back(id);
    }
    if (running.empty()) return done();
    on_all_ended_ = std::move(done);
    for (const auto& id : running) {
        const Seconds own = entries_.at(id)->container.spec.stop_timeout;
        const bool has_sensible_own = own.count() >= 0 && own < shutdown_grace_max;
        stop(id, has_sensible_own ? own : shutdown_grace_max, [id](const Answer<bool>& stopped) {
            if (!stopped) log::warning("container {}: {}", id, stopped.error().message);
        });
    }
}

} // namespace squall::labhost::runtime
