// What the judgement costs, with and without its memory on disk. Each gives a line of JSON.
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"

namespace squall::bench {

// monitor::reduce alone, on typed events or on the text that brings them.
[[nodiscard]] json::Object reduce_events(std::size_t instances, std::size_t events, bool from_text);

// watch::Judge with SQLite: text in, committed and synced every 500 messages.
[[nodiscard]] Result<json::Object>
judge_messages(const Path& file, std::size_t instances, std::size_t messages);

// Memory of a state of so many instances, each of which has renewed its connection twice.
[[nodiscard]] json::Object hold_state(std::size_t instances);

// The same state, as a judge that starts anew reads it from the store. `fill_store` writes it, in a
// process of its own.
[[nodiscard]] Result<json::Object> fill_store(const Path& file, std::size_t instances);
[[nodiscard]] Result<json::Object> load_store(const Path& file);

} // namespace squall::bench
