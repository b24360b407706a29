// How a commit of any size gets into a table as a whole or not at all.
//
// What fits one transaction of DynamoDB is one, together with the head. What does not is written
// down first, in pieces that mean nothing yet; the head that names them is the commit, in one
// conditional write; then it is applied, by transactions that each check that the head still names
// it, so that a slow writer cannot undo what came after it; then the head forgets it.
//
// Pieces nobody will commit any more are those of an earlier count than the head's: their writer
// would need the head that it has seen. They can be deleted by anybody, without waiting.
#pragma once

#include "dynamo_rows.h"

namespace squall::watch {

struct DynamoHead {
    std::int64_t count = 0;   // of commits
    std::int64_t next_id = 1; // of the outbox
    std::string commit;       // the last one's name, by which its writer knows it
    bool is_pending = false;  // the last one is not applied yet
    std::int64_t pieces = 0;  // that it is written down in
    // What has a smaller number in the outbox is there for good. A commit that is being applied may
    // be applied again, with what was told of it meanwhile.
    std::int64_t settled_id = 1;
};

class DynamoCommits {
public:
    explicit DynamoCommits(DynamoTable& table) : table_(table) {}

    [[nodiscard]] Result<DynamoHead> head();

    // Gives the head that it has become. Errc::conflict where it is not the one that was `seen`.
    // After any other error nobody knows: read the head.
    [[nodiscard]] Result<DynamoHead>
    write(const DynamoHead& seen, std::int64_t next_id, const std::vector<RowWrite>& writes);

    // What `head` still has to do. Several may do it at the same time.
    [[nodiscard]] Result<void> finish(const DynamoHead& head);

    // Pieces that are no part of any commit.
    [[nodiscard]] Result<void> remove_left_overs(const DynamoHead& head);

private:
    [[nodiscard]] Result<DynamoHead> write_at_once(const DynamoHead& seen,
                                                   const DynamoHead& next,
                                                   const std::vector<RowWrite>& writes);
    [[nodiscard]] Result<DynamoHead>
    write_in_pieces(const DynamoHead& seen, DynamoHead next, const std::vector<RowWrite>& writes);
    [[nodiscard]] Result<std::vector<RowWrite>> written_down(const DynamoHead& head);
    [[nodiscard]] Result<void> apply(const DynamoHead& head, std::vector<RowWrite> writes);
    // True if a head that was refused is there all the same: an earlier attempt of the same call.
    [[nodiscard]] bool is_ours(const aws::ApiError& error, const DynamoHead& next);

    DynamoTable& table_;
};

} // namespace squall::watch
