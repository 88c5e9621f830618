// mailslot put: messages from the command line or from standard input.
#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/commands.h"
#include "mailslot/exit_status.h"
#include "mailslot/line_splitter.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "model/limits.h"

namespace mailslot::cli {
namespace {

// A writer that counts, and knows how to say which message failed.
class Putter {
public:
    Putter(Writer writer, const mailslot::PutOptions& how)
        : writer_(std::move(writer)), how_(how) {}

    Result<void> put_all(std::span<const std::string_view> messages);
    Result<void> put_lines();  // each line of standard input
    Result<void> put_whole();  // all of it

    Result<void> flush() { return writer_.flush(); }
    std::uint64_t done() const { return done_; }

private:
    Result<void> put_one(std::string_view message);
    Result<void> check_size(std::size_t bytes);

    Writer writer_;
    const mailslot::PutOptions how_;
    std::uint64_t done_ = 0;
};

Result<void> Putter::put_one(std::string_view message) {
    auto put = writer_.put(message, how_);
    if (put) ++done_;
    return put;
}

Result<void> Putter::put_all(std::span<const std::string_view> messages) {
    while (!messages.empty()) {
        const auto taken = writer_.put_many(messages, how_);
        if (!taken) return taken.error();
        done_ += *taken;
        messages = messages.subspan(*taken);
        if (messages.empty()) break;
        // Something stopped it: one more put says what, or goes through after all.
        if (const auto put = put_one(messages.front()); !put) return put.error();
        messages = messages.subspan(1);
    }
    return {};
}

// A message that is still being read must not take all memory. Up to what the network carries
// nothing is asked: the slot itself refuses what is too large for it.
Result<void> Putter::check_size(std::size_t bytes) {
    if (bytes <= kMaxNetworkMessageBytes) return {};
    std::size_t limit = kMaxNetworkMessageBytes;
    if (const auto info = writer_.info()) {
        limit = info->max_message_bytes != 0 ? info->max_message_bytes : info->max_bytes;
    }
    if (bytes <= limit) return {};
    return Error{Errc::message_too_big, "read standard input", 0,
                 "it has more than " + std::to_string(limit) + " bytes"};
}

Result<void> Putter::put_lines() {
    LineSplitter splitter(kBlockBytes);
    while (true) {
        const auto count = read_input(splitter.room().first(kBlockBytes));
        if (!count) return count.error();
        if (*count == 0) break;
        if (auto put = put_all(splitter.added(*count)); !put) return put;
        if (auto fits = check_size(splitter.rest().size()); !fits) return fits;
    }
    if (splitter.rest().empty()) return {};
    return put_one(splitter.rest());
}

Result<void> Putter::put_whole() {
    std::vector<char> all;
    std::size_t used = 0;
    while (true) {
        if (all.size() < used + kBlockBytes) all.resize(std::max(used + kBlockBytes, 2 * used));
        const auto count = read_input(std::span(all).subspan(used));
        if (!count) return count.error();
        if (*count == 0) return put_one({all.data(), used});
        used += *count;
        if (auto fits = check_size(used); !fits) return fits;
    }
}

Timeout choose_wait(const PutOptions& options) {
    if (options.no_wait) return Timeout{0};
    const bool streams = options.messages.empty();
    return options.wait.value_or(streams ? kForever : Timeout{0});
}

// What failed, where more than one message could have.
std::string which(const PutOptions& options, std::uint64_t done) {
    if (options.whole || options.messages.size() == 1) return {};
    return "message " + std::to_string(done + 1) + " was not put, " + std::to_string(done) +
           (done == 1 ? " was: " : " were: ");
}

}  // namespace

int run_put(const PutOptions& options) {
    auto writer = Writer::open(options.address, {.wait_when_full = choose_wait(options)});
    if (!writer) return fail_for(options.address, writer.error());
    std::vector<Label> labels;
    for (const std::string& label : options.labels) {
        const std::size_t equals = label.find('=');  // there is one: the arguments were checked
        labels.push_back({std::string_view(label).substr(0, equals),
                          std::string_view(label).substr(equals + 1)});
    }
    Putter putter(std::move(*writer),
                  {.format = options.bytes ? Format::bytes : Format::text, .labels = labels});
    const std::vector<std::string_view> messages(options.messages.begin(), options.messages.end());
    const Result<void> put = options.whole      ? putter.put_whole()
                             : messages.empty() ? putter.put_lines()
                                                : putter.put_all(messages);
    if (!put) return fail_for(options.address, put.error(), which(options, putter.done()));
    // What was held back, or waited for an address, may have failed.
    if (const auto sent = putter.flush(); !sent) return fail_for(options.address, sent.error());
    return kDone;
}

}  // namespace mailslot::cli
