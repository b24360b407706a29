#include "runtime/launch_spec.h"

#include "runtime/address_pool.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::labhost::runtime {
namespace {

json::Array to_array(const std::vector<std::string>& texts) {
    json::Array array;
    for (const auto& text : texts)
        array.emplace_back(text);
    return array;
}

std::vector<std::string> to_texts(const json::Array& array) {
    std::vector<std::string> texts;
    for (const auto& element : array)
        texts.emplace_back(json::string_of(element));
    return texts;
}

bool has_variable(const std::vector<std::string>& environment, std::string_view name) {
    return std::any_of(environment.begin(), environment.end(), [&](const std::string& entry) {
        return split_once(entry, '=').first == name;
    });
}

} // namespace

std::string to_text(const LaunchSpec& spec) {
    json::Array binds;
    for (const auto& bind : spec.binds) {
        binds.push_back(json::Object{{"source", bind.source.string()},
                                     {"target", bind.target.string()},
                                     {"read_only", bind.read_only}});
    }
    return json::text(json::Object{
        {"argv", to_array(spec.argv)},
        {"environment", to_array(spec.environment)},
        {"hostname", spec.hostname},
        {"working_directory", spec.working_directory},
        {"root", spec.root == RootKind::machine ? "machine" : "program"},
        {"program", spec.program.string()},
        {"root_folder", spec.root_folder.string()},
        {"hosts", spec.hosts},
        {"resolv_conf", spec.resolv_conf},
        {"binds", std::move(binds)},
        // As text: JSON's numbers end at 2^53 for some readers.
        {"capabilities", fmt::format("{:x}", spec.capabilities)},
        {"privileged", spec.privileged},
        {"read_only_root", spec.read_only_root},
    });
}

Result<LaunchSpec> parse_launch_spec(std::string_view text) {
    const auto object = json::parse_object(text);
    if (!object) return fail("reading what to start", object.error());
    LaunchSpec spec;
    spec.argv = to_texts(json::array_at(*object, "argv"));
    if (spec.argv.empty()) return fail(Errc::invalid_input, "there is no program to start");
    spec.environment = to_texts(json::array_at(*object, "environment"));
    spec.hostname = json::string_at(*object, "hostname");
    spec.working_directory = json::string_at(*object, "working_directory", "/");
    spec.root =
        json::string_at(*object, "root") == "machine" ? RootKind::machine : RootKind::program;
    spec.program = Path(std::string(json::string_at(*object, "program")));
    spec.root_folder = Path(std::string(json::string_at(*object, "root_folder")));
    spec.hosts = json::string_at(*object, "hosts");
    spec.resolv_conf = json::string_at(*object, "resolv_conf");
    for (const auto& bind : json::array_at(*object, "binds")) {
        spec.binds.push_back({Path(std::string(json::string_at(bind, "source"))),
                              Path(std::string(json::string_at(bind, "target"))),
                              json::bool_at(bind, "read_only")});
    }
    const std::string capabilities(json::string_at(*object, "capabilities"));
    constexpr int hexadecimal = 16;
    spec.capabilities = std::strtoull(capabilities.c_str(), nullptr, hexadecimal);
    spec.privileged = json::bool_at(*object, "privileged");
    spec.read_only_root = json::bool_at(*object, "read_only_root");
    return spec;
}

std::string to_text(const StartFailure& failure) {
    return json::text(json::Object{{"exit_code", failure.exit_code}, {"message", failure.message}});
}

StartFailure parse_start_failure(std::string_view text) {
    const auto object = json::parse_object(text);
    if (!object) return {128, "the setup step ended without a word"};
    return {static_cast<int>(json::integer_at(*object, "exit_code", 128)),
            std::string(json::string_at(*object, "message"))};
}

std::string hosts_text(const std::vector<std::string>& extra_hosts,
                       const std::string& address,
                       const std::string& hostname) {
    std::string text = "127.0.0.1\tlocalhost\n"
                       "::1\tlocalhost ip6-localhost ip6-loopback\n"
                       "fe00::0\tip6-localnet\n"
                       "ff00::0\tip6-mcastprefix\n"
                       "ff02::1\tip6-allnodes\n"
                       "ff02::2\tip6-allrouters\n";
    for (const auto& entry : extra_hosts) {
        const auto [name, given] = split_once(entry, ':');
        text += fmt::format("{}\t{}\n", given == "host-gateway" ? bridge_gateway : given, name);
    }
    if (!address.empty()) text += fmt::format("{}\t{}\n", address, hostname);
    return text;
}

std::vector<std::string> complete_environment(const std::vector<std::string>& environment,
                                              const std::string& hostname) {
    std::vector<std::string> complete;
    if (!has_variable(environment, "PATH"))
        complete.emplace_back("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if (!has_variable(environment, "HOSTNAME")) complete.push_back("HOSTNAME=" + hostname);
    complete.insert(complete.end(), environment.begin(), environment.end());
    if (!has_variable(environment, "HOME")) complete.emplace_back("HOME=/root");
    return complete;
}

} // namespace squall::labhost::runtime
