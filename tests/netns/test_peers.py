"""Networks without multicast: messages to many reach the machines named in the configuration by their addresses."""

import lab
from lab import EVERYBODY, messages_from, stream

COUNT = 200


class StaticPeers(lab.LabTest):
    def machines_without_multicast(self, ipv4=True, ipv6=False):
        """Returns machines. A knows B by an address, C by a name in its hosts file, and itself. A does not know D."""
        net = self.network()
        n = net.number
        address = f"10.{n}.0." if ipv4 else f"fd00:{n}::"
        config = (f'unicast_peers = true\n[peers]\nA = "{address}1"\nB = "{address}2"\nC = "c.example"\n')
        a = self.machine("A", 1, net, ipv4, ipv6, config=config, hosts=f"{address}3 c.example\n")
        b = self.machine("B", 2, net, ipv4, ipv6, config='domains = ["LAB"]\n')
        others = [self.machine(name, number, net, ipv4, ipv6) for name, number in (("C", 3), ("D", 4))]
        for machine in (a, b, *others):
            machine.ip(f"link set {machine.interface} multicast off")
        return a, b, *others

    def check(self, **families):
        a, b, c, d = self.machines_without_multicast(**families)
        listeners = [machine.listen() for machine in (a, b, c, d)]
        a.put(EVERYBODY, stdin=stream(1, COUNT))
        for listener in listeners[:3]:
            self.assert_whole(messages_from(listener, COUNT), COUNT)
        a.put("//LAB/mailslot/IN", "to the domain")
        self.assert_next_is(listeners[1], "to the domain")
        a.put(EVERYBODY, "marker")
        for listener in listeners[:3]:
            self.assert_next_is(listener, "marker")
        self.wait_for_info(b, received=COUNT + 2, repeats=0, lost=0)
        d.put("IN", "alone")
        self.assert_next_is(listeners[3], "alone")

    def test_everybody_and_a_domain_reach_peers_by_ipv4(self):
        self.check()

    def test_everybody_and_a_domain_reach_peers_by_ipv6(self):
        self.check(ipv4=False, ipv6=True)

    def test_who_hears_the_group_too_drops_the_copy(self):
        net = self.network()
        a = self.machine("A", 1, net, config=f'unicast_peers = true\n[peers]\nB = "10.{net.number}.0.2"\n')
        b = self.machine("B", 2, net)
        listener = b.listen()
        a.put(EVERYBODY, stdin=stream(1, COUNT))
        self.assert_whole(messages_from(listener, COUNT), COUNT)
        self.wait_for_info(b, received=COUNT, repeats=2 * COUNT, lost=0)


if __name__ == "__main__":
    lab.main()
