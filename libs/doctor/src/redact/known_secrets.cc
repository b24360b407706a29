#include "redact/proxies.h"
#include "squall/base/text.h"
#include "squall/doctor/proxy_secrets.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace squall::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t secret_min = 4;

// What may stand in the user's part of a URL as it is, beside '%'.
bool is_free(char c) {
    constexpr std::string_view signs = "-._~!$&'()*+,;=";
    return is_alphanumeric(c) || signs.find(c) != std::string_view::npos;
}

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool has_wrong_escape(std::string_view user) {
    for (std::size_t at = user.find('%'); at != std::string_view::npos; at = user.find('%', at + 1))
        if (at + 2 >= user.size() || !is_hex(user[at + 1]) || !is_hex(user[at + 2])) return true;
    return false;
}

bool has_only(std::string_view user, std::string_view signs) {
    return std::all_of(user.begin(), user.end(), [&](char c) {
        return is_free(c) || signs.find(c) != std::string_view::npos;
    });
}

// Nobody's secret, and in nearly every text: without them none could be understood.
bool is_common(std::string_view piece) {
    constexpr std::array<std::string_view, 16> words{"admin",
                                                     "agent",
                                                     "amazon",
                                                     "docker",
                                                     "error",
                                                     "http",
                                                     "https",
                                                     "info",
                                                     "level",
                                                     "pass",
                                                     "password",
                                                     "proxy",
                                                     "root",
                                                     "secret",
                                                     "time",
                                                     "user"};
    return std::binary_search(words.begin(), words.end(), piece);
}

// A number stands in many others, and in times: by itself it may be the secret.
bool is_part_of_number(std::string_view text, std::size_t begin, std::size_t end) {
    const auto joins = [](char c) {
        return is_alphanumeric(c) || c == '-' || c == ':' || c == '.' || c == '_';
    };
    return (begin > 0 && joins(text[begin - 1])) || (end < text.size() && joins(text[end]));
}

// Files with settings that can name a proxy.
std::vector<Path> files_with_proxies(const Path& root) {
    std::vector<Path> files;
    for (const char* file : {"etc/ecs/ecs.config",
                             "var/lib/ecs/ecs.config",
                             "etc/environment",
                             "etc/default/docker",
                             "etc/sysconfig/docker",
                             "etc/docker/daemon.json",
                             "root/.docker/config.json"})
        files.push_back(root / file);
    for (const char* units : {"etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"})
        for (const char* unit : {"ecs.service", "docker.service"}) {
            files.push_back(root / units / unit);
            std::error_code error;
            for (fs::directory_iterator entry(root / units / (std::string(unit) + ".d"), error);
                 !error && entry != fs::directory_iterator();
                 entry.increment(error))
                files.push_back(entry->path());
        }
    return files;
}

// What has been learned so far; whoever waits for it need not wait for a file that cannot be read.
struct Learning {
    std::mutex mutex; // guards what follows
    std::condition_variable changed;
    KnownSecrets secrets;
    bool is_over = false;

    void read(const Path& root) {
        constexpr std::size_t size_max = std::size_t{1} << 20U;
        for (const Path& file : files_with_proxies(root)) {
            std::error_code error;
            if (!fs::is_regular_file(file, error)) continue;
            const auto text = read_file(file, size_max);
            const std::lock_guard lock(mutex);
            if (text) secrets.learn(*text);
        }
        const std::lock_guard lock(mutex);
        is_over = true;
        changed.notify_all();
    }
};

} // namespace

bool has_unreadable_user(std::string_view proxy) {
    const std::string_view user = proxy_user(proxy);
    return user != redaction_mark && (!has_only(user, "%@:") || has_wrong_escape(user));
}

void KnownSecrets::add(std::string_view secret) {
    const std::string text = lower(secret);
    if (text.size() < secret_min || is_common(text)
        || std::find(secrets_.begin(), secrets_.end(), text) != secrets_.end())
        return;
    const auto shorter = std::find_if(secrets_.begin(), secrets_.end(), [&](const auto& each) {
        return each.size() < text.size();
    });
    secrets_.insert(shorter, text);
}

void KnownSecrets::learn(std::string_view settings) {
    for (const Span& value : proxy_values(settings)) {
        const std::string_view user =
            proxy_user(settings.substr(value.begin, value.end - value.begin));
        const std::size_t colon = std::min(user.find(':'), user.size());
        // What every program takes apart in the same way is found wherever it stands in a URL.
        if (user == redaction_mark
            || (has_only(user.substr(0, colon), "%")
                && (colon == user.size() || has_only(user.substr(colon + 1), "%"))
                && !has_wrong_escape(user)))
            continue;
        add(user);
        // The name of a user is in many texts, and no secret by itself.
        std::string_view rest = has_only(user.substr(0, colon), "%") && colon < user.size()
                                    ? user.substr(colon + 1)
                                    : user;
        while (!rest.empty()) {
            const auto end = static_cast<std::size_t>(
                std::find_if_not(rest.begin(), rest.end(), is_free) - rest.begin());
            add(rest.substr(0, end));
            rest.remove_prefix(end);
            // Some drop a wrong escape with the two characters that should be its digits.
            const bool is_escape = rest.starts_with('%');
            rest.remove_prefix(std::min<std::size_t>(rest.size(), 1));
            if (is_escape && rest.size() > 2)
                add(rest.substr(
                    2,
                    static_cast<std::size_t>(std::find_if_not(rest.begin() + 2, rest.end(), is_free)
                                             - rest.begin() - 2)));
        }
    }
}

std::string KnownSecrets::without(std::string text) const {
    for (const std::string& secret : secrets_) {
        const bool is_number = std::all_of(secret.begin(), secret.end(), is_digit);
        const std::string low = lower(text);
        std::string result;
        std::size_t done = 0;
        for (auto at = low.find(secret); at != std::string::npos;
             at = low.find(secret, at + secret.size())) {
            if (is_number && is_part_of_number(low, at, at + secret.size())) continue;
            result.append(text, done, at - done);
            result += redaction_mark;
            done = at + secret.size();
        }
        if (done == 0) continue;
        result.append(text, done);
        text = std::move(result);
    }
    return text;
}

KnownSecrets secrets_of_host(const Path& root, Millis time_max) {
    // shared_ptr: a thread that hangs outlives this call.
    const auto learning = std::make_shared<Learning>();
    try {
        std::thread([learning, root] { learning->read(root); }).detach();
    } catch (const std::system_error&) {
        learning->read(root);
    }
    std::unique_lock lock(learning->mutex);
    learning->changed.wait_for(lock, time_max, [&] { return learning->is_over; });
    return learning->secrets;
}

} // namespace squall::doctor
