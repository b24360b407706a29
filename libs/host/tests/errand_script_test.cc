// Parts of the errand, run by a real shell against the files of a host.
#include "afar/errand_script.h"

#include "checks/firewall.h"
#include "fake_host.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace squall::host {
namespace {

// What a function of the script prints, where /etc and /var are this host's.
std::string printed_by(const FakeHost& host, const std::string& function) {
    std::string script = errand_script("b");
    // Behind it, all is done at once.
    script.resize(script.find("\nfolder=\n"));
    const std::string root = host.path("/").string();
    for (const char* folder : {"/etc/ecs", "/var/lib/ecs"})
        script = replace_all(std::move(script), folder, host.path(folder).string());
    script += fmt::format("\nfolder={}\nPATH={}:$PATH\n{}\n",
                          host.path("/dev/shm").string(),
                          host.path("/usr/bin").string(),
                          function);
    const auto done = run({{"sh", "-c", script}, {}, {}, {}}, Deadline::in(Seconds(30)));
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->errors, "");
    return replace_all(done->output, root, "/");
}

// What is left out of the rules changes nothing for the packets that were tried.
TEST(FirewallFromAfar, NamesTheSameRulesAsTheHostDoes) {
    FakeHost host;
    std::mt19937 chance(7); // NOLINT(cert-msc51-cpp): the same ones each time
    const auto one_of = [&](const std::vector<std::string>& all) {
        return all[chance() % all.size()];
    };
    const std::vector<std::string> matches{"",
                                           "-d 10.0.0.11/32 ",
                                           "-d 10.0.0.12/32 ",
                                           "! -d 10.0.0.12/32 ",
                                           "-s 10.0.0.1/32 -d 10.0.0.13/32 ",
                                           "-d 10.0.0.0/24 -p tcp ",
                                           "-p udp ",
                                           "-o eth1 ",
                                           "-m comment --comment \"x -d 10.0.0.12/32 -j B\" "};
    const std::vector<std::string> targets{"-j DROP",
                                           "-j DROP",
                                           "-j REJECT",
                                           "-j ACCEPT",
                                           "-j RETURN",
                                           "-j A",
                                           "-j B",
                                           "-g C",
                                           "-g A"};
    int found = 0;
    for (int round = 0; round < 60; ++round) {
        std::string listing = "-P INPUT DROP\n-P OUTPUT ACCEPT\n-N A\n-N B\n-N C\n-N D\n";
        for (int i = 0; i < 12; ++i)
            listing +=
                fmt::format("-A {} {}{}\n",
                            one_of({"OUTPUT", "OUTPUT", "OUTPUT", "INPUT", "A", "B", "C", "D"}),
                            one_of(matches),
                            one_of(targets));
        host.file("/usr/bin/iptables", "#!/bin/sh\ncat <<'END'\n" + listing + "END\n");
        std::filesystem::permissions(host.path("/usr/bin/iptables"),
                                     std::filesystem::perms::owner_all);
        host.file("/dev/shm/api.tried", "10.0.0.11:443\n");
        const std::string sent = printed_by(host, "firewall");
        EXPECT_TRUE(sent.ends_with("\nexit=0 \n")) << sent;
        const std::vector<FirstPacket> packets{{"10.0.0.11", 443}};
        const auto texts = [&](const std::string& from) {
            std::vector<std::string> all;
            for (const auto& each : rules_in_the_way(from, packets))
                all.push_back(each.rule + " " + each.removal);
            return all;
        };
        EXPECT_EQ(texts(sent), texts(listing)) << listing << "sent\n" << sent;
        found += texts(listing).empty() ? 0 : 1;
    }
    EXPECT_GT(found, 10);
}

} // namespace
} // namespace squall::host
