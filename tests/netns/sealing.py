"""The sealed form of docs/protocol/frame.md, made without our code and without libsodium. Slow, and for tests only.

XChaCha20-Poly1305 from draft-irtf-cfrg-xchacha-03 and RFC 8439. BLAKE2b is Python's.
"""

import hashlib
import socket
import struct
import time

CONSTANTS = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)
MASK = 0xFFFFFFFF
PRIME = (1 << 130) - 5


def rotated(word, bits):
    return ((word << bits) | (word >> (32 - bits))) & MASK


def mix(s, a, b, c, d):
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & MASK
        s[z] = rotated(s[z] ^ s[x], bits)


def rounds(state):
    s = list(state)
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            mix(s, a, b, c, d)
    return s


def hchacha20(key, nonce):
    s = rounds([*CONSTANTS, *struct.unpack("<8I", key), *struct.unpack("<4I", nonce)])
    return struct.pack("<8I", *s[:4], *s[12:])


def block(key, counter, nonce):
    begin = [*CONSTANTS, *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce)]
    return struct.pack("<16I", *((a + b) & MASK for a, b in zip(begin, rounds(begin))))


def poly1305(key, text):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    sum_ = 0
    for i in range(0, len(text), 16):
        sum_ = (sum_ + int.from_bytes(text[i:i + 16] + b"\1", "little")) * r % PRIME
    return ((sum_ + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def encrypted(key, nonce, clear, text):
    key, nonce = hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]
    stream = b"".join(block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))
    out = bytes(a ^ b for a, b in zip(text, stream))
    padded = clear + bytes(-len(clear) % 16) + out + bytes(-len(out) % 16)
    return out + poly1305(block(key, 0, nonce)[:32], padded + struct.pack("<QQ", len(clear), len(out)))


def frame(text, slot="IN", to="", direct=False, sent_at=None, host="python", sequence=1, origin=99):
    """Returns a plain frame of a single message."""
    slot, to, host, text = slot.encode(), to.encode(), host.encode(), text.encode()
    scope = 3 if direct else 2 if to else 1
    sent_us = int((time.time() if sent_at is None else sent_at) * 1e6)
    return (struct.pack(">2s6B2H3QqI", b"ms", 1, 0, 1, scope, 0, len(host), len(to), len(slot), 1, origin, sequence, sent_us, 0)
            + host + to + slot + struct.pack(">HBIH", 1, 1, 0, len(text)) + text)


def sealed(key, plain, stamp, target=""):
    """Seals a frame. `stamp`: sender_id, epoch, counter. `target`: an IPv4 address if the frame is direct."""
    key_id = hashlib.blake2b(b"mailslot key id", digest_size=16, key=key).digest()[:4]
    clear = plain[:3] + b"\1" + key_id + struct.pack(">3Q", *stamp)
    where = bytes(10) + b"\xff\xff" + socket.inet_aton(target) if target else bytes(16)
    return clear + encrypted(key, clear[8:], clear, plain[4:] + where)
