// For tests of every library: a folder for one test, gone with it.
#pragma once

#include "squall/base/file.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

namespace squall {

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sq-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::filesystem::filesystem_error(
                "mkdtemp", pattern, std::error_code(errno, std::generic_category()));
        path_ = pattern;
    }

    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    // Writes a file, with the folders above it, and gives its path.
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        const Path path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }

    [[nodiscard]] const Path& path() const { return path_; }

    [[nodiscard]] Path operator/(const Path& name) const { return path_ / name; }

private:
    Path path_;
};

} // namespace squall
