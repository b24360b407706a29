// The instance metadata service of an EC2 instance, in memory: session tokens that run out, items
// by path, and silence when there is no instance.
#pragma once

#include "fake_clock.h"
#include "squall/aws/http_sender.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace squall::aws {

class FakeInstance final : public HttpSender {
public:
    explicit FakeInstance(FakeClock& clock) : clock_(clock) {}

    std::map<std::string, std::string> items; // "placement/region"
    bool is_there = true;
    std::vector<std::string> asked; // "PUT /latest/api/token", with the host in front

    // What stopping and starting an instance does to the tokens it gave.
    void forget_tokens() { tokens_.clear(); }

    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline deadline,
                                                  std::stop_token) override {
        asked.push_back(server.origin() + " " + request.method + " " + request.target);
        if (!is_there) {
            clock_.advance(deadline.left(clock_.now()));
            return fail(Errc::timed_out, "no answer");
        }
        if (request.method == "PUT") {
            if (!wire::has_header(request.headers, "X-aws-ec2-metadata-token-ttl-seconds"))
                return wire::HttpResponse{400, {}, ""};
            const std::string token = "token-" + std::to_string(++given_);
            tokens_.insert(token);
            return wire::HttpResponse{200, {}, token};
        }
        const std::string token(wire::header_value(request.headers, "X-aws-ec2-metadata-token"));
        if (!tokens_.contains(token)) return wire::HttpResponse{401, {}, ""};
        const std::string prefix = "/latest/meta-data/";
        const auto item = items.find(request.target.substr(prefix.size()));
        if (item == items.end()) return wire::HttpResponse{404, {}, "not found"};
        return wire::HttpResponse{200, {}, item->second};
    }

private:
    FakeClock& clock_;
    std::set<std::string> tokens_;
    int given_ = 0;
};

} // namespace squall::aws
