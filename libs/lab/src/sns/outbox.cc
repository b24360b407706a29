#include "sns/outbox.h"

#include <algorithm>

namespace squall::lab::sns {

void Outbox::add(Post post) {
    if (posts_.size() < posts_max) posts_.push_back(std::move(post));
}

std::vector<Post> Outbox::take_due(WallTime now) {
    std::vector<Post> due;
    std::deque<Post> later;
    for (auto& post : posts_) {
        if (post.due <= now)
            due.push_back(std::move(post));
        else
            later.push_back(std::move(post));
    }
    posts_ = std::move(later);
    return due;
}

void Outbox::failed(Post post, WallTime now) {
    if (++post.attempts >= attempts_max) return;
    post.due = now + retry_delay;
    add(std::move(post));
}

} // namespace squall::lab::sns
