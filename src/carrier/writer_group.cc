#include "carrier/writer_group.h"

#include <span>

namespace mailslot {
namespace {

// Sends each message that the carrier can send. The others stay out.
void put_too(CarrierWriter& writer, CarrierWriter::Batch batch) {
    const auto texts = batch.texts;
    for (std::size_t i = 0; i < texts.size(); ++i, ++batch.first_sequence) {
        batch.texts = texts.subspan(i, 1);
        if (writer.how_many_fit(batch.texts, batch.form)) (void)writer.put(batch);
    }
    (void)writer.take_late_error();
}

}  // namespace

Result<std::size_t> WriterGroup::put(const Batch& batch) {
    auto taken = main().put(batch);
    if (!taken) return taken;
    Batch rest = batch;
    rest.texts = batch.texts.first(*taken);
    for (const auto& writer : std::span(writers_).subspan(1)) put_too(*writer, rest);
    return taken;
}

void WriterGroup::hold_nothing() {
    for (const auto& writer : writers_) writer->hold_nothing();
}

std::optional<Clock::Instant> WriterGroup::due() const {
    std::optional<Clock::Instant> first;
    for (const auto& writer : writers_) {
        const auto due = writer->due();
        if (due && (!first || *due < *first)) first = due;
    }
    return first;
}

void WriterGroup::send_held() {
    for (const auto& writer : writers_) writer->send_held();
}

void WriterGroup::flush() {
    for (const auto& writer : writers_) writer->flush();
}

void WriterGroup::finish() {
    for (const auto& writer : writers_) writer->finish();
}

void WriterGroup::end(std::uint64_t next_sequence) {
    for (const auto& writer : writers_) writer->end(next_sequence);
}

}  // namespace mailslot
