# SPDX-License-Identifier: Apache-2.0
"""What the switch answers: roles, asynchronous configuration, and the error with its bytes for what it refuses."""
import contextlib
import os
import signal
import struct

import of13
import pytest
from skepnet import wait_until

pytestmark = pytest.mark.skep_only
LISTEN = 'ptcp:6653:127.0.0.1'
NOCHANGE, EQUAL, MASTER, SLAVE = range(4)
FRAME = bytes.fromhex('020000000002' '020000000001' '9000') + bytes(100)
MISS = of13.flow_mod(of13.match(), of13.apply_actions(of13.output(of13.CONTROLLER)), priority=0)


@pytest.fixture
def connect(sw):
    """Connects controllers, which are equal at first."""
    sw.skepctl('set-controller', 'br0', LISTEN)
    with contextlib.ExitStack() as stack:
        def new():
            with sw.ns.entered():
                return stack.enter_context(of13.Connection(('127.0.0.1', 6653)))
        yield new
    sw.skepctl('del-controller', 'br0')


def role(conn, which, generation=0):
    """The role and generation in the reply, or the error's type and code."""
    conn.send(of13.message(of13.ROLE_REQUEST, struct.pack('!I4xQ', which, generation)))
    while True:
        kind, _, body = conn.recv()
        if kind == of13.ROLE_REPLY:
            return struct.unpack('!I4xQ', body)
        if kind == of13.ERROR:
            return error(body)


def error(body):
    return struct.unpack('!HH', body[:4])


def refusals(conn, *messages):
    """The types and codes of the errors that 'messages' give."""
    return [error(body) for kind, _, body in conn.barrier(*messages) if kind == of13.ERROR]


def kinds(conn):
    return [kind for kind, _, _ in conn.barrier()]


def test_one_master_at_a_time(connect):
    one, two, three = connect(), connect(), connect()
    assert role(one, NOCHANGE) == (EQUAL, 2**64 - 1)
    assert role(one, MASTER, 7) == (MASTER, 7)
    assert role(two, MASTER, 8) == (MASTER, 8)
    assert role(one, NOCHANGE) == (SLAVE, 8)
    assert role(three, NOCHANGE) == (EQUAL, 8)
    assert role(one, MASTER, 7) == (11, 0), 'OFPRRFC_STALE'
    assert role(one, 9) == (11, 2), 'OFPRRFC_BAD_ROLE'
    assert role(one, EQUAL) == (EQUAL, 8)
    assert role(three, SLAVE, 2**63 + 7) == (SLAVE, 2**63 + 7), 'ahead, in the circular order'


def test_a_slave_changes_nothing(connect, sw):
    conn = connect()
    assert role(conn, SLAVE, 2**63 + 8)[0] == SLAVE
    acts = of13.apply_actions(of13.output(1))
    changes = [of13.flow_mod(of13.match(), acts), of13.packet_out(of13.CONTROLLER, [of13.output(1)], FRAME),
               of13.message(of13.PORT_MOD, struct.pack('!I4x6s2xIII4x', 1, bytes(6), 0, 0, 0)),
               of13.message(of13.GROUP_MOD, struct.pack('!HBxI', 2, 0, 1)),
               of13.message(of13.METER_MOD, struct.pack('!HHI', 2, 0, 1)),
               of13.message(of13.TABLE_MOD, struct.pack('!B3xI', 1, 0))]
    assert refusals(conn, *changes) == [(1, 10)] * len(changes), 'OFPBRC_IS_SLAVE'
    assert not sw.flows()
    assert sw.wires[1].recv(0.1) is None
    conn.send(of13.message(of13.FEATURES_REQUEST))
    assert conn.recv()[0] == of13.FEATURES_REPLY


