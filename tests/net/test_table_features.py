# SPDX-License-Identifier: Apache-2.0
"""Table features (OF1.3.5 §7.3.5.5): what is said, and what setting them does: all or nothing."""
import struct

import of13
import pytest

pytestmark = pytest.mark.skep_only
TABLE_FEATURES = 12
ACTS = of13.apply_actions(of13.output(1))
INSTRUCTIONS, NEXT_TABLES, WRITE_ACTIONS, APPLY_ACTIONS, MATCH = 0, 2, 4, 6, 8


def prop(kind, body):
    return of13.pad8(struct.pack('!HH', kind, 4 + len(body)) + body)


def table(number, *props, name=b'', config=0, max_entries=0, metadata=0):
    body = b''.join(props)
    return struct.pack('!HB5x32sQQII', 64 + len(body), number, name, metadata, metadata, config, max_entries) + body


def request(*tables, more=0, xid=None):
    return of13.message(of13.MULTIPART_REQUEST, struct.pack('!HH4x', TABLE_FEATURES, more) + b''.join(tables), xid)


def answer(conn, *messages):
    """Number -> (name, entry as bytes), or the error's type and code."""
    conn.send(*messages)
    found = {}
    while True:
        kind, _, body = conn.recv()
        if kind == of13.ERROR:
            return struct.unpack('!HH', body[:4])
        assert kind == of13.MULTIPART_REPLY and body[:2] == struct.pack('!H', TABLE_FEATURES)
        at = 8
        while at < len(body):
            length, number = struct.unpack('!HB', body[at:at + 3])
            found[number] = (body[at + 8:at + 40].rstrip(b'\0').decode(), body[at:at + length])
            at += length
        if not body[3]:
            return found


@pytest.fixture
def conn(sw):
    with of13.Connection(sw.mgmt) as it:
        yield it
        # All tables again, under their own names.
        everything = [table(n, name=b'table%d' % n) for n in range(254)]
        assert len(answer(it, request(*everything))) == 254


def errors(came):
    return [struct.unpack('!HH', body[:4]) for kind, _, body in came if kind == of13.ERROR]


def test_what_is_said_may_be_asked_for(conn):
    before = answer(conn, request())
    assert sorted(before) == list(range(254)) and before[7][0] == 'table7'
    parts = [[entry for _, entry in list(before.values())[at:at + 30]] for at in range(0, 254, 30)]
    messages = [request(*part, more=int(part is not parts[-1]), xid=99) for part in parts]
    assert answer(conn, *messages) == before


def test_tables_that_are_not_asked_for_are_gone_with_their_flows(conn, sw):
    goto = struct.pack('!HHB3x', 1, 8, 9)
    conn.send(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 128)))
    conn.barrier(*(of13.flow_mod(of13.match(), ACTS, table=t, flags=of13.SEND_FLOW_REM) for t in (0, 1, 9)))
    after = answer(conn, request(table(0, name=b'first'), table(9)))
    assert {n: name for n, (name, _) in after.items()} == {0: 'first', 9: ''}
    assert [f['table'] for f in sw.flows()] == [0, 9]
    assert conn.barrier() == [], 'flow-removed is not sent (§7.3.5.5)'
    conn.send(of13.message(of13.FEATURES_REQUEST))
    assert conn.recv_kind(of13.FEATURES_REPLY)[12] == 2
    conn.send(of13.multipart(3))
    assert [row[0] for row in struct.iter_unpack('!B3xIQQ', conn.recv_kind(of13.MULTIPART_REPLY)[8:])] == [0, 9]
    flow_request = of13.flow_stats_body(1)
    assert errors(conn.barrier(of13.flow_mod(of13.match(), ACTS, table=1),
                               of13.flow_mod(of13.match(), struct.pack('!HHB3x', 1, 8, 1)),
                               of13.multipart(1, flow_request), of13.multipart(2, flow_request),
                               of13.message(of13.TABLE_MOD, struct.pack('!B3xI', 1, 0)),
                               of13.flow_mod(of13.match(), goto, command=of13.MODIFY))) == [(5, 2), (3, 2), (1, 9), (1, 9), (8, 0)]
    # Where a packet can go is what is there.
    assert prop(NEXT_TABLES, b'\x09') in after[0][1]


REFUSED = {
    'a table that is not there': (0, [table(0), table(254)]),
    'a table twice': (0, [table(0), table(1), table(1)]),
    'no first table': (0, [table(1)]),
    'an unknown property': (2, [table(0, prop(9, b''))]),
    'an experimenter': (2, [table(0, prop(0xfffe, bytes(8)))]),
    'a property longer than its table': (3, [table(0, b'\0\0\0\x40' + bytes(4))]),
    'a table cut short': (3, [table(0)[:60]]),
    'an instruction that is none': (4, [table(0, prop(INSTRUCTIONS, struct.pack('!HH', 9, 4)))]),
    'an action that is none': (4, [table(0, prop(APPLY_ACTIONS, struct.pack('!HH', 77, 4)))]),
    'a field that is none': (4, [table(0, prop(MATCH, struct.pack('!HBB', 0x8000, 0x7e << 1, 4)))]),
    'a table before it': (4, [table(0), table(3, prop(NEXT_TABLES, b'\2'))]),
    'a property twice': (4, [table(0, prop(NEXT_TABLES, b'\2'), prop(NEXT_TABLES, b'\3'))]),
    'more flows than there can be': (4, [table(0, max_entries=2**32 - 1)]),
    'bits of config': (4, [table(0, config=4)]),
}


@pytest.mark.parametrize('what', REFUSED)
def test_refused_as_a_whole(conn, sw, what):
    code, tables = REFUSED[what]
    conn.barrier(of13.flow_mod(of13.match(), ACTS, table=7))
    before = answer(conn, request())
    assert answer(conn, request(*tables)) == (13, code)
    assert answer(conn, request()) == before and len(sw.flows()) == 1


def test_one_wrong_part_of_many_refuses_all_of_them_once(conn):
    before = answer(conn, request())
    came = conn.barrier(request(table(0), more=1, xid=5), request(table(0), more=1, xid=5), request(table(1), xid=5))
    assert errors(came) == [(13, 0)]
    assert answer(conn, request()) == before


def test_a_request_that_never_ends_changes_nothing(conn):
    before = answer(conn, request())
    assert not errors(conn.barrier(request(table(0), more=1, xid=5)))
    assert answer(conn, request(xid=6)) == before


def test_features_that_narrow_are_kept_or_exceeded(conn):
    """§7.3.5.5: what a table then can do is a superset of what was asked for."""
    full = answer(conn, request())[3][1]
    narrow = table(3, prop(MATCH, struct.pack('!HBB', 0x8000, 5 << 1, 2)), name=b'table3')
    others = [table(n, name=b'table%d' % n) for n in range(254) if n != 3]
    assert answer(conn, request(narrow, *others))[3][1] == full


def test_a_slave_may_ask_and_not_set(sw):
    with of13.Connection(sw.mgmt) as conn:
        conn.send(of13.message(of13.ROLE_REQUEST, struct.pack('!I4xQ', 3, 2**62)))
        conn.recv_kind(of13.ROLE_REPLY)
        assert len(answer(conn, request())) == 254
        assert answer(conn, request(table(0))) == (1, 10), 'OFPBRC_IS_SLAVE'
