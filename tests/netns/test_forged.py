"""Datagrams that a stranger on the network forges: they are recognised, and do no harm to any writer."""

import subprocess
import sys

import lab
from lab import EVERYBODY, Ether, changed, feed, message_from, number_of

FAR = 2**53 - 1  # the largest number a message may have
JUMP = 10**6


class Forged(lab.LabTest):
    def setUp(self):
        super().setUp()
        self.reader, self.honest, stranger = self.machines(["R", "H", "X"], ipv6=False)
        self.listener = self.reader.listen()
        self.ether = Ether(stranger)
        self.writer = self.honest.start("put", EVERYBODY)
        feed(self.writer, 1)
        self.seen = self.ether.frame()
        self.assertEqual(number_of(message_from(self.listener)), 1)

    def assert_the_writer_is_heard(self, first, last):
        for number in range(first, last + 1):
            feed(self.writer, number)
            message = message_from(self.listener)
            self.assertEqual((number_of(message), message["sequence"], message["lost_before"]), (number, number, 0))

    def test_numbers_that_no_writer_can_have_reached_are_nobodys_loss(self):
        for origin in range(1, 2050):
            self.ether.send(changed(self.seen, origin=origin, sequence=FAR))
            self.assertEqual(message_from(self.listener)["lost_before"], 0)
        self.assertEqual(self.reader.info()["lost"], 0)
        self.assert_the_writer_is_heard(2, 10)

    def test_a_jump_from_elsewhere_does_not_silence_the_writer(self):
        self.ether.send(changed(self.seen, sequence=JUMP))
        self.assertEqual(message_from(self.listener)["sequence"], JUMP)
        self.assert_the_writer_is_heard(2, 60)
        info = self.reader.info()
        self.assertEqual((info["received"], info["repeats"], info["lost"]), (61, 0, 0))
        self.assertEqual(len(info["by_sender"]), 2)

    def test_who_is_heard_before_the_writer_does_not_silence_it(self):
        self.listener.stop()
        self.listener = self.reader.listen()
        def is_first():
            self.ether.send(changed(self.seen, sequence=JUMP))
            return self.reader.info()["received"] > 0
        self.wait_until("the stranger is heard", is_first)
        self.assertEqual(message_from(self.listener)["sequence"], JUMP)
        self.assert_the_writer_is_heard(2, 60)

    def test_an_end_from_elsewhere_does_not_silence_the_writer(self):
        frame = bytearray(changed(self.seen, sequence=JUMP))
        frame[4] = 3  # Kind::end
        self.ether.send(bytes(frame))
        self.assert_the_writer_is_heard(2, 60)
        self.assertEqual(self.reader.info()["lost"], 0)

    def forge_at_home(self, frame):
        """Sends the frame from the writer's own machine and address, as another user could."""
        code = ("import socket, sys\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))\n"
                "s.sendto(bytes.fromhex(sys.argv[2]), ('239.255.71.38', int(sys.argv[3])))")
        address = f"10.{self.honest.net.number}.0.{self.honest.number}"
        subprocess.run([*self.honest.inside, sys.executable, "-c", code, address, frame.hex(), lab.PORT], check=True)

    def test_a_jump_from_the_writers_own_machine_does_not_silence_it(self):
        for jump in (50_000, JUMP):  # the first is as far as a writer can get at once
            self.forge_at_home(changed(self.seen, sequence=jump))
            self.assertEqual(message_from(self.listener)["sequence"], jump)
        self.assert_the_writer_is_heard(2, 60)
        info = self.reader.info()
        self.assertEqual((info["received"], info["repeats"], info["lost"]), (62, 0, 0))

    def test_a_writer_whose_address_comes_back_is_the_same_writer(self):
        interface = self.honest.interface
        for first in (2, 1500):
            self.honest.ip(f"address flush dev {interface}")
            feed(self.writer, first)  # notices that there is no way out
            self.honest.up(interface)
            heard, last = self.until_heard(self.writer, self.listener, first + 1)
            for number in range(last + 1, first + 1400):
                feed(self.writer, number)
                heard.append(message_from(self.listener))
            self.assertEqual({m["origin"] for m in heard}, {heard[0]["origin"]})
        self.assertEqual(len(self.reader.info()["by_sender"]), 1)

    def test_small_steps_from_elsewhere_do_not_silence_the_writer(self):
        for sequence in range(1000, 50_000, 1000):
            self.ether.send(changed(self.seen, sequence=sequence))
            message_from(self.listener)
        for number in range(2, 60):
            feed(self.writer, number)
            self.assertEqual(message_from(self.listener)["sequence"], number)


if __name__ == "__main__":
    lab.main()
