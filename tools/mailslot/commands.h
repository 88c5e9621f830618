// The verbs: the options of each, and the function that runs it to the end and returns the
// exit status.
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
    bool bytes = false;                 // do not claim UTF-8
    bool no_wait = false;
    bool stop_on_error = false;
    bool verbose = false;
    std::optional<Timeout> wait{};
    std::vector<std::string> labels;  // NAME=VALUE
};
int run_put(const PutOptions& options);

// Options of all commands that print messages.
struct PrintOptions {
    bool json = false;
    bool raw = false;
    bool with_host = false;
    bool marks = false;   // mark untrusted messages in plain lines
    bool decode = false;  // explain messages of the classic wire's well-known slots in words
};

struct NetSendOptions {
    std::string host, text;
};
int run_net_send(const NetSendOptions& options);

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
    bool network = false;
    Timeout timeout{500};  // for answers of other machines
};
int run_list(const ListOptions& options);

struct WhoOptions {
    std::string address;
    bool json = false;
    bool names = false;  // nothing but the hosts
    Timeout timeout{500};
};
int run_who(const WhoOptions& options);

struct WaitOptions {
    std::string name;
    Timeout timeout = kForever;
    SlotOptions slot{};
    bool json = false;
    bool verbose = false;
};
int run_wait(const WaitOptions& options);

struct SignalOptions {
    std::string address;
    std::optional<Timeout> timeout{};  // for a waiting process, or for answers
    bool until_heard = false;          // send when a process waits
    bool check = true;                 // ask which hosts wait
    bool verbose = false;
};
int run_signal(const SignalOptions& options);

struct DoctorOptions {
    std::string address;  // destination of messages; empty: none
    std::string peer;     // a host; empty: none
    bool json = false;
    Timeout timeout{500};  // for answers of other machines
};
int run_doctor(const DoctorOptions& options);
struct WatchOptions {
    bool json = false;
    Timeout interval{1000};
    std::optional<std::uint64_t> count{};
};
int run_watch(const WatchOptions& options);

struct InfoOptions {
    std::string name;
    bool json = false;
    bool senders = false;  // all senders
};
int run_info(const InfoOptions& options);

struct KeyOptions {
    std::string action;  // new, list, export, import, rotate, remove
    std::string name;    // the domain; import: a file
    std::string output;  // export: a file; empty: standard output
    bool replace = false;
    bool finish = false;
    bool json = false;
};
int run_key(const KeyOptions& options);

}  // namespace mailslot::cli
