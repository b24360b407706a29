#include "docker/load_images.h"

#include "runtime/image.h"
#include "squall/base/json.h"
#include "squall/base/log.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"
#include "squall/transport/http_client.h"

#include <unistd.h>

namespace squall::labhost {
namespace {

const char* const socket_path = "/var/run/docker.sock";
const char* const program_folder = "/usr/local/libexec";
const char* const program_name = "squall";
const char* const archive_path = "/run/squall-image.tar";
// containerd and dockerd start side by side; on a busy machine that takes a while.
constexpr Seconds start_max{60};
constexpr Millis asked_again_after{50};
constexpr Seconds import_max{60};
constexpr std::size_t archive_size_max = 256U << 20U;

Result<wire::HttpResponse>
ask(const std::string& method, const std::string& target, std::string body, Deadline deadline) {
    transport::HttpClient client(transport::ClientSettings{});
    wire::Url url;
    url.scheme = "unix";
    url.host = socket_path;
    return client.send(
        url, {method, target, {{"Content-Type", "application/x-tar"}}, std::move(body)}, deadline);
}

// Its socket is there before it answers, and neither is anything that could be waited for.
Result<void> wait_for_engine() {
    const Deadline deadline = Deadline::in(start_max);
    for (;;) {
        const auto answer = ask("GET", "/_ping", {}, deadline);
        if (answer && answer->status == 200) return {};
        if (deadline.passed())
            return fail(Errc::timed_out,
                        "the Docker Engine did not answer at {} within {} s: {}",
                        socket_path,
                        start_max.count(),
                        answer ? fmt::format("status {}", answer->status) : answer.error().message);
        SystemClock().wait_for(asked_again_after, {});
    }
}

Result<bool> has_image(const std::string& name) {
    const auto answer =
        ask("GET", fmt::format("/images/{}/json", name), {}, Deadline::in(import_max));
    if (!answer) return fail(answer.error());
    if (answer->status == 200 || answer->status == 404) return answer->status == 200;
    return fail(Errc::failed, "asking for the image {}: {}", name, answer->body);
}

// The lines of a Dockerfile that say what the table does.
std::vector<std::string> changes_of(const runtime::Image& image) {
    std::vector<std::string> changes;
    for (const auto& [word, list] :
         {std::pair("ENTRYPOINT", &image.entrypoint), std::pair("CMD", &image.command)}) {
        if (!list->empty())
            changes.push_back(
                fmt::format("{} {}", word, json::text(json::Array(list->begin(), list->end()))));
    }
    for (const auto& variable : image.environment)
        changes.push_back("ENV " + variable);
    for (const auto& port : image.exposed)
        changes.push_back("EXPOSE " + port);
    return changes;
}

Result<void> import_image(const runtime::Image& image, const std::string& archive) {
    const auto [repository, tag] = split_once(image.name, ':');
    std::string target = fmt::format("/images/create?fromSrc=-&repo={}&tag={}",
                                     wire::percent_encoded(repository),
                                     wire::percent_encoded(tag));
    for (const auto& change : changes_of(image))
        target += "&changes=" + wire::percent_encoded(change);
    const auto answer = ask("POST", target, archive, Deadline::in(import_max));
    if (!answer) return fail(answer.error());
    // It says 200 before it begins: what it has afterwards counts.
    const auto is_there = has_image(image.name);
    if (!is_there) return fail(is_there.error());
    if (*is_there) return {};
    return fail(Errc::failed, "importing the image {}: {}", image.name, trimmed(answer->body));
}

Result<std::string> pack_program() {
    const auto packed =
        run_checked({{"tar", "-C", program_folder, "-cf", archive_path, program_name}, {}, {}, {}},
                    Deadline::in(import_max));
    if (!packed) return fail("packing the program for the images", packed.error());
    auto archive = read_file(archive_path, archive_size_max);
    ::unlink(archive_path);
    return archive;
}

Result<void> load_images() {
    if (auto answers = wait_for_engine(); !answers) return answers;
    std::string archive;
    for (const auto& image : runtime::built_in_images()) {
        if (image.root != runtime::RootKind::program) continue;
        const auto is_there = has_image(image.name);
        if (!is_there) return fail(is_there.error());
        if (*is_there) continue;
        if (archive.empty()) {
            auto packed = pack_program();
            if (!packed) return fail(packed.error());
            archive = std::move(*packed);
        }
        if (auto imported = import_image(image, archive); !imported) return imported;
        log::info("imported {}", image.name);
    }
    return {};
}

} // namespace

int load_docker_images(const std::vector<std::string>& /*arguments*/) {
    log::show_from(log::Level::info);
    const auto loaded = load_images();
    if (loaded) return 0;
    log::error("docker-images: {}", loaded.error().message);
    return 1;
}

} // namespace squall::labhost
