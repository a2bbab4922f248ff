# SPDX-License-Identifier: Apache-2.0
"""Groups as controllers see them (OF1.3.5 §6.5): adding, modifying, deleting, what is refused, what is told."""
import os
import signal
import struct

import of13
import pytest
from skepnet import wait_until

pytestmark = pytest.mark.skep_only
ADD, MODIFY, DELETE = range(3)
ALL, SELECT, INDIRECT, FF = range(4)
ALL_GROUPS, ANY = 0xfffffffc, 0xffffffff
FRAME = bytes.fromhex('020000000002' '020000000001' '9000') + bytes(50)
GROUP, GROUP_DESC, GROUP_FEATURES = 6, 7, 8


def to_group(number):
    return struct.pack('!HHI', 22, 8, number)


def bucket(*actions, weight=0, watch_port=ANY, watch_group=ANY):
    body = b''.join(actions)
    return struct.pack('!HHII4x', 16 + len(body), weight, watch_port, watch_group) + body


def group_mod(command, kind, number, *buckets):
    return of13.message(of13.GROUP_MOD, struct.pack('!HBxI', command, kind, number) + b''.join(buckets))


def errors(came):
    return [struct.unpack('!HH', body[:4]) for kind, _, body in came if kind == of13.ERROR]


@pytest.fixture
def conn(sw):
    with of13.Connection(sw.mgmt) as it:
        it.barrier(group_mod(DELETE, ALL, ALL_GROUPS))
        yield it
        it.barrier(group_mod(DELETE, ALL, ALL_GROUPS))


def entries(conn, kind, body=b''):
    """The entries of a multipart reply, whole."""
    conn.send(of13.multipart(kind, body))
    found = []
    while True:
        reply = conn.recv_kind(of13.MULTIPART_REPLY)
        at = 8
        while at < len(reply):
            length = struct.unpack('!H', reply[at:at + 2])[0]
            found.append(reply[at:at + length])
            at += length
        if not reply[3]:
            return found


def stats(conn, number=ALL_GROUPS):
    """Number -> (references, packets, bytes, [(packets, bytes) of each bucket])."""
    found = {}
    for e in entries(conn, GROUP, struct.pack('!I4x', number)):
        _, which, refs, packets, n_bytes, _, _ = struct.unpack('!H2xII4xQQII', e[:40])
        found[which] = (refs, packets, n_bytes, list(struct.iter_unpack('!QQ', e[40:])))
    return found


def test_a_group_outputs_and_counts(conn, sw):
    assert not errors(conn.barrier(group_mod(ADD, ALL, 5, bucket(of13.output(2)), bucket(of13.output(3))),
                                   of13.flow_mod(of13.match(in_port=1), of13.apply_actions(to_group(5)))))
    sw.wires[1].send(FRAME)
    assert sw.wires[2].recv() == FRAME and sw.wires[3].recv() == FRAME
    n = len(FRAME)
    assert stats(conn, 5) == {5: (1, 1, n, [(1, n), (1, n)])}
    assert stats(conn, 6) == {}


def test_a_description_says_what_was_sent(conn):
    sent = {1: (ALL, [bucket(of13.set_field('eth_dst', 5), of13.output(2)), bucket()]),
            2: (SELECT, [bucket(of13.output(1), weight=3), bucket(of13.output(2), weight=5)]),
            3: (INDIRECT, [bucket(of13.output(1))]),
            0xffffff00: (FF, [bucket(of13.output(1), watch_port=1), bucket(to_group(3), watch_group=3)])}
    assert not errors(conn.barrier(*(group_mod(ADD, kind, number, *buckets) for number, (kind, buckets) in sent.items())))
    found = entries(conn, GROUP_DESC)
    assert found == [struct.pack('!HBxI', 8 + len(b''.join(buckets)), kind, number) + b''.join(buckets)
                     for number, (kind, buckets) in sorted(sent.items())]


def test_features_are_all_types_and_all_capabilities(conn):
    conn.send(of13.multipart(GROUP_FEATURES))
    types, capabilities, *rest = struct.unpack('!10I', conn.recv_kind(of13.MULTIPART_REPLY)[8:])
    assert (types, capabilities) == (15, 15) and rest[:4] == [65536] * 4 and rest[4] >> 22 & 1
    conn.send(of13.message(of13.FEATURES_REQUEST))
    assert struct.unpack('!I', conn.recv_kind(of13.FEATURES_REPLY)[16:20])[0] & 0x4f == 0x4f


def test_a_deleted_group_takes_its_flows_with_it_and_says_why(conn, sw):
    conn.send(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 128)))
    assert not errors(conn.barrier(
        group_mod(ADD, INDIRECT, 1, bucket(of13.output(2))),
        of13.flow_mod(of13.match(in_port=1), of13.apply_actions(to_group(1)), flags=of13.SEND_FLOW_REM, cookie=7),
        of13.flow_mod(of13.match(in_port=2), of13.apply_actions(of13.output(1)), flags=of13.SEND_FLOW_REM)))
    (kind, _, body), = conn.barrier(group_mod(DELETE, INDIRECT, 1))
    assert kind == of13.FLOW_REMOVED and struct.unpack('!QHB', body[:11]) == (7, 100, 3), 'OFPRR_GROUP_DELETE'
    assert [f['match'] for f in sw.flows()] == ['send_flow_rem priority=100,in_port=2']
    assert not errors(conn.barrier(group_mod(DELETE, INDIRECT, 1))), 'deleting what is not there is no error (§6.5)'


