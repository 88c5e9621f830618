// The post office of a machine at work: its carriers, the pure PostOffice, and the slots that are
// registered with it, this process's own and others'. Whoever makes one holds the office lock.
// Threads: the station's only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "carrier/carrier.h"
#include "inbox/inbox_writer.h"
#include "inbox/slot_folder.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "os/local_socket.h"
#include "post/answerer.h"
#include "post/item_maker.h"
#include "post/post_office.h"

namespace mailslot::post {

class Office {
public:
    // Listens for registrations, then on the network; where the network cannot be had the office
    // works for those who register all the same. Errors: no_permission, no_resources.
    static Result<std::unique_ptr<Office>> open(const Settings& settings,
                                                const inbox::SlotFolder& folder,
                                                std::uint64_t station, const Clock& clock,
                                                os::EventLoop& loop, os::GuardedFd lock);
    ~Office();

    // A slot of this process. `open` makes a writer to it, now and whenever its memory was
    // replaced; `ring` is for a writer that cannot.
    using OpenWriter = std::function<std::unique_ptr<inbox::InboxWriter>()>;
    void add_own_slot(const std::string& key, OpenWriter open, std::function<void()> ring);
    void remove_own_slot(const std::string& key) { remove_slot(key, kOwn); }

    void tick();
    std::optional<Clock::Instant> next_tick() const;
    const std::optional<Error>& network_error() const { return network_error_; }
    const AnswererCounters& answerer_counters() const { return answerer_.counters(); }

private:
    struct Slot;
    static constexpr int kOwn = -1;  // in the place of a registrant's descriptor

    Office(const Settings& settings, const inbox::SlotFolder& folder, std::uint64_t station,
           const Clock& clock, os::EventLoop& loop, os::GuardedFd lock);
    void start_network();
    Result<void> start(Carrier& carrier);
    void receive(Carrier& carrier);
    void accept_registrant();
    void hear_registrant(int fd);
    void drop_registrant(int fd);
    void register_slot(int fd, const std::string& key, std::uint32_t number,
                       std::vector<os::UniqueFd> fds);
    Result<std::size_t> put(std::string_view key, std::span<const Parcel> messages);
    Result<std::size_t> put(Slot& slot, const std::string& key, std::span<const inbox::Item> items);
    void mend(Slot& slot, const std::string& key);
    void enter_slot(const std::string& key, std::unique_ptr<Slot> slot);
    void remove_slot(const std::string& key, int registrant);
    std::vector<std::string> names_of_slots(const std::optional<std::string>& key);
    void book_counters();
    void book_counters(Slot& slot, const std::string& key);

    const Clock& clock_;
    os::EventLoop& loop_;
    os::GuardedFd lock_;
    std::string socket_path_;
    os::GuardedFd listener_;
    std::map<int, os::GuardedFd> registrants_;
    std::map<std::string, std::unique_ptr<Slot>, std::less<>> slots_;
    ItemMaker item_maker_;
    std::unique_ptr<Carrier> network_, neighbours_;
    std::optional<Error> network_error_;
    std::optional<Clock::Instant> retry_network_;
    std::optional<Clock::Instant> book_at_;
    PostOffice post_office_;
    const inbox::SlotFolder folder_;
    SystemRandom random_;
    Answerer answerer_;
};

// Who this machine is, as messages address it.
Identity identity_of(const Settings& settings, std::uint64_t station);

}  // namespace mailslot::post