def test_packet_ins_go_to_masters_and_equals_and_port_status_to_all(connect, sw):
    slave, equal = connect(), connect()
    assert role(slave, SLAVE, 2**63 + 9)[0] == SLAVE
    assert not refusals(equal, MISS)
    sw.wires[1].send(FRAME)
    body = equal.recv_kind(of13.PACKET_IN)
    assert body[:8] == struct.pack('!IHBB', of13.NO_BUFFER, len(FRAME), 0, 0) and body.endswith(FRAME)
    sw.ns.ip('link', 'set', sw.port_name(3), 'down')
    sw.ns.ip('link', 'set', sw.port_name(3), 'up')
    for conn in slave, equal:
        assert conn.recv()[0] == of13.PORT_STATUS
    assert set(kinds(slave)) <= {of13.PORT_STATUS}


def test_what_is_not_wanted_does_not_come(connect, sw):
    conn, other = connect(), connect()
    wanted = struct.pack('!6I', 0, 0, 7, 7, 0, 0)
    conn.send(of13.message(of13.SET_ASYNC, wanted), of13.message(of13.GET_ASYNC_REQUEST))
    assert conn.recv_kind(of13.GET_ASYNC_REPLY) == wanted
    assert not refusals(conn, MISS, of13.flow_mod(of13.match(in_port=9), flags=of13.SEND_FLOW_REM))
    sw.wires[1].send(FRAME)
    other.recv_kind(of13.PACKET_IN)
    assert not refusals(conn, of13.flow_mod(of13.match(in_port=9), command=of13.DELETE))
    assert other.recv()[0] == of13.FLOW_REMOVED
    assert not kinds(conn)


def test_a_tool_hears_of_packets_once_it_asks(sw, connect):
    controller = connect()
    with of13.Connection(sw.mgmt) as tool:
        assert not refusals(tool, MISS)
        sw.wires[1].send(FRAME)
        controller.recv_kind(of13.PACKET_IN)
        assert not kinds(tool)
        assert not refusals(tool, of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 1)))
        sw.wires[1].send(FRAME)
        assert tool.recv_kind(of13.PACKET_IN).endswith(FRAME)


def test_errors_carry_the_beginning_of_what_they_are_about(sw):
    bad = of13.flow_mod(of13.match(eth_type=0x800, ip_proto=6, tcp_dst=80, udp_dst=81), of13.apply_actions(of13.output(1)))
    with of13.Connection(sw.mgmt) as conn:
        (kind, xid, body), = conn.barrier(bad)
        assert (kind, xid) == (of13.ERROR, struct.unpack('!I', bad[4:8])[0])
        assert error(body) == (4, 9), 'OFPBMC_BAD_PREREQ'
        assert body[4:] == bad[:64]


def mp_flow(table):
    return of13.multipart(1, of13.flow_stats_body(table))


def port_mod(port, mac, config=0, mask=0):
    return of13.message(of13.PORT_MOD, struct.pack('!I4x6s2xIII4x', port, mac, config, mask, 0))


ACTS = of13.apply_actions(of13.output(1))
OVERLAP = of13.flow_mod(of13.match(in_port=1), ACTS, flags=2)
REFUSED = {
    'overlap': ((5, 3), [of13.flow_mod(of13.match(), ACTS), OVERLAP]),
    'table 255': ((5, 2), [of13.flow_mod(of13.match(), ACTS, table=255)]),
    'goto backwards': ((3, 2), [of13.flow_mod(of13.match(), struct.pack('!HHB3x', 1, 8, 3), table=3)]),
    'meter that is not there': ((12, 3), [of13.flow_mod(of13.match(), struct.pack('!HHI', 6, 8, 1))]),
    'port 0': ((2, 4), [of13.flow_mod(of13.match(), of13.apply_actions(of13.output(0)))]),
    'buffer of a packet-out': ((1, 8), [of13.message(of13.PACKET_OUT, struct.pack('!IIH6x', 5, 1, 0))]),
    'packet of 13 bytes': ((1, 12), [of13.packet_out(of13.CONTROLLER, [of13.output(1)], bytes(13))]),
    'in_port of a packet-out': ((1, 11), [of13.packet_out(0xfffffff0, [of13.output(1)], FRAME)]),
    'reassembly': ((10, 0), [of13.message(of13.SET_CONFIG, struct.pack('!HH', 2, 128))]),
    'statistics of port 99': ((1, 11), [of13.multipart(4, struct.pack('!I4x', 99))]),
    'queues of port 99': ((9, 0), [of13.message(of13.QUEUE_REQUEST, struct.pack('!I4x', 99))]),
    'a queue': ((9, 1), [of13.multipart(5, struct.pack('!II', 1, 3))]),
    'flows of table 254': ((1, 9), [mp_flow(254)]),
    'a meter that is not there': ((12, 3), [of13.multipart(9, struct.pack('!I4x', 3))]),
    'a group that is not there': ((6, 8), [of13.message(of13.GROUP_MOD, struct.pack('!HBxI', 1, 0, 1))]),
    'port-mod of port 99': ((7, 0), [port_mod(99, bytes(6))]),
    'port-mod with another address': ((7, 1), [port_mod(1, bytes(6))]),
    'an experimenter': ((1, 3), [of13.message(of13.EXPERIMENTER, struct.pack('!II', 0x2321, 1))]),
    'a reply': ((1, 1), [of13.message(of13.BARRIER_REPLY)]),
    'type 77': ((1, 1), [of13.message(77)]),
}


