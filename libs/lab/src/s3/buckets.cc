#include "s3/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/xml.h"

#include <regex>

namespace squall::lab::s3 {
namespace {

constexpr const char* first_region = "us-east-1"; // the one without a location constraint

bool is_bucket_name(const std::string& name) {
    static const std::regex pattern("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
    static const std::regex address("[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+");
    return std::regex_match(name, pattern) && !std::regex_match(name, address)
           && name.find("..") == std::string::npos;
}

// The region that a bucket is to be in; the caller's own, in whose endpoint it is made.
std::optional<wire::ServiceError> wrong_location(const ApiCall& call) {
    std::string constraint;
    if (!call.request.body.empty()) {
        const auto document = wire::XmlDocument::parse(call.request.body);
        if (!document)
            return wire::ServiceError{
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema",
                400};
        constraint = document->text_at("LocationConstraint");
    }
    if (constraint == call.region || (constraint.empty() && call.region == first_region))
        return std::nullopt;
    return wire::ServiceError{
        "IllegalLocationConstraintException",
        fmt::format("The {} location constraint is incompatible for the region specific endpoint "
                    "this request was sent to.",
                    constraint.empty() ? "unspecified" : constraint),
        400};
}

// What a list shows of one name: an object, or all that have a prefix in common.
struct Listed {
    const Object* object = nullptr; // null: a common prefix
};

std::map<std::string, Listed>
listed(const Bucket& bucket, const std::string& prefix, const std::string& delimiter) {
    std::map<std::string, Listed> all;
    for (auto at = bucket.objects.lower_bound(prefix); at != bucket.objects.end(); ++at) {
        const std::string& key = at->first;
        if (!key.starts_with(prefix)) break;
        const std::size_t end =
            delimiter.empty() ? std::string::npos : key.find(delimiter, prefix.size());
        if (end == std::string::npos)
            all[key] = {&at->second};
        else
            all[key.substr(0, end + delimiter.size())] = {};
    }
    return all;
}

// A list's parameters as they came, and how it writes its names.
struct ListRequest {
    explicit ListRequest(const wire::QueryParameters& query)
        : prefix(query.get("prefix")),
          delimiter(query.get("delimiter")),
          start_after(query.get("start-after")),
          token(query.get("continuation-token")),
          is_encoded(query.get("encoding-type") == "url") {}

    [[nodiscard]] std::string name(const std::string& text) const {
        return is_encoded ? wire::percent_encoded(text, /*keep_slash=*/true) : text;
    }

    std::string prefix;
    std::string delimiter;
    std::string start_after;
    std::string token;
    bool is_encoded;
};

void write_request(wire::XmlWriter& xml, const ListRequest& asked) {
    xml.leaf("Prefix", asked.name(asked.prefix));
    if (!asked.delimiter.empty()) xml.leaf("Delimiter", asked.name(asked.delimiter));
    if (!asked.start_after.empty()) xml.leaf("StartAfter", asked.name(asked.start_after));
    if (!asked.token.empty()) xml.leaf("ContinuationToken", asked.token);
    if (asked.is_encoded) xml.leaf("EncodingType", "url");
}

void write_object(wire::XmlWriter& xml, const std::string& name, const Object& object) {
    xml.element("Contents", [&] {
        xml.leaf("Key", name);
        xml.leaf("LastModified", rfc3339_millis(object.modified));
        xml.leaf("ETag", object.etag);
        xml.leaf("Size", std::to_string(object.bytes.size()));
        xml.leaf("StorageClass", "STANDARD");
    });
}

} // namespace

Answer Service::list_buckets(const ApiCall& call) {
    wire::XmlWriter xml;
    xml.open("ListAllMyBucketsResult", xmlns);
    xml.element("Buckets", [&] {
        for (const auto& [name, bucket] : store_.buckets) {
            xml.element("Bucket", [&, &name = name, &bucket = bucket] {
                xml.leaf("Name", name);
                xml.leaf("CreationDate", rfc3339_millis(bucket.created));
            });
        }
    });
    xml.element("Owner", [&] { xml.leaf("ID", sha256_hex(call.caller.user_id)); });
    xml.close();
    return xml_answer(xml.text());
}

Answer Service::create_bucket(const ApiCall& call) {
    const std::string name(json::string_at(call.body, "Bucket"));
    if (!is_bucket_name(name))
        return refuse("InvalidBucketName", "The specified bucket is not valid.", 400);
    if (auto wrong = wrong_location(call)) return fail(std::move(*wrong));
    if (const auto there = store_.buckets.find(name); there != store_.buckets.end()) {
        // In its first region S3 still says what it always said.
        if (call.region == first_region && there->second.region == first_region)
            return empty_answer(200, {{"Location", "/" + name}});
        return refuse("BucketAlreadyOwnedByYou",
                      "Your previous request to create the named bucket succeeded and you already "
                      "own it.",
                      409);
    }
    if (store_.buckets.size() >= Store::buckets_max)
        return refuse(
            "TooManyBuckets", "You have attempted to create more buckets than allowed", 400);
    store_.buckets[name] = Bucket{call.region, call.now, {}, {}};
    return empty_answer(200, {{"Location", "/" + name}});
}

Answer Service::delete_bucket(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    if (!(*bucket)->objects.empty())
        return refuse("BucketNotEmpty", "The bucket you tried to delete is not empty", 409);
    store_.buckets.erase(std::string(json::string_at(call.body, "Bucket")));
    return empty_answer(204);
}

Answer Service::head_bucket(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    return empty_answer(200, {{"x-amz-bucket-region", (*bucket)->region}});
}

Answer Service::get_bucket_location(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    wire::XmlWriter xml;
    xml.open("LocationConstraint", xmlns);
    std::string text = xml.text();
    if ((*bucket)->region != first_region) text += (*bucket)->region;
    return xml_answer(text + "</LocationConstraint>");
}

Answer Service::list_objects(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    const ListRequest asked(call.form);
    std::size_t page_size = list_max;
    if (const std::string_view wanted = call.form.get("max-keys"); !wanted.empty()) {
        const auto number = to_integer(wanted);
        if (!number || *number < 0)
            return refuse("InvalidArgument",
                          "Provided max-keys not an integer or within integer range");
        page_size = std::min<std::size_t>(list_max, static_cast<std::size_t>(*number));
    }
    const auto all = listed(**bucket, asked.prefix, asked.delimiter);
    std::vector<std::string> names;
    for (const auto& [name, what] : all) {
        if (asked.start_after.empty() || name > asked.start_after) names.push_back(name);
    }
    // A page of nothing has no last key that a token could name.
    const auto page =
        page_size == 0 ? std::optional(Page{}) : page_of(names, asked.token, page_size);
    if (!page) return refuse("InvalidArgument", "The continuation token provided is incorrect");
    wire::XmlWriter xml;
    xml.open("ListBucketResult", xmlns);
    xml.leaf("Name", json::string_at(call.body, "Bucket"));
    write_request(xml, asked);
    xml.leaf("KeyCount", std::to_string(page->keys.size()));
    xml.leaf("MaxKeys", std::to_string(page_size));
    xml.leaf("IsTruncated", page->next_token.empty() ? "false" : "true");
    if (!page->next_token.empty()) xml.leaf("NextContinuationToken", page->next_token);
    for (const auto& name : page->keys) {
        const Object* object = all.at(name).object;
        if (object != nullptr)
            write_object(xml, asked.name(name), *object);
        else
            xml.element("CommonPrefixes", [&] { xml.leaf("Prefix", asked.name(name)); });
    }
    xml.close();
    return xml_answer(xml.text());
}

} // namespace squall::lab::s3
