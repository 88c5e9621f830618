// mailslot key: the keys of domains. Their use: docs/trust.md.

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/visible_text.h"
#include "config/settings_file.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/table.h"
#include "os/failure.h"
#include "os/file_kind.h"
#include "os/folder.h"
#include "os/private_file.h"
#include "os/standard_streams.h"
#include "os/user.h"
#include "trust/key_folders.h"

namespace mailslot::cli {
namespace {

struct KeyOptions {
    std::string action;  // new, list, export, import, rotate, remove
    std::string name;    // the domain; import: a file
    std::string output;  // export: a file; empty: standard output
    bool replace = false;
    bool finish = false;
    bool json = false;
};

using trust::DomainKeys;
using trust::Second;
using trust::SecretText;

constexpr unsigned kForOthers = 077;

std::int64_t now_seconds() { return SystemClock().unix_microseconds() / 1'000'000; }

// Returns the folder for new keys of this user. Root's keys are for the whole machine.
const std::string& own_folder(const Settings& settings) {
    return os::is_root() ? settings.key_folders.front() : settings.key_folders.back();
}

Result<trust::Key> draw_key() {
    auto secret = trust::Secret::draw();
    if (!secret) return secret.error();
    return trust::key_of(std::move(*secret), now_seconds());
}

Result<DomainKeys> find_keys(const Settings& settings, const std::string& domain) {
    const auto folded = trust::fold_domain(domain);
    if (!folded) return Error{Errc::bad_name, "key", 0, domain + " is not the name of a domain"};
    for (auto folder = settings.key_folders.rbegin(); folder != settings.key_folders.rend();
         ++folder) {
        const std::string path = trust::key_path(*folder, *folded);
        if (access(path.c_str(), F_OK) == 0) return trust::load_key_file(path);
    }
    return Error{Errc::no_permission, "key", 0, domain, Reason::no_key};
}

int fail_to_find(const Error& error) {
    if (error.reason != Reason::no_key) return fail(error);
    say("no key of " + error.detail +
        " on this machine; create it with 'mailslot key new', or get it from another machine with "
        "'mailslot key import'");
    return kRefused;
}

std::string folder_of(const DomainKeys& keys) { return keys.path.substr(0, keys.path.rfind('/')); }

int save(const std::string& folder, const DomainKeys& keys, bool may_replace,
         const std::string& what) {
    const auto saved = trust::save_key_file(folder, keys, may_replace);
    const std::string path = trust::key_path(folder, keys.folded);
    if (!saved && saved.error().code == Errc::slot_exists) {
        say(path +
            " exists already; --replace overwrites it, and machines with the old key are no longer "
            "heard");
        return kFailed;
    }
    if (!saved) return fail(saved.error(), keys.domain + ": ");
    say(keys.domain + ": " + what + ", " + path);
    return kDone;
}

std::string name_of(const trust::Key& key) { return "key " + trust::to_string(key.id); }

// --- new

int make_new(const Settings& settings, const KeyOptions& options) {
    const auto folded = trust::fold_domain(options.name);
    if (!folded) return fail_for(options.name, Error{Errc::bad_name, "key"});
    auto key = draw_key();
    if (!key) return fail(key.error());
    DomainKeys keys{.domain = options.name, .folded = *folded};
    const std::string what = "new " + name_of(*key);
    keys.current = std::move(*key);
    return save(own_folder(settings), keys, options.replace, what);
}

// --- list

std::string_view word_of(Second second) { return second == Second::next ? "next" : "previous"; }

void append_json_key(JsonObject& object, std::string_view word, const trust::Key& key) {
    JsonObject member(object.value(word));
    member.add("id", std::string_view(trust::to_string(key.id)));
    member.add("created", std::string_view(trust::utc_text(key.created_at)));
}

void append_json(std::string& out, const DomainKeys& keys) {
    {
        JsonObject object(out);
        object.add("domain", std::string_view(keys.domain));
        object.add("file", std::string_view(keys.path));
        object.value("readable") += keys.current ? "true" : "false";
        if (keys.current) append_json_key(object, "current", *keys.current);
        if (keys.second) append_json_key(object, word_of(keys.second_is), *keys.second);
    }
    out += '\n';
}

void add_rows(std::vector<Cells>& rows, const DomainKeys& keys) {
    std::string domain, path;
    append_table_cell(domain, keys.domain);
    append_table_cell(path, keys.path);
    if (!keys.current) rows.push_back({domain, "-", "not readable", "-", path});
    const auto add = [&](std::string_view state, const trust::Key& key) {
        rows.push_back({domain, trust::to_string(key.id), std::string(state),
                        trust::utc_text(key.created_at), path});
    };
    if (keys.current) add("current", *keys.current);
    if (keys.second) add(word_of(keys.second_is), *keys.second);
}

int list_keys(const Settings& settings, const KeyOptions& options) {
    const auto ring = trust::load_keys(settings.key_folders);
    if (!ring) return fail(ring.error());
    Output output;
    std::vector<Cells> rows{{"DOMAIN", "KEY", "STATE", "CREATED", "FILE"}};
    for (const DomainKeys& keys : ring->domains()) {
        if (options.json) append_json(output.text(), keys);
        add_rows(rows, keys);
    }
    if (ring->is_empty() && !options.json) say("no domain keys on this machine");
    if (!ring->is_empty() && !options.json) append_rows(output.text(), rows, rows[0].size());
    return finish(output);
}

// --- export

int export_keys(const Settings& settings, const KeyOptions& options) {
    const auto keys = find_keys(settings, options.name);
    if (!keys) return fail_to_find(keys.error());
    SecretText text;
    trust::format_key_file(*keys, text);
    const std::string warning =
        "keep this secret: the key lets anybody read and write in " + keys->domain;
    if (!options.output.empty()) {
        const auto written = os::write_private_file(options.output, text.view(), options.replace);
        if (!written && written.error().code == Errc::slot_exists) {
            say(options.output + " exists already; --replace overwrites it");
            return kFailed;
        }
        if (!written) return fail(written.error());
        say(options.output + ": " + warning);
        return kDone;
    }
    if (os::output_is_terminal()) say(warning);
    Output output;
    output.text() = text.view();
    const int status = finish(output);
    trust::wipe(output.text());
    return status;
}

// --- import

// Reads standard input or a file.
Result<void> read_import(const std::string& from, std::span<char> room, std::size_t& size) {
    if (from != "-") {
        const auto file = os::read_private_file(from, room);
        if (!file) return file.error();
        const bool is_file = *file && (*file)->is_regular;
        if (!is_file)
            return Error{Errc::bad_config, "read key", 0, from + ": this is not a key file"};
        if (((*file)->mode & kForOthers) != 0) {
            say(from + ": other users may read this file; delete it after the import");
        }
        size = (*file)->size;
        return {};
    }
    while (size < room.size()) {
        const auto got = os::read_input(room.subspan(size));
        if (!got) return got.error();
        if (*got == 0) break;
        size += *got;
    }
    return {};
}

// Combines the local and the imported keys, two at a time.
// Errors: slot_exists if they have no key in common.
Result<DomainKeys> merge(DomainKeys here, DomainKeys comes) {
    const auto is_same = [](const std::optional<trust::Key>& a,
                            const std::optional<trust::Key>& b) {
        return a && b && a->secret.is_same(b->secret);
    };
    if (is_same(here.current, comes.current)) {
        // Keys that are half way through a change know more than keys that are not.
        if (!comes.second) return here;
        here.second = std::move(comes.second);
        here.second_is = comes.second_is;
        return here;
    }
    const bool is_ahead = here.second_is == Second::next && is_same(here.second, comes.current);
    const bool is_behind =
        here.second_is == Second::previous && is_same(here.second, comes.current);
    if (is_behind) return here;
    if (is_ahead || is_same(here.current, comes.second)) return comes;
    return Error{Errc::slot_exists, "import"};
}

int import_keys(const Settings& settings, const KeyOptions& options) {
    std::array<char, trust::kMaxKeyFileBytes + 1> room{};
    std::size_t size = 0;
    const std::string from = options.name.empty() ? "-" : options.name;
    if (from != "-" && os::is_missing(from)) {
        say(from +
            ": there is no such file; create it with 'mailslot key export DOMAIN --output FILE'");
        return kFailed;
    }
    const auto read = read_import(from, room, size);
    auto comes =
        read ? trust::parse_key_file({room.data(), size}, from == "-" ? "standard input" : from)
             : Result<DomainKeys>(read.error());
    trust::wipe(room);
    if (!comes) return fail(comes.error());
    const std::string folder = own_folder(settings);
    const std::string path = trust::key_path(folder, comes->folded);
    const bool is_there = access(path.c_str(), F_OK) == 0;
    if (is_there && !options.replace) {
        auto here = trust::load_key_file(path);
        if (!here) return fail(here.error());
        auto merged = merge(std::move(*here), std::move(*comes));
        if (!merged) {
            say(path + " has other keys; --replace overwrites them with those from " + from);
            return kFailed;
        }
        comes = std::move(merged);
    }
    std::string what = name_of(*comes->current);
    if (comes->second) {
        what += ", " + std::string(word_of(comes->second_is)) + " " + name_of(*comes->second);
    }
    return save(folder, *comes, true, what);
}

// --- rotate, remove

int rotate(const Settings& settings, const KeyOptions& options) {
    auto found = find_keys(settings, options.name);
    if (!found) return fail_to_find(found.error());
    DomainKeys& keys = *found;
    const std::string folder = folder_of(keys);
    const auto wrong = [&](std::string_view what) {
        say(keys.domain + ": " + std::string(what));
        return kFailed;
    };
    if (options.finish) {
        if (keys.second_is != Second::previous) {
            return wrong(
                "there is no previous key to drop; 'mailslot key list' shows the state of the "
                "change");
        }
        const std::string gone = name_of(*keys.second);
        keys.second.reset();
        keys.second_is = Second::none;
        return save(folder, keys, true, "previous " + gone + " was removed");
    }
    if (keys.second_is == Second::previous) {
        return wrong(
            "the last change is not finished: when all machines have the current key, run "
            "'mailslot key rotate --finish'");
    }
    if (keys.second_is == Second::next) {
        std::swap(keys.current, keys.second);
        keys.second_is = Second::previous;
        return save(folder, keys, true,
                    name_of(*keys.current) +
                        " is current; when it is current on all machines, run 'mailslot key rotate "
                        "--finish' on each");
    }
    auto next = draw_key();
    if (!next) return fail(next.error());
    keys.second = std::move(*next);
    keys.second_is = Second::next;
    return save(folder, keys, true,
                name_of(*keys.second) +
                    " is next; copy it to all machines (export, import), then run 'mailslot key "
                    "rotate' on each");
}

int remove(const Settings& settings, const KeyOptions& options) {
    const auto folded = trust::fold_domain(options.name);
    if (!folded) return fail_for(options.name, Error{Errc::bad_name, "key"});
    // Removes damaged keys and keys readable for others, too.
    const std::string path = trust::key_path(own_folder(settings), *folded);
    if (os::kind_of(path) == os::FileKind::missing) {
        say(path + ": there is no such file; 'mailslot key list' shows the keys of this machine");
        return kFailed;
    }
    if (!os::remove_file(path))
        return fail(Error{Errc::no_permission, "remove file", os::last_code(), path});
    say(options.name + ": " + path + " was removed; this machine is no longer in the domain");
    return kDone;
}

struct Action {
    std::string_view name;
    int (*run)(const Settings&, const KeyOptions&);
};
constexpr Action kActions[] = {
    {"new", make_new},       {"list", list_keys}, {"export", export_keys},
    {"import", import_keys}, {"rotate", rotate},  {"remove", remove},
};

int run(const KeyOptions& options) {
    SettingsOptions without_keys;
    without_keys.with_keys = false;  // bad keys must not stop the command that repairs them
    const auto settings = load_settings(without_keys);
    if (!settings) return fail(settings.error());
    const auto* const action =
        std::ranges::find(kActions, std::string_view(options.action), &Action::name);
    const bool wants_name = options.action != "list" && options.action != "import";
    if (action == std::end(kActions) || (wants_name && options.name.empty())) {
        say(action == std::end(kActions)
                ? "unknown command 'key " + options.action + "'; see 'mailslot key --help'"
                : "the domain is missing: mailslot key " + options.action + " DOMAIN");
        return kWrongUse;
    }
    return action->run(*settings, options);
}

Argument action_argument(std::string& action) {
    std::vector<std::string> names;
    for (const Action& known : kActions) names.emplace_back(known.name);
    return text("ACTION", "", "new, list, export, import, rotate or remove", action)
        .required()
        .offering(std::move(names));
}

Use prepare() {
    auto options = std::make_shared<KeyOptions>();
    Arguments arguments{
        action_argument(options->action),
        text("NAME", "", "The domain; for import a file (- or nothing: standard input)",
             options->name)
            .offering(Offer::domains),
        text("--output", "FILE", "export: write a new file that only you may read", options->output)
            .offering(Offer::files),
        flag("--replace", "new, import, export: replace what is there", options->replace),
        flag("--finish", "rotate: do the last step, drop the previous key", options->finish),
        flag("--json", "list: one JSON object a line, without the keys", options->json),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command key_command;
const Command key_command{
    120, "key", "Manage keys of domains, which decide who may read and write", prepare,
    R"(A machine with a domain's key is in the domain: it reads and writes \\DOMAIN\mailslot\...

Examples:
  mailslot key new LAB
  mailslot key export LAB | ssh beta mailslot key import
  mailslot key rotate LAB       on one machine: makes the next key; copy it to all machines;
  mailslot key rotate LAB       on each: makes the next key current;
  mailslot key rotate LAB --finish      on each, after all machines have done this)"};

}  // namespace mailslot::cli
