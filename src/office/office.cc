// Carries messages from the network into the slots of this machine:
// 1. Office::receive runs when a carrier's socket is readable. Reads nothing if another process has
//    taken the office's place (is_replaced).
// 2. Network::receive (network.cc) has the carrier read batches of datagrams, at most 16, so that
//    other events have their turn. Carrier::receive opens sealed datagrams, and decodes all into
//    parcels. A parcel holds the messages of a datagram: one writer, one slot, numbers in a row.
// 3. PostOffice::deliver (src/post/post_office.cc) drops parcels for other machines or for slots
//    that are not open, parcels that a slot does not trust, and repeats. Puts fragments together,
//    counts losses, and keeps messages back that came ahead of their turn.
// 4. Dispatch::put_all gives consecutive messages for the same slot to Delivery::put (delivery.cc).
//    If a message reports losses, RegisteredSlot::book first brings the slot's own counters up to
//    date.
// 5. ItemMaker::make (item_maker.h) makes records for the inbox, of at most 256 messages.
// 6. Delivery::put writes the records into the slot's memory, and waits for the slot's lock as long
//    as LockPatience allows. If the memory is damaged or its reader gone, Delivery attaches again or
//    asks the slot's process to, and the put is tried once more.
// 7. Delivery::settle_wants wakes the reader if the put could not, and asks for room. ask_when_full
//    asks for room if a slot that drops its oldest is full. Dispatch then counts each
//    message as delivered or lost.
// 8. Gateway::pass_on (gateway.h) passes the batch on to the other carrier, if the settings say so.
// 9. book_counters copies the counters to the slots' memory after the last batch. With more than 64
//    slots, Office::tick does so, at most every 20 ms.
// 10. Office::tick also calls PostOffice::tick, which delivers messages that have waited too long
//     for missing ones, as in stages 4 to 7, and gives up half-arrived messages.

#include "office/office.h"

#include <utility>

#include "model/host_names.h"
#include "os/local_socket.h"
#include "os/network_id.h"
#include "trust/keys.h"
#include "wire/local_message.h"

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxRegistrants = 8192;  // each takes a descriptor
// With many slots, counters are copied to the slots at most this often.
constexpr auto kBookEvery = 20ms;
constexpr std::size_t kManySlots = 64;

// Returns this machine's number, names, domains and keys, as messages address them.
post::Identity identity_of(const Settings& settings, std::uint64_t machine,
                           post::OwnAddresses& addresses) {
    post::Identity identity{
        .machine_id = machine,
        .host_key = host_key(settings.host),
        .names = HostNames(settings),
        .is_our_address = [&addresses](const IpAddress& a) { return addresses.has(a); }};
    for (const std::string& domain : settings.domains) {
        identity.domain_keys.push_back(host_key(domain));
    }
    if (settings.keys) {
        identity.is_keyed = [keys = settings.keys](std::string_view domain) {
            return keys->is_in_use() && keys->ring()->find(domain) != nullptr;
        };
    }
    return identity;
}

void send_answer(Carrier& carrier, const Endpoint& to, const Envelope& answer) {
    const Destination asker{.scope = Scope::direct,
                            .address = to.address,
                            .port = to.port,
                            .source = answer.to_address,
                            .domain = std::string(answer.domain)};
    (void)carrier.send(asker, {&answer, 1});
}

}  // namespace

Office::Office(const Settings& settings, const local::SlotFolder& folder, std::uint64_t machine,
               const Clock& clock, os::EventLoop& loop, const OfficeRole& role, Estate& estate,
               Clock::Instant receive_by)
    : clock_(clock),
      addresses_(addresses_of_system(clock)),
      door_(loop, clock, bounds_of_process(kMaxRegistrants),
            [this](os::Handle connection) { reception_.hear(connection); }),
      heirs_(folder, door_, role.rank),
      place_(folder, os::own_network(), clock, role, door_, std::move(estate.lock)),
      network_(settings, machine, clock, loop, [this](Carrier& carrier) { receive(carrier); }),
      registry_(folder, clock, random_, rules_, role.serves_all_users),
      answerer_(
          machine, settings.host, clock, random_,
          [this](const auto& key, Trust asker) { return registry_.names(key, asker); },
          [this](const Endpoint& to, const Envelope& answer) {
              send_answer(network_.main_carrier(), to, answer);
          }),
      delivery_(
          registry_, rules_, clock, [this](const RegisteredSlot& slot) { return may_put(slot); },
          settings.answer_queries ? &answerer_ : nullptr),
      rules_(identity_of(settings, machine, addresses_), clock, delivery_,
             {.sender_rate = settings.max_sender_rate, .slot_rate = settings.max_slot_rate}),
      machine_(rules_.ids(), os::own_network(), clock, random_),
      returners_(receive_by),
      inquiries_(rules_, registry_, network_, answerer_, clock),
      reception_(
          {door_, registry_, network_, machine_, heirs_, returners_, deputies_, inquiries_}) {
    network_.report_groups([this](const Parcel& parcel) { return rules_.takes(parcel); });
}

