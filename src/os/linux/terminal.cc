#include "os/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

namespace mailslot::os {
namespace {

// Switches to the other screen without a cursor, and back.
constexpr std::string_view kTake = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

std::atomic<bool> resized{false}, stop_wanted{false};

void on_resize(int) { resized.store(true); }
void on_stop(int) { stop_wanted.store(true); }

void install(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;  // never SA_RESTART: a wait must end
    ::sigaction(signal, &action, nullptr);
}

void write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written <= 0) return;  // the terminal is gone
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

struct Terminal::State {
    bool has_input = false;
    termios before{};
};

Terminal::Terminal() : state_(std::make_unique<State>()) {
    state_->has_input = ::tcgetattr(STDIN_FILENO, &state_->before) == 0;
    install(SIGWINCH, on_resize);
    install(SIGTSTP, on_stop);
    take();
}

Terminal::~Terminal() { leave(); }

void Terminal::take() {
    if (state_->has_input) {
        termios quiet = state_->before;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        quiet.c_cc[VMIN] = 0;  // reading never waits
        quiet.c_cc[VTIME] = 0;
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
    }
    write_all(kTake);
}

void Terminal::leave() {
    write_all(kLeave);
    if (state_->has_input) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &state_->before);
}

TerminalSize Terminal::size() const {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        return {};
    }
    return {size.ws_col, size.ws_row};
}

bool Terminal::was_resized() { return resized.exchange(false); }

bool Terminal::stop_if_asked() {
    if (!stop_wanted.exchange(false)) return false;
    leave();
    ::raise(SIGSTOP);
    take();
    return true;
}

bool Terminal::wants_to_end() {
    char keys[64];
    if (!state_->has_input) return false;
    const ssize_t count = ::read(STDIN_FILENO, keys, sizeof keys);
    if (count <= 0) return false;
    return std::string_view(keys, static_cast<std::size_t>(count)).find('q') !=
           std::string_view::npos;
}

Handle Terminal::input_fd() const { return state_->has_input ? Handle{STDIN_FILENO} : kNoHandle; }

}  // namespace mailslot::os
