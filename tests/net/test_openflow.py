# SPDX-License-Identifier: Apache-2.0
"""What a controller's author relies on: hellos, flow-mods, packet-ins and packet-outs as OpenFlow 1.3.5 has them."""
import struct

import of13
import pytest
from skepnet import run, wait_until

pytestmark = pytest.mark.skep_only
FRAME = bytes.fromhex('020000000002' '020000000001' '9000') + bytes(range(50))
MODIFY, MODIFY_STRICT, DELETE = of13.MODIFY, of13.MODIFY_STRICT, of13.DELETE
RESET_COUNTS, CHECK_OVERLAP = 4, 2


@pytest.fixture
def conn(sw):
    with of13.Connection(sw.mgmt) as it:
        yield it


def to(*ports):
    return of13.apply_actions(*map(of13.output, ports))


def write_actions(*actions):
    return b'\0\3' + of13.apply_actions(*actions)[2:]


def goto(table):
    return struct.pack('!HHB3x', 1, 8, table)


def refusals(came):
    return [struct.unpack('!HH', body[:4]) for kind, _, body in came if kind == of13.ERROR]


def bitmap(*words):
    return of13.pad8(struct.pack(f'!HH{len(words)}I', 1, 4 + 4 * len(words), *words))


def element(kind, body):
    return of13.pad8(struct.pack('!HH', kind, 4 + len(body)) + body)


HELLOS = {
    'version 4': (4, b'', True),
    'version 6 without a bitmap': (6, b'', True),
    'version 3 without a bitmap': (3, b'', False),
    'bitmap of 1 and 4': (1, bitmap(1 << 4 | 1 << 1), True),
    'bitmap of 6': (6, bitmap(1 << 6), False),
    'bitmap of 4 in two words': (6, bitmap(1 << 4, 1), True),
    'bitmap of 32': (6, bitmap(0, 1), False),
    'an unknown element before the bitmap': (6, element(9, b'ab') + bitmap(1 << 4), True),
    'an unknown element': (4, element(9, b'ab'), True),
}


@pytest.mark.parametrize('what', HELLOS)
def test_hello(sw, what):
    version, elements, agreed = HELLOS[what]
    with of13.Connection(sw.mgmt, hello=False) as conn:
        conn.send(of13.message(of13.HELLO, elements, version=version))
        assert conn.recv()[::2] == (of13.HELLO, bitmap(1 << 4))
        if agreed:
            assert conn.barrier() == []
        else:
            kind, _, body = conn.recv()
            assert kind == of13.ERROR and body[:4] == bytes(4) and b'version' in body
            with pytest.raises(EOFError):
                conn.recv()


def test_a_flow_added_again_keeps_its_counters_unless_told_to_reset_them(sw, conn):
    def flow():
        found, = sw.flows()
        return found['cookie'], found['n_packets'], found['actions']
    match = of13.match(in_port=1)
    conn.barrier(of13.flow_mod(match, to(2), cookie=1))
    for _ in range(3):
        sw.wires[1].send(FRAME)
        assert sw.wires[2].recv() == FRAME
    wait_until(lambda: flow() == (1, 3, 'output:2'), what='3 packets')
    conn.barrier(of13.flow_mod(match, to(3), cookie=2))
    assert flow() == (2, 3, 'output:3')
    assert refusals(conn.barrier(of13.flow_mod(match, to(2), flags=CHECK_OVERLAP))) == [(5, 3)]
    assert flow() == (2, 3, 'output:3')
    # A modification changes neither the cookie nor the counters.
    conn.barrier(of13.flow_mod(of13.match(), to(2), cookie=9, command=MODIFY))
    assert flow() == (2, 3, 'output:2')
    conn.barrier(of13.flow_mod(of13.match(), to(3), command=MODIFY, flags=RESET_COUNTS))
    assert flow() == (2, 0, 'output:3')


def test_a_modification_that_fits_nothing_adds_nothing(sw, conn):
    conn.barrier(of13.flow_mod(of13.match(in_port=1), to(2), priority=7))
    assert not refusals(conn.barrier(of13.flow_mod(of13.match(in_port=1), to(3), command=MODIFY_STRICT, priority=8),
                                     of13.flow_mod(of13.match(in_port=2), to(3), command=MODIFY),
                                     of13.flow_mod(of13.match(in_port=1, eth_type=0x800), to(3), command=MODIFY)))
    assert [f['actions'] for f in sw.flows()] == ['output:2']


def test_deletes_are_filtered_by_table_cookie_and_port(sw, conn):
    def delete(table=0, cookie=0, mask=0, port=of13.ANY):
        body = struct.pack('!QQBBHHHIIIH2x', cookie, mask, table, DELETE, 0, 0, 0, of13.NO_BUFFER, port, of13.ANY, 0)
        assert not refusals(conn.barrier(of13.message(of13.FLOW_MOD, body + of13.match())))
        return sorted(f['cookie'] for f in sw.flows())
    conn.barrier(*[of13.flow_mod(of13.match(in_port=1), to(2), cookie=0x10 + t, table=t) for t in range(4)],
                 of13.flow_mod(of13.match(in_port=2), write_actions(of13.output(3)), cookie=0x20, table=2))
    assert delete(cookie=5, mask=0xff) == [0x10, 0x11, 0x12, 0x13, 0x20]
    assert delete(table=1) == [0x10, 0x12, 0x13, 0x20]
    assert delete(table=255, cookie=0x13, mask=0xf3) == [0x10, 0x12, 0x20]
    assert delete(table=255, port=3) == [0x10, 0x12]
    assert delete(table=255) == []


