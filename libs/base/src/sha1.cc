#include "squall/base/sha1.h"

#include "squall/base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace squall {

std::string sha1_hex(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int ok = EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha1(), nullptr);
    SQUALL_ASSERT(ok == 1);
    return to_hex(std::span(digest).first(size));
}

std::string hmac_sha1(std::string_view key, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const unsigned char* done = HMAC(EVP_sha1(),
                                     key.data(),
                                     static_cast<int>(key.size()),
                                     reinterpret_cast<const unsigned char*>(data.data()),
                                     data.size(),
                                     digest.data(),
                                     &size);
    SQUALL_ASSERT(done != nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

} // namespace squall
