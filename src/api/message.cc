#include "api/message.h"

#include "base/saturating.h"
#include "inbox/meta.h"
#include "wire/labels.h"

namespace mailslot {
namespace {

// Limit of remembered senders. With more senders at once, their names are formatted anew each time.
constexpr std::size_t kMaxSources = 1024;

}  // namespace

std::string_view Message::slot() const { return source_ ? source_->slot : std::string_view(); }
std::string_view Message::from_host() const {
    return source_ ? source_->from_host : std::string_view();
}
std::string_view Message::from_address() const {
    return source_ ? source_->from_address : std::string_view();
}

std::vector<Label> Message::labels() const {
    std::vector<Label> labels;
    if (!has_labels()) return labels;
    wire::for_each_label(std::string_view(data_).substr(0, text_at_),
                         [&labels](const Label& label) { labels.push_back(label); });
    return labels;
}

std::string_view Message::label(std::string_view name) const {
    std::string_view value;
    if (!has_labels()) return value;
    wire::for_each_label(std::string_view(data_).substr(0, text_at_), [&](const Label& label) {
        if (label.name == name) value = label.value;
    });
    return value;
}

void MessageAccess::read_labels(Message& message) {
    const auto size = wire::label_block_size(message.data_);
    if (size) {
        message.text_at_ = static_cast<std::uint32_t>(*size);
    } else {
        message.format_ = Format::bytes;
    }
}

MessageMaker::MessageMaker(std::string slot, std::string own_host)
    : slot_(std::move(slot)),
      local_(std::make_shared<MessageSource>(MessageSource{slot_, std::move(own_host), ""})) {}

void MessageMaker::make_remote(Message& message, const inbox::RecordEnvelope& record) {
    if (last_.meta_number != record.meta_number) {
        const inbox::Meta meta = inbox::decode_meta(record.meta());
        last_ = {record.meta_number,
                 remote_source(record.origin, meta.from_host, meta.from_address), meta.trust,
                 meta.lost_before};
    }
    MessageAccess::fill(message, record, last_.source, last_.trust,
                        sum_of(last_.lost_before, record.dropped_before));
}

std::shared_ptr<const MessageSource> MessageMaker::remote_source(std::uint64_t origin,
                                                                 std::string_view host,
                                                                 const IpAddress& address) {
    const auto found = remote_.find(origin);
    if (found != remote_.end() && found->second.address == address &&
        found->second.source->from_host == host) {
        return found->second.source;
    }
    if (remote_.size() >= kMaxSources) remote_.clear();
    // Formatted at first need: to print an address costs more than all the rest of a get.
    auto source = std::make_shared<MessageSource>(
        MessageSource{slot_, std::string(host), to_string(address)});
    remote_[origin] = {address, source};
    return source;
}

}  // namespace mailslot
