// Bytes for tests and fuzz targets.
#pragma once

#include "squall/doctor/byte_source.h"

#include <algorithm>

namespace squall::doctor {

// So many at a time: what a pipe may do. The default fits no block.
class StringSource final : public ByteSource {
public:
    explicit StringSource(std::string text, std::size_t at_once = 777)
        : text_(std::move(text)), at_once_(at_once) {}

    Result<std::size_t> read(std::span<char> into) override {
        const std::size_t size = std::min({into.size(), text_.size() - given_, at_once_});
        std::copy_n(text_.data() + given_, size, into.data());
        given_ += size;
        return size;
    }

private:
    std::string text_;
    std::size_t at_once_;
    std::size_t given_ = 0;
};

} // namespace squall::doctor
