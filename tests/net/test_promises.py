# SPDX-License-Identifier: Apache-2.0
"""What skep promises and a cached datapath cannot: barriers are exact, and packets do not need skepd."""
import os
import threading
import time

import of13
import pytest
from skepnet import wait_until
from scapy.layers.l2 import Ether

FRAME = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02', type=0x88b5) / (b'x' * 46))
ROUNDS = int(os.environ.get('SKEP_BARRIER_ROUNDS', '10000'))


def numbered(i):
    return FRAME[:14] + i.to_bytes(4, 'big') + FRAME[18:]


def test_a_packet_right_after_the_barrier_reply_is_treated_by_the_new_rule(sw):
    """Flow-mod, barrier, and at once a packet: 10,000 times."""
    wrong = 0
    with of13.Connection(sw.mgmt) as conn:
        for i in range(ROUNDS):
            port = 2 + i % 2
            errors = conn.barrier(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(port))))
            assert not errors
            sw.wires[1].send(numbered(i))
            if sw.wires[port].recv(0.2) != numbered(i):
                wrong += 1
                for wire in sw.wires.values():
                    wire.drain()
    assert wrong == 0, f'{wrong} of {ROUNDS} packets went by the old rule'


def test_deleted_rule_is_gone_when_the_barrier_reply_comes(sw):
    with of13.Connection(sw.mgmt) as conn:
        for i in range(ROUNDS // 10):
            conn.barrier(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(2))),
                         of13.flow_mod(of13.match(in_port=1), command=of13.DELETE, table=255))
            sw.wires[1].send(numbered(i))
            conn.barrier(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(3))))
            sw.wires[1].send(numbered(i))
            assert sw.wires[3].recv() == numbered(i)
        assert sw.wires[2].drain() == []


class Traffic:
    """Sends numbered frames from port 1 all the time, each after the one before has come out of port 2."""

    def __init__(self, switch):
        self.switch = switch
        self.lost = []
        self.n = 0
        self.stopping = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stopping:
            self.switch.wires[1].send(numbered(self.n))
            if self.switch.wires[2].recv(1) != numbered(self.n):
                self.lost.append(self.n)
            self.n += 1

    def more(self, n=200):
        goal = self.n + n
        wait_until(lambda: self.n >= goal, 20, f'{n} frames more')

    def stop(self):
        self.stopping = True
        self.thread.join()


@pytest.mark.skep_only
@pytest.mark.parametrize('how', ['kill -9', 'TERM'])
def test_forwarding_goes_on_without_skepd_and_a_new_one_has_the_flows_with_their_counters(switch, how):
    switch.ofctl('add-flows', '-', stdin='cookie=7,priority=5,in_port=1,actions=output:2\n'
                 'cookie=8,table=4,priority=6,tcp,tp_dst=80,idle_timeout=600,actions=set_field:1.2.3.4->ip_dst,output:3\n')
    traffic = Traffic(switch)
    daemon = None
    try:
        traffic.more()
        before = switch.flows()
        if how == 'TERM':
            switch.end_daemon()
        else:
            switch.kill9()
        traffic.more(1000)
        daemon = switch.start_daemon()
        traffic.more()
        after = switch.flows()
        traffic.more()
    finally:
        traffic.stop()
    assert traffic.lost == []
    assert [(f['cookie'], f['table'], f['match'], f['actions']) for f in after] == \
           [(f['cookie'], f['table'], f['match'], f['actions']) for f in before]
    first = [f for f in after if f['cookie'] == 7][0]
    assert first['n_packets'] >= 1200
    assert first['duration'] >= before[0]['duration']
    last, = switch.flows('cookie=7/-1')
    assert last['n_packets'] == traffic.n
    # The new one is in charge: a change takes effect.
    switch.ofctl('mod-flows', 'in_port=1,actions=output:3')
    switch.wires[1].send(FRAME)
    assert switch.wires[3].recv() == FRAME
    switch.stop()
    assert daemon is None or daemon.wait(10) is not None


@pytest.mark.skep_only
def test_a_flow_mod_between_two_packets_is_seen_whole(sw):
    """A rule that sends to 2 and 3 is replaced by one that sends to neither but LOCAL... packets see one or the other."""
    def rule(*ports):
        return of13.flow_mod(of13.match(in_port=1), of13.apply_actions(*(of13.output(p) for p in ports)))
    stop = threading.Event()

    def write():
        with of13.Connection(sw.mgmt) as conn:
            while not stop.is_set():
                conn.barrier(rule(2, 3))
                conn.barrier(rule())
    writer = threading.Thread(target=write)
    writer.start()
    got, n_sent, deadline = {2: [], 3: []}, 0, time.monotonic() + 30
    try:
        # Until both rules were met, which is up to who gets the CPU; in handfuls, since a wire holds so many.
        while (n_sent < 5000 or not 0 < len(got[2]) < n_sent) and time.monotonic() < deadline:
            for n_sent in range(n_sent + 1, n_sent + 101):
                sw.wires[1].send(numbered(n_sent))
            for port, frames in got.items():
                frames += sw.wires[port].drain()
    finally:
        stop.set()
        writer.join()
    with of13.Connection(sw.mgmt) as conn:
        assert not conn.barrier(rule(2, 3))
    sw.wires[1].send(FRAME)             # behind all others
    for port, frames in got.items():
        while not frames or frames[-1] != FRAME:
            frame = sw.wires[port].recv(5)
            assert frame is not None
            frames.append(frame)
    assert got[2] == got[3] and 1 < len(got[2]) < n_sent


@pytest.mark.skep_only
def test_stop_leaves_nothing_behind(make_switch):
    switch = make_switch()
    switch.wire_ports()
    switch.start()
    switch.ofctl('add-flow', 'in_port=1,actions=2')
    switch.stop()
    links = switch.ns.ip('-o', 'link').stdout
    assert f' {switch.bridge}:' not in links and f' {switch.bridge}@' not in links
    for i in range(1, 4):
        assert 'bpf' not in switch.ns.run(['tc', 'filter', 'show', 'dev', switch.port_name(i), 'ingress']).stdout
        assert 'prog/' not in switch.ns.ip('-d', 'link', 'show', switch.port_name(i)).stdout
    assert not os.path.ismount(f'{switch.dir}/bpf')
    switch.wires[1].send(FRAME)
    assert switch.wires[2].recv(0.1) is None


def test_instances_run_side_by_side(make_switch):
    one, two = make_switch(), make_switch()
    for it in (one, two):
        it.wire_ports()
        it.start()
    one.ofctl('add-flow', 'in_port=1,actions=2')
    two.ofctl('add-flow', 'in_port=1,actions=3')
    for it, port in ((one, 2), (two, 3)):
        it.wires[1].send(FRAME)
        assert it.wires[port].recv() == FRAME
    one.stop()
    two.wires[1].send(FRAME)
    assert two.wires[3].recv() == FRAME