Result<std::unique_ptr<Office>> Office::open(const Settings& settings,
                                             const local::SlotFolder& folder, std::uint64_t machine,
                                             const Clock& clock, os::EventLoop& loop,
                                             const OfficeRole& role, Estate estate,
                                             Clock::Instant receive_by) {
    std::unique_ptr<Office> office(
        new Office(settings, folder, machine, clock, loop, role, estate, receive_by));
    // The network comes first: a process that finds the socket may rely on being heard.
    office->network_.start(std::move(estate.sockets));
    office->adopt(estate);
    if (auto listening = office->place_.listen(); !listening) return listening.error();
    return office;
}

Office::~Office() {
    answerer_.send_all();
    place_.stop_listening();
    network_.stop(is_replaced_);
}

// Takes over books and registered processes.
void Office::adopt(Estate& estate) {
    ReplayMemory* const memory = network_.main_carrier().replay_memory();
    registry_.expect(rules_.take_books(estate.books, [memory](const wire::SealerState& state) {
        if (memory != nullptr) memory->restore_window(state);
    }));
    returners_.know_all(!estate.registrants.empty() || !registry_.expected().empty());
    use_machine_number();
    for (os::GuardedFd& registrant : estate.registrants) {
        const os::Handle connection = registrant.get();
        if (!door_.take_in(std::move(registrant))) continue;
        // A process that has gone shows when its connection is read.
        const bool is_told =
            os::send_packet(connection, wire::encode({.op = wire::LocalOp::register_again}))
                .has_value();
        if (is_told) returners_.expect_process(connection);
    }
}

void Office::begin_to_receive() {
    returners_.end();
    registry_.give_up_expected();
    network_.begin_to_receive();
}

void Office::receive(Carrier& carrier) {
    if (is_replaced()) return;
    network_.receive(carrier, [this](std::span<const Parcel> arrived) { rules_.deliver(arrived); });
    if (machine_.change_if_contested()) use_machine_number();
    if (registry_.slots().size() <= kManySlots) {
        book_counters();
    } else if (!book_at_) {
        book_at_ = clock_.now() + kBookEvery;
    }
}

void Office::use_machine_number() {
    answerer_.set_machine_id(machine_.present().number);
    network_.set_machine(machine_.present().number);
}

void Office::book_counters() {
    book_at_.reset();
    for (const auto& [key, slot] : registry_.slots()) slot->book(rules_.counters(key));
}

void Office::tick() {
    if (returners_.is_due(clock_.now(), registry_.expected().empty())) begin_to_receive();
    const auto due = next_tick();
    if (!due || clock_.now() < *due) return;
    rules_.tick();
    answerer_.tick();
    door_.tick();
    registry_.tick();
    if (network_.tick()) reception_.lend_anew();
    book_counters();
}

std::optional<Clock::Instant> Office::next_tick() const {
    std::optional<Clock::Instant> next = rules_.next_tick();
    for (const auto& other : {network_.next_tick(), book_at_, returners_.until(), door_.next_tick(),
                              answerer_.next_tick(), registry_.next_tick()}) {
        if (other && (!next || *other < *next)) next = other;
    }
    return next;
}

void Office::add_own_slot(const std::string& key, OwnSlot own) {
    const Deputies::SlotLender lender = own.lender;
    if (registry_.add_own(key, std::move(own)) && lender.lend) deputies_.lend_slot(key, lender);
}

void Office::remove_own_slot(const std::string& key) {
    deputies_.take_slot_back(key);
    registry_.remove(key, kOwn);
}

OfficeStatus Office::status() const {
    return {registry_.slots().size() + registry_.expected().size(), door_.size(),
            rules_.counters()};
}

// --- Handing over, and being replaced
// ------------------------------------------------------------------

void Office::drain() {
    network_.drain([this](std::span<const Parcel> arrived) { rules_.deliver(arrived); });
}

Estate Office::take_apart() {
    Estate estate;
    answerer_.send_all();
    place_.stop_listening();  // the successor makes the files
    rules_.let_all_go();
    book_counters();
    wire::OfficeStateWriter books;
    rules_.write_books(books);
    if (const auto* memory = network_.main_carrier().replay_memory()) {
        memory->save_windows([&books](const wire::SealerState& state) { books.put(state); });
    }
    estate.books = books.take();
    estate.sockets = network_.hand_over();
    for (const os::Handle connection : door_.all()) {
        estate.registrants.push_back(door_.give_out(connection));
    }
    estate.lock = place_.give_lock();
    return estate;
}

bool Office::is_replaced() {
    if (is_replaced_) return true;
    is_replaced_ = place_.is_lost();
    if (!is_replaced_) deputies_.beat();
    return is_replaced_;
}

bool Office::may_put(const RegisteredSlot& slot) {
    return !is_replaced() || (drains_into_own_ && slot.registrant == kOwn);
}

void Office::drain_into_own_slots() {
    drains_into_own_ = true;
    drain();
    drains_into_own_ = false;
    book_counters();
}

}  // namespace mailslot::office
