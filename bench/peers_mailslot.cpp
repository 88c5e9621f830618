// The mailslot library as peers of the messaging harness that bench/README.md describes. The
// harness's own make builds this file (EXTRA=...), so the code has the harness's shape: harness.hpp
// documents each member.
#include <mailslot/mailslot.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "harness.hpp"

using namespace pb;
namespace {

// Makes this process a machine, chosen by the end that it opens first. `settings`: lines of a
// configuration file; empty: the defaults.
void become_machine(const Cfg& cfg, const std::string& folder, const char* host,
                    const std::string& settings = "") {
    static bool is_chosen = false;
    if (is_chosen) return;
    is_chosen = true;
    // In pp the way back has a port of its own, but mailslot has a single port for both.
    const std::string port = std::to_string(cfg.port - cfg.chan);
    setenv("MAILSLOT_DIR", folder.c_str(), 1);
    setenv("MAILSLOT_HOST", host, 1);
    setenv("MAILSLOT_PORT", port.c_str(), 1);
    unsetenv("MAILSLOT_CONFIG");
    if (settings.empty()) return;
    const std::string file = folder + ".toml";
    std::ofstream(file) << settings;
    setenv("MAILSLOT_CONFIG", file.c_str(), 1);
}

std::string run_folder(const Cfg& cfg, const std::string& machine) {
    const char* tmp = getenv("TMPDIR");
    return std::string(tmp ? tmp : "/tmp") + "/pb.mailslot." + cfg.id + "." + machine;
}

std::string slot_name(const Cfg& cfg) { return "bench" + std::to_string(cfg.chan); }

template <class T>
T need(mailslot::Result<T> result) {
    if (!result) {
        errno = 0;
        die(to_string(result.error()));
    }
    return std::move(*result);
}

// Common part of all variants: a message per get, and puts of a message or of `Batch` messages.
template <int Batch>
struct Ends : Base {
    using Base::Base;
    std::optional<mailslot::Reader> reader;
    std::optional<mailslot::Writer> writer;
    mailslot::Message message;
    std::array<std::string_view, Batch> waiting;
    size_t count = 0;
    std::vector<char> copies;  // the harness keeps only kBufs buffers valid

    bool send(const void* p, size_t n) {
        std::string_view text(static_cast<const char*>(p), n);
        if constexpr (Batch > kBufs) {
            copies.resize(Batch * this->cfg.size);
            text = {copies.data() + count * this->cfg.size, n};
            std::memcpy(copies.data() + count * this->cfg.size, p, n);
        }
        if constexpr (Batch == 1) return writer->put(text).has_value();
        waiting[count++] = text;
        if (count == Batch) flush();
        return true;
    }
    void flush() {
        if (count == 0) return;
        const auto all = std::span(waiting).first(count);
        count = 0;
        const auto taken = writer->put_many(all);
        if (!taken || *taken < all.size()) {
            errno = 0;
            die(taken ? "put_many took " + std::to_string(*taken) : to_string(taken.error()));
        }
    }
    template <class F>
    int recv(F&& f) {
        if (!reader->get_into(message, mailslot::Timeout(50))) return 0;
        f(message.bytes().data(), message.size());
        return 1;
    }
};

// Ends on the same machine. MaxKiB: capacity of the slot; 0: the default, 64 MiB.
template <int Batch, int MaxKiB = 0>
struct Local : Ends<Batch> {
    using Ends<Batch>::Ends;
    static std::string folder(const Cfg& cfg) { return run_folder(cfg, "local"); }
    static void cleanup(Cfg& cfg) { std::filesystem::remove_all(folder(cfg)); }

