#include "squall/base/md5.h"

#include "squall/base/result.h"
#include "squall/base/text.h"

#include <openssl/evp.h>

#include <array>

namespace squall {

std::string md5(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int ok = EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_md5(), nullptr);
    SQUALL_ASSERT(ok == 1);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string md5_hex(std::string_view data) {
    const std::string digest = md5(data);
    return to_hex({reinterpret_cast<const unsigned char*>(digest.data()), digest.size()});
}

} // namespace squall
