#include "runtime/api.h"

#include "runtime/container_json.h"
#include "squall/base/text.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>

namespace squall::labhost::runtime {

using transport::Responder;

namespace {

wire::Headers common_headers() {
    return {{"Api-Version", fmt::format("1.{}", api_minor)},
            {"Docker-Experimental", "false"},
            {"Ostype", "linux"},
            {"Server", fmt::format("Docker/{} (linux)", docker_version)}};
}

std::string architecture(const utsname& machine) {
    const std::string name = static_cast<const char*>(machine.machine);
    return name == "x86_64" ? "amd64" : name == "aarch64" ? "arm64" : name;
}

utsname this_machine() {
    utsname machine{};
    ::uname(&machine);
    return machine;
}

} // namespace

wire::HttpResponse json_answer(int status, const json::Value& value) {
    wire::HttpResponse response{status, common_headers(), json::text(value) + "\n"};
    response.headers.push_back({"Content-Type", "application/json"});
    return response;
}

wire::HttpResponse error_answer(const ApiError& error) {
    return json_answer(error.status, json::Object{{"message", error.message}});
}

wire::HttpResponse empty_answer(int status) { return {status, common_headers(), {}}; }

struct Api::Route {
    std::string_view method;
    std::string_view form;
    void (Api::*handler)(const Request&, Responder);
};

void Api::handle(wire::HttpRequest request, Responder responder) {
    static constexpr std::array routes{
        Route{"GET", "/_ping", &Api::ping},
        Route{"HEAD", "/_ping", &Api::ping},
        Route{"GET", "/version", &Api::version},
        Route{"GET", "/info", &Api::info},
        Route{"GET", "/images/json", &Api::list_images},
        Route{"GET", "/images/*/json", &Api::inspect_image},
        Route{"POST", "/images/create", &Api::pull_image},
        Route{"GET", "/containers/json", &Api::list},
        Route{"POST", "/containers/create", &Api::create},
        Route{"GET", "/containers/*/json", &Api::inspect},
        Route{"GET", "/containers/*/logs", &Api::logs},
        Route{"POST", "/containers/*/start", &Api::start},
        Route{"POST", "/containers/*/stop", &Api::stop},
        Route{"POST", "/containers/*/restart", &Api::restart},
        Route{"POST", "/containers/*/kill", &Api::kill},
        Route{"POST", "/containers/*/wait", &Api::wait},
        Route{"DELETE", "/containers/*", &Api::remove},
    };
    auto call = parse_api_call(request, versions_);
    if (!call) return responder.respond(error_answer(call.error()));
    for (const auto& route : routes) {
        if (route.method != call->method) continue;
        auto name = matched(call->path, route.form);
        if (!name) continue;
        return (this->*route.handler)({std::move(*call),
                                       std::move(*name),
                                       std::move(request.headers),
                                       std::move(request.body)},
                                      std::move(responder));
    }
    if (is_docker_path(call->path))
        return responder.respond(error_answer(
            {501,
             fmt::format("{} {} is not implemented by a lab host", call->method, call->path)}));
    responder.respond(error_answer({404, "page not found"}));
}

void Api::ping(const Request& request, Responder responder) {
    wire::HttpResponse response{200, common_headers(), request.call.method == "HEAD" ? "" : "OK"};
    response.headers.push_back({"Builder-Version", "1"});
    response.headers.push_back({"Cache-Control", "no-cache, no-store, must-revalidate"});
    response.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
    responder.respond(std::move(response));
}

void Api::version(const Request& /*request*/, Responder responder) {
    const utsname machine = this_machine();
    responder.respond(json_answer(
        200,
        json::Object{{"Platform", json::Object{{"Name", "Squall lab host"}}},
                     {"Version", versions_.are_newest() ? docker_version_newest : docker_version},
                     {"ApiVersion", fmt::format("1.{}", versions_.max)},
                     {"MinAPIVersion", fmt::format("1.{}", versions_.min)},
                     {"GitCommit", ""},
                     {"GoVersion", ""},
                     {"Os", "linux"},
                     {"Arch", architecture(machine)},
                     {"KernelVersion", static_cast<const char*>(machine.release)}}));
}

void Api::info(const Request& /*request*/, Responder responder) {
    const utsname machine = this_machine();

    struct sysinfo memory {};

    ::sysinfo(&memory);
    const auto containers = engine_.all();
    const auto running = std::count_if(
        containers.begin(), containers.end(), [](const auto* one) { return one->is_running(); });
    const auto total = static_cast<std::int64_t>(containers.size());
    responder.respond(json_answer(
        200,
        json::Object{
            {"ID", sha256_hex(static_cast<const char*>(machine.nodename))},
            {"Name", static_cast<const char*>(machine.nodename)},
            {"ServerVersion", versions_.are_newest() ? docker_version_newest : docker_version},
            {"Containers", total},
            {"ContainersRunning", running},
            {"ContainersPaused", 0},
            {"ContainersStopped", total - running},
            {"Images", engine_.images().size()},
            {"Driver", "squall-lab"},
            {"LoggingDriver", "json-file"},
            {"CgroupDriver", "none"},
            {"DockerRootDir", data_folder_.string()},
            {"OperatingSystem", "Squall lab host"},
            {"OSType", "linux"},
            {"Architecture", static_cast<const char*>(machine.machine)},
            {"KernelVersion", static_cast<const char*>(machine.release)},
            {"NCPU", ::sysconf(_SC_NPROCESSORS_ONLN)},
            {"MemTotal", static_cast<std::uint64_t>(memory.totalram) * memory.mem_unit},
            {"Warnings", json::Array()}}));
}

void Api::list_images(const Request& /*request*/, Responder responder) {
    json::Array rows;
    for (const auto& image : engine_.images())
        rows.push_back(listed(image));
    responder.respond(json_answer(200, rows));
}

void Api::inspect_image(const Request& request, Responder responder) {
    const Image* image = find_image(engine_.images(), request.name);
    if (image == nullptr)
        return responder.respond(error_answer(
            {404, fmt::format("No such image: {}", familiar_image_name(request.name))}));
    json::Object answer = inspected(*image);
    answer["Architecture"] = architecture(this_machine());
    responder.respond(json_answer(200, answer));
}

// There is no registry to pull from. What is built in is up to date; the rest is what a registry
// without it would say.
void Api::pull_image(const Request& request, Responder responder) {
    const auto& query = request.call.query;
    std::string name(query.get("fromImage"));
    if (name.empty())
        return responder.respond(
            error_answer({501, "importing images is not implemented by a lab host"}));
    if (const auto tag = query.get("tag"); !tag.empty())
        name += (tag.find(':') == std::string_view::npos ? ":" : "@") + std::string(tag);
    const Image* image = find_image(engine_.images(), name);
    if (image == nullptr) {
        const std::string familiar = familiar_image_name(name);
        return responder.respond(error_answer(
            {404,
             fmt::format("pull access denied for {}, repository does not exist or may require "
                         "'docker login': denied: requested access to the resource is denied",
                         familiar.substr(0, familiar.find_last_of(":@")))}));
    }
    wire::HttpResponse response = empty_answer(200);
    response.headers.push_back({"Content-Type", "application/json"});
    for (const auto& status : {fmt::format("Pulling from {}", split_once(image->name, ':').first),
                               "Digest: " + image->id,
                               "Status: Image is up to date for " + image->name})
        response.body += json::text(json::Object{{"status", status}}) + "\r\n";
    responder.respond(std::move(response));
}

} // namespace squall::labhost::runtime
