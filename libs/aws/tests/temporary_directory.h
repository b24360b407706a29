// A directory for one test, gone with it.
#pragma once

#include "squall/base/file.h"
#include "squall/base/text.h"

#include <fstream>

namespace squall::aws {

class TemporaryDirectory {
public:
    TemporaryDirectory()
        : path_(std::filesystem::temp_directory_path() / ("squall-aws-test-" + random_hex(12))) {
        std::filesystem::create_directories(path_);
    }

    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    // Writes a file and gives its path.
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        const Path path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }

    [[nodiscard]] const Path& path() const { return path_; }

private:
    Path path_;
};

} // namespace squall::aws
