#include "init/control.h"

#include "init/exits.h"
#include "init/unit_json.h"
#include "init/unit_name.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace squall::labhost::init {
namespace {

// More names than this in one request are refused.
constexpr std::size_t names_max = 64;

std::string_view error_name(Errc code) {
    switch (code) {
    case Errc::not_found:
        return "not-found";
    case Errc::conflict:
        return "in-use";
    case Errc::invalid_input:
        return "invalid";
    case Errc::refused:
        return "refused";
    case Errc::unavailable:
        return "unavailable";
    default:
        return "failed";
    }
}

json::Object error_json(const Error& error) {
    return {{"error", error_name(error.code)}, {"message", error.message}};
}

void answer(transport::Responder responder, const Result<json::Object>& result) {
    const bool is_good = result.has_value();
    const int status = is_good ? 200 : result.error().code == Errc::not_found ? 404 : 400;
    responder.respond({status,
                       {{"Content-Type", "application/json"}},
                       json::text(is_good ? *result : error_json(result.error()))});
}

Result<std::vector<std::string>> names_in(const json::Object& body) {
    std::vector<std::string> names;
    for (const json::Value& name : json::array_at(body, "units"))
        names.emplace_back(json::string_of(name));
    if (names.size() > names_max)
        return fail(Errc::invalid_input, "more than {} units in one request", names_max);
    return names;
}

std::optional<Verb> verb_in(const json::Object& body) {
    const std::string_view text = json::string_at(body, "verb");
    if (text == "start") return Verb::start;
    if (text == "stop") return Verb::stop;
    if (text == "restart") return Verb::restart;
    if (text == "try-restart") return Verb::try_restart;
    return std::nullopt;
}

// The answer to a request for jobs, complete when each of them has ended. Shared by the callbacks
// of the jobs, whose number and order nobody knows beforehand.
struct Collected {
    explicit Collected(transport::Responder to) : responder(std::move(to)) {}

    transport::Responder responder;
    json::Array results;
    std::size_t missing = 0;
    bool waits = true;

    void set(std::size_t index, json::Object result) {
        results[index] = std::move(result);
        --missing;
        send_if_complete();
    }

    void send_if_complete() {
        if (missing == 0) answer(responder, json::Object{{"results", results}});
    }
};

} // namespace

void Control::handle(const wire::HttpRequest& request, const transport::Responder& responder) {
    const std::string_view path = request.target;
    if (request.method == "GET") return answer(responder, get(path));
    auto body = json::parse_object(request.body.empty() ? "{}" : request.body);
    if (request.method != "POST")
        return answer(responder, fail(Errc::invalid_input, "the method is not GET or POST"));
    if (!body) return answer(responder, fail(std::move(body.error())));
    if (path == "/v1/jobs")
        run_jobs(*body, responder);
    else if (path == "/v1/transient")
        run_transient(*body, responder);
    else
        answer(responder, post(path, *body));
    parts_.changed();
}

Control::Answer Control::get(std::string_view path) {
    const auto name_after = [&](std::string_view prefix) {
        return wire::percent_decoded(path.substr(prefix.size()), /*plus_is_space=*/false);
    };
    if (path == "/v1/units") return list_units();
    if (path == "/v1/system") return about_system();
    if (path == "/v1/unit-files") {
        json::Array files;
        for (const auto& [name, state] : parts_.folder.list())
            files.push_back(json::Object{{"name", name}, {"state", state}});
        return json::Object{{"files", std::move(files)}};
    }
    if (path.starts_with("/v1/units/")) return show_unit(name_after("/v1/units/"));
    if (path.starts_with("/v1/unit-files/")) return show_files(name_after("/v1/unit-files/"));
    return fail(Errc::not_found, "init has nothing at {}", path);
}

Control::Answer Control::post(std::string_view path, const json::Object& body) {
    if (path == "/v1/enable") return change_links(body, /*enable=*/true);
    if (path == "/v1/disable") return change_links(body, /*enable=*/false);
    if (path == "/v1/kill") return kill(body);
    if (path == "/v1/reset-failed") return reset_failed(body);
    if (path == "/v1/reload") {
        parts_.supervisor.reload(now());
        return json::Object{};
    }
    return fail(Errc::not_found, "init has nothing at {}", path);
}

Control::Answer Control::list_units() {
    json::Array units;
    for (const auto& [name, unit] : parts_.supervisor.units())
        units.push_back(unit_json(*unit, parts_.folder, now()));
    return json::Object{{"units", std::move(units)}};
}

Control::Answer Control::show_unit(const std::string& name) {
    const auto found = parts_.supervisor.look(name);
    if (!found) return missing_unit_json(name);
    json::Object unit = unit_json(*found->unit, parts_.folder, now());
    unit["processes"] = processes_json(*found->unit, parts_.effects);
    return unit;
}

Control::Answer Control::show_files(const std::string& name) {
    if (!is_valid_unit_name(name)) return fail(Errc::not_found, "Unit {} not found.", name);
    const auto read = parts_.folder.files(name);
    if (!read) return fail(read.error());
    json::Array files;
    for (const UnitFile& file : *read)
        files.push_back(json::Object{{"path", file.path}, {"text", file.text}});
    return json::Object{{"state", parts_.folder.file_state(name)}, {"files", std::move(files)}};
}

