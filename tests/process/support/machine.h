// Makes processes a machine: a runtime folder, a host name and a port. Each test has its own.
#pragma once

#include <cstdint>
#include <string>

#include "local/slot_folder.h"

namespace mailslot::testing_process {

class Machine {
public:
    explicit Machine(std::string host = "testhost");
    // Returns the machine that this program belongs to from now on: settings are read once. ctest
    // runs each test as a program of its own, so each has its own machine.
    static const Machine& own();
    // Returns another machine on the same network.
    static Machine neighbour_of(const Machine& other, std::string host);
    Machine(const Machine&) = delete;
    ~Machine();  // removes the folder

    // From now on this machine's processes reach the other machine by the loopback.
    void knows(const Machine& other) const;
    // Makes this process, a child that has not used mailslots yet, part of the machine.
    void enter() const;
    const std::string& dir() const { return dir_; }
    std::string address_of(const std::string& name) const {
        return "\\\\" + host_ + "\\mailslot\\" + name;
    }
    local::SlotFolder folder() const { return local::SlotFolder(dir_); }

private:
    Machine(std::string host, std::uint16_t port);

    std::string config_path() const { return top_ + "/mailslot.toml"; }

    std::string host_, top_, dir_;
    std::uint16_t port_;
};

}  // namespace mailslot::testing_process