def test_a_modification_changes_what_flows_do_and_keeps_them(conn, sw):
    conn.barrier(group_mod(ADD, INDIRECT, 1, bucket(of13.output(2))),
                 of13.flow_mod(of13.match(in_port=1), of13.apply_actions(to_group(1))))
    assert not errors(conn.barrier(group_mod(MODIFY, ALL, 1, bucket(of13.output(3)))))
    sw.wires[1].send(FRAME)
    assert sw.wires[3].recv() == FRAME and sw.wires[2].recv(0.05) is None


def test_flows_are_filtered_by_the_group_they_lead_to(conn, sw):
    conn.barrier(*(group_mod(ADD, INDIRECT, n, bucket(of13.output(n))) for n in (1, 2)),
                 *(of13.flow_mod(of13.match(in_port=n), of13.apply_actions(to_group(n))) for n in (1, 2)))
    assert [f['match'] for f in sw.flows('out_group=2')] == ['priority=100,in_port=2']
    sw.ofctl('del-flows', 'out_group=1')
    assert [f['match'] for f in sw.flows()] == ['priority=100,in_port=2']


REFUSED = {
    'one that is there': ((6, 0), [group_mod(ADD, ALL, 1), group_mod(ADD, ALL, 1)]),
    'modifying one that is not there': ((6, 8), [group_mod(MODIFY, ALL, 1)]),
    'one that leads to itself': ((6, 7), [group_mod(ADD, ALL, 1, bucket(to_group(1)))]),
    'a loop of two': ((6, 7), [group_mod(ADD, ALL, 1), group_mod(ADD, ALL, 2, bucket(to_group(1))),
                               group_mod(MODIFY, ALL, 1, bucket(to_group(2)))]),
    'deleting one that another leads to': ((6, 9), [group_mod(ADD, ALL, 1), group_mod(ADD, ALL, 2, bucket(to_group(1))),
                                                    group_mod(DELETE, ALL, 1)]),
    'a bucket to a group that is not there': ((2, 9), [group_mod(ADD, ALL, 1, bucket(to_group(2)))]),
    'watching a group that is not there': ((6, 13), [group_mod(ADD, FF, 1, bucket(of13.output(1), watch_group=9))]),
    'a packet-out to a group that is not there': ((2, 9), [of13.packet_out(of13.CONTROLLER, [to_group(9)], FRAME)]),
    'a flow to a group that is not there': ((2, 9), [of13.flow_mod(of13.match(), of13.apply_actions(to_group(9)))]),
}


@pytest.mark.parametrize('what', REFUSED)
def test_refused(conn, what):
    expected, (*before, last) = REFUSED[what]
    assert not errors(conn.barrier(*before))
    assert errors(conn.barrier(last)) == [expected]


def test_all_groups_can_be_deleted_whoever_leads_to_whom(conn):
    conn.barrier(group_mod(ADD, ALL, 1), group_mod(ADD, ALL, 2, bucket(to_group(1))))
    assert not errors(conn.barrier(group_mod(DELETE, ALL, ALL_GROUPS)))
    assert stats(conn) == {}


def test_a_dump_of_many_groups_has_each_once(conn):
    n = 3000
    for base in range(0, n, 500):
        assert not errors(conn.barrier(*(group_mod(ADD, SELECT, i, bucket(of13.output(1), weight=1), bucket(of13.output(2), weight=1))
                                         for i in range(base, base + 500))))
    assert sorted(stats(conn)) == list(range(n))
    assert len(entries(conn, GROUP_DESC)) == n


def test_ovs_ofctl_manages_groups(conn, sw):
    sw.ofctl('add-group', 'group_id=7,type=select,bucket=weight:2,output:1,bucket=weight:1,output:2')
    sw.ofctl('mod-group', 'group_id=7,type=all,bucket=output:3')
    assert 'group_id=7,type=all,bucket=actions=output:3' in sw.ofctl('dump-groups').stdout
    assert 'group_id=7,' in sw.ofctl('dump-group-stats').stdout
    sw.ofctl('del-groups', 'group_id=7')
    assert not stats(conn)


LIMIT = 65536


def batches(make):
    """What adds LIMIT things and one more, in messages of a reasonable size."""
    for first in range(1, LIMIT + 2, 4096):
        yield b''.join(make(n) for n in range(first, min(first + 4096, LIMIT + 2)))