Control::Answer Control::change_links(const json::Object& body, bool enable) {
    const auto names = names_in(body);
    if (!names) return fail(names.error());
    json::Array changes;
    bool has_install = false;
    for (const std::string& name : *names) {
        if (!is_valid_unit_name(name))
            return fail(Errc::not_found, "Unit file {} does not exist.", name);
        const auto changed = enable ? parts_.folder.enable(name) : parts_.folder.disable(name);
        if (!changed) return fail(changed.error());
        for (const LinkChange& change : *changed)
            changes.push_back(json::Object{
                {"made", change.made}, {"path", change.path}, {"target", change.target}});
        has_install =
            has_install || !changed->empty() || parts_.folder.file_state(name) != "static";
    }
    // As systemctl does it: what is enabled is known to init at once.
    if (!changes.empty()) parts_.supervisor.reload(now());
    return json::Object{{"changes", std::move(changes)}, {"has_install", has_install}};
}

Control::Answer Control::kill(const json::Object& body) {
    const std::string_view whom = json::string_at(body, "whom", "all");
    const std::int64_t signal = json::integer_at(body, "signal", 15);
    if (signal < 1 || signal > SIGRTMAX)
        return fail(Errc::invalid_input, "{} is no signal", signal);
    const auto killed = parts_.supervisor.kill(std::string(json::string_at(body, "unit")),
                                               whom == "main"      ? Whom::main
                                               : whom == "control" ? Whom::control
                                                                   : Whom::all,
                                               static_cast<int>(signal),
                                               now());
    if (!killed) return fail(killed.error());
    return json::Object{};
}

Control::Answer Control::reset_failed(const json::Object& body) {
    const auto names = names_in(body);
    if (!names) return fail(names.error());
    if (names->empty()) parts_.supervisor.reset_all_failed(now());
    for (const std::string& name : *names)
        if (const auto reset = parts_.supervisor.reset_failed(name, now()); !reset)
            return fail(reset.error());
    return json::Object{};
}

Control::Answer Control::about_system() const {
    const auto& units = parts_.supervisor.units();
    const auto any = [&](auto is) {
        return std::any_of(
            units.begin(), units.end(), [&](const auto& entry) { return is(*entry.second); });
    };
    std::string_view state = "running";
    if (parts_.supervisor.is_shutting_down())
        state = "stopping";
    else if (any([](const Unit& unit) { return unit.job && unit.job->type == JobType::start; }))
        state = "starting";
    else if (any([](const Unit& unit) { return unit.active_state() == ActiveState::failed; }))
        state = "degraded";
    return json::Object{{"state", state}};
}

void Control::run_jobs(const json::Object& body, const transport::Responder& responder) {
    const auto verb = verb_in(body);
    const auto names = names_in(body);
    if (!verb) return answer(responder, fail(Errc::invalid_input, "there is no such verb"));
    if (!names) return answer(responder, fail(names.error()));
    const auto collected = std::make_shared<Collected>(responder);
    collected->results.resize(names->size());
    collected->missing = names->size();
    const bool waits = json::bool_at(body, "wait", /*otherwise=*/true);
    if (names->empty()) collected->send_if_complete();
    for (std::size_t i = 0; i < names->size(); ++i) {
        const std::string& name = (*names)[i];
        const auto requested =
            parts_.supervisor.request(*verb, name, now(), [collected, i, name, waits](JobResult r) {
                if (waits) collected->set(i, {{"unit", name}, {"result", text_of(r)}});
            });
        if (!requested) {
            json::Object error = error_json(requested.error());
            error["unit"] = name;
            collected->set(i, std::move(error));
        } else if (!waits) {
            collected->set(i, {{"unit", name}, {"result", "queued"}});
        }
    }
}

void Control::run_transient(const json::Object& body, const transport::Responder& responder) {
    const json::Array& units = json::array_at(body, "units");
    if (const auto made = make_transient(units); !made)
        return answer(responder, fail(made.error()));
    run_jobs({{"verb", "start"},
              {"units", json::Array{json::string_at(units.front(), "name")}},
              {"wait", json::bool_at(body, "wait", /*otherwise=*/true)}},
             responder);
}

Result<void> Control::check_transient(const json::Array& units) {
    if (units.empty() || units.size() > 2)
        return fail(Errc::invalid_input, "a transient unit, and what it starts, is needed");
    for (const json::Value& unit : units) {
        const std::string name(json::string_at(unit, "name"));
        if (!is_valid_unit_name(name) || is_milestone(name))
            return fail(Errc::invalid_input, "Unit name {} is not valid.", name);
        if (parts_.supervisor.is_in_use(name))
            return fail(Errc::conflict, "Unit {} was already loaded or has a fragment file.", name);
        const UnitSettings settings =
            parse_unit(name, {{name, std::string(json::string_at(unit, "text"))}});
        for (const auto* list : {&settings.problems, &settings.notes})
            if (!list->empty()) return fail(Errc::invalid_input, "{}", list->front());
    }
    return {};
}

Result<void> Control::make_transient(const json::Array& units) {
    if (parts_.supervisor.is_shutting_down())
        return fail(Errc::unavailable, "The system is shutting down.");
    if (auto checked = check_transient(units); !checked) return checked;
    for (const json::Value& unit : units) {
        const std::string name(json::string_at(unit, "name"));
        auto made = parts_.folder.write_transient(name, std::string(json::string_at(unit, "text")));
        if (made) made = parts_.supervisor.adopt(name);
        if (made) continue;
        for (const json::Value& other : units)
            parts_.folder.remove_transient(std::string(json::string_at(other, "name")));
        return made;
    }
    return {};
}

} // namespace squall::labhost::init
