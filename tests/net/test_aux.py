# SPDX-License-Identifier: Apache-2.0
"""Auxiliary connections (OF1.3.5 §6.3.8): opened after the main one and closed with it; a controller's role is one for all of them."""
import contextlib
import socket
import struct

import of13
import pytest
from skepnet import wait_until

pytestmark = pytest.mark.skep_only
EQUAL, MASTER, SLAVE = 1, 2, 3


class Peer(of13.Connection):
    """The controller's end of a connection that the switch dialled."""

    def __init__(self, listener):     # pylint: disable=super-init-not-called
        self.sock, _ = listener.accept()
        self.sock.settimeout(10)
        self.data = b''
        self.send(of13.message(of13.HELLO))
        assert self.recv()[0] == of13.HELLO

    def features(self):
        """The datapath id and the auxiliary id."""
        self.send(of13.message(of13.FEATURES_REQUEST))
        body = self.recv_kind(of13.FEATURES_REPLY)
        return body[:8].hex(), body[13]

    def role(self, which, generation=0):
        self.send(of13.message(of13.ROLE_REQUEST, struct.pack('!I4xQ', which, generation)))
        return struct.unpack('!I', self.recv_kind(of13.ROLE_REPLY)[:4])[0]

    def is_closed(self):
        try:
            while True:
                self.recv()
        except (EOFError, ConnectionError):
            return True


@pytest.fixture
def listener(sw):
    with sw.ns.entered():
        it = socket.create_server(('127.0.0.1', 6699))
    it.settimeout(10)
    yield it
    sw.skepctl('del-controller', 'br0')
    sw.skepctl('set-bridge', 'br0', 'aux-connections=0')
    it.close()


@pytest.fixture
def peers(sw, listener):
    """The main connection and two auxiliary ones, by auxiliary id."""
    sw.skepctl('set-bridge', 'br0', 'aux-connections=2')
    sw.skepctl('set-controller', 'br0', 'tcp:127.0.0.1:6699')
    with contextlib.ExitStack() as stack:
        main = stack.enter_context(Peer(listener))
        assert main.features() == (sw.dpid, 0)
        found = {0: main}
        for _ in range(2):
            peer = stack.enter_context(Peer(listener))
            dpid, number = peer.features()
            assert dpid == sw.dpid
            found[number] = peer
        assert sorted(found) == [0, 1, 2]
        yield found


def frame(n):
    return struct.pack('!6s6sH', n.to_bytes(6, 'big'), b'\x02\0\0\0\0\1', 0x9000) + bytes(50)


def test_none_is_opened_before_the_main_connection_is_up(sw, listener):
    sw.skepctl('set-bridge', 'br0', 'aux-connections=1')
    sw.skepctl('set-controller', 'br0', 'tcp:127.0.0.1:6699')
    sock, _ = listener.accept()     # and no hello
    with sock:
        listener.settimeout(0.3)
        with pytest.raises(socket.timeout):
            listener.accept()


def test_they_close_with_the_main_connection_and_come_back_with_it(peers, listener):
    peers[0].close()
    assert peers[1].is_closed() and peers[2].is_closed()
    with Peer(listener) as main:
        assert main.features()[1] == 0
        with Peer(listener) as one, Peer(listener) as two:
            assert {one.features()[1], two.features()[1]} == {1, 2}


def test_one_that_breaks_is_opened_again_and_the_others_stay(peers, listener):
    peers[2].close()
    with Peer(listener) as again:
        assert again.features()[1] == 2
    assert peers[0].barrier() == [] and peers[1].barrier() == []


def test_requests_are_answered_on_the_connection_that_they_came_by(peers, sw):
    acts = of13.apply_actions(of13.output(1))
    assert not peers[1].barrier(of13.flow_mod(of13.match(in_port=1), acts))
    (kind, xid, body), = peers[2].barrier(of13.flow_mod(of13.match(), acts, table=255, xid=77))
    assert (kind, xid, body[:4]) == (of13.ERROR, 77, struct.pack('!HH', 5, 2))
    assert peers[0].barrier() == [] and len(sw.flows()) == 1


def test_a_role_is_the_controllers_and_not_the_connections(peers):
    assert peers[1].role(SLAVE, 1) == SLAVE
    assert peers[0].role(0) == SLAVE
    mod = of13.flow_mod(of13.match(), of13.apply_actions(of13.output(1)))
    for peer in peers.values():
        (kind, _, body), = peer.barrier(mod)
        assert (kind, body[:4]) == (of13.ERROR, struct.pack('!HH', 1, 10)), 'OFPBRC_IS_SLAVE'
    assert peers[0].role(MASTER, 2) == MASTER
    assert peers[2].role(0) == MASTER


def test_packet_ins_are_spread_and_those_of_a_flow_stay_in_order(peers, sw):
    assert not peers[0].barrier(of13.flow_mod(of13.match(), of13.apply_actions(of13.output(of13.CONTROLLER)), priority=0))
    for round_ in range(3):
        for n in range(60):
            sw.wires[1].send(frame(n) + bytes([round_]))
    got = {}

    def is_all_here():
        for number, peer in peers.items():
            peer.sock.settimeout(0.01)
            with contextlib.suppress(TimeoutError):
                while True:
                    data = peer.recv_kind(of13.PACKET_IN)
                    got.setdefault(int.from_bytes(data[-65:-59], 'big'), []).append((number, data[-1]))
        return sum(map(len, got.values())) == 180
    wait_until(is_all_here, what='180 packet-ins')
    assert sorted(got) == list(range(60))
    for came in got.values():
        assert [r for _, r in came] == [0, 1, 2] and len({number for number, _ in came}) == 1, came
    assert {came[0][0] for came in got.values()} == {0, 1, 2}


def test_show_says_how_many_are_up(peers, sw):
    assert len(peers) == 3
    def n_up():
        return sw.json('show')['bridges'][0]['controllers'][0]['auxiliary_up']
    wait_until(lambda: n_up() == 2, what='two auxiliary connections')


def test_a_number_that_cannot_be_is_refused(sw):
    for value in ('9', '-1', 'x'):
        assert sw.skepctl('set-bridge', 'br0', f'aux-connections={value}', check=False).returncode
