// NAME=VALUE as they were typed, read as what they are to be; every mistake is kept, so that all
// of them can be told at once. For one thread.
#pragma once

#include "squall/base/clock.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace squall::fault {

class Settings {
public:
    explicit Settings(std::map<std::string, std::string> given) : given_(std::move(given)) {}

    [[nodiscard]] std::string text(const std::string& name, std::string_view otherwise);
    [[nodiscard]] std::int64_t
    integer(const std::string& name, std::int64_t otherwise, std::int64_t least, std::int64_t most);
    [[nodiscard]] Millis millis(const std::string& name, Millis otherwise, Millis most);
    [[nodiscard]] bool boolean(const std::string& name, bool otherwise);
    // With commas between; an empty part is a mistake, an empty text no part.
    [[nodiscard]] std::vector<std::string> list(const std::string& name);

    [[nodiscard]] bool has(const std::string& name) const { return given_.contains(name); }

    void complain(std::string problem) { problems_.push_back(std::move(problem)); }

    // To be called last: a name that nobody has read is a problem too.
    [[nodiscard]] std::vector<std::string> problems() const;

private:
    [[nodiscard]] const std::string* find(const std::string& name);

    std::map<std::string, std::string> given_;
    std::set<std::string> known_;
    std::vector<std::string> problems_;
};

} // namespace squall::fault