    void open_reader(int) {
        become_machine(this->cfg, folder(this->cfg), "local");
        mailslot::SlotOptions options;
        if (MaxKiB != 0) options.max_bytes = size_t(MaxKiB) * 1024;
        this->reader = need(mailslot::Reader::create(slot_name(this->cfg), options));
    }
    void open_writer(int) {
        become_machine(this->cfg, folder(this->cfg), "local");
        this->writer = need(mailslot::Writer::open(slot_name(this->cfg),
                                                   {.wait_when_full = mailslot::kForever}));
    }
};

// Several machines: the writer is one, each reader another. In pp the writer's machine also reads.
// SendMiB: the writer's send_rate; 0: the default. OneFamily: sends by IPv4 only, as the other
// peers do.
template <int Batch, bool Group, int SendMiB = 0, bool OneFamily = false>
struct Network : Ends<Batch> {
    static constexpr bool lossy = true;
    using Ends<Batch>::Ends;
    static void cleanup(Cfg& cfg) {
        for (const char* machine : {"w", "r0", "r1", "r2", "r3"}) {
            std::filesystem::remove_all(run_folder(cfg, machine));
            std::filesystem::remove(run_folder(cfg, machine) + ".toml");
        }
    }
    void open_reader(int index) {
        const std::string machine = this->cfg.chan == 1 ? "w" : "r" + std::to_string(index);
        become_machine(this->cfg, run_folder(this->cfg, machine), machine.c_str());
        this->reader = need(mailslot::Reader::create(slot_name(this->cfg)));
        if (const auto error = this->reader->network_error()) {
            errno = 0;
            die(to_string(*error));
        }
    }
    void open_writer(int) {
        std::string settings = OneFamily ? "families = \"ipv4\"\n" : "";
        if (SendMiB != 0) settings += "send_rate = \"" + std::to_string(SendMiB) + "MiB\"\n";
        become_machine(this->cfg, run_folder(this->cfg, "w"), "w", settings);
        const std::string place = Group ? "*" : this->cfg.addr;
        this->writer = need(
            mailslot::Writer::open("\\\\" + place + "\\mailslot\\" + slot_name(this->cfg)));
    }
};

// A machine with a slot in each reading process. The first process is its post office. Each
// writer has a slot of its own, or shares it if there are fewer slots.
struct Slots : Ends<32> {
    static constexpr bool lossy = true;
    using Ends::Ends;
    static void cleanup(Cfg& cfg) {
        for (const char* machine : {"w", "r"})
            std::filesystem::remove_all(run_folder(cfg, machine));
    }
    std::string slot(int index) const { return slot_name(cfg) + "." + std::to_string(index); }
    void open_reader(int index) {
        become_machine(cfg, run_folder(cfg, "r"), "r");
        reader = need(mailslot::Reader::create(slot(index)));
        if (const auto error = reader->network_error()) {
            errno = 0;
            die(to_string(*error));
        }
    }
    void open_writer(int index) {
        become_machine(cfg, run_folder(cfg, "w"), "w");
        writer = need(mailslot::Writer::open("\\\\" + cfg.addr + "\\mailslot\\" +
                                             slot(index % cfg.readers)));
    }
};

using L1 = Local<1>;
using L32 = Local<32>;
using LS = Local<1, 128>;
using LS32 = Local<32, 128>;
Register<L1> l1("mailslot", "mailslot");
Register<L32> l32("mailslot-batch", "mailslot");
Register<LS> ls("mailslot-128k", "mailslot");
Register<LS32> ls32("mailslot-batch-128k", "mailslot");
using N1 = Network<1, false>;
using N32 = Network<32, false>;
using N32F = Network<32, false, 1536>;
using N512 = Network<512, false>;
Register<N1> n1("mailslot-udp", "mailslot-udp");
Register<N32> n32("mailslot-udp-batch", "mailslot-udp");
Register<N32F> n32f("mailslot-udp-batch-1536m", "mailslot-udp");
Register<N512> n512("mailslot-udp-batch-512", "mailslot-udp");
Register<Slots> slots("mailslot-udp-slots", "mailslot-udp");
using G1 = Network<1, true>;
using G32 = Network<32, true>;
using G1F = Network<1, true, 896, true>;
using G512 = Network<512, true>;
Register<G1> g1("mailslot-group", "mailslot-group");
Register<G1F> g1f("mailslot-group-ipv4-896m", "mailslot-group");
Register<G32> g32("mailslot-group-batch", "mailslot-group");
Register<G512> g512("mailslot-group-batch-512", "mailslot-group");

}  // namespace
