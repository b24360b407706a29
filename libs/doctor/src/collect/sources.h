// What is asked of a host, and what it is called in the archive: the names are those of AWS's
// collector where the content means the same, and below squall/ where it is ours.
#pragma once

#include "squall/doctor/collect.h"

#include <string>
#include <vector>

namespace squall::doctor {

struct Item {
    std::string name; // "docker/docker-info.txt"
    std::string text; // without secrets
    Millis took{0};
    std::string problem; // "": none. Then the text may still be there, or a part of it
};

// Some questions that are asked one after the other. Runs on a thread of its own.
using Source = std::function<std::vector<Item>(const Ground&, Deadline, const std::stop_token&)>;

// All of them, in the order in which it is best to begin. Docker is given no more time than so much
// for each answer.
[[nodiscard]] std::vector<Source> all_sources(Seconds docker_max);

// docker inspect's answer: values of environment variables go, but for harmless ones.
[[nodiscard]] std::string redacted_inspection(std::string_view text);

// Small files of the host, settings and states: read at once.
[[nodiscard]] std::vector<Item> host_files(const Path& root);

} // namespace squall::doctor
