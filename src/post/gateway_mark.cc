#include "post/gateway_mark.h"

#include "wire/labels.h"

namespace mailslot::post {

bool came_by_gateway(const Envelope& message) {
    if (!message.format.labelled) return false;
    const auto block = wire::label_block_size(as_text(message.payload));
    if (!block) return false;
    bool found = false;
    wire::for_each_label(as_text(message.payload).substr(0, *block),
                         [&found](const Label& label) { found |= label.name == kViaLabel; });
    return found;
}

}  // namespace mailslot::post
