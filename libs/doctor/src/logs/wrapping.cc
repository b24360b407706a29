#include "logs/wrapping.h"

#include "logs/escapes.h"
#include "logs/line_source.h"
#include "logs/log_time.h"
#include "logs/words.h"
#include "squall/base/json.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr int layers_max = 6;
constexpr std::size_t json_max = 1U << 20U;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_end(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == '\0'))
        line.remove_suffix(1);
    while (!line.empty() && line.front() == '\0')
        line.remove_prefix(1);
    // As mail and issues quote.
    while (line.starts_with("> "))
        line.remove_prefix(2);
    if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    return line;
}

std::string_view without_indentation(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    return text;
}

LogKind kind_of_program(std::string_view program) {
    const std::string name = lower(program);
    if (name.empty()) return LogKind::unknown;
    if (name == "kernel") return LogKind::kernel;
    // "docker" is the client through which a unit runs the agent: the agent's own lines.
    if (name == "dockerd" || name == "containerd") return LogKind::docker;
    if (name.starts_with("systemd")) return LogKind::system;
    if (has_word(name, "ecs-init")) return LogKind::init;
    if (name == "agent" || has_word(name, "ecs-agent")) return LogKind::agent;
    if (name.starts_with("cloud-init") || name == "user-data") return LogKind::cloud_init;
    // Upstart's.
    if (name == "init") return LogKind::system;
    const bool is_container_id =
        name.size() >= 12 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (is_container_id || has_word(name, "ecs") || name.find("docker") != std::string::npos
        || name == "env")
        return LogKind::unknown;
    return LogKind::other;
}

// "host program[pid]: " behind syslog's time.
bool take_program(Unwrapping& line, std::string_view rest) {
    while (!rest.empty() && is_blank(rest.front()))
        rest.remove_prefix(1);
    const auto host_end = rest.find(' ');
    if (host_end == std::string_view::npos || host_end == 0 || host_end > 255) return false;
    // seelog's level, as old agents write it, is no host.
    if (rest.front() == '[') return false;
    rest.remove_prefix(host_end + 1);
    const auto end = rest.find(": ");
    const auto bare_end =
        end == std::string_view::npos && rest.ends_with(':') ? rest.size() - 1 : end;
    if (bare_end == std::string_view::npos || bare_end == 0 || bare_end > 80) return false;
    std::string_view program = rest.substr(0, bare_end);
    if (const auto bracket = program.find('['); bracket != std::string_view::npos) {
        if (program.back() != ']') return false;
        program = program.substr(0, bracket);
    }
    if (program.find_first_of(" \"={") != std::string_view::npos) return false;
    line.kind = kind_of_program(program);
    line.writer = rest.substr(0, bare_end);
    rest.remove_prefix(std::min(rest.size(), bare_end + 2));
    line.text = rest;
    return true;
}

// Syslog's "<30>": facility and severity in one number.
bool take_priority(std::string_view& text) {
    constexpr std::size_t digits_max = 3;
    const auto end = text.find('>');
    if (!text.starts_with('<') || end < 2 || end > digits_max + 1
        || text.substr(1, end - 1).find_first_not_of("0123456789") != std::string_view::npos)
        return false;
    text.remove_prefix(end + 1);
    return true;
}

// Structured data: "-", or [id name="value"]…, where \] is a part of a value.
bool take_data(std::string_view& text) {
    if (text.starts_with('-')) {
        text.remove_prefix(1);
        return true;
    }
    std::size_t at = 0;
    while (at < text.size() && text[at] == '[') {
        while (at < text.size() && text[at] != ']')
            at += text[at] == '\\' ? 2U : 1U;
        ++at;
    }
    if (at == 0 || at > text.size()) return false;
    text.remove_prefix(at);
    return true;
}

// RFC 5424, behind its priority: "1 time host program pid message-id data message".
bool take_rfc5424(Unwrapping& line, std::string_view rest) {
    if (!rest.starts_with("1 ")) return false;
    rest.remove_prefix(2);
    std::optional<WallTime> when;
    if (rest.starts_with("- "))
        rest.remove_prefix(1);
    else if (when = take_time(rest); !when)
        return false;
    std::array<std::string_view, 4> fields; // host, program, pid, message's id
    for (std::string_view& field : fields) {
        if (!rest.starts_with(' ')) return false;
        rest.remove_prefix(1);
        field = rest.substr(0, rest.find(' '));
        if (field.empty()) return false;
        rest.remove_prefix(field.size());
    }
    if (!rest.starts_with(' ')) return false;
    rest.remove_prefix(1);
    if (!take_data(rest)) return false;
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    line.kind = kind_of_program(fields[1]);
    line.writer = line.storage.emplace_back(fmt::format("{}[{}]", fields[1], fields[2]));
    if (when) line.when = when;
    line.text = rest;
    return true;
}

