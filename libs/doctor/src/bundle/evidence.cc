#include "bundle/readers.h"
#include "squall/doctor/bundle_evidence.h"
#include "squall/doctor/looks.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

using Reader = std::optional<Look> (*)(const TextFile&);

struct Known {
    std::string_view name;
    Reader read;
};

constexpr std::array<Known, 18> known{{
    {"ecs-agent/ecs.config", look_at_config},
    {"ecs-agent/agent-running-info.txt", look_at_introspection},
    {"squall/agent-metadata.txt", look_at_introspection},
    {"docker/docker-not-running.txt", look_at_docker_not_running},
    {"docker/container-inspect-timed-out.txt", look_at_inspect_timed_out},
    {"docker/docker-info.txt", look_at_docker_info},
    {"docker/docker-ps.txt", look_at_docker_ps},
    {"ecs-agent/ecs-agent-not-running.txt", look_at_agent_not_running},
    {"services.txt", look_at_services},
    {"squall/services.txt", look_at_services},
    {"mounts.txt", look_at_disks},
    {"open-file-counts.txt", look_at_open_files},
    {"squall/open-files.txt", look_at_open_files},
    {"squall/file-nr", look_at_file_table},
    {"top.txt", look_at_top},
    {"squall/meminfo", look_at_memory},
    {"ps.txt", look_at_processes},
    // One for each container, by its id.
    {"docker/container-", look_at_container},
}};

constexpr std::array<std::string_view, 6> together{"instance-id.txt",
                                                   "ecs-agent/ecs.config",
                                                   "ecs-agent/ecs_agent_data.txt",
                                                   "services.txt",
                                                   "squall/services.txt",
                                                   "ps.txt"};

constexpr std::string_view looks_name = "squall/looks.json";

Reader reader_of(std::string_view name) {
    for (const Known& each : known)
        if (name == each.name
            || (each.name.ends_with('-') && name.starts_with(each.name) && name.ends_with(".txt")))
            return each.read;
    return nullptr;
}

// What is more is not read: none of these files is large.
std::string text_of(ByteSource& bytes) {
    constexpr std::size_t text_max = std::size_t{8} << 20U;
    std::string text;
    std::array<char, 16384> piece{};
    while (text.size() < text_max) {
        const auto got = bytes.read(piece);
        if (!got || *got == 0) break;
        text.append(piece.data(), *got);
    }
    return text;
}

bool is_same(const Sign& a, const Sign& b) { return a.cause == b.cause && a.summary == b.summary; }

} // namespace

void BundleEvidence::add(Look look) {
    const auto same = std::find_if(of_files_.begin(), of_files_.end(), [&](const Look& each) {
        return each.check == look.check;
    });
    if (same == of_files_.end()) {
        of_files_.push_back(std::move(look));
        return;
    }
    // Two files speak of it: what is wrong in one is wrong.
    if (look.state != Look::State::finding) return;
    if (same->state != Look::State::finding) {
        *same = std::move(look);
        return;
    }
    for (Sign& sign : look.signs) {
        const auto known_sign = std::find_if(same->signs.begin(),
                                             same->signs.end(),
                                             [&](const Sign& each) { return is_same(each, sign); });
        if (known_sign == same->signs.end())
            same->signs.push_back(std::move(sign));
        else if (known_sign->certainty < sign.certainty)
            *known_sign = std::move(sign);
    }
}

bool BundleEvidence::take(const Member& member, ByteSource& bytes) {
    if (member.name == looks_name) {
        const auto looks = looks_of_text(text_of(bytes));
        if (looks) {
            of_host_ = *looks;
        } else {
            Look look;
            look.check = "host-checks";
            look.summary = "the archive's own looks cannot be read: " + looks.error().message;
            add(std::move(look));
        }
        return true;
    }
    const Reader read = reader_of(member.name);
    const bool is_kept = std::find(together.begin(), together.end(), member.name) != together.end();
    if (read == nullptr && !is_kept) return false;
    TextFile file{member.path, text_of(bytes)};
    if (read != nullptr)
        if (auto look = read(file)) add(std::move(*look));
    if (is_kept) together_.try_emplace(member.name, std::move(file));
    return true;
}

void BundleEvidence::look_at_several() {
    if (auto look = look_at_waiting_start(together_)) {
        // What waits to be started is as inactive as what was stopped.
        for (Look& each : of_files_) {
            if (each.check != look->check) continue;
            std::erase_if(each.signs,
                          [](const Sign& sign) { return sign.cause == "AGENT_STOPPED"; });
            if (each.signs.empty()) each.state = Look::State::healthy;
        }
        add(std::move(*look));
    }
    for (const auto read : {look_at_saved_state, look_at_running_service})
        if (auto look = read(together_)) add(std::move(*look));
}

std::vector<Look> BundleEvidence::looks() && {
    look_at_several();
    // How its container ended is why there is no process.
    const bool has_end = std::any_of(of_files_.begin(), of_files_.end(), [](const Look& look) {
        return look.check == "agent-container" && look.state == Look::State::finding;
    });
    if (has_end)
        std::erase_if(of_files_, [](const Look& look) { return look.check == "agent-process"; });
    std::vector<Look> all = std::move(of_host_);
    const auto of_host = static_cast<std::ptrdiff_t>(all.size());
    for (Look& look : of_files_) {
        // Our own look for the process knows agents by more than their names.
        const auto stands_for_it = [&](const Look& each) {
            return each.check == look.check
                   && (each.state != Look::State::could_not_look
                       || look.state == Look::State::could_not_look
                       || each.check == "agent-process");
        };
        if (std::none_of(all.begin(), all.begin() + of_host, stands_for_it))
            all.push_back(std::move(look));
    }
    return all;
}

} // namespace squall::doctor
