#include "squall/transport/authority.h"

#include "squall/base/text.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

namespace squall::transport {
namespace {

constexpr std::chrono::hours lifetime_before{24};
constexpr std::chrono::hours lifetime_after{24 * 365};
constexpr const char* authority_name = "Squall lab CA";
constexpr std::size_t common_name_max = 64;

template <auto free>
struct Free {
    template <class T>
    void operator()(T* object) const {
        free(object);
    }
};

using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<&X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Free<&BIO_free>>;

tl::unexpected<Error> failed(std::string_view doing) {
    std::array<char, 256> text{};
    ::ERR_error_string_n(::ERR_get_error(), text.data(), text.size());
    return fail(Errc::failed, "{}: {}", doing, text.data());
}

Key new_key() {
    return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", static_cast<const char*>("P-256")));
}

std::string text_of(const Bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio);
}

std::string pem_of(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio);
}

// A number that no other certificate has: authorities may not use one twice.
bool set_number(X509* certificate) {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    bytes[0] &= 0x7fU;
    const std::unique_ptr<BIGNUM, Free<&BN_free>> number(
        BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return number
           && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// `issuer` is the certificate itself where it signs itself.
bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Everything that both kinds have; nothing where OpenSSL has no memory.
Certificate new_certificate(const std::string& name, EVP_PKEY* key, const Validity& validity) {
    Certificate made(X509_new());
    if (!made || X509_set_version(made.get(), X509_VERSION_3) != 1 || !set_number(made.get()))
        return nullptr;
    ASN1_TIME_set(X509_getm_notBefore(made.get()), Wall::to_time_t(validity.from));
    ASN1_TIME_set(X509_getm_notAfter(made.get()), Wall::to_time_t(validity.until));
    X509_NAME* const subject = X509_get_subject_name(made.get());
    const std::string common = name.substr(0, common_name_max);
    const auto* text = reinterpret_cast<const unsigned char*>(common.data());
    if (X509_NAME_add_entry_by_NID(
            subject, NID_commonName, MBSTRING_UTF8, text, static_cast<int>(common.size()), -1, 0)
            != 1
        || X509_set_pubkey(made.get(), key) != 1)
        return nullptr;
    return made;
}

} // namespace

struct Authority::Parts {
    Key key;
    Certificate certificate;
    std::string pem;
};

Authority::Authority(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Authority::Authority(Authority&&) noexcept = default;

Authority& Authority::operator=(Authority&&) noexcept = default;

Authority::~Authority() = default;

Validity Authority::lifetime(WallTime now) { return {now - lifetime_before, now + lifetime_after}; }

Result<Authority> Authority::make(const Validity& validity, const std::string& name) {
    auto parts = std::make_unique<Parts>();
    parts->key = new_key();
    if (parts->key)
        parts->certificate = new_certificate(
            name.empty() ? std::string(authority_name) : name, parts->key.get(), validity);
    if (!parts->certificate) return failed("making a certificate authority");
    X509* const own = parts->certificate.get();
    if (X509_set_issuer_name(own, X509_get_subject_name(own)) != 1
        || !extend(own, own, NID_basic_constraints, "critical,CA:TRUE")
        || !extend(own, own, NID_key_usage, "critical,keyCertSign,cRLSign")
        || !extend(own, own, NID_subject_key_identifier, "hash")
        || X509_sign(own, parts->key.get(), EVP_sha256()) == 0)
        return failed("signing a certificate authority");
    parts->pem = pem_of(own);
    return Authority(std::move(parts));
}

const std::string& Authority::certificate_pem() const { return parts_->pem; }

Result<Authority::Issued> Authority::issue(const std::vector<std::string>& names,
                                           const Validity& validity) const {
    SQUALL_ASSERT(!names.empty());
    const Key key = new_key();
    const Certificate made =
        key ? new_certificate(names.front(), key.get(), validity) : Certificate();
    if (!made) return failed("making a certificate");
    std::vector<std::string> listed;
    listed.reserve(names.size());
    for (const auto& name : names)
        listed.push_back("DNS:" + name);
    X509* const authority = parts_->certificate.get();
    if (X509_set_issuer_name(made.get(), X509_get_subject_name(authority)) != 1
        || !extend(made.get(), authority, NID_basic_constraints, "critical,CA:FALSE")
        || !extend(made.get(), authority, NID_key_usage, "critical,digitalSignature")
        || !extend(made.get(), authority, NID_ext_key_usage, "serverAuth")
        || !extend(made.get(), authority, NID_subject_alt_name, join(listed, ","))
        || !extend(made.get(), authority, NID_authority_key_identifier, "keyid")
        || X509_sign(made.get(), parts_->key.get(), EVP_sha256()) == 0)
        return failed(fmt::format("signing a certificate for {}", names.front()));
    return Issued{pem_of(made.get()), pem_of(key.get())};
}

} // namespace squall::transport
