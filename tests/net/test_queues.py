# SPDX-License-Identifier: Apache-2.0
"""Queues: those that the kernel's traffic classes are, what OpenFlow says of them, and that set_queue chooses one."""
import re
import struct

import of13
import pytest
from skepnet import wait_until
from scapy.layers.l2 import Ether

FRAME = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02', type=0x88b5) / (b'x' * 86))
NONE = 0xffff


@pytest.fixture
def queued(sw):
    """The switch with queues 0, 1 and 10 at port 2, as Open vSwitch's linux-htb would have made them."""
    def tc(*args):
        sw.ns.run(['tc', *args])
    dev = sw.port_name(2)
    tc('qdisc', 'add', 'dev', dev, 'root', 'handle', '1:', 'htb', 'default', '1')
    try:
        tc('class', 'add', 'dev', dev, 'parent', '1:', 'classid', '1:fffe', 'htb', 'rate', '10gbit')
        for minor, rate, ceil in ((1, '1gbit', '10gbit'), (2, '100mbit', '2500mbit'), (0xb, '5gbit', '5gbit')):
            tc('class', 'add', 'dev', dev, 'parent', '1:fffe', 'classid', f'1:{minor:x}', 'htb', 'rate', rate, 'ceil', ceil)
        yield sw
    finally:
        tc('qdisc', 'del', 'dev', dev, 'root')


def configured(conn, port):
    """Queue -> (port, min rate, max rate)."""
    conn.send(of13.message(of13.QUEUE_REQUEST, struct.pack('!I4x', port)))
    body = conn.recv_kind(of13.QUEUE_REPLY)
    assert struct.unpack('!I', body[:4]) == (port,)
    found, at = {}, 8
    while at < len(body):
        queue, number, length = struct.unpack('!IIH', body[at:at + 10])
        rates, end, at = {}, at + length, at + 16
        while at < end:
            kind, size, rate = struct.unpack('!HH4xH', body[at:at + 10])
            rates[kind] = rate
            at += size
        found[queue] = number, rates.get(1, NONE), rates.get(2, NONE)
    return found


def statistics(conn, port, queue):
    """Queue -> (port, bytes, packets, errors), or the error."""
    conn.send(of13.multipart(5, struct.pack('!II', port, queue)))
    kind, _, body = conn.recv()
    if kind == of13.ERROR:
        return struct.unpack('!HH', body[:4])
    found = {}
    for at in range(8, len(body), 40):
        number, queue, size, n, errors = struct.unpack('!IIQQQ', body[at:at + 32])
        found[queue] = number, size, n, errors
    return found


@pytest.mark.skep_only
def test_queues_are_the_classes_with_their_rates(queued):
    with of13.Connection(queued.mgmt) as conn:
        # In tenths of a percent of 10 Gb/s; the class that the others share is no queue.
        assert configured(conn, 2) == {0: (2, 100, 1000), 1: (2, 10, 250), 10: (2, 500, 500)}
        assert configured(conn, of13.ANY) == configured(conn, 2)
        assert configured(conn, 1) == {}
    out = queued.ofctl('queue-get-config', '2').stdout
    assert re.search(r'queue 10:? .*min_rate:50\.0% max_rate:50\.0%', out), out


def test_ports_and_queues_that_are_not_there(queued):
    with of13.Connection(queued.mgmt) as conn:
        assert statistics(conn, 99, 0xffffffff) == (9, 0), 'OFPQOFC_BAD_PORT'
        assert statistics(conn, 2, 5) == (9, 1), 'OFPQOFC_BAD_QUEUE'
        assert statistics(conn, 1, 0) == (9, 1)
        assert statistics(conn, of13.ANY, 5) == (9, 1)
        assert statistics(conn, 1, 0xffffffff) == {}
        (kind, _, body), = conn.barrier(of13.message(of13.QUEUE_REQUEST, struct.pack('!I4x', 99)))
        assert (kind, body[:4]) == (of13.ERROR, struct.pack('!HH', 9, 0))


@pytest.mark.skep_only
def test_set_queue_chooses_the_class_and_it_is_counted(queued):
    queued.ofctl('add-flow', 'in_port=1,actions=set_queue:10,output:2')
    queued.ofctl('add-flow', 'in_port=3,actions=output:2')
    for port, n in ((1, 5), (3, 2)):
        for _ in range(n):
            queued.wires[port].send(FRAME)
    for _ in range(7):
        assert queued.wires[2].recv() == FRAME
    with of13.Connection(queued.mgmt) as conn:
        wait_until(lambda: statistics(conn, 2, 10)[10] == (2, 5 * len(FRAME), 5, 0), what='queue 10 counts')
        found = statistics(conn, 2, 0xffffffff)
        assert set(found) == {0, 1, 10}
        assert found[0][2] == 2, 'the default'
        assert found[1][2] == 0
        assert statistics(conn, of13.ANY, 10) == {10: found[10]}
    assert re.search(r'queue 10: bytes=500, pkts=5, errors=0', queued.ofctl('queue-stats', '2').stdout)


@pytest.mark.skep_only
def test_a_queue_that_is_full_counts_its_losses(queued):
    dev = queued.port_name(2)
    queued.ns.run(['tc', 'class', 'change', 'dev', dev, 'parent', '1:fffe', 'classid', '1:2', 'htb', 'rate', '8kbit', 'ceil', '8kbit',
                   'burst', '1', 'cburst', '1'])
    queued.ns.run(['tc', 'qdisc', 'add', 'dev', dev, 'parent', '1:2', 'pfifo', 'limit', '2'])
    queued.ofctl('add-flow', 'in_port=1,actions=set_queue:1,output:2')
    with of13.Connection(queued.mgmt) as conn:
        for _ in range(50):
            queued.wires[1].send(FRAME)
        wait_until(lambda: statistics(conn, 2, 1)[1][3] > 30, what='losses are counted')
