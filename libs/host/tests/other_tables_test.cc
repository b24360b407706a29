// Rules outside of the table filter, on the host and by the errand's script.
#include "checks/other_tables.h"

#include "afar/errand_script.h"
#include "fake_host.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using Texts = std::vector<std::string>;

const std::string raw = "-P PREROUTING ACCEPT\n-P OUTPUT ACCEPT\n"
                        "-A OUTPUT -p udp -j NOTRACK\n"
                        "-A OUTPUT -m comment --comment \" -j DROP\" -j RETURN\n"
                        "-A OUTPUT -p tcp -m tcp --dport 443 -j DROP\n";
const std::string mangle = "-P INPUT ACCEPT\n-P FORWARD DROP\n-A FORWARD -j DROP\n";
const std::string ruleset = R"(table ip nat {
	chain OUTPUT {
		type nat hook output priority -100; policy accept;
	}
}
table ip filter {
	chain OUTPUT {
		type filter hook output priority filter; policy drop;
		ip daddr 10.0.0.7 drop
	}
}
table ip6 mine {
	chain output {
		drop
	}
}
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		reject
	}
	chain output {
		type filter hook output priority filter; policy accept;
		tcp dport 25 accept comment "drop no mail"
		ip daddr 10.0.0.11 tcp dport 443 drop
		tcp dport 444 reject with tcp reset
	}
}
)";
const Texts wanted{"iptables -t raw -A OUTPUT -p tcp -m tcp --dport 443 -j DROP",
                   "nft inet filter input: type filter hook input priority filter; policy drop;",
                   "nft inet filter output: ip daddr 10.0.0.11 tcp dport 443 drop",
                   "nft inet filter output: tcp dport 444 reject with tcp reset"};

TEST(OtherTables, AreThoseThatNobodyFollows) {
    auto rules = dropping_rules(raw, "raw");
    EXPECT_EQ(dropping_rules(mangle, "mangle"), Texts{});
    for (auto& rule : dropping_nft_rules(ruleset))
        rules.push_back(std::move(rule));
    EXPECT_EQ(rules, wanted);
    EXPECT_EQ(dropping_nft_rules("nonsense drop\n\xff{"), Texts{});
}

TEST(OtherTables, AreNotAskedForWhereTheKernelHasThemNot) {
    FakeHost host;
    host.answers("iptables -w 1 -t raw -S", raw);
    host.answers("iptables -w 1 -t mangle -S", mangle);
    host.answers("nft list ruleset", ruleset);
    EXPECT_EQ(dropping_rules_elsewhere(host.ground(), Deadline::in(Seconds(5))), wanted);
    host.file("/proc/net/ip_tables_names", "filter\nnat\n");
    EXPECT_EQ(dropping_rules_elsewhere(host.ground(), Deadline::in(Seconds(5))),
              Texts(wanted.begin() + 1, wanted.end()));
}

TEST(OtherTables, AreTheSameFromAfar) {
    FakeHost host;
    const auto program = [&](const std::string& name, const std::string& text) {
        host.file("/usr/bin/" + name, "#!/bin/sh\n" + text);
        std::filesystem::permissions(host.path("/usr/bin/" + name),
                                     std::filesystem::perms::owner_all);
    };
    program("nft", "cat <<'END'\n" + ruleset + "END\n");
    program("iptables",
            "[ $4 = raw ] || { cat <<'END'\n" + mangle + "END\nexit; }\ncat <<'END'\n" + raw
                + "END\n");
    host.file("/dev/x.tried", "10.0.0.11:443\n");
    std::string script = errand_script("b");
    script.resize(script.find("\nfolder=\n"));
    script =
        replace_all(std::move(script), "/proc/net/ip_tables_names", host.path("/names").string());
    script += fmt::format("\nfolder={}\nPATH={}:$PATH\nothers\n",
                          host.path("/dev").string(),
                          host.path("/usr/bin").string());
    const auto sent = [&] {
        const auto done = run({{"sh", "-c", script}, {}, {}, {}}, Deadline::in(Seconds(30)));
        EXPECT_TRUE(done && done->errors.empty());
        return split(trimmed(done->output), '\n');
    };
    EXPECT_EQ(sent(), wanted);
    host.file("/names", "filter\n");
    EXPECT_EQ(sent(), Texts(wanted.begin() + 1, wanted.end()));
    host.remove("/dev/x.tried");
    EXPECT_EQ(join(sent(), ""), "") << "nothing was tried in vain";
}

} // namespace
} // namespace squall::host