def packet_in(conn):
    """Reason, table, cookie and match of the next packet-in, which has to be the whole FRAME, unbuffered."""
    body = conn.recv_kind(of13.PACKET_IN)
    buffer_id, total_len, reason, table, cookie, _, match_len = struct.unpack('!IHBBQHH', body[:20])
    assert (buffer_id, total_len) == (of13.NO_BUFFER, len(FRAME))
    assert body[-len(FRAME):] == FRAME
    return reason, table, cookie, of13.pad8(body[16:16 + match_len])


def test_what_a_packet_in_says(sw, conn):
    up = of13.output(of13.CONTROLLER, 10)
    metadata = struct.pack('!HH4xQQ', 2, 24, 0x55, 0xff)
    conn.barrier(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 128)),
                 of13.flow_mod(of13.match(), of13.apply_actions(up), priority=0, cookie=0x12),
                 of13.flow_mod(of13.match(in_port=2), metadata, goto(3)),
                 of13.flow_mod(of13.match(), of13.apply_actions(up), table=3, cookie=0x34),
                 of13.flow_mod(of13.match(in_port=3), write_actions(up), cookie=0x56))
    sw.wires[1].send(FRAME)
    assert packet_in(conn) == (0, 0, 0x12, of13.match(in_port=1))
    sw.wires[2].send(FRAME)
    assert packet_in(conn) == (1, 3, 0x34, of13.match(in_port=2, metadata=0x55))
    sw.wires[3].send(FRAME)
    assert packet_in(conn) == (1, 0, 2**64 - 1, of13.match(in_port=3))
    conn.send(of13.packet_out(of13.CONTROLLER, [up], FRAME))
    assert packet_in(conn) == (1, 0, 2**64 - 1, of13.match(in_port=of13.CONTROLLER))
    conn.send(of13.packet_out(7, [of13.output(of13.TABLE)], FRAME))
    assert packet_in(conn) == (0, 0, 0x12, of13.match(in_port=7))


def test_a_packet_in_says_the_tunnel_id(sw, conn):
    conn.barrier(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 128)),
                 of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.set_field('tunnel_id', 0x1234567890)), goto(2)),
                 of13.flow_mod(of13.match(tunnel_id=0x1234567890), of13.apply_actions(of13.output(of13.CONTROLLER)), table=2, cookie=7))
    sw.wires[1].send(FRAME)
    assert packet_in(conn) == (1, 2, 7, of13.match(in_port=1, tunnel_id=0x1234567890))


def test_no_packet_in_keeps_table_misses_back_and_nothing_else(sw, conn):
    up = of13.apply_actions(of13.output(of13.CONTROLLER))
    conn.barrier(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 128)),
                 of13.flow_mod(of13.match(), up, priority=0),
                 of13.flow_mod(of13.match(eth_dst=0x0180c2000000), up, cookie=1))
    sw.ofctl('mod-port', '1', 'no-packet-in')
    try:
        sw.wires[1].send(FRAME)
        # As os-ken's spanning tree library asks for its BPDUs while a port listens.
        sw.wires[1].send(bytes.fromhex('0180c2000000') + FRAME[6:])
        body = conn.recv_kind(of13.PACKET_IN)
        assert body[6] == 1 and body[8:16] == (1).to_bytes(8, 'big')
    finally:
        sw.ofctl('mod-port', '1', 'packet-in')
    sw.wires[1].send(FRAME)
    assert packet_in(conn) == (0, 0, 0, of13.match(in_port=1))


DESTINATIONS = {
    (1, of13.FLOOD): [2, 3], (1, of13.ALL): [2, 3], (1, of13.IN_PORT): [1], (1, 1): [], (1, 3): [3], (1, 99): [],
    (of13.CONTROLLER, of13.FLOOD): [1, 2, 3], (of13.CONTROLLER, of13.IN_PORT): [], (of13.CONTROLLER, 1): [1],
    (of13.LOCAL, of13.ALL): [1, 2, 3], (of13.ANY, of13.ALL): [1, 2, 3],
}


def test_where_packet_outs_go(sw, conn):
    for (in_port, out), expected in DESTINATIONS.items():
        assert not refusals(conn.barrier(of13.packet_out(in_port, [of13.output(out)], FRAME)))
        # What is not to be sent would have been, before this.
        end = FRAME + bytes(4)
        conn.barrier(of13.packet_out(of13.CONTROLLER, [of13.output(i) for i in (1, 2, 3)], end))
        for i, wire in sw.wires.items():
            assert wire.recv() == (FRAME if i in expected else end), (in_port, out, i)
            if i in expected:
                assert wire.recv() == end


def test_a_bundle_is_refused_and_changes_nothing(sw):
    done = run(['ovs-ofctl', '-O', 'OpenFlow13', '--bundle', 'add-flow', sw.mgmt, 'in_port=1,actions=2'], check=False)
    assert done.returncode == 1 and 'OFPBRC_BAD_VENDOR' in done.stderr
    assert not sw.flows()
