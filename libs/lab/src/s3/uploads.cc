// Objects that come in parts: what the AWS CLI does with files from 8 MB on.
#include "s3/service.h"
#include "squall/base/md5.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

#include <algorithm>

namespace squall::lab::s3 {
namespace {

struct NamedPart {
    std::int64_t number = 0;
    std::string etag;
};

tl::unexpected<wire::ServiceError> invalid_part() {
    return refuse(
        "InvalidPart",
        "One or more of the specified parts could not be found. The part may not have "
        "been uploaded, or the specified entity tag may not match the part's entity tag.");
}

std::string quoted_hex(const std::string& digest) {
    return fmt::format(
        "\"{}\"", to_hex({reinterpret_cast<const unsigned char*>(digest.data()), digest.size()}));
}

Result<std::vector<NamedPart>, wire::ServiceError> named_parts(const std::string& body) {
    const auto document = wire::XmlDocument::parse(body);
    std::vector<NamedPart> parts;
    if (document) {
        document->for_each("Part", [&](const wire::XmlDocument::Reader& part) {
            parts.push_back({to_integer(part("PartNumber")).value_or(0), part("ETag")});
        });
    }
    if (parts.empty())
        return refuse("MalformedXML",
                      "The XML you provided was not well-formed or did not validate against our "
                      "published schema");
    const auto before = [](const NamedPart& a, const NamedPart& b) {
        return a.number >= b.number;
    };
    if (std::adjacent_find(parts.begin(), parts.end(), before) != parts.end())
        return refuse("InvalidPartOrder",
                      "The list of parts was not in ascending order. Parts must be ordered by part "
                      "number.");
    return parts;
}

} // namespace

Result<Upload*, wire::ServiceError> Service::upload_of(Bucket& bucket, const ApiCall& call) {
    const auto found = bucket.uploads.find(call.form.get("uploadId"));
    if (found == bucket.uploads.end() || found->second.key != json::string_at(call.body, "Key"))
        return refuse("NoSuchUpload",
                      "The specified upload does not exist. The upload ID may be invalid, or the "
                      "upload may have been aborted or completed.",
                      404);
    return &found->second;
}

Answer Service::create_upload(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    const std::string key(json::string_at(call.body, "Key"));
    if (key.size() > key_max) return refuse("KeyTooLongError", "Your key is too long");
    auto& uploads = (*bucket)->uploads;
    if (uploads.size() >= Store::uploads_max)
        return refuse("ServiceUnavailable", "This lab keeps no more uploads of a bucket.", 503);
    const std::string id = random_hex(32);
    uploads[id] = Upload{key, kept_headers(call.request), call.now, {}};
    wire::XmlWriter xml;
    xml.open("InitiateMultipartUploadResult", xmlns);
    xml.leaf("Bucket", json::string_at(call.body, "Bucket"));
    xml.leaf("Key", key);
    xml.leaf("UploadId", id);
    xml.close();
    return xml_answer(xml.text());
}

Answer Service::upload_part(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    const auto upload = upload_of(**bucket, call);
    if (!upload) return fail(upload.error());
    const auto number = to_integer(call.form.get("partNumber"));
    if (!number || *number < 1 || *number > parts_max)
        return refuse("InvalidArgument",
                      "Part number must be an integer between 1 and 10000, inclusive");
    if (auto wrong = wrong_digest(call.request)) return fail(std::move(*wrong));
    auto kept = store_.keep(call.request.body);
    if (!kept) return fail(internal_error_because(kept.error()));
    const std::string digest = md5(call.request.body);
    (*upload)->parts[*number] = {std::move(*kept), digest};
    return empty_answer(200, {{"ETag", quoted_hex(digest)}});
}

Answer Service::complete_upload(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    const auto upload = upload_of(**bucket, call);
    if (!upload) return fail(upload.error());
    const auto named = named_parts(call.request.body);
    if (!named) return fail(named.error());
    std::string whole;
    std::string digests;
    for (const auto& [number, etag] : *named) {
        const auto part = (*upload)->parts.find(number);
        if (part == (*upload)->parts.end()) return invalid_part();
        const auto& [bytes, digest] = part->second;
        if (replace_all(etag, "\"", "") != replace_all(quoted_hex(digest), "\"", ""))
            return invalid_part();
        if (number != named->back().number && bytes.size() < part_min)
            return refuse("EntityTooSmall",
                          "Your proposed upload is smaller than the minimum allowed size");
        const auto read = bytes.read(0, bytes.size());
        if (!read) return fail(internal_error_because(read.error()));
        whole += *read;
        digests += digest;
    }
    auto kept = store_.keep(whole);
    if (!kept) return fail(internal_error_because(kept.error()));
    // The ETag of what came in parts is no digest of the whole, and says of how many.
    std::string etag = quoted_md5(digests);
    etag.insert(etag.size() - 1, fmt::format("-{}", named->size()));
    const std::string key = (*upload)->key;
    (*bucket)->objects.insert_or_assign(
        key, Object{std::move(*kept), etag, call.now, {}, std::move((*upload)->headers)});
    (*bucket)->uploads.erase(std::string(call.form.get("uploadId")));
    wire::XmlWriter xml;
    xml.open("CompleteMultipartUploadResult", xmlns);
    xml.leaf("Location",
             fmt::format("http://{}{}",
                         call.host,
                         call.request.target.substr(0, call.request.target.find('?'))));
    xml.leaf("Bucket", json::string_at(call.body, "Bucket"));
    xml.leaf("Key", key);
    xml.leaf("ETag", etag);
    xml.close();
    return xml_answer(xml.text());
}

Answer Service::abort_upload(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    const auto upload = upload_of(**bucket, call);
    if (!upload) return fail(upload.error());
    (*bucket)->uploads.erase(std::string(call.form.get("uploadId")));
    return empty_answer(204);
}

} // namespace squall::lab::s3
