#include "support/machine.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "carrier/testing/free_port.h"

namespace mailslot::testing_process {

Machine::Machine(std::string host) : Machine(std::move(host), free_port()) {}

Machine::Machine(std::string host, std::uint16_t port)
    : host_(std::move(host)), dir_("/tmp/mailslot-process-XXXXXX"), port_(port) {
    if (mkdtemp(dir_.data()) == nullptr) throw std::bad_alloc();
}

const Machine& Machine::own() {
    static const Machine machine;
    static const bool entered = (machine.enter(), true);
    static_cast<void>(entered);
    return machine;
}

Machine Machine::neighbour_of(const Machine& other, std::string host) {
    return Machine(std::move(host), other.port_);
}

Machine::~Machine() {
    std::error_code ignored;  // a process that is being killed may still write there
    std::filesystem::remove_all(dir_, ignored);
}

void Machine::enter() const {
    setenv("MAILSLOT_DIR", dir_.c_str(), 1);
    setenv("MAILSLOT_HOST", host_.c_str(), 1);
    setenv("MAILSLOT_PORT", std::to_string(port_).c_str(), 1);
    setenv("MAILSLOT_CONFIG", "/dev/null", 1);
}

}  // namespace mailslot::testing_process
