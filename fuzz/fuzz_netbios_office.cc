// Any packets into the post office's part for the classic wire. The input is a row of packets, each
// after a byte for port and sender and a byte for the length. Between packets time passes. For any
// input, claims are answered only within the subnet, and delivered messages are whole.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "base/testing/fake_clock.h"
#include "carrier/netbios/classic_intake.h"
#include "carrier/netbios/name_finder.h"
#include "carrier/netbios/name_service.h"

using namespace mailslot;

namespace {

const Subnet kSubnet{2, IpAddress::v4(10, 77, 0, 2), 24};

OwnNames names() {
    Settings settings;
    settings.host = "PROBE";
    settings.classic.workgroup = "MSGROUP";
    settings.classic.names = {"STATION#00", "MSGROUP#1D"};
    return own_names(settings).value();
}

void check(NameService& service) {
    for (const NameService::Outgoing& packet : service.take_outgoing()) {
        MAILSLOT_CHECK(kSubnet.contains(packet.to.address) && packet.by == kSubnet);
        const auto sent = wire::decode_name_packet(packet.bytes);
        MAILSLOT_CHECK(sent && packet.bytes.size() <= wire::kMaxNameServicePacketBytes);
    }
}

void check(const Parcel& parcel, Bytes packet) {
    MAILSLOT_CHECK(parcel.size() == 1 && parcel.envelope.trust == Trust::none);
    const Envelope message = parcel.front();
    MAILSLOT_CHECK(wire::is_classic_slot(message.slot) && message.payload.size() <= packet.size());
    MAILSLOT_CHECK(message.sequence >= 1 && message.sequence <= kMaxSequence);
    MAILSLOT_CHECK(message.origin != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FakeClock clock;
    SeededRandom random(1);
    ClassicCounters counters;
    ClassicIntake intake(names(), clock, random, counters);
    NameService service(names(), clock, random);
    NameFinder finder(clock, random);
    service.set_subnets({&kSubnet, 1});
    finder.look_up(names().machine);
    for (Bytes rest = std::as_bytes(std::span(data, size)); rest.size() >= 2;) {
        const auto how = std::to_integer<std::uint8_t>(rest[0]);
        const std::size_t length =
            std::min<std::size_t>(std::to_integer<std::size_t>(rest[1]) * 4, rest.size() - 2);
        const Bytes packet = rest.subspan(2, length);
        rest = rest.subspan(2 + length);
        const Endpoint from{IpAddress::v4(10, 77, how & 1, how >> 4), 137};
        if ((how & 2) != 0) {
            const auto parcel = intake.take(packet, from, {&kSubnet, 1});
            if (parcel) check(*parcel, packet);
        } else {
            service.hear(packet, from, 2);
            finder.hear(packet);
        }
        clock.advance(std::chrono::milliseconds((how & 12) * 25));
        service.tick();
        (void)finder.tick();
        check(service);
    }
    MAILSLOT_CHECK(service.held().size() == names().all.size());
    service.release_all();
    check(service);
    return 0;
}
