#include "post/metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hex.h"
#include "base/saturating.h"
#include "model/fold.h"
#include "model/ip_address.h"
#include "post/sender_order.h"

namespace mailslot::post {
namespace {

struct Labels {
    std::string_view slot{}, cause{}, from_host{}, from_address{}, origin{};
};

void append_escaped(std::string& out, std::string_view text) {
    const bool is_text = is_utf8(text);
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else if (!is_text && static_cast<unsigned char>(c) > 127) {
            out += '?';  // invalid UTF-8 would spoil the whole answer
        } else {
            out += c;
        }
    }
}

void append_sample(std::string& out, std::string_view name, const Labels& labels,
                   std::uint64_t value) {
    out += name;
    char before = '{';
    for (const auto& [label, text] :
         {std::pair("slot", labels.slot), std::pair("from_host", labels.from_host),
          std::pair("from_address", labels.from_address), std::pair("origin", labels.origin),
          std::pair("cause", labels.cause)}) {
        if (text.empty()) continue;
        out += before;
        before = ',';
        (out += label) += "=\"";
        append_escaped(out, text);
        out += '"';
    }
    if (before == ',') out += '}';
    (out += ' ') += std::to_string(value);
    out += '\n';
}

void append_head(std::string& out, std::string_view name, std::string_view help, bool is_level) {
    ((out += "# HELP ") += name) += ' ';
    ((out += help) += "\n# TYPE ") += name;
    out += is_level ? " gauge\n" : " counter\n";
}

struct SlotMetric {
    std::string_view name, help;
    bool is_level;
    std::uint64_t (*of)(const SlotInfo&);
};

constexpr std::array kSlotMetrics{
    SlotMetric{"mailslot_slot_received_total", "Messages put into the slot.", false,
               [](const SlotInfo& slot) { return slot.received; }},
    SlotMetric{"mailslot_slot_received_bytes_total", "Payload bytes put into the slot.", false,
               [](const SlotInfo& slot) { return slot.received_bytes; }},
    SlotMetric{"mailslot_slot_repeats_total", "Repeated copies of messages, dropped.", false,
               [](const SlotInfo& slot) { return slot.repeats; }},
    SlotMetric{"mailslot_slot_senders_forgotten_total",
               "Senders on other machines forgotten to make room.", false,
               [](const SlotInfo& slot) { return slot.senders_forgotten; }},
    SlotMetric{"mailslot_slot_messages", "Messages that wait in the slot.", true,
               [](const SlotInfo& slot) { return slot.messages; }},
    SlotMetric{"mailslot_slot_bytes", "Payload bytes that wait in the slot.", true,
               [](const SlotInfo& slot) { return slot.bytes; }},
    SlotMetric{"mailslot_slot_senders", "Senders on other machines that the post office remembers.",
               true, [](const SlotInfo& slot) { return slot.senders; }},
    SlotMetric{"mailslot_slot_max_messages", "Largest number of messages that may wait.", true,
               [](const SlotInfo& slot) { return std::uint64_t{slot.max_messages}; }},
    SlotMetric{"mailslot_slot_max_bytes", "Largest number of payload bytes that may wait.", true,
               [](const SlotInfo& slot) { return std::uint64_t{slot.max_bytes}; }},
};

void append_slots(std::string& out, const std::vector<SlotInfo>& slots) {
    for (const SlotMetric& metric : kSlotMetrics) {
        append_head(out, metric.name, metric.help, metric.is_level);
        for (const SlotInfo& slot : slots) {
            append_sample(out, metric.name, {.slot = slot.name}, metric.of(slot));
        }
    }
    constexpr std::string_view kLost = "mailslot_slot_lost_total";
    // A late message takes its loss back, so this value can go down.
    append_head(out, kLost, "Messages that did not reach the slot, by cause.", false);
    for (const SlotInfo& slot : slots) {
        for (const LossCause& cause : kLossCauses) {
            append_sample(out, kLost, {slot.name, cause.name}, slot.lost.*cause.count);
        }
    }
}

void append_senders(std::string& out, const MetricsSample& sample) {
    constexpr std::string_view kReceived = "mailslot_sender_received_total";
    constexpr std::string_view kRepeats = "mailslot_sender_repeats_total";
    constexpr std::string_view kLost = "mailslot_sender_lost_total";
    constexpr std::string_view kLeftOut = "mailslot_metrics_senders_left_out";
    const auto each = [&sample](auto&& append) {
        for (const auto& [slot, sender] : sample.senders) {
            const std::string origin = hex_of(sender.origin);
            append(Labels{.slot = slot,
                          .from_host = sender.from_host,
                          .from_address = sender.from_address,
                          .origin = origin},
                   sender);
        }
    };
    append_head(out, kReceived, "Messages of a sender on another machine put into the slot.",
                false);
    each([&](const Labels& labels, const SenderInfo& sender) {
        append_sample(out, kReceived, labels, sender.received);
    });
    append_head(out, kRepeats, "Repeated copies of a sender's messages, dropped.", false);
    each([&](const Labels& labels, const SenderInfo& sender) {
        append_sample(out, kRepeats, labels, sender.repeats);
    });
    append_head(out, kLost, "Messages of a sender that did not reach the slot, by cause.", false);
    each([&](Labels labels, const SenderInfo& sender) {
        for (const LossCause& cause : kLossCauses) {
            labels.cause = cause.name;
            append_sample(out, kLost, labels, sender.lost.*cause.count);
        }
    });
    append_head(out, kLeftOut, "Senders without metrics of their own.", true);
    append_sample(out, kLeftOut, {}, sample.senders_left_out);
}

void append_counters(std::string& out, const std::vector<wire::NamedCounter>& counters) {
    constexpr std::string_view kLost = "mailslot_office_lost_total", kMark = "lost_";
    append_head(out, "mailslot_office_up", "1 if this machine has a post office, otherwise 0.",
                true);
    append_sample(out, "mailslot_office_up", {}, counters.empty() ? 0 : 1);
    for (const wire::NamedCounter& counter : counters) {
        if (counter.name.starts_with(kMark)) continue;
        const std::string name =
            "mailslot_office_" + counter.name + (counter.is_level ? "" : "_total");
        append_head(out, name, "See docs/office.md, section Counters.", counter.is_level);
        append_sample(out, name, {}, counter.value);
    }
    append_head(out, kLost, "Messages lost by all slots since the post office began, by cause.",
                false);
    for (const wire::NamedCounter& counter : counters) {
        if (!counter.name.starts_with(kMark)) continue;
        const std::string_view cause = std::string_view(counter.name).substr(kMark.size());
        append_sample(out, kLost, {.cause = cause}, counter.value);
    }
}

std::string http(std::string_view status, std::string_view type, std::string_view body,
                 bool with_body) {
    std::string out = "HTTP/1.1 ";
    ((out += status) += "\r\nContent-Type: ") += type;
    out += "\r\nContent-Length: " + std::to_string(body.size());
    out += "\r\nConnection: close\r\n\r\n";
    if (with_body) out += body;
    return out;
}

}  // namespace

