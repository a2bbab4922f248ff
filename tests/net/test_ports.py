# SPDX-License-Identifier: Apache-2.0
"""Ports and timeouts as a controller sees them."""
import re
import struct

import of13
import pytest
from skepnet import Wire, wait_until
from scapy.layers.l2 import Ether

FRAME = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02', type=0x88b5) / (b'x' * 46))
PORT_DOWN, NO_RECV, NO_FWD, NO_PACKET_IN = 1, 4, 32, 64
LINK_DOWN, BLOCKED, LIVE = 1, 2, 4


def ports(conn):
    """Port number -> (hw_addr, name, config, state)."""
    found = {}
    conn.send(of13.multipart(13))
    body = conn.recv_kind(of13.MULTIPART_REPLY)[8:]
    for at in range(0, len(body), 64):
        number, addr, name, config, state = struct.unpack('!I4x6s2x16sII', body[at:at + 40])
        found[number] = addr, name.rstrip(b'\0').decode(), config, state
    return found


def ask_for_events(conn):
    """Has every asynchronous message sent. Open vSwitch waits for a miss_send_len on its management socket."""
    assert conn.barrier(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 0xffff)),
                        of13.message(of13.SET_ASYNC, struct.pack('!IIIIII', 7, 7, 7, 7, 15, 15))) == []


def port_mod(number, addr, config, mask):
    return of13.message(of13.PORT_MOD, struct.pack('!I4x6s2xIII4x', number, addr, config, mask, 0))


def test_port_desc_lists_ports_and_local(sw):
    with of13.Connection(sw.mgmt) as conn:
        found = ports(conn)
    assert set(found) == {1, 2, 3, of13.LOCAL}
    assert [found[i][1] for i in (1, 2, 3)] == [sw.port_name(i) for i in (1, 2, 3)]
    assert found[of13.LOCAL][1] == sw.bridge
    assert all(found[i][3] & LINK_DOWN == 0 for i in (1, 2, 3))


def test_link_changes_come_as_port_status(sw):
    with of13.Connection(sw.mgmt) as conn:
        ask_for_events(conn)
        sw.far.ip('link', 'set', 't3', 'down')
        try:
            while True:
                body = conn.recv_kind(of13.PORT_STATUS)
                number, state = struct.unpack('!8xI32xI', body[:48])
                if number == 3 and state & LINK_DOWN:
                    break
        finally:
            sw.far.ip('link', 'set', 't3', 'up')
        wait_until(lambda: not ports(conn)[3][3] & LINK_DOWN, what='link of port 3 up again')


def test_port_mod_no_fwd_and_port_down(sw):
    sw.ofctl('add-flow', 'in_port=1,actions=2,3')
    with of13.Connection(sw.mgmt) as conn:
        addr = ports(conn)[2][0]
        for bit in (NO_FWD, PORT_DOWN):
            assert conn.barrier(port_mod(2, addr, bit, bit)) == []
            assert ports(conn)[2][2] == bit
            sw.wires[1].send(FRAME)
            assert sw.wires[3].recv() == FRAME
            assert sw.wires[2].recv(0.05) is None
            assert conn.barrier(port_mod(2, addr, 0, bit)) == []
        # OFPPC_PORT_DOWN may have taken the interface down: its link needs a moment to come back.

        def goes_through():
            sw.wires[1].send(FRAME)
            return sw.wires[2].recv(0.1) == FRAME
        wait_until(goes_through, what='port 2 forwards again')


def test_port_mod_no_recv(sw):
    sw.ofctl('add-flow', 'in_port=1,actions=2')
    with of13.Connection(sw.mgmt) as conn:
        addr = ports(conn)[1][0]
        assert conn.barrier(port_mod(1, addr, NO_RECV, NO_RECV)) == []
        sw.wires[1].send(FRAME)
        assert conn.barrier(port_mod(1, addr, 0, NO_RECV)) == []
        sw.wires[1].send(FRAME)
        assert sw.wires[2].recv() == FRAME
        assert sw.wires[2].recv(0.05) is None


def test_port_mod_refuses_a_wrong_port_or_address(sw):
    with of13.Connection(sw.mgmt) as conn:
        (_, _, body), = conn.barrier(port_mod(77, bytes(6), 0, NO_FWD))
        assert body[:4] == bytes([0, 7, 0, 0])      # OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_PORT
        (_, _, body), = conn.barrier(port_mod(1, b'\x02\x09\x09\x09\x09\x09', 0, NO_FWD))
        assert body[:4] == bytes([0, 7, 0, 1])      # OFPPMFC_BAD_HW_ADDR


