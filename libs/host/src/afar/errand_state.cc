// The agent's saved state, judged by what of it may leave its host: of a bolt database its meta
// pages, of JSON its form without a word of what it says, and the three values that it is told by.
#include "afar/errand_parts.h"
#include "checks/agent_config.h"
#include "checks/bolt.h"
#include "checks/saved_state.h"
#include "squall/base/json.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace squall::host {
namespace {

constexpr std::size_t page_sent_max = 256;
// Of its process, as the kernel cuts them: in its container, and on Bottlerocket.
constexpr std::array<std::string_view, 2> agent_names{"agent", "amazon-ecs-agen"};

std::string how(const std::string& file) { return "sudo strings " + file; }

// The beginning of the file with those pages in it that were sent; zeros between them.
std::string beginning(const Pairs& values, std::uint64_t size) {
    std::string front(std::min<std::uint64_t>(size, bolt_beginning_max), '\0');
    constexpr std::string_view prefix = "page";
    for (const auto& [key, hex] : values) {
        if (!key.starts_with(prefix)) continue;
        const auto at = to_integer(key.substr(prefix.size()));
        const auto page = from_hex(std::string_view(hex).substr(0, 2 * page_sent_max));
        if (!page || !at || *at < 0
            || static_cast<std::uint64_t>(*at) + page->size() > front.size())
            continue;
        front.replace(static_cast<std::size_t>(*at), page->size(), *page);
    }
    return front;
}

// What is saved under one of two names, the newer first. Where a name has two values, one of them
// is something else's.
std::string saved_value(std::string_view text, std::string_view key, std::string_view old_key) {
    for (const std::string_view name : {key, old_key}) {
        std::vector<std::string> found;
        const std::string prefix = fmt::format("saved.{}=", name);
        for (const std::string& line : split(text, '\n'))
            if (line.starts_with(prefix)) found.push_back(line.substr(prefix.size()));
        if (found.size() == 1) return found.front();
        if (found.size() > 1) return {};
    }
    return {};
}

// Why no program could read it as JSON; empty: it may.
std::string trouble_with_json(const Pairs& values) {
    if (number(values, "controls") > 0) return "it has bytes in it that no text has";
    const std::string form = get(values, "form");
    if (!form.empty()) {
        // As it is sent: every string is empty, and every other value a #.
        const auto parsed = json::parse_object(replace_all(form, "#", "0"));
        return parsed ? std::string() : "it is no whole JSON: " + parsed.error().message;
    }
    const std::string last = get(values, "last");
    if (!last.empty() && last != "7d") return "it does not end as JSON does: it is cut";
    return {};
}

OwnIdentity identity_of(const ErrandReport& report) {
    OwnIdentity own;
    const AgentConfig config = settings_of(report);
    if (const auto* cluster = config.find("ECS_CLUSTER")) own.cluster = *cluster;
    if (config.is_true("ECS_EXTERNAL")) return own;
    const auto metadata = pairs(report.fact("metadata"), '\n');
    const std::string answer = get(metadata, "instance-id");
    const auto [id, status] = split_once(answer, ' ');
    if (status != "200" || !id.starts_with("i-")) return own;
    own.instance_id = id;
    own.metadata_url = "http://169.254.169.254/latest/meta-data/instance-id";
    return own;
}

Look look_at_json(const ErrandReport& report, const Pairs& values, SavedState saved) {
    if (const std::string why = trouble_with_json(values); !why.empty())
        return finding(corrupt_state(saved.file, why));
    if (get(values, "form").empty())
        return could_not_look(saved.file + " is too large to be judged from afar", how(saved.file));
    const std::string_view text = report.fact("state");
    saved.cluster = saved_value(text, "cluster-name", "Cluster");
    saved.instance_id = saved_value(text, "ec2-instance-id", "EC2InstanceID");
    saved.arn = saved_value(text, "container-instance-arn", "ContainerInstanceArn");
    return finding_or_healthy(mismatches(saved, identity_of(report)), text_of(saved));
}

// The lock of somebody who is not the agent by its number; that is not as sure there as its name.
std::optional<Sign>
locked(const ErrandReport& report, const Pairs& values, const std::string& file) {
    const auto holder = to_integer(get(values, "lock"));
    if (!holder || *holder <= 0) return std::nullopt;
    const std::string name = get(values, "locker");
    if (std::find(agent_names.begin(), agent_names.end(), name) != agent_names.end())
        return std::nullopt;
    const bool has_agent = to_integer(get(pairs(report.fact("agent"), '\n'), "agent")).has_value();
    return locked_state(file, {*holder, name}, fmt::format("/proc/{}/fdinfo", *holder), has_agent);
}

Look look_at_file(const ErrandReport& report, const Pairs& values, SavedState saved) {
    const auto size = to_integer(get(values, "size"));
    const std::string first = get(values, "first");
    if (!size || *size < 0 || (*size > 0 && first.size() != 2))
        return could_not_look(saved.file + " could not be read", how(saved.file));
    if (*size == 0) return nothing_saved_yet(saved.file);
    const auto bytes = static_cast<std::uint64_t>(*size);
    const std::string front = beginning(values, bytes);
    if (first == "7b" && !is_bolt(front)) return look_at_json(report, values, std::move(saved));
    if (const auto opened = check_beginning(front, bytes); !opened)
        return finding(corrupt_state(saved.file, opened.error().message));
    return healthy(fmt::format(
        "{}: a database whose first pages are whole; what it holds is not read from afar",
        saved.file));
}

Look with(std::optional<Sign> also, Look look) {
    if (!also) return look;
    if (look.state != Look::State::finding) return finding(std::move(*also));
    look.signs.insert(look.signs.begin(), std::move(*also));
    return look;
}

} // namespace

Look look_at_state(const ErrandReport& report) {
    const auto values = pairs(report.fact("state"), '\n');
    const std::string folder = get(values, "folder");
    if (folder.empty())
        return could_not_look("the host did not say what its agent has saved",
                              how(fmt::format("{}/{}", usual_state_folder, state_files.front())));
    if (get(values, "has_folder") != "yes") {
        const bool has_agent = get(values, "has_agent") == "yes";
        return has_agent && get(values, "is_no_folder") == "yes"
                   ? file_for_state_folder(folder)
                   : no_state_folder(folder, has_agent);
    }
    SavedState saved;
    saved.file = get(values, "file");
    if (saved.file.empty()) return no_state(folder);
    if (get(values, "is_folder") == "yes") return finding(folder_for_state(saved.file));
    auto lock = locked(report, values, saved.file);
    return with(std::move(lock), look_at_file(report, values, std::move(saved)));
}

} // namespace squall::host