@pytest.mark.parametrize('what', REFUSED)
def test_refused(sw, what):
    expected, messages = REFUSED[what]
    with of13.Connection(sw.mgmt) as conn:
        assert refusals(conn, *messages) == [expected]


def test_a_flow_with_an_unknown_buffer_is_made_all_the_same(sw):
    mod = bytearray(of13.flow_mod(of13.match(in_port=2), ACTS))
    mod[8 + 24:8 + 28] = struct.pack('!I', 77)
    with of13.Connection(sw.mgmt) as conn:
        assert refusals(conn, bytes(mod)) == [(1, 8)], 'OFPBRC_BUFFER_UNKNOWN'
    assert len(sw.flows()) == 1


def test_two_bridges_keep_to_themselves(sw):
    sw.ns.ip('link', 'add', 'x1', 'type', 'veth', 'peer', 'name', 'x2')
    try:
        sw.skepctl('add-br', 'br1', 'datapath-id=00000000000000b1')
        assert 'x1 is' not in sw.skepctl('add-port', 'br1', 'x1', 'ofport=1').stderr
        assert sw.skepctl('add-port', 'br0', 'x1', check=False).returncode == 1
        with of13.Connection(sw.mgmt.replace('br0', 'br1')) as conn:
            assert not refusals(conn, of13.flow_mod(of13.match(in_port=1), ACTS))
            conn.send(of13.message(of13.FEATURES_REQUEST))
            assert conn.recv()[2][:8] == bytes.fromhex('00000000000000b1')
        assert not sw.flows()
    finally:
        sw.skepctl('del-br', 'br1', check=False)
        sw.ns.ip('link', 'del', 'x1')
    wait_until(lambda: 'br1' not in sw.ns.run(['ip', 'link']).stdout, what='br1 is gone')


def test_a_bridge_may_go_while_its_flows_are_dumped(sw):
    sw.skepctl('add-br', 'br1')
    with of13.Connection(sw.mgmt.replace('br0', 'br1')) as conn:
        for base in range(0, 20000, 1000):
            conn.barrier(*(of13.flow_mod(of13.match(eth_dst=base + i), ACTS) for i in range(1000)))
        conn.send(mp_flow(255))
        conn.recv_kind(of13.MULTIPART_REPLY)
        sw.skepctl('del-br', 'br1')
        with pytest.raises((EOFError, ConnectionResetError)):
            while True:
                conn.recv()
    assert 'br1' not in sw.skepctl('show').stdout


def test_a_deleted_local_interface_comes_back_with_its_address_on_hup(sw):
    before = sw.ns.run(['ip', '-o', 'link', 'show', 'br0']).stdout.split('link/ether ')[1].split()[0]
    sw.ns.ip('link', 'del', 'br0')
    wait_until(lambda: 'LOCAL' not in sw.ofctl('show').stdout, what='LOCAL is gone')
    os.kill(sw.pid, signal.SIGHUP)
    wait_until(lambda: 'LOCAL' in sw.ofctl('show').stdout, what='LOCAL is back')
    assert before in sw.ns.run(['ip', '-o', 'link', 'show', 'br0']).stdout
