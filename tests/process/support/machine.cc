#include "support/machine.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "carrier/testing/free_port.h"

namespace mailslot::testing_process {

Machine::Machine(std::string host) : Machine(std::move(host), free_port()) {}

Machine::Machine(std::string host, std::uint16_t port)
    : host_(std::move(host)), top_("/tmp/mailslot-process-XXXXXX"), port_(port) {
    if (mkdtemp(top_.data()) == nullptr) throw std::bad_alloc();
    chmod(top_.c_str(), 0755);  // files inside have the modes that the product gives them
    dir_ = top_ + "/run";
    std::ofstream empty_config(config_path());
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

void Machine::knows(const Machine& other) const {
    std::ofstream(config_path()) << "[peers]\n" << other.host_ << " = \"127.0.0.1\"\n";
}

Machine::~Machine() {
    std::error_code ignored;  // a process that is being killed may still write there
    std::filesystem::remove_all(top_, ignored);
}

void Machine::enter() const {
    setenv("MAILSLOT_DIR", dir_.c_str(), 1);
    setenv("MAILSLOT_HOST", host_.c_str(), 1);
    setenv("MAILSLOT_PORT", std::to_string(port_).c_str(), 1);
    setenv("MAILSLOT_CONFIG", config_path().c_str(), 1);
}

}  // namespace mailslot::testing_process
