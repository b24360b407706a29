// The least that an answer of our own can cost: one answer, made beforehand, for every request.
// HTTP/1.x requests are found by their empty lines and are not read further; of HTTP/2 (prior
// knowledge) the frames are read and the header blocks are not.
#pragma once

#include "net.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::bench {

class Canned {
public:
    Canned(Epoll& epoll, int status, std::string_view body);

    void accepted(int fd);
    void happened(int fd, std::uint32_t events);

private:
    struct Connection {
        bool is_new = true;
        bool is_http2 = false;
        std::string rest; // of a request that has not come as a whole
    };

    // What has come is answered; false when the connection is over.
    bool answer_all(int fd);
    // These take what is whole from the input and put the answers into out_; false to end.
    bool take_http1(std::string_view& input);
    bool take_http2(std::string_view& input);

    Epoll& epoll_;
    std::string answer_, last_answer_, http2_head_, http2_body_;
    std::vector<Connection> connections_;
    std::vector<char> buffer_;
    std::string out_;
};

} // namespace squall::bench
