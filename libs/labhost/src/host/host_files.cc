#include "host/host_files.h"

#include <array>

namespace squall::labhost {
namespace {

constexpr const char* binary_path = "/usr/local/libexec/squall";
constexpr const char* cgroup_folder = "/sys/fs/cgroup";
// Where Debian has the authorities that it trusts, and where Amazon Linux has them.
constexpr const char* ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
constexpr const char* amazon_ca_bundle = "/etc/pki/tls/certs/ca-bundle.crt";
constexpr std::size_t ca_bundle_max = 16U << 20U;

struct File {
    const char* path;
    std::string text;
};

constexpr std::string_view os_release = R"text(NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux 2023 (Squall lab host)"
)text";

constexpr std::string_view upstart_os_release = R"text(NAME="Amazon Linux AMI"
VERSION="2018.03"
ID="amzn"
ID_LIKE="rhel fedora"
VERSION_ID="2018.03"
PRETTY_NAME="Amazon Linux AMI 2018.03 (Squall lab host)"
)text";

// As the ecs-init package has it, with our program in place of its own.
constexpr std::string_view ecs_unit = R"([Unit]
Description=Amazon Elastic Container Service - container agent
Documentation=https://aws.amazon.com/documentation/ecs/
Requires=docker.service
After=docker.service
PartOf=docker.service

[Service]
Type=simple
Restart=on-failure
RestartPreventExitStatus=5
RestartSec=10s
EnvironmentFile=-/var/lib/ecs/ecs.config
EnvironmentFile=-/etc/ecs/ecs.config
ExecStartPre=/usr/local/libexec/amazon-ecs-init pre-start
ExecStart=/usr/local/libexec/amazon-ecs-init start
ExecStop=/usr/local/libexec/amazon-ecs-init stop
ExecStopPost=/usr/local/libexec/amazon-ecs-init post-stop

[Install]
WantedBy=multi-user.target
)";

// {} is what starts it.
constexpr const char* docker_unit = R"([Unit]
Description=Docker Application Container Engine

[Service]
Type=simple
{}
Restart=always
RestartSec=2s
KillMode=process
TimeoutStopSec=60s

[Install]
WantedBy=multi-user.target
)";

constexpr std::string_view ssm_unit = R"([Unit]
Description=amazon-ssm-agent

[Service]
Type=simple
ExecStart=/usr/local/libexec/squall lab-host ssm-agent
Restart=on-failure
RestartSec=15s
KillMode=process

[Install]
WantedBy=multi-user.target
)";

// The ECS unit starts after it, and finds the images there.
std::string docker_start(const HostSpec& spec) {
    if (spec.docker_cgroup.empty()) return "ExecStart=/usr/local/libexec/squall lab-host dockerd";
    return fmt::format("ExecStart=dockerd -H unix:///var/run/docker.sock "
                       "--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent {}\n"
                       "ExecStartPost=/usr/local/libexec/squall lab-host docker-images",
                       spec.docker_cgroup);
}

// What ECS Anywhere has in place of the instance metadata: the keys, which its SSM agent renews,
// and who the instance is.
std::vector<File> external_files(const HostSpec& spec) {
    const auto& keys = *spec.external_credentials;
    return {{"/root/.aws/credentials",
             fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
                         "aws_session_token = {}\n",
                         keys.access_key_id,
                         keys.secret_access_key,
                         keys.session_token)},
            {"/var/lib/amazon/ssm/registration",
             json::text(json::Object{{"ManagedInstanceID", spec.instance_id},
                                     {"Region", spec.region},
                                     {"IPAddress", spec.private_ip}})}};
}

std::vector<File> configuration(const HostSpec& spec) {
    std::vector<File> files{
        {"/etc/os-release", std::string(spec.has_systemd ? os_release : upstart_os_release)},
        {"/etc/hostname", spec.hostname + "\n"},
        {"/etc/hosts",
         fmt::format(
             "127.0.0.1 localhost\n::1 localhost\n{} {}\n", spec.private_ip, spec.hostname)},
        {"/etc/resolv.conf", fmt::format("nameserver {}\n", spec.name_server)},
        {"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
        {"/etc/passwd",
         "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
        {"/etc/group", "root:x:0:\nnogroup:x:65534:\n"},
        {"/etc/ecs/ecs.config",
         fmt::format("ECS_CLUSTER={}\nAWS_DEFAULT_REGION={}\nECS_DATADIR=/var/lib/ecs/data\n"
                     "ECS_ENABLE_CONTAINER_METADATA=true\n{}",
                     spec.cluster,
                     spec.region,
                     spec.external_credentials ? "ECS_EXTERNAL=true\n" : "")},
        {"/etc/amazon/ssm/lab.conf", fmt::format("ENDPOINT={}\n", spec.endpoint_url)},
        {"/etc/systemd/system/ecs.service", std::string(ecs_unit)},
        {"/etc/systemd/system/docker.service", fmt::format(docker_unit, docker_start(spec))},
        {"/etc/systemd/system/amazon-ssm-agent.service", std::string(ssm_unit)},
    };
    // What cloud-init leaves behind at the first boot.
    if (!spec.external_credentials)
        files.push_back({"/var/lib/cloud/data/instance-id", spec.instance_id + "\n"});
    return files;
}

// Whom the machine trusts, and the authority of the lab's own endpoints.
Result<void> add_certificates(RootTree& tree, const HostSpec& spec) {
    std::string bundle;
    for (const char* place : {ca_bundle, amazon_ca_bundle}) {
        if (bundle.empty()) bundle = read_file(place, ca_bundle_max).value_or("");
    }
    if (!bundle.empty() && !bundle.ends_with('\n')) bundle.push_back('\n');
    if (auto written = tree.write_file(ca_bundle, bundle + spec.authority_pem); !written)
        return written;
    return tree.make_link(amazon_ca_bundle, ca_bundle);
}

Result<void> add_folders(RootTree& tree, const HostSpec& spec) {
    constexpr std::array folders{"/run/systemd",
                                 "/var/lib/ecs/data",
                                 "/var/log/ecs",
                                 "/var/lib/amazon/ssm",
                                 "/var/log/amazon/ssm",
                                 "/var/lib/docker",
                                 "/root",
                                 "/etc/systemd/system/multi-user.target.wants"};
    for (const char* folder : folders) {
        if (auto made = tree.make_directory(folder); !made) return made;
    }
    // By this folder programs see that systemd is the init.
    if (spec.has_systemd) {
        if (auto made = tree.make_directory("/run/systemd/system"); !made) return made;
    }
    if (auto made = tree.make_directory("/tmp", 01777); !made) return made;
    return tree.make_link("/var/run", "/run");
}

// A tool of ours, under its own name and in place of the machine's, for those who call that by its
// full name.
Result<void> add_tool(RootTree& tree, const char* tool, const Path& program) {
    if (auto linked = tree.make_link(Path("/usr/local/bin") / tool, binary_path); !linked)
        return linked;
    const Path machines_own = Path("/usr/bin") / tool;
    std::error_code ignored;
    // Where it is a link, it leads to another one of them.
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(machines_own, ignored)))
        return {};
    return tree.bind(program, machines_own, Access::read_only);
}

