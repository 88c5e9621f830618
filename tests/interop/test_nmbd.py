"""usage: test_nmbd.py MAILSLOT; our programs against a private nmbd and Samba's clients, each in a namespace of its
own.

The system's Samba is not touched. Skipped with a message if Samba or namespaces are missing.
"""

import base64
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "netns"))

import lab  # noqa: E402
from lab import message_from  # noqa: E402

PROGRAMS = ("nmbd", "nmblookup", "smbtorture", "net", "tshark", "tcpdump")
GROUP = "MSGROUP"
OURS = f'carriers = ["netbios"]\nworkgroup = "{GROUP}"\nnetbios_names = ["PROBE#20", "{GROUP}#1C"]\n'
MASTER_AFTER = 60  # seconds; nmbd alone needs 23


def smb_conf(folder, name, interfaces, socket_dir=None):
    """All files that nmbd or a client writes go below that folder."""
    places = "".join(f"    {key} = {folder / place}\n" for key, place in (  # an absolute place stays as it is
        ("nmbd:socket dir", socket_dir or folder / "nmbd"), ("pid directory", "pid"), ("lock directory", "lock"), ("state directory", "state"),
        ("cache directory", "cache"), ("private dir", "private"), ("ncalrpc dir", "ncalrpc")))
    for place in ("nmbd", "pid", "lock", "state", "cache", "private", "ncalrpc", "log"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / "nmbd").chmod(0o755)
    path = folder / "smb.conf"
    path.write_text(f"""[global]
    netbios name = {name}
    workgroup = {GROUP}
    server role = standalone server
    interfaces = {interfaces}
    bind interfaces only = yes
    local master = yes
    preferred master = yes
    os level = 65
    domain master = no
    wins support = no
    dns proxy = no
    lm announce = no
    name resolve order = bcast
    log file = {folder}/log/log.%m
    max log size = 0
{places}""")
    return path


def announcement(name, comment, server_type=0x1003):
    return (struct.pack("<BBI", 1, 0, 60000) + name.encode().ljust(16, b"\0") + bytes((6, 1)) +
            struct.pack("<IBBH", server_type, 0x0F, 1, 0xAA55) + comment.encode() + b"\0")


