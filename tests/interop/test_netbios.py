"""usage: test_netbios.py NETBIOS_FILTER; our codecs of the classic wire against stored captures, Samba's decoder and
tshark.

Tests that need a missing tool are skipped with a message. tests/captures/ORIGINS.md describes the captures.
"""

import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    from samba.dcerpc import nbt
    from samba.ndr import ndr_pack, ndr_unpack
except ImportError:
    nbt = None

FILTER = pathlib.Path(sys.argv.pop(1)).resolve()
CAPTURES = sorted((pathlib.Path(__file__).resolve().parent.parent / "captures").glob("*.pcap"))
NAMES, DATAGRAMS = 137, 138
ETHERNET, SMB_AT = 14, 82
PACKETS = {"01": 41, "02": 48, "03": 13, "04": 15, "06": 18}  # number in the file whose name begins so

needs_samba = unittest.skipIf(nbt is None, "python3-samba is not installed")
needs_tshark = unittest.skipIf(shutil.which("tshark") is None, "tshark is not installed")


def answers(lines):
    """Returns the filter's answers to the commands."""
    done = subprocess.run([FILTER], input="".join(line + "\n" for line in lines), text=True, stdout=subprocess.PIPE, check=True)
    got = done.stdout.split("\n")[:-1]
    assert len(got) == len(lines), f"{len(lines)} commands, {len(got)} answers"
    return got