Result<void> add_systemd_tools(RootTree& tree, const Path& program) {
    for (const char* tool :
         {"systemctl", "systemd-run", "journalctl", "reboot", "shutdown", "poweroff", "halt"}) {
        if (auto added = add_tool(tree, tool, program); !added) return added;
    }
    return {};
}

Result<void> add_upstart_tools(RootTree& tree) {
    for (const char* tool : {"initctl",
                             "start",
                             "stop",
                             "restart",
                             "status",
                             "reboot",
                             "shutdown",
                             "poweroff",
                             "halt"}) {
        if (auto linked = tree.make_link(Path("/sbin") / tool, binary_path); !linked) return linked;
    }
    // The machine's own are of no use there: nothing can start them.
    for (const char* tool : {"systemctl", "systemd-run", "journalctl"}) {
        const Path path = Path("/usr/bin") / tool;
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored)) continue;
        if (auto bound = tree.bind("/dev/null", path, Access::read_only); !bound) return bound;
    }
    return {};
}

Result<void> add_tools(RootTree& tree, const HostSpec& spec, const Path& program) {
    // /usr is the machine's: our own tools come into /usr/local, which is first in every PATH.
    if (auto mounted = tree.mount_empty("/usr/local", 16U << 20U); !mounted) return mounted;
    if (auto bound = tree.bind(program, binary_path, Access::read_only); !bound) return bound;
    auto added = spec.has_systemd ? add_systemd_tools(tree, program) : add_upstart_tools(tree);
    if (!added) return added;
    // Remedies begin with it; the machine's own would look for users that are not there.
    if (auto sudo = add_tool(tree, "sudo", program); !sudo) return sudo;
    return tree.make_link("/usr/local/libexec/amazon-ecs-init", binary_path);
}

} // namespace

Result<void> make_host_files(RootTree& tree, const HostSpec& spec, const Path& program) {
    if (auto bound = tree.bind_machine_programs(spec.has_systemd); !bound) return bound;
    // Where Debian's links to iptables lead.
    for (const char* shared :
         {"/etc/alternatives", "/etc/ethertypes", "/etc/protocols", "/etc/services"}) {
        if (auto bound = tree.bind_if_there(shared, shared, Access::read_only); !bound)
            return bound;
    }
    if (auto made = add_folders(tree, spec); !made) return made;
    if (auto added = add_certificates(tree, spec); !added) return added;
    if (auto added = add_tools(tree, spec, program); !added) return added;
    for (const auto& file : configuration(spec)) {
        if (auto written = tree.write_file(file.path, file.text); !written) return written;
    }
    if (spec.external_credentials) {
        for (const auto& file : external_files(spec)) {
            if (auto written = tree.write_file(file.path, file.text, 0600); !written)
                return written;
        }
    }
    for (const std::string_view unit : {"docker", "ecs", "amazon-ssm-agent"}) {
        if (unit == "amazon-ssm-agent" && !spec.has_ssm_agent) continue;
        const std::string name = fmt::format("{}.service", unit);
        if (auto linked = tree.make_link("/etc/systemd/system/multi-user.target.wants/" + name,
                                         "/etc/systemd/system/" + name);
            !linked)
            return linked;
    }
    if (auto mounted = tree.mount_proc(); !mounted) return mounted;
    if (auto masked = tree.mask_machine_controls(RootTree::Network::writable); !masked)
        return masked;
    if (auto bound = tree.bind_if_there("/sys", "/sys", Access::read_only); !bound) return bound;
    if (!spec.docker_cgroup.empty()) {
        if (auto bound = tree.bind(cgroup_folder, cgroup_folder, Access::read_write); !bound)
            return bound;
    }
    return tree.mount_devices();
}

} // namespace squall::labhost