class SambaTest(lab.LabTest):
    def setUp(self):
        super().setUp()
        self.net = self.network()
        n = self.net.number
        self.alpha, self.probe, self.client = (
            self.machine(name, number, self.net, ipv6=False, config=OURS if name == "PROBE" else "")
            for number, name in enumerate(("ALPHA", "PROBE", "GAMMA"), 1))
        self.conf = smb_conf(self.alpha.folder / "samba", "ALPHA", f"10.{n}.0.1/24")
        self.client_conf = smb_conf(self.client.folder / "samba", "GAMMA", f"10.{n}.0.3/24")
        self.capture = self.folder / "all.pcap"
        tcpdump = self.background(["tcpdump", "--immediate-mode", "-Z", "root", "-i", self.net.bridge, "-U", "-w",
                                   str(self.capture), "udp port 137 or udp port 138"], stderr=subprocess.PIPE)
        self.read_until(tcpdump.stderr, b"listening on")

    def read_until(self, stream, words):
        while words not in (line := stream.readline()):
            self.assertNotEqual(line, b"", f"it ended before it said {words}")

    def background(self, command, **streams):
        nothing = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        process = subprocess.Popen(command, **(nothing | streams))
        def end():
            process.terminate()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        self.addCleanup(end)
        return process

    def samba(self, machine, *command, conf=None):
        """Returns the output of one of Samba's clients on that machine."""
        done = subprocess.run([*machine.inside, "timeout", "40", command[0], "-s", str(conf or self.client_conf), *command[1:]],
                              capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def start_nmbd(self, conf):
        folder = conf.parent
        self.background([*self.alpha.inside, "nmbd", "-F", "--no-process-group", "-s", str(conf), "-d", "3", "-l", str(folder / "log")])
        return folder / "log" / "log.nmbd"

    def until(self, words, machine, *command):
        """Repeats a client's question until the answer has the words."""
        said = []
        self.wait_until(f"{command} says {words}", lambda: said.append(self.samba(machine, *command)) or words in said[-1])
        return said[-1]


    def assert_doctor_finds_alpha(self):
        """The doctor finds alpha by name and by address, like put."""
        address = f"10.{self.net.number}.0.1"
        for arguments in (("--peer", "ALPHA"), ("--peer", address), ("//ALPHA/mailslot/IN",), (f"//{address}/mailslot/IN",)):
            _, out, _ = self.probe.run("doctor", "--json", *arguments)
            finding = next(f for f in map(json.loads, out.splitlines()) if f["check"].startswith(("peer", "address")))
            self.assertEqual((finding["status"], finding["cause"]), ("ok", ""), finding)
            self.assertIn(f"ALPHA#00 answers at {address} on the classic wire", finding["detail"])


class Apart(SambaTest):
    """A single test, because nmbd takes most of half a minute to become master of its subnet."""

    def browse_list(self):
        """Returns None while there is no list: nmbd removes the old file before it renames the new one."""
        try:
            return (self.conf.parent / "cache" / "browse.dat").read_text()
        except FileNotFoundError:
            return None

    def is_listed(self, name, comment):
        return f'"{name}"' in (listed := self.browse_list() or "") and f'"{comment}"' in listed

    def is_gone(self, name):
        return (listed := self.browse_list()) is not None and f'"{name}"' not in listed

    def answer_pdc_queries(self, listener):
        """Answers MS-ADTS 6.3.1.5 queries by our own command: a client that looks for a primary domain controller gets
        PROBE."""
        def answer():
            while (line := listener.line()) is not None:
                query = base64.b64decode(json.loads(line)["base64"])
                if query[:2] != b"\x07\x00":
                    continue
                slot = query[2:].split(b"\0")[1].decode().removeprefix("\\MAILSLOT\\")
                wide = "PROBE\0".encode("utf-16-le") + f"{GROUP}\0".encode("utf-16-le")
                reply = struct.pack("<H", 12) + b"PROBE\0" + wide + struct.pack("<IHH", 1, 0xFFFF, 0xFFFF)
                self.probe.put(f"//10.{self.net.number}.0.3/mailslot/{slot}", "--whole", "--bytes", stdin=reply)
        threading.Thread(target=answer, daemon=True).start()

    def test_samba_and_we_understand_each_other(self):
        log = self.start_nmbd(self.conf)
        follower = self.background(["timeout", str(MASTER_AFTER), "tail", "--lines=+1", "--follow=name", "--retry", str(log)],
                                   stdout=subprocess.PIPE)
        self.read_until(follower.stdout, b"is now a local master browser")
        browse = self.probe.start("listen", "--verbose", "--json", "--decode", "BROWSE").ready()
        netlogon = self.probe.listen(name="NET\\NETLOGON")
        ntlogon = self.probe.start("listen", "--verbose", "--json", "--decode", "NET\\NTLOGON").ready()
        n = self.net.number

        with self.subTest("our names are found"):
            self.until(f"10.{n}.0.2 PROBE<00>", self.client, "nmblookup", "PROBE")
            members = self.samba(self.client, "nmblookup", f"{GROUP}#00")
            self.assertIn(f"10.{n}.0.1 {GROUP}<00>", members)
            self.assertIn(f"10.{n}.0.2 {GROUP}<00>", members)
            status = self.samba(self.client, "nmblookup", "-A", f"10.{n}.0.2")
            for name in ("PROBE           <00>", "PROBE           <03>", "PROBE           <20>", f"{GROUP}         <00> - <GROUP>"):
                self.assertIn(name, status)
            self.assertIn("name_query failed", self.samba(self.client, "nmblookup", "NOSUCH"))

        with self.subTest("the doctor finds nmbd"):
            self.assert_doctor_finds_alpha()

        with self.subTest("our announcement is in nmbd's browse list, and goes again"):
            self.probe.put(f"//{GROUP}#1D/mailslot/BROWSE", "--whole", "--bytes", stdin=announcement("PROBE", "from mailslot"))
            self.wait_until("it is listed", lambda: self.is_listed("PROBE", "from mailslot"))
            self.probe.put(f"//{GROUP}#1D/mailslot/BROWSE", "--whole", "--bytes", stdin=announcement("PROBE", "", 0))
            self.wait_until("it is gone", lambda: self.is_gone("PROBE"))

        with self.subTest("nmbd answers into our slot"):
            self.probe.put(f"//{GROUP}#1D/mailslot/BROWSE", "--whole", "--bytes", stdin=struct.pack("<BBI", 9, 4, 0x12345678))
            while not (message := message_from(browse)).get("decoded", "").startswith("backups"):
                pass
            self.assertEqual(message["decoded"], "backups, token 0x12345678: ALPHA")
            self.assertEqual((message["from_host"], message["from_address"], message["trust"]), ("ALPHA", f"10.{n}.0.1", "none"))
            self.probe.put(f"//{GROUP}#1E/mailslot/BROWSE", "--whole", "--bytes", stdin=b"\x02\0PROBE\0")
            while not (message := message_from(browse)).get("decoded", "").startswith("master ALPHA"):
                pass

        with self.subTest("smbtorture"):
            self.answer_pdc_queries(netlogon)
            for test in ("nbt.register.register_own", "nbt.register.refresh_own", "nbt.dgram.netlogon"):
                said = self.samba(self.client, "smbtorture", "-W", GROUP, "-U%", "//PROBE/ipc", test)
                self.assertIn("\nsuccess:", "\n" + said, said)

        with self.subTest("net rpc join asks us"):
            self.samba(self.alpha, "net", "rpc", "join", "-U", "x%y", "-W", GROUP, "--option=server role=member server",
                       "--option=client ldap sasl wrapping=plain", conf=self.conf)
            self.assertIn("ALPHA looks for a domain controller, user ALPHA$", message_from(ntlogon)["decoded"])

        with self.subTest("nmbd keeps its name"):
            thief = self.machine("ALPHA2", 4, self.net, ipv6=False, config=OURS.replace("PROBE#20", "ALPHA#00"))
            thief.listen()
            self.wait_until("it was refused", lambda: self.has_only_its_name(thief))

        self.assert_tshark_has_no_complaint()

    def has_only_its_name(self, machine):
        """Asserts from a third machine that a machine with a refused name does not answer for that name."""
        status = self.samba(self.client, "nmblookup", "-A", f"10.{self.net.number}.0.4")
        return "ALPHA2          <00>" in status and "ALPHA           <00>" not in status

    def assert_tshark_has_no_complaint(self):
        done = subprocess.run(["tshark", "-r", self.capture, "-Y", "_ws.malformed || _ws.expert"], capture_output=True, text=True,
                              check=True)
        self.assertEqual(done.stdout, "")


class Together(SambaTest):
    def test_nmbd_and_we_share_one_machine(self):
        n = self.net.number
        # The socket is where we look for it, in a folder that only this machine sees.
        self.alpha.run_in("mount", "-t", "tmpfs", "tmpfs", "/run")
        self.alpha.run_in("mkdir", "-p", "/run/samba/nmbd")
        (self.alpha.folder / "mailslot.toml").write_text(f'carriers = ["netbios"]\nworkgroup = "{GROUP}"\n')
        self.start_nmbd(smb_conf(self.alpha.folder / "samba", "ALPHA", f"10.{n}.0.1/24", "/run/samba/nmbd"))
        self.until(f"10.{n}.0.1 ALPHA<00>", self.client, "nmblookup", "ALPHA")
        listener, other = self.alpha.listen(), self.probe.listen()
        self.until(f"10.{n}.0.2 PROBE<00>", self.client, "nmblookup", "PROBE")
        for address in (f"//{GROUP}/mailslot/IN", "//*/mailslot/IN", "//ALPHA/mailslot/IN"):
            with self.subTest(address=address):
                self.probe.put(address, "hello", "again")
                for text in ("hello", "again"):
                    self.assertEqual(base64.b64decode(message_from(listener)["base64"]).decode(), text)
        self.alpha.put("//PROBE/mailslot/IN", "from beside nmbd")
        while base64.b64decode((message := message_from(other)).get("base64", "")) != b"from beside nmbd":
            pass
        self.assertEqual(message["from_host"], "ALPHA")
        _, out, _ = self.alpha.run("doctor", "--json")
        self.assertIn('"beside_nmbd"', out.decode())
        self.assert_doctor_finds_alpha()


if __name__ == "__main__":
    missing = [program for program in PROGRAMS if shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/sbin") is None]
    if missing:
        sys.exit(lab.skip(f"not installed: {', '.join(missing)}"))
    lab.main()