// "[12345.678901] ", journalctl's "[12345.678901 <    1.000001 >] " or "[Tue Jun 30 17:02:11 2026]
// "
bool take_kernel_stamp(std::string_view& text, std::optional<WallTime>& when) {
    if (text.size() < 4 || text.front() != '[') return false;
    const auto end = text.find(']');
    if (end > 40) return false; // or there is none
    std::string_view inside = text.substr(1, end - 1);
    std::string_view date = inside;
    if (const auto at = take_ctime(date)) {
        when = at;
    } else {
        const bool is_uptime =
            inside.find('.') != std::string_view::npos
            && inside.find_first_not_of(" 0123456789.<>") == std::string_view::npos;
        if (!is_uptime) return false;
    }
    text.remove_prefix(end + 1);
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    return true;
}

// journalctl writes "host program[pid]: " behind the uptime (short-monotonic, short-delta), and of
// the kernel "host kernel: ", which dmesg leaves out.
bool take_kernel_line(Unwrapping& line) {
    std::string_view rest = line.text;
    if (!take_kernel_stamp(rest, line.when)) return false;
    line.text = rest;
    line.kind = LogKind::kernel;
    const std::string_view header = rest.substr(0, rest.find(": "));
    const auto space = header.find(' ');
    const bool is_journals = space != std::string_view::npos && header.find_first_of(":[") > space
                             && (header.ends_with(']') || header.ends_with(" kernel"));
    if (is_journals) (void)take_program(line, rest);
    return true;
}

void flatten(const json::Object& object, std::string& out) {
    const auto put = [&](std::string_view key, const json::Value& value) {
        if (!out.empty()) out += ' ';
        out += key;
        out += '=';
        if (value.is_string())
            out += std::string_view(value.as_string());
        else
            out += json::text(value);
    };
    // First those by which a line is known, as the other form has them.
    for (const char* first : {"level", "time", "msg"}) {
        if (object.contains(first)) put(first, object.at(first));
    }
    for (const auto& member : object) {
        const std::string_view key = member.key();
        if (key != "level" && key != "time" && key != "msg") put(key, member.value());
    }
}

// True if it was one of the forms that are known.
bool take_json(Unwrapping& line) {
    if (!line.text.starts_with('{') || line.text.size() > json_max) return false;
    const auto end = line.text.find_last_not_of(" \t\r");
    if (end == std::string_view::npos || line.text[end] != '}') return false;
    const auto object = json::parse_object(line.text.substr(0, end + 1));
    if (!object) return false;
    const auto take_from = [&](std::string_view member, std::string_view time) {
        std::string& text = line.storage.emplace_back(json::string_at(*object, member));
        while (text.ends_with('\n') || text.ends_with('\r'))
            text.pop_back();
        std::string_view when = json::string_at(*object, time);
        if (const auto at = take_time(when)) line.when = at;
        line.text = text;
        return true;
    };
    if (json::at(*object, "log").is_string()) {
        line.stream = line.storage.emplace_back(json::string_at(*object, "stream"));
        return take_from("log", "time");
    }
    if (json::at(*object, "MESSAGE").is_string()) {
        const std::string_view program = json::string_at(*object, "SYSLOG_IDENTIFIER");
        line.kind = kind_of_program(program);
        line.writer = line.storage.emplace_back(
            fmt::format("{}[{}]", program, json::string_at(*object, "_PID")));
        const auto micros = to_integer(json::string_at(*object, "__REALTIME_TIMESTAMP"));
        if (micros) line.when = WallTime(std::chrono::microseconds(*micros));
        return take_from("MESSAGE", "");
    }
    if (json::at(*object, "msg").is_string()) {
        std::string& flat = line.storage.emplace_back();
        std::string_view when = json::string_at(*object, "time");
        if (const auto at = take_time(when)) line.when = at;
        flatten(*object, flat);
        line.text = flat;
        line.is_json = true;
        return true;
    }
    // CloudWatch Logs and the shippers of logs.
    if (json::at(*object, "message").is_string())
        return take_from("message", object->contains("@timestamp") ? "@timestamp" : "timestamp");
    return false;
}

