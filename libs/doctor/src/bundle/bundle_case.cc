#include "squall/doctor/bundle_case.h"

#include "squall/doctor/bundle_evidence.h"
#include "squall/doctor/log_kind.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

// Collectors take the rolls of a day or two. What is known of each is kept in memory.
constexpr std::size_t logs_max = 1000;

bool is_log(std::string_view name) {
    constexpr std::array<std::string_view, 4> folders{
        "ecs_agent_logs/", "docker_log/", "kernel/", "var_log/"};
    for (const std::string_view folder : folders) {
        if (name.starts_with(folder)) return log_name(name).kind != LogKind::other;
    }
    return name == "system.log" || name == "containerd.log" || name == "cloud-init.log";
}

// The bytes of a member, lent to who wants to own them. Rolls that are packed in the archive are
// let out of it, which makes them larger: of all of them together no more is read than of an
// archive.
class Unpacked final : public ByteSource {
public:
    Unpacked(ByteSource& member, std::uint64_t& left)
        : content_(decompressed(std::make_unique<Lent>(member))), left_(left) {}

    Result<std::size_t> read(std::span<char> into) override {
        if (left_ == 0)
            return fail(Errc::failed, "the archive holds more than is read of one: left out");
        const auto most = std::min<std::uint64_t>(into.size(), left_);
        auto got = content_->read(into.first(static_cast<std::size_t>(most)));
        if (got) left_ -= *got;
        return got;
    }

private:
    class Lent final : public ByteSource {
    public:
        explicit Lent(ByteSource& bytes) : bytes_(bytes) {}

        Result<std::size_t> read(std::span<char> into) override { return bytes_.read(into); }

    private:
        ByteSource& bytes_;
    };

    ByteSourcePtr content_;
    std::uint64_t& left_;
};

Look unread(std::string why) {
    return {"bundle", Look::State::could_not_look, std::move(why), "", {}};
}

} // namespace

Result<Case> read_case(ByteSource& bytes, Scanner& scanner, WallTime now) {
    Case evidence;
    evidence.now = now;
    BundleEvidence beside_logs;
    std::uint64_t left = BundleLimits().bytes_max;
    std::size_t left_out = 0;
    const auto read = read_bundle(bytes, [&](const Member& member, ByteSource& content) {
        if (beside_logs.take(member, content) || !is_log(member.name)) return Result<void>();
        if (evidence.logs.size() >= logs_max) {
            ++left_out;
        } else {
            Unpacked log(content, left);
            evidence.logs.push_back(scanner.scan(member.path, log, 0, log_name(member.name)));
        }
        return Result<void>();
    });
    if (!read) return fail(read.error());
    if (read->is_cut)
        evidence.looks.push_back(unread("the archive ends in the middle: there may be more"));
    if (left_out > 0)
        evidence.looks.push_back(unread(fmt::format(
            "{} logs more than the {} that are read of an archive: left out", left_out, logs_max)));
    auto looks = std::move(beside_logs).looks();
    std::move(looks.begin(), looks.end(), std::back_inserter(evidence.looks));
    for (const std::string& remark : read->remarks)
        evidence.looks.push_back(unread(remark));
    return evidence;
}

} // namespace squall::doctor
