# SPDX-License-Identifier: Apache-2.0
"""skepd is killed in the middle of a storm of flow-mods, while each packet is the first of its flow: none is lost, and what a barrier
acknowledged is there.

SKEP_ROW=1 tests/net/run -s -k storm     a hundred times, and growth to a million flows; else a few times, and to sixty thousand (emulated: ten thousand)
"""
import os
import random
import struct
import threading
import time

import of13
import pytest
import shut_up
from skepnet import IS_EMULATED, wait_until

pytestmark = pytest.mark.skep_only
ROW = bool(os.environ.get('SKEP_ROW'))
RATE = 100 if IS_EMULATED else 1000     # probes per second
MASKS = 5


class Probes:
    """Sends UDP packets from port 1, each of a flow of its own, and counts what comes out of port 2."""

    def __init__(self, switch):
        self.switch = switch
        self.n_sent = 0
        self.seen = set()
        self.stopping = False
        self.threads = [threading.Thread(target=f) for f in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def frame(n):
        """Of 10.0.0.0 + n, number n in its payload."""
        ip = struct.pack('!BBHHHBBHII', 0x45, 0, 46, 0, 0, 64, 17, 0, 0x0a000000 + n, 0x0b000001)
        total = sum(struct.unpack('!10H', ip))
        total = (total & 0xffff) + (total >> 16)
        ip = ip[:10] + struct.pack('!H', ~(total + (total >> 16)) & 0xffff) + ip[12:]
        return bytes.fromhex('020000000002020000000001' '0800') + ip + struct.pack('!HHHHQ', 1024 + n % 60000, 53, 26, 0, n) + bytes(10)

    def send(self):
        due = time.monotonic()
        while not self.stopping:
            self.switch.wires[1].send(self.frame(self.n_sent))
            self.n_sent += 1
            due = max(due + 1 / RATE, time.monotonic() - 0.01)
            time.sleep(max(0, due - time.monotonic()))

    def receive(self):
        quiet = 0
        while quiet < 3:
            frame = self.switch.wires[2].recv(0.3)
            quiet = quiet + 1 if self.stopping and frame is None else 0
            if frame is not None and len(frame) >= 50:
                self.seen.add(struct.unpack('!Q', frame[42:50])[0])

    def more(self, n=200):
        goal = self.n_sent + n
        wait_until(lambda: self.n_sent >= goal, what=f'{n} probes more')

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def lost(self):
        return sorted(set(range(self.n_sent)) - self.seen)


def storm_match(n):
    """Of the n-th flow, which no probe meets."""
    return [lambda: of13.match(eth_type=0x0800, ipv4_dst=0x0c000000 + n), lambda: of13.match(eth_type=0x0800, ipv4_src=0x0c000000 + n),
            lambda: of13.match(eth_dst=0x060000000000 + n), lambda: of13.match(eth_src=0x060000000000 + n),
            lambda: of13.match(eth_type=0x0800, ip_proto=6, ipv4_dst=0x0c000000 + n, tcp_dst=n % 65536)][n % MASKS]()


ACTS = of13.apply_actions(of13.output(3))


def add(n):
    return of13.flow_mod(storm_match(n), ACTS, priority=50, cookie=n + 1)


def delete(n):
    return of13.flow_mod(storm_match(n), command=of13.DELETE_STRICT, priority=50)


def dump(switch):
    """Cookies but the probes', and how many packets the probes' flow counted."""
    cookies, packets = set(), None
    with of13.Connection(switch.mgmt, timeout=30) as conn:
        conn.send(of13.multipart(1, of13.flow_stats_body()))
        more = True
        while more:
            body = conn.recv_kind(of13.MULTIPART_REPLY)
            more, at = body[3], 8
            while at < len(body):
                cookie, n_packets = struct.unpack('!QQ', body[at + 24:at + 40])
                if cookie == PROBES:
                    packets = n_packets
                else:
                    cookies.add(cookie)
                at += struct.unpack('!H', body[at:at + 2])[0]
    return cookies, packets


PROBES = 2**40


class Storm(threading.Thread):
    """Adds and deletes flows at random until the connection breaks. 'acked' are the flows after the last barrier's reply; 'changing' those that
    were on their way."""

    def __init__(self, switch, flows, seed):
        super().__init__()
        self.switch = switch
        self.rng = random.Random(seed)
        self.acked = set(flows)
        self.changing = set()
        self.n_batches = 0

    def run(self):
        try:
            with of13.Connection(self.switch.mgmt) as conn:
                while True:
                    chosen = self.rng.sample(range(20000), self.rng.randrange(1, 400))
                    after = self.acked ^ {n + 1 for n in chosen}
                    self.changing = {n + 1 for n in chosen}
                    assert not conn.barrier(*(delete(n) if n + 1 in self.acked else add(n) for n in chosen))
                    self.acked, self.changing = after, set()
                    self.n_batches += 1
        except OSError:
            pass
        except EOFError:
            pass


@pytest.fixture(params=[''])
def switch(request, monkeypatch, make_switch):
    """The parameter: options of skepd."""
    monkeypatch.setenv('SKEPD_OPTS', request.param)
    switch = make_switch()
    switch.wire_ports()
    switch.start()
    with of13.Connection(switch.mgmt) as conn:
        assert not conn.barrier(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(2)), priority=1, cookie=PROBES))
    return switch


def test_a_kill_in_a_storm_of_flow_mods_loses_no_packet_and_nothing_acknowledged(switch):
    rng = random.Random(1)
    flows, counted, batches, daemons = set(), 0, 0, []
    probes = Probes(switch)
    try:
        for i in range(100 if ROW else 3 if IS_EMULATED else 5):
            storm = Storm(switch, flows, i)
            storm.start()
            time.sleep(rng.uniform(0.02, 4 if IS_EMULATED else 0.4))
            switch.kill9()
            storm.join(20)
            batches += storm.n_batches
            daemons.append(switch.start_daemon())
            flows, packets = dump(switch)
            assert flows - storm.changing == storm.acked - storm.changing
            assert packets >= counted
            counted = packets
    finally:
        probes.stop()
    print(f'{len(daemons)} kills in {batches} batches of flow-mods: {len(probes.lost())} of {probes.n_sent} probes lost')
    assert not probes.lost()
    assert dump(switch)[1] == probes.n_sent
    switch.end_daemon()
    daemons[-1].wait(10)


@pytest.mark.parametrize('switch', ['--min-flows 1024'], indirect=True)
def test_growth_under_way_loses_no_packet(switch):
    n = 1_000_000 if ROW else 10_000 if IS_EMULATED else 60_000
    probes = Probes(switch)
    try:
        with of13.Connection(switch.mgmt, timeout=60) as conn:
            for base in range(0, n, 5000):
                assert not conn.barrier(*(add(i) for i in range(base, base + 5000)))
    finally:
        probes.stop()
    flows, packets = dump(switch)
    print(f'{n} flows: {len(probes.lost())} of {probes.n_sent} probes lost')
    assert not probes.lost()
    assert len(flows) == n and packets == probes.n_sent
    assert switch.json('show')['bridges'][0]['datapath']['grown'] >= 2


@shut_up.on_another_kernel
def test_no_packet_is_lost_on_another_kernel():
    shut_up.pytest_there('test_storm.py', 2)
