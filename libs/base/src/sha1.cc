#include "squall/base/sha1.h"

#include "squall/base/text.h"

#include <openssl/evp.h>

#include <array>

namespace squall {

std::string sha1_hex(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int ok = EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha1(), nullptr);
    SQUALL_ASSERT(ok == 1);
    return to_hex(std::span(digest).first(size));
}

} // namespace squall