void keep_most_telling(MetricsSample& sample, std::size_t most) {
    if (sample.senders.size() <= most) return;
    const auto end = sample.senders.begin() + static_cast<std::ptrdiff_t>(most);
    std::nth_element(sample.senders.begin(), end, sample.senders.end(),
                     [](const auto& a, const auto& b) { return tells_more(a.second, b.second); });
    count_up(sample.senders_left_out, sample.senders.size() - most);
    sample.senders.erase(end, sample.senders.end());
}

std::string metrics_text(const MetricsSample& sample) {
    std::string out;
    append_slots(out, sample.slots);
    append_senders(out, sample);
    append_counters(out, sample.counters);
    return out;
}

std::string metrics_answer(std::string_view request,
                           const std::function<std::string()>& make_text) {
    constexpr std::string_view kPlain = "text/plain; charset=utf-8";
    constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";
    const std::string_view line = request.substr(0, request.find("\r\n"));
    const std::size_t first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || last <= first ||
        !line.substr(last).starts_with(" HTTP/1.")) {
        return http("400 Bad Request", kPlain, "this is not an HTTP request\n", true);
    }
    const std::string_view method = line.substr(0, first);
    const bool is_head = method == "HEAD";
    if (method != "GET" && !is_head) {
        return http("405 Method Not Allowed", kPlain, "only GET and HEAD are allowed\n", true);
    }
    std::string_view path = line.substr(first + 1, last - first - 1);
    path = path.substr(0, path.find('?'));
    if (path != "/metrics" && path != "/") {
        return http("404 Not Found", kPlain, "the metrics are at /metrics\n", !is_head);
    }
    return http("200 OK", kMetrics, make_text(), !is_head);
}

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
    std::string all(text);
    std::ranges::transform(all, all.begin(), lower);
    return all;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Accepts "localhost:9138", "127.0.0.1", "[::1]:9138".
bool is_loopback_host(std::string_view host) {
    const std::size_t bracket = host.find(']');
    const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    std::string name = lowered(host.substr(0, colon));
    if (name.ends_with('.')) name.pop_back();
    if (name == "localhost") return true;
    const auto address = parse_ip_address(name);
    return address && address->is_loopback();
}

}  // namespace

bool is_for_loopback(std::string_view request) {
    std::size_t line = request.find("\r\n");
    while (line != std::string_view::npos) {
        const std::size_t begin = line + 2;
        line = request.find("\r\n", begin);
        const std::string_view header = request.substr(begin, line - begin);
        const std::size_t colon = header.find(':');
        if (colon == std::string_view::npos) continue;
        if (lowered(trimmed(header.substr(0, colon))) != "host") continue;
        const std::string_view host = trimmed(header.substr(colon + 1));
        if (!host.empty() && !is_loopback_host(host)) return false;
    }
    return true;
}

std::string answer_to_misled(std::string_view request) {
    return http("403 Forbidden", "text/plain; charset=utf-8",
                "metrics are for localhost only: ask for the host localhost\n",
                !request.starts_with("HEAD "));
}

}  // namespace mailslot::post
