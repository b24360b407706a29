// Any bytes as one of AWS's shared files: what is read must be written, and read back as the same.
#include "ini.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cstdint>

namespace {

using squall::aws::IniFile;

// The file again, with every value on the line of its key. Blocks keep their lines.
std::string written(const IniFile& file) {
    std::string text;
    for (const auto& [name, section] : file.sections) {
        text += "[" + name + "]\n";
        for (const auto& [key, option] : section) {
            text += key + " = " + squall::replace_all(option.value, "\n", "\n  ") + "\n";
            for (const auto& [inner, value] : option.block)
                text += "  " + inner + " = " + value + "\n";
        }
    }
    return text;
}

// Values over several lines may hold blank lines and comments, which do not come back.
bool is_plain(const IniFile& file) {
    return std::all_of(file.sections.begin(), file.sections.end(), [](const auto& section) {
        return std::all_of(section.second.begin(), section.second.end(), [](const auto& option) {
            return option.second.value.find('\n') == std::string::npos
                   && option.second.block.empty();
        });
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = squall::aws::parse_ini({reinterpret_cast<const char*>(data), size}, "f");
    if (!file || !is_plain(*file)) return 0;
    const auto again = squall::aws::parse_ini(written(*file), "f");
    SQUALL_ASSERT(again.has_value());
    SQUALL_ASSERT(written(*again) == written(*file));
    return 0;
}