def test_port_mod_refuses_to_advertise_what_the_interface_cannot(sw):
    with of13.Connection(sw.mgmt) as conn:
        mod = bytearray(port_mod(1, ports(conn)[1][0], NO_FWD, NO_FWD))
        mod[8 + 24:8 + 28] = struct.pack('!I', 1 << 5)      # OFPPF_1GB_FD
        (_, _, body), = conn.barrier(bytes(mod))
        assert body[:4] == bytes([0, 7, 0, 3])      # OFPPMFC_BAD_ADVERTISE
        assert ports(conn)[1][2] == 0, 'nothing of it was done'


@pytest.mark.skep_only
def test_a_dormant_port_is_blocked(sw):
    """802.1X has not let it in yet: the link is there, but not to be used."""
    dev = sw.port_name(3)
    with of13.Connection(sw.mgmt) as conn:
        assert ports(conn)[3][3] == LIVE
        sw.ns.ip('link', 'set', dev, 'mode', 'dormant')
        try:
            sw.far.ip('link', 'set', 't3', 'down')
            wait_until(lambda: ports(conn)[3][3] == LINK_DOWN, what='link of port 3 down')
            sw.far.ip('link', 'set', 't3', 'up')
            wait_until(lambda: ports(conn)[3][3] == BLOCKED, what='port 3 is blocked')
        finally:
            sw.ns.ip('link', 'set', dev, 'mode', 'default')
            sw.far.ip('link', 'set', 't3', 'down')
            sw.far.ip('link', 'set', 't3', 'up')
        wait_until(lambda: ports(conn)[3][3] == LIVE, what='port 3 live again')


@pytest.mark.parametrize('kind', ['idle', 'hard'])
def test_timeouts_end_flows_and_say_so(sw, kind):
    with of13.Connection(sw.mgmt) as conn:
        ask_for_events(conn)
        assert conn.barrier(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(2)), cookie=0x77,
                                          flags=of13.SEND_FLOW_REM, **{kind: 1})) == []
        sw.wires[1].send(FRAME)
        assert sw.wires[2].recv() == FRAME
        body = conn.recv_kind(of13.FLOW_REMOVED)
    cookie, priority, reason, _, sec, _, idle, hard, packets, n_bytes = struct.unpack('!QHBBIIHHQQ', body[:40])
    assert (cookie, priority, reason) == (0x77, 100, 0 if kind == 'idle' else 1)
    assert (packets, n_bytes) == (1, len(FRAME))
    assert sec >= 1 and (idle, hard) == ((1, 0) if kind == 'idle' else (0, 1))
    assert sw.flows() == []


def test_idle_timeout_waits_while_packets_come(sw):
    sw.ofctl('add-flows', '-', stdin='cookie=1,in_port=1,idle_timeout=1,actions=2\ncookie=2,in_port=2,hard_timeout=3,actions=1\n')

    def second_gone():
        sw.wires[1].send(FRAME)
        return [f['cookie'] for f in sw.flows()] == [1]
    wait_until(second_gone, what='the hard timeout, with the idle one waiting')
    wait_until(lambda: sw.flows() == [], what='the idle timeout')


@pytest.mark.skep_only
def test_packets_reach_the_host_through_local_and_leave_through_it(make_switch):
    switch = make_switch()
    switch.host_ports()
    switch.start()
    switch.ns.ip('addr', 'add', '10.0.0.9/24', 'dev', switch.bridge)
    switch.ns.ip('link', 'set', switch.bridge, 'up')
    switch.ofctl('add-flows', '-', stdin='in_port=1,actions=LOCAL\nin_port=LOCAL,actions=1\n')
    done = switch.hosts[1].run(['ping', '-q', '-c', '3', '-i', '0.05', '-W', '3', '10.0.0.9'], check=False)
    assert '3 received' in done.stdout


@pytest.mark.skep_only
def test_ports_come_and_go_with_skepctl(sw):
    sw.ns.ip('link', 'add', 'extra', 'type', 'veth', 'peer', 'name', 'other')
    try:
        sw.skepctl('add-port', sw.bridge, 'extra', 'ofport=9')
        with of13.Connection(sw.mgmt) as conn:
            assert ports(conn)[9][1] == 'extra'
        sw.skepctl('del-port', sw.bridge, 'extra')
        with of13.Connection(sw.mgmt) as conn:
            assert 9 not in ports(conn)
        assert sw.skepctl('del-port', sw.bridge, 'extra', check=False).returncode == 1
        assert sw.skepctl('add-port', sw.bridge, 'nosuchdev', check=False).returncode in (0, 1)
    finally:
        sw.skepctl('del-port', sw.bridge, 'nosuchdev', check=False)
        sw.ns.ip('link', 'del', 'extra')


