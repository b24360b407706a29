#include "host_canary.h"

#include "canary.h"
#include "control.h"
#include "process.h"
#include "squall/base/log.h"

#include <fcntl.h>
#include <unistd.h>

namespace squall::host_app {
namespace {

constexpr Millis patience{2000};      // without the fault
constexpr Millis control_max{500};    // for a proxy to note whose connection it will be
constexpr Millis asker_end_max{1000}; // the fault is over: an answer is here, or of no use
constexpr std::size_t record_max = 256U << 10U;

void save(const Path& file, const json::Object& record) {
    if (auto written = write_file(file, json::text(record) + "\n"); !written)
        log::print("squall-host: {}\n", written.error().message);
}

json::Object load(const Path& file) {
    const auto text = read_file(file, record_max);
    const auto record = text ? json::parse_object(*text) : fail(text.error());
    return record ? *record : json::Object{};
}

// Asks all, and puts each answer into its task of the record.
void ask_all(json::Object& record,
             const std::string& phase,
             Millis limit,
             const BeforeConnecting& before = {}) {
    std::vector<net::Address> servers;
    std::vector<json::Object*> tasks;
    for (auto& [name, task] : record["tasks"].as_object()) {
        const auto server = net::Address::parse(json::string_at(task, "server"));
        if (!server) continue;
        servers.push_back(*server);
        tasks.push_back(&task.as_object());
    }
    const std::string path(json::string_at(record, "path"));
    const auto answers = ask_canaries(servers, path, limit, before);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        (*tasks[i])[phase] = answers[i].outcome;
        (*tasks[i])[phase + "_ms"] = answers[i].took.count();
    }
}

[[noreturn]] void ask_beside(const CanaryOrder& order, json::Object record) {
    ::setsid();
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null.get(), fd);
    static_cast<void>(::chdir("/"));
    std::vector<ProxyPlace> places; // in the record's order
    for (const auto& [name, task] : record["tasks"].as_object())
        places.push_back({order.run, name});
    ask_all(record, "during", order.wait, [&](std::size_t index, const net::Address& own) {
        // One that does not hear it counts the request among the others.
        static_cast<void>(ask(places[index].socket(), "canary " + own.text(), control_max));
    });
    save(canary_files(order.run).during, record);
    ::_exit(0);
}

} // namespace

void ask_before(const CanaryOrder& order) {
    if (order.targets.empty()) return;
    json::Object tasks;
    for (const auto& target : order.targets)
        tasks[target.place.name] = json::Object{{"server", target.server.text()}};
    json::Object record{{"path", order.path}, {"tasks", std::move(tasks)}};
    ask_all(record, "before", patience);
    const Path file = canary_files(order.run).record;
    if (auto made = make_directories(file.parent_path(), 0700); !made) return;
    save(file, record);
}

void ask_during(const CanaryOrder& order) {
    const Path file = canary_files(order.run).record;
    json::Object record = load(file);
    if (record.empty()) return;
    const pid_t asker = ::fork();
    if (asker == 0) ask_beside(order, std::move(record));
    record["asker"] = asker;
    save(file, record);
}

json::Object ask_after(const std::string& run) {
    const CanaryFiles files = canary_files(run);
    json::Object record = load(files.record);
    if (record.empty()) return {};
    if (!record.contains("is_over")) {
        const auto asker = static_cast<pid_t>(json::integer_at(record, "asker"));
        if (asker > 0) static_cast<void>(has_ended(asker, Deadline::in(asker_end_max)));
        if (json::Object during = load(files.during); !during.empty()) record = std::move(during);
        ask_all(record, "after", patience);
        record["is_over"] = true;
        save(files.record, record);
    }
    return json::object_at(record, "tasks");
}

} // namespace squall::host_app
