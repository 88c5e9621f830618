// What makes processes one machine: a runtime folder, a host name and a port. A test has its own.
#pragma once

#include <cstdint>
#include <string>

#include "inbox/slot_folder.h"

namespace mailslot::testing_process {

class Machine {
public:
    explicit Machine(std::string host = "testhost");
    // The one that this program is part of from now on: settings are read once. ctest runs each
    // test as a program of its own, so that it has a machine of its own.
    static const Machine& own();
    // Another one on the same network.
    static Machine neighbour_of(const Machine& other, std::string host);
    Machine(const Machine&) = delete;
    ~Machine();  // removes the folder

    // Makes this process, a child that has not used mailslots yet, part of the machine.
    void enter() const;
    const std::string& dir() const { return dir_; }
    std::string address_of(const std::string& name) const {
        return "\\\\" + host_ + "\\mailslot\\" + name;
    }
    inbox::SlotFolder folder() const { return inbox::SlotFolder(dir_); }

private:
    Machine(std::string host, std::uint16_t port);

    std::string host_, dir_;
    std::uint16_t port_;
};

}  // namespace mailslot::testing_process
