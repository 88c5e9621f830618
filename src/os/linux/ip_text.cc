#include "model/ip_text.h"

#include <arpa/inet.h>

#include <array>

namespace mailslot {
namespace {

std::string write(int family, const Octets& octets) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return inet_ntop(family, octets.data(), text.data(), text.size());
}

}  // namespace

bool read_v4(const std::string& text, Octets& octets) {
    return inet_pton(AF_INET, text.c_str(), octets.data()) == 1;
}

bool read_v6(const std::string& text, Octets& octets) {
    return inet_pton(AF_INET6, text.c_str(), octets.data()) == 1;
}

std::string write_v4(const Octets& octets) { return write(AF_INET, octets); }

std::string write_v6(const Octets& octets) { return write(AF_INET6, octets); }

}  // namespace mailslot
