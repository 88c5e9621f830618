#include "store/sources.h"

#include "base/bytes.h"
#include "store/limits.h"

namespace mailslot::store {
namespace {

constexpr std::size_t kHeadBytes = 16;  // trust, format, origin, three sizes

template <class Unsigned>
void append_be(std::string& out, Unsigned number) {
    for (std::size_t i = sizeof number; i-- > 0;) out += static_cast<char>(number >> (8 * i));
}

std::string_view cut(std::string_view name) { return name.substr(0, kMaxNameBytes); }

void append_source(std::string& out, const StoredMessage& message) {
    const std::string_view slot = cut(message.slot), host = cut(message.host),
                           address = cut(message.address);
    out += static_cast<char>(message.trust);
    out += static_cast<char>(message.format);
    append_be(out, message.origin);
    append_be(out, static_cast<std::uint16_t>(slot.size()));
    append_be(out, static_cast<std::uint16_t>(host.size()));
    append_be(out, static_cast<std::uint16_t>(address.size()));
    out += slot;
    out += host;
    out += address;
}

bool is_of(const StoredMessage& message, const Source& source) {
    return message.origin == source.origin && message.trust == source.trust &&
           message.format == source.format && cut(message.slot) == source.slot &&
           cut(message.host) == source.host && cut(message.address) == source.address;
}

}  // namespace

std::optional<std::uint16_t> SourceTable::index_of(const StoredMessage& message) {
    std::uint16_t& recent = recent_[message.origin % recent_.size()];
    if (recent != 0 && is_of(message, sources_[recent - 1u])) return recent - 1;
    std::string bytes;
    append_source(bytes, message);
    const auto found = by_bytes_.find(bytes);
    if (found != by_bytes_.end()) {
        recent = static_cast<std::uint16_t>(found->second + 1);
        return found->second;
    }
    if (sources_.size() == kMaxSources - 1 || encoded_bytes_ + bytes.size() > kMaxSourcesBytes)
        return std::nullopt;
    const auto index = static_cast<std::uint16_t>(sources_.size());
    encoded_bytes_ += bytes.size();
    by_bytes_.emplace(std::move(bytes), index);
    sources_.push_back({std::string(cut(message.slot)), std::string(cut(message.host)),
                        std::string(cut(message.address)), message.origin, message.trust,
                        message.format});
    recent = static_cast<std::uint16_t>(index + 1);
    return index;
}

std::string SourceTable::encoded() const {
    std::string out;
    out.reserve(encoded_bytes_);
    append_be(out, static_cast<std::uint16_t>(sources_.size()));
    for (const Source& source : sources_) {
        append_source(out, {.slot = source.slot,
                            .host = source.host,
                            .address = source.address,
                            .origin = source.origin,
                            .trust = source.trust,
                            .format = source.format});
    }
    return out;
}

void SourceTable::clear() {
    sources_.clear();
    by_bytes_.clear();
    encoded_bytes_ = 2;
    recent_ = {};
}

Result<std::vector<Source>> decode_sources(std::string_view bytes) {
    ByteReader in(as_bytes(bytes));
    const std::size_t count = in.u16be();
    if (count * kHeadBytes > in.left()) return Error{Errc::bad_packet, "sources are cut off"};
    std::vector<Source> sources(count);
    for (Source& source : sources) {
        const std::uint8_t trust = in.u8(), format = in.u8();
        if (trust > static_cast<std::uint8_t>(Trust::local) ||
            format > static_cast<std::uint8_t>(Format::unknown))
            return Error{Errc::bad_packet, "source has an unknown trust or format"};
        source.trust = Trust{trust};
        source.format = Format{format};
        source.origin = in.u64be();
        const std::size_t slot = in.u16be(), host = in.u16be(), address = in.u16be();
        if (slot > kMaxNameBytes || host > kMaxNameBytes || address > kMaxNameBytes)
            return Error{Errc::bad_packet, "source has a long name"};
        source.slot = as_text(in.take(slot));
        source.host = as_text(in.take(host));
        source.address = as_text(in.take(address));
        if (!in.ok()) return Error{Errc::bad_packet, "sources are cut off"};
    }
    if (!in.ok() || in.left() > 0) return Error{Errc::bad_packet, "sources have a wrong size"};
    return sources;
}

}  // namespace mailslot::store
