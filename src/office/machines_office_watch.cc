#include "office/machines_office_watch.h"

#include <chrono>

namespace mailslot::office {
namespace {

constexpr std::chrono::milliseconds kTryEvery{5};
constexpr int kTries = 50;

}  // namespace

void MachinesOfficeWatch::begin() {
    if (watch_ || !(at_.may_have_machines_office() || at_.is_guest)) return;
    auto watch = os::FolderWatch::open(at_.settings.system_dir);
    if (!watch) return;  // mailslotd is not installed here
    watch_ = std::move(*watch);
    watched_ = os::file_at(at_.settings.system_dir);
    (void)at_.loop.add(watch_->fd(), [this] { see(); });
}

void MachinesOfficeWatch::see() {
    watch_->clear();
    try_at_ = at_.clock.now();
    tries_left_ = kTries;
    seen_();
}

void MachinesOfficeWatch::keep() {
    const auto now = os::file_at(at_.settings.system_dir);
    if (!now || now == watched_) return;
    end();
    begin();
    if (watch_) try_at_ = at_.clock.now();
}

void MachinesOfficeWatch::end() {
    if (watch_) at_.loop.remove(watch_->fd());
    watch_.reset();
}

bool MachinesOfficeWatch::is_due() {
    if (!try_at_ || at_.clock.now() < *try_at_) return false;
    try_at_.reset();
    return true;
}

void MachinesOfficeWatch::try_again() {
    if (--tries_left_ > 0) try_at_ = at_.clock.now() + kTryEvery;
}

}  // namespace mailslot::office
