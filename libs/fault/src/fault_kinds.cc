#include "squall/fault/fault.h"

namespace squall::fault {

std::vector<FaultKind> fault_kinds() {
    return {{"reset-peer", "reset connections (TCP RST)", make_reset_peer},
            {"status-code", "answer with another status", make_status_code},
            {"latency", "begin responses later", make_latency},
            {"modify-body", "change bodies and headers of responses", make_modify_body}};
}

} // namespace squall::fault
