// A domain's keys as text: docs/trust.md, "Key files". Pure.
#pragma once

#include <string>
#include <string_view>

#include "mailslot/result.h"
#include "trust/key_ring.h"

namespace mailslot::trust {

inline constexpr std::size_t kMaxKeyFileBytes = 4096;
inline constexpr std::size_t kMaxKeyDomainBytes = 200;  // with ".key" appended: a file name

// Text that contains secrets. Its memory never moves and is wiped.
class SecretText {
public:
    SecretText() { text_.reserve(kMaxKeyFileBytes + 1); }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText();

    // Returns false if `more` does not fit.
    bool append(std::string_view more);
    std::string_view view() const { return text_; }

private:
    std::string text_;
};

// Parses a key file; errors call the file `where`.
// Errors: bad_config, no_resources.
Result<DomainKeys> parse_key_file(std::string_view text, const std::string& where);
void format_key_file(const DomainKeys& keys, SecretText& to);

std::string to_string(const KeyId& id);
std::string utc_text(std::int64_t unix_seconds);  // "2026-11-25T21:00:00Z"

// Returns the folded name; nullopt if no domain of that name may have a key.
std::optional<std::string> fold_domain(std::string_view domain);

}  // namespace mailslot::trust
