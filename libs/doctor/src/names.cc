#include "squall/doctor/names.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::array fields{
    NameField{"cluster", "CLUSTER", &Names::cluster},
    NameField{"region", "REGION", &Names::region},
    NameField{"account", "ACCOUNT", &Names::account},
    NameField{"instance", "INSTANCE_ID", &Names::instance},
    NameField{"container_instance", "CONTAINER_INSTANCE_ARN", &Names::container_instance},
    NameField{"role", "ROLE", &Names::role},
};

// The longest, an ARN, has 24 to 300 characters.
bool is_one_word(std::string_view text) {
    constexpr std::size_t max = 512;
    const auto is_plain = [](char one) {
        return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z')
               || (one >= '0' && one <= '9')
               || std::string_view("-_.:/+=@,").find(one) != std::string_view::npos;
    };
    return text.size() <= max && !text.starts_with('-')
           && std::all_of(text.begin(), text.end(), is_plain);
}

// AWS's names in its other partitions.
std::string in_partition(std::string text, std::string_view region) {
    if (region.starts_with("cn-")) {
        text = replace_all(std::move(text), ".amazonaws.com.cn", ".amazonaws.com");
        text = replace_all(std::move(text), ".amazonaws.com", ".amazonaws.com.cn");
        return replace_all(std::move(text), "arn:aws:", "arn:aws-cn:");
    }
    if (region.starts_with("us-gov-"))
        return replace_all(std::move(text), "arn:aws:", "arn:aws-us-gov:");
    return text;
}

} // namespace

void Names::learn(const Names& other) {
    for (const NameField& field : fields) {
        std::string& mine = this->*field.value;
        const std::string& theirs = other.*field.value;
        if (mine.empty() && is_one_word(theirs)) mine = theirs;
    }
}

std::span<const NameField> name_fields() { return fields; }

std::string filled_in(std::string_view text, const Names& names) {
    std::string out(text);
    for (const NameField& field : fields) {
        const std::string& value = names.*field.value;
        out = replace_all(std::move(out),
                          fmt::format("{{{}}}", field.key),
                          value.empty() ? std::string(field.word) : value);
    }
    return in_partition(std::move(out), names.region);
}

} // namespace squall::doctor