// A stamp in front of a line that has its own: docker logs --timestamps, CloudWatch's tail, CRI.
bool take_stamp(Unwrapping& line) {
    std::string_view rest = line.text;
    const auto at = take_time(rest);
    bool is_known = stamp_size(line.text) > 0;
    if (!at || (rest.empty() && !is_known)) return false;
    if (!rest.empty()) {
        if (!is_blank(rest.front())) return false;
        rest.remove_prefix(1);
    }
    const std::string_view behind = without_indentation(rest);
    for (const std::string_view stream : {"stdout F ", "stderr F ", "stdout P ", "stderr P "}) {
        if (!behind.starts_with(stream)) continue;
        rest = behind.substr(stream.size());
        line.stream = stream.substr(0, stream.find(' '));
        is_known = true;
    }
    if (!is_known && !begins_record(behind)) return false;
    line.when = at;
    line.text = rest;
    return true;
}

// rsyslog writes a tab as #011.
std::string_view behind_indentation(const Unwrapping& line) {
    constexpr std::string_view tab = "#011";
    std::string_view text = without_indentation(line.text);
    while (!line.is_bare && text.starts_with(tab))
        text = without_indentation(text.substr(tab.size()));
    return text;
}

// One wrapping; false when there is none left.
bool unwrap_one(Unwrapping& line, WallTime now, std::string_view source) {
    std::string_view& text = line.text;
    const std::string_view behind = behind_indentation(line);
    line.is_indented = behind.size() < text.size();
    text = behind;
    if (text.empty()) return false;
    if (take_source(line, source)) return true;
    if (text.front() == '{') return take_json(line);
    if (std::string_view header = text; take_priority(header)) {
        if (take_rfc5424(line, header)) return true;
        text = header;
        return true;
    }
    if (text.front() == '[') return take_kernel_line(line);
    if (take_stamp(line) || take_grep_prefix(line) || take_line_number(line)
        || take_compose_prefix(line))
        return true;
    std::string_view rest = text;
    auto when = take_time(rest);
    if (!when) when = take_syslog_time(rest, now);
    // "Tue 2026-06-30 17:02:11 UTC host …": journalctl's short-full.
    constexpr std::size_t weekday = 4;
    if (!when && text.size() > weekday && text[weekday - 1] == ' ') {
        rest = text.substr(weekday);
        when = take_time(rest);
    }
    if (!when) return false;
    if (!rest.empty() && rest.front() != ' ') return false;
    if (!take_program(line, rest)) return false;
    line.when = when;
    return true;
}

} // namespace

bool has_own_form(std::string_view text) {
    std::string_view rest = text;
    std::string_view behind = text;
    return text.starts_with("level=") || take_priority(behind) || text.starts_with("time=")
           || text.starts_with("{\"") || text.starts_with("msg=") || take_time(rest).has_value()
           || take_syslog_time(rest, Wall::now()).has_value();
}

bool is_of_go(std::string_view text) {
    constexpr std::array<std::string_view, 11> beginnings{"panic: ",
                                                          "fatal error: ",
                                                          "runtime error: ",
                                                          "runtime: ",
                                                          "SIGQUIT: ",
                                                          "SIGSEGV: ",
                                                          "[signal ",
                                                          "goroutine ",
                                                          "caused by: ",
                                                          "Caused by: ",
                                                          "status code: "};
    return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view beginning) {
        return text.starts_with(beginning);
    });
}

bool begins_record(std::string_view text) { return has_own_form(text) || is_of_go(text); }

std::size_t stamp_size(std::string_view text) {
    // "2026-06-30T17:02:11.", nine digits, and Z or an offset.
    constexpr std::size_t dot = 19;
    constexpr std::size_t zone = dot + 10;
    if (text.size() <= zone || text[dot - 9] != 'T' || text[dot] != '.') return 0;
    const auto is_digit = [](char c) {
        return c >= '0' && c <= '9';
    };
    if (!std::all_of(text.begin() + dot + 1, text.begin() + zone, is_digit)) return 0;
    std::string_view rest = text;
    if (!take_time(rest)) return 0;
    const std::size_t size = text.size() - rest.size();
    if (rest.empty()) return size;
    return is_blank(rest.front()) ? size + 1 : 0;
}

Unwrapping unwrapped(std::string_view line, WallTime now, std::string_view source) {
    Unwrapping out;
    out.text = without_end(line);
    for (int layer = 0; layer < layers_max && !out.is_json; ++layer) {
        if (out.text.find('\x1b') != std::string_view::npos)
            out.text = out.storage.emplace_back(without_escapes(out.text));
        if (!unwrap_one(out, now, source)) break;
        if (!out.is_json) out.is_bare = false;
    }
    return out;
}

} // namespace squall::doctor