def packets(path):
    """Yields (number, port, UDP payload) of each frame."""
    data = path.read_bytes()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    at, number = 24, 0
    while at < len(data):
        size = struct.unpack_from(order + "I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + size]
        at, number = at + 16 + size, number + 1
        udp = frame[ETHERNET + 4 * (frame[ETHERNET] & 15):]
        source, target, length = struct.unpack_from(">HHH", udp)
        yield number, NAMES if NAMES in (source, target) else DATAGRAMS, udp[8:length]


def all_packets(wanted):
    return [(path, number, payload) for path in CAPTURES for number, port, payload in packets(path) if port == wanted]


def is_windows_style(payload):
    """Returns whether the fact sheet fixes every byte: the header of MS-MAIL's own trace, padded."""
    smb = payload[SMB_AT:]
    offset, count = struct.unpack_from("<H", smb, 57)[0], struct.unpack_from("<H", smb, 55)[0]
    name = smb.index(b"\0", 69) + 1
    padded = offset == (name + 3) // 4 * 4
    return (payload[1] == 2 and smb[4:6] == b"\x25\0" and smb[9] == 0x18 and padded
            and smb[69:79] == b"\\MAILSLOT\\" and len(smb) == offset + count)


def capture_of(payloads, path, port=DATAGRAMS):
    """Writes a capture file of UDP datagrams from and to that port."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for payload in payloads:
        udp = struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                         socket.inet_aton("10.77.0.2"), socket.inet_aton("10.77.0.3"))
        total = 0
        for word in struct.unpack(">10H", ip):
            total += word
        total = (total & 0xFFFF) + (total >> 16)
        ip = ip[:10] + struct.pack(">H", ~total & 0xFFFF) + ip[12:]
        frame = b"\0" * 12 + b"\x08\0" + ip + udp
        out += struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame
    path.write_bytes(out)


def tshark(path, *fields, where=""):
    wanted = [argument for field in fields for argument in ("-e", field)]
    command = ["tshark", "-r", path, *(["-Y", where] if where else []), "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


class Captures(unittest.TestCase):
    def test_all_frames_are_there(self):
        counts = {path.name[:2]: len(list(packets(path))) for path in CAPTURES}
        self.assertEqual(counts, PACKETS)

    def test_every_packet_of_the_name_service_is_decoded_and_encodes_to_the_same_bytes(self):
        frames = all_packets(NAMES)
        self.assertEqual(len(frames), 101)
        for (path, number, payload), said in zip(frames, answers([f"name {p.hex()}" for _, _, p in frames])):
            with self.subTest(path=path.name, frame=number):
                self.assertEqual(said.rpartition(" | ")[2], payload.hex())

    def test_every_datagram_is_decoded_and_those_in_windows_style_encode_to_the_same_bytes(self):
        frames = all_packets(DATAGRAMS)
        same = 0
        for (path, number, payload), said in zip(frames, answers([f"datagram {p.hex()}" for _, _, p in frames])):
            with self.subTest(path=path.name, frame=number):
                self.assertNotIn("refused", said)
                if is_windows_style(payload):
                    same += 1
                    self.assertEqual(said.rpartition(" | ")[2], payload.hex())
        self.assertEqual((len(frames), same), (34, 14))

    def test_one_frame_of_each_kind_says_what_it_says(self):
        by_place = {(path.name[:2], number): payload for path, number, payload in all_packets(DATAGRAMS)}
        expected = {
            ("03", 1): "16 PROBE#00 MSGROUP#1D [] BROWSE 0 2 01",
            ("04", 3): "16 PROBE#00 STATION#00 [] TEST 0 2 68656c6c6f20756e69717565 |",
            ("04", 6): "16 PROBE#00 STATION#00 [] TEST 0 2  |",
            ("04", 12): "[EXAMPLE.COM]",
            ("06", 9): "MSGROUP#1C [] NET\\NTLOGON 0 2 ",
        }
        for place, said in zip(expected, answers([f"datagram {by_place[p].hex()}" for p in expected if p in by_place])):
            with self.subTest(place=place):
                self.assertIn(expected[place], said)


class Samba(unittest.TestCase):
    @needs_samba
    def test_decodes_what_we_made_and_makes_the_same_of_it(self):
        for stamp in ("", " 1311768467463790320 7"):
            for slot, size in (("TEST", 5), ("A", 0), ("ABCD", 428), ("NET\\NETLOGON", 420), ("BROWSE", 33)):
                with self.subTest(slot=slot, size=size, stamp=stamp):
                    data = bytes(i * 7 % 256 for i in range(size))
                    made = bytes.fromhex(answers([
                        f"write LINUXBOX WINBOX#20 10.77.0.2 77 {slot} {data.hex() or '-'}{stamp}"])[0])
                    packet = ndr_unpack(nbt.dgram_packet, made)
                    self.assertEqual(packet.data.source_name.name, "LINUXBOX")
                    self.assertEqual(packet.data.dest_name.name, "WINBOX")
                    self.assertEqual(packet.data.dest_name.type, 0x20)
                    transaction = packet.data.body.body
                    self.assertEqual(transaction.mailslot_name, f"\\MAILSLOT\\{slot}")
                    # The decoder keeps the padding in front of the data, and the encoder writes none.
                    self.assertTrue(bytes(transaction.data).endswith(data))
                    self.assertEqual(transaction.data_count, size)
                    if slot == "TEST":
                        self.assertEqual(ndr_pack(packet), made)

    @needs_samba
    def test_reads_the_same_of_every_captured_name_packet(self):
        frames = all_packets(NAMES)
        for (path, number, payload), said in zip(frames, answers([f"name {p.hex()}" for _, _, p in frames])):
            with self.subTest(path=path.name, frame=number):
                packet = ndr_unpack(nbt.name_packet, payload)
                fields = said.split(" ")
                self.assertEqual(int(fields[0], 16), packet.name_trn_id)
                self.assertEqual(int(fields[1], 16), packet.operation)


class Tshark(unittest.TestCase):
    @needs_tshark
    def test_has_no_complaint_about_what_we_made_and_names_the_slot(self):
        slots = ["TEST", "A", "LISTENER", "NET\\NETLOGON"]
        made = [bytes.fromhex(line) for line in answers(
            [f"write LINUXBOX WINBOX 10.77.0.2 {i} {slot} 48656c6c6f" for i, slot in enumerate(slots)] +
            [f"write LINUXBOX WINBOX 10.77.0.2 {9 + i} {slot} 48656c6c6f 99 {i + 1}" for i, slot in enumerate(slots)])]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "made.pcap"
            capture_of(made, path)
            self.assertEqual(tshark(path, "frame.number", where="_ws.malformed || _ws.expert"), [])
            named = tshark(path, "mailslot.name", "nbdgm.src.ip", "nbdgm.dgram_id")
            self.assertEqual([row[0] for row in named], [f"\\MAILSLOT\\{slot}" for slot in slots * 2])
            self.assertEqual({row[1] for row in named}, {"10.77.0.2"})

    @needs_tshark
    def test_reads_the_same_of_every_captured_datagram(self):
        for path in CAPTURES:
            frames = [(n, p) for n, port, p in packets(path) if port == DATAGRAMS]
            if not frames:
                continue
            said = answers([f"datagram {p.hex()}" for _, p in frames])
            seen = {int(number): slot for number, slot in tshark(path, "frame.number", "mailslot.name", where="mailslot")}
            for (number, _), ours in zip(frames, said):
                if number not in seen:
                    continue  # a prefix in other letters, or empty: not a mailslot for tshark
                with self.subTest(path=path.name, frame=number):
                    self.assertEqual(seen[number], "\\MAILSLOT\\" + ours.partition("] ")[2].split(" ")[0])


if __name__ == "__main__":
    unittest.main()
