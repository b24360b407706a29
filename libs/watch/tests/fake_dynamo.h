// A table of DynamoDB in memory, at the level of HTTP: the calls and the expressions that a
// monitor's store uses, transactions with their tokens, pages, and a death at any request.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/dynamodb.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace squall::watch {

class FakeDynamo final : public aws::HttpSender {
public:
    using Key = std::pair<std::string, std::string>; // pk, sk

    enum class Death { before, after }; // the request has its effect, or has not

    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline deadline,
                                                  std::stop_token stop) override;

    // From this request on (counted from now, from 0) nothing is answered any more.
    void die_at(int request, Death death);
    void live();
    // Runs once, before this request (counted from now, from 0).
    void before(int request, std::function<void()> run);

    [[nodiscard]] int requests() const { return requests_; }

    [[nodiscard]] int transactions() const { return static_cast<int>(tokens_.size()); }

    [[nodiscard]] bool has_died() const { return is_dead_; }

    // Of the items of a partition.
    [[nodiscard]] std::size_t count(const std::string& pk) const;

    std::map<Key, aws::Item> items;
    std::size_t page_max = 1000;

private:
    [[nodiscard]] wire::HttpResponse answer(const std::string& operation,
                                            const json::Object& input);
    [[nodiscard]] wire::HttpResponse query(const json::Object& input) const;
    [[nodiscard]] wire::HttpResponse transact(const json::Object& input);
    [[nodiscard]] bool holds(const json::Object& input, const Key& key) const;
    void change(std::string_view kind, const json::Object& input);

    std::set<std::string, std::less<>> tokens_;
    std::map<int, std::function<void()>> before_;
    int requests_ = 0;
    int dies_at_ = -1;
    Death death_ = Death::before;
    bool is_dead_ = false;
};

} // namespace squall::watch
