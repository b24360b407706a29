#include "squall/experiment/verdict.h"

namespace squall::experiment {

std::string_view verdict_word(Verdict verdict) {
    switch (verdict) {
    case Verdict::passed:
        return "passed";
    case Verdict::failed:
        return "failed";
    case Verdict::no_effect:
        return "no-effect";
    case Verdict::aborted:
        return "aborted";
    case Verdict::error:
        return "error";
    case Verdict::refused:
        return "refused";
    }
    return "error";
}

int exit_code(Verdict verdict) {
    switch (verdict) {
    case Verdict::passed:
        return 0;
    case Verdict::failed:
        return 1;
    case Verdict::error:
        return 3;
    case Verdict::no_effect:
        return 4;
    case Verdict::aborted:
        return 5;
    case Verdict::refused:
        return 6;
    }
    return 3;
}

} // namespace squall::experiment
