// The verbs: what each was asked, and the function that runs it to its end and returns the exit
// status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mailslot/mailslot.h"

namespace mailslot::cli {

struct PutOptions {
    std::string address;
    std::vector<std::string> messages;  // none: standard input
    bool whole = false;                 // all of standard input is one message
    bool bytes = false;                 // do not claim that it is UTF-8
    bool no_wait = false;
    std::optional<Timeout> wait{};
    std::vector<std::string> labels;  // NAME=VALUE
};
int run_put(const PutOptions& options);

// How messages are printed.
struct PrintOptions {
    bool json = false;
    bool raw = false;
    bool with_host = false;
};

struct GetOptions {
    std::string name;
    Timeout timeout = kForever;
    PrintOptions print{};
    bool verbose = false;
};
int run_get(const GetOptions& options);

struct ListenOptions {
    std::vector<std::string> names;
    std::optional<std::uint64_t> count{};
    Timeout timeout = kForever;
    PrintOptions print{};
    SlotOptions slot{};
    bool verbose = false;
};
int run_listen(const ListenOptions& options);

struct ListOptions {
    bool json = false;
    bool names = false;  // nothing but the names, for scripts and completion
};
int run_list(const ListOptions& options);

struct WatchOptions {
    bool json = false;
    Timeout interval{1000};
    std::optional<std::uint64_t> count{};
};
int run_watch(const WatchOptions& options);

struct InfoOptions {
    std::string name;
    bool json = false;
    bool senders = false;  // all of them
};
int run_info(const InfoOptions& options);

}  // namespace mailslot::cli
