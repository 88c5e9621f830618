#include "inbox/office_pass.h"

namespace mailslot::inbox {

std::vector<os::Handle> descriptors_of(const WriterPass& pass, os::Handle liveness,
                                       bool with_event) {
    std::vector<os::Handle> fds{pass.segment.get(), liveness};
    if (pass.notes) fds.push_back(pass.notes.get());
    if (pass.event && with_event) fds.push_back(pass.event.get());
    return fds;
}

Result<void> take_extras(InboxWriter& writer, std::vector<os::UniqueFd>& fds, bool with_event) {
    std::size_t next = 2;
    if (fds.size() > next && os::is_shared_memory(fds[next])) {
        auto notes = NotesPage::attach(fds[next++]);
        if (!notes) return notes.error();
        writer.keep_notes_in(std::move(*notes));
    }
    if (fds.size() > next && with_event) writer.set_event(std::move(fds[next]));
    return {};
}

}  // namespace mailslot::inbox