@pytest.mark.parametrize('kind, make, forget', [
    ((6, 3), lambda n: group_mod(ADD, ALL, n), group_mod(DELETE, ALL, ALL_GROUPS)),
    ((12, 10), lambda n: of13.message(of13.METER_MOD, struct.pack('!HHI', 0, 1, n) + struct.pack('!HHII4x', 1, 16, 1000, 0)),
     of13.message(of13.METER_MOD, struct.pack('!HHI', 2, 0, 0xffffffff))),
], ids=['groups', 'meters'])
def test_one_too_many_is_refused_and_nothing_is_lost(conn, kind, make, forget):
    came = []
    for batch in batches(make):
        came += conn.barrier(batch)
    assert errors(came) == [kind]
    assert not errors(conn.barrier(forget, make(1), forget))


def ether(last, payload=b''):
    return bytes.fromhex('020000000002' '0200000000%02x' % last + '9000') + payload.ljust(50, b'\0')


def test_each_bucket_changes_its_own_copy_and_what_follows_sees_none(conn, sw):
    """Three copies that differ, and the packet as it was from the action behind the group."""
    wires = sw.wires
    for wire in wires.values():
        wire.drain()
    sw.skepctl('add-group', 'br0', 'group_id=1,type=all,'
               'bucket=set_field:02:aa:00:00:00:01->eth_src,push_vlan:0x8100,set_field:4097->vlan_vid,output:2,'
               'bucket=set_field:02:aa:00:00:00:02->eth_src,output:2,bucket=output:2')
    sw.skepctl('add-flow', 'br0', 'in_port=1,actions=group:1,output:3')
    wires[1].send(ether(1))
    got = sorted(wires[2].recv() for _ in range(3))
    assert [f[6:12].hex() for f in got] == ['020000000001', '02aa00000001', '02aa00000002']
    assert got[1][12:16].hex() == '81000001' and got[2][12:14].hex() == '9000'
    assert wires[3].recv() == ether(1)


def test_a_flow_has_its_bucket_whatever_made_it_that_flow(conn, sw):
    """A packet that actions have made one of a flow goes where the flow's own packets go."""
    sw.ofctl('add-group', 'group_id=5,type=select,bucket=weight:1,output:2,bucket=weight:1,output:3')
    sw.ofctl('add-flow', 'in_port=1,actions=set_field:02:00:00:00:00:07->eth_dst,group:5')
    went = set()
    for i in range(24):
        ports = []
        for last in (1, 7):
            frame = bytes([2, 0, 0, 0, 0, last, 2, 0xbb, 0, 0, 0, i]) + b'\x88\xb5' + bytes(46)
            sw.wires[1].send(frame)
            wait_until(lambda: any(sw.wires[port].recv(0) and ports.append(port) is None for port in (2, 3)), what='the frame')
        assert ports[0] == ports[1], f'source {i}'
        went.add(ports[0])
    assert went == {2, 3}


def test_fast_failover_needs_no_daemon(conn, sw):
    """skepd is stopped; the link of the first bucket's port goes down, and comes back: the next packet knows."""
    wires = sw.wires
    for wire in wires.values():
        wire.drain()
    sw.skepctl('add-group', 'br0', 'group_id=1,type=ff,bucket=watch_port:2,output:2,bucket=watch_port:3,output:3')
    sw.skepctl('add-flow', 'br0', 'in_port=1,actions=group:1')
    wires[1].send(ether(1))
    assert wires[2].recv() == ether(1)
    os.kill(sw.pid, signal.SIGSTOP)
    try:
        for n in range(5):
            sw.ns.ip('link', 'set', sw.port_name(2), 'down')
            wires[1].send(ether(2 + n))
            assert wires[3].recv() == ether(2 + n)
            sw.ns.ip('link', 'set', sw.port_name(2), 'up')
            wires[1].send(ether(102 + n))
            assert wires[2].recv() == ether(102 + n)
    finally:
        os.kill(sw.pid, signal.SIGCONT)


def test_groups_outlive_the_daemon(sw):
    wires = sw.wires
    for wire in wires.values():
        wire.drain()
    sw.skepctl('add-group', 'br0', 'group_id=7,type=select,bucket=weight:3,set_field:02:aa:00:00:00:01->eth_src,output:2')
    sw.skepctl('add-group', 'br0', 'group_id=8,type=indirect,bucket=group:7')
    sw.skepctl('add-flow', 'br0', 'in_port=1,actions=group:8')
    wires[1].send(ether(1))
    wires[2].recv()
    before = sw.skepctl('dump-groups', 'br0').stdout.splitlines()[1:]
    sw.kill9()
    wires[1].send(ether(1))
    assert wires[2].recv()[6:12].hex() == '02aa00000001'
    sw.start_daemon()
    assert sw.skepctl('dump-groups', 'br0').stdout.splitlines()[1:] == before
    wires[1].send(ether(1))
    assert wires[2].recv()[6:12].hex() == '02aa00000001'
    with of13.Connection(sw.mgmt) as again:
        assert [(n, s[0], s[1]) for n, s in sorted(stats(again).items())] == [(7, 1, 3), (8, 1, 3)]
        again.barrier(group_mod(DELETE, ALL, ALL_GROUPS))
