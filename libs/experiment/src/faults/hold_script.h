// What the scripts of every fault share on a Linux host: where its record lies, how a run takes a
// host and gives it back, and how the undo gets its time. Pieces of POSIX sh, put together by the
// faults; no flag newer than systemd 219.
//   $hold        exists while a run holds this host; it comes and goes whole, by rename, since
//                these scripts may be killed at any point
//   $hold.RUN.*  a hold that is being made, or was given back: nobody's
//   $hold/busy   the process that is still at the order
//   $over/RUN    a run that ended before it began here: its order, should it still come, is void;
//                it lies there until the order would be void by its own time. A reboot takes it
//                away, as it does the process that would remove it, and makes the order void by
//                itself
#pragma once

#include <string>
#include <string_view>

namespace squall::experiment {

// How every script begins. A reboot ends a fault, timer and all, and takes these places with it.
// `name` is the fault's, in places and in what is printed.
[[nodiscard]] std::string hold_places(std::string_view name);

// Needs $run. Gives $timer, $now, say (DID WHY OTHER-RUN MORE-MEMBERS), make_folder, give_back,
// disarm (of an order that failed: its undo has nothing to do; needs $armed), last_words (FILE).
extern const std::string_view hold_functions;

// Ends the script where the order has come too late, was given before a reboot, or is void. Gives
// $left, the seconds until the host's own end.
extern const std::string_view hold_not_too_late;

// Takes the host, or says who has it and ends the script. Needs $left.
extern const std::string_view hold_take;

// Puts the undo on the disk, as $hold/undo.sh: tries $undo_command until it goes through, with
// $undo_again in between, and gives the host back. Needs $what_undo, in words.
extern const std::string_view hold_undo;

// Arms $hold/undo.sh, which is on the disk by then, or ends the script. Needs $left and $what_undo,
// in words; gives $armed.
extern const std::string_view hold_arm;

// Of an undo: is_ours, and a mark where the order may be still to come. Needs $not_after.
extern const std::string_view undo_tombstone;

// Of an undo: the order may be at work this very moment.
extern const std::string_view undo_wait;

// Of an undo: it is done, and everything of the run goes.
extern const std::string_view undo_end;

// A list of what is there, in two parts, between which a fault tells of its own things. The first
// has the hold and its parts, and gives tell (WHAT RUN UNTIL), which prints a line of JSON, and
// $held, the run that has the host; the second has marks and timers, and says that this was all.
extern const std::string_view list_hold;
extern const std::string_view list_rest;

// Takes away what $runs, which are over, have left; forget_run is the fault's own part of it.
extern const std::string_view remove_left;

} // namespace squall::experiment