class Late:
    """A veth pair 'late' in the switch's namespace that tests make and remove; its far end is received on as a Wire."""

    def __init__(self, switch):
        self.switch = switch
        self.wire = None

    def make(self, name='late'):
        self.close()
        self.switch.ns.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'latefar', 'netns', self.switch.far.name)
        self.switch.ns.ip('link', 'set', name, 'up')
        self.switch.far.ip('link', 'set', 'latefar', 'up')
        self.wire = Wire(self.switch.far, 'latefar')

    def close(self):
        if self.wire:
            self.wire.close()
        self.wire = None

    def is_joined(self):
        """Whether frames cross both ways between port 1 and the late port."""
        self.switch.wires[1].drain()
        self.wire.drain()
        self.switch.wires[1].send(FRAME)
        self.wire.send(FRAME)
        return self.wire.recv(0.1) == FRAME and self.switch.wires[1].recv(0.1) == FRAME

    def is_gone(self):
        show = self.switch.skepctl('show').stdout
        return re.search(r'Port late\n\s+ofport: 9\n\s+state: absent\n\s+error: no such interface\n', show)


@pytest.fixture
def late(switch):
    """The switch has a port 9, 'late', whose interface is not there yet, and rules between it and port 1."""
    it = Late(switch)
    switch.ofctl('add-flows', '-', stdin='in_port=1,actions=9\nin_port=9,actions=1\n')
    switch.skepctl('add-port', switch.bridge, 'late', 'ofport=9')
    yield it
    it.close()


@pytest.mark.skep_only
def test_a_port_appears_later_vanishes_and_comes_back_and_controllers_are_told(switch, late):
    def told(conn):
        reason, number = struct.unpack('!B7xI', conn.recv_kind(of13.PORT_STATUS)[:12])
        return reason if number == 9 else told(conn)

    def told_last_of(conn, wanted):
        return next(reason for reason in iter(lambda: told(conn), None) if reason == wanted)
    added, deleted = 0, 1
    assert late.is_gone()
    with of13.Connection(switch.mgmt) as conn:
        ask_for_events(conn)
        assert 9 not in ports(conn)
        for _ in range(3):
            late.make()
            assert told_last_of(conn, added) == added
            wait_until(late.is_joined, what='traffic with the port that came')
            switch.ns.ip('link', 'del', 'late')
            assert told_last_of(conn, deleted) == deleted
            assert 9 not in ports(conn)
    assert len(switch.flows()) == 2
    assert late.is_gone()


@pytest.mark.skep_only
def test_a_port_is_found_by_name_through_renames_and_namespaces(switch, late):
    late.make('other')
    switch.ns.ip('link', 'set', 'other', 'down')
    switch.ns.ip('link', 'set', 'other', 'name', 'late', 'up')
    wait_until(late.is_joined, what='traffic after the interface got the name')
    switch.ns.ip('link', 'set', 'late', 'down')
    switch.ns.ip('link', 'set', 'late', 'name', 'other', 'up')
    wait_until(late.is_gone, what='the port waits again')
    assert not late.is_joined()
    switch.ns.ip('link', 'set', 'other', 'down')
    switch.ns.ip('link', 'set', 'other', 'name', 'late', 'up')
    wait_until(late.is_joined, what='traffic after the name came back')
    switch.ns.ip('link', 'set', 'late', 'netns', switch.far.name)
    wait_until(late.is_gone, what='the port waits while its interface is elsewhere')
    switch.far.ip('link', 'set', 'late', 'netns', switch.ns.name)
    switch.ns.ip('link', 'set', 'late', 'up')
    wait_until(late.is_joined, what='traffic after the interface came back')


@pytest.mark.skep_only
def test_a_port_that_came_back_while_skepd_was_dead_is_attached_by_the_next(switch, late):
    late.make()
    wait_until(late.is_joined, what='traffic')
    switch.kill9()
    assert late.is_joined()
    switch.ns.ip('link', 'del', 'late')
    late.make()
    assert not late.is_joined()
    switch.start_daemon()
    wait_until(late.is_joined, what='traffic with the new interface')


@pytest.mark.skep_only
def test_a_port_that_flaps_forwards_in_the_end(switch, late):
    for _ in range(20):
        switch.ns.run(['sh', '-c', 'ip link add late type veth peer name x && ip link set late up && ip link del late'])
    late.make()
    wait_until(late.is_joined, what='traffic after the flapping')
    assert switch.skepctl('show').stdout.count('Port late') == 1
