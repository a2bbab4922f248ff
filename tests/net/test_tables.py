# SPDX-License-Identifier: Apache-2.0
"""Flow tables as wholes: full ones, dumps of very many flows, statistics, table-miss, table-mod."""
import json
import socket
import struct

import of13
import pytest
import skepnet
from skepnet import resident_kib, run, wait_until

pytestmark = pytest.mark.skep_only
ACTS = of13.apply_actions(of13.output(1))
ALL_FLOWS = of13.multipart(1, of13.flow_stats_body())
FRAME = bytes.fromhex('020000000002' '020000000001' '9000') + bytes(50)
N = 200_000


def flow(n, **kwargs):
    return of13.flow_mod(of13.match(eth_dst=n), ACTS, cookie=n, **kwargs)


def errors(came):
    return [struct.unpack('!HH', body[:4]) for kind, _, body in came if kind == of13.ERROR]


def aggregate(conn):
    conn.send(of13.multipart(2, of13.flow_stats_body()))
    return struct.unpack('!QQI', conn.recv_kind(of13.MULTIPART_REPLY)[8:28])


def cookies(body):
    """Of the flows in the body of an OFPMP_FLOW reply."""
    at = 8
    while at < len(body):
        yield struct.unpack('!Q', body[at + 24:at + 32])[0]
        at += struct.unpack('!H', body[at:at + 2])[0]


def rules_map(switch):
    """The id of the map of rules: another one after it has grown."""
    return json.loads(run(['bpftool', '-j', 'map', 'show', 'pinned', f'{switch.dir}/bpf/skep/maps/skep_rules']).stdout)['id']


@pytest.mark.parametrize('least', [20_000, None, 70_000])
def test_as_many_flows_as_said_have_room_without_growth(make_switch, monkeypatch, least):
    if least:
        monkeypatch.setenv('SKEPD_OPTS', f'--min-flows {least}')
    switch = make_switch()
    switch.start()
    before = rules_map(switch)
    with of13.Connection(switch.mgmt) as conn:
        assert not conn.barrier(*(flow(n) for n in range(70_000)))
        assert aggregate(conn)[2] == 70_000
    assert (rules_map(switch) == before) == (least != 20_000)      # by default there is room for 131,072


def test_a_full_table_refuses_one_flow_too_many_and_loses_nothing(make_switch, monkeypatch):
    monkeypatch.setenv('SKEPD_OPTS', '--max-flows 2000')
    switch = make_switch()
    switch.wire_ports()
    switch.start()
    with of13.Connection(switch.mgmt) as conn:
        conn.send(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(2)), priority=1, cookie=2**40))
        refused = errors(conn.barrier(*(flow(n, table=n % 3) for n in range(2100))))
        assert refused == [(5, 1)] * len(refused), 'OFPFMFC_TABLE_FULL'
        n = 2101 - len(refused)
        assert 1900 <= n <= 2000 and aggregate(conn)[2] == n
        assert errors(conn.barrier(flow(3000))) == [(5, 1)]
        switch.wires[1].send(FRAME)
        assert switch.wires[2].recv() == FRAME
        # The first came, the last were refused; what is there may still be deleted, and then there is room.
        conn.send(ALL_FLOWS)
        there = set()
        while True:
            body = conn.recv_kind(of13.MULTIPART_REPLY)
            there.update(cookies(body))
            if not body[3]:
                break
        assert there == set(range(n - 1)) | {2**40}
        assert not errors(conn.barrier(*(flow(i, command=of13.DELETE_STRICT, table=i % 3) for i in range(100))))
        wait_until(lambda: not errors(conn.barrier(flow(3000))), what='room for a flow')


@pytest.fixture(scope='module')
def full(tmp_path_factory):
    """A switch with N flows whose cookies are 0 to N - 1, and a controller's port."""
    switch = skepnet.Switch(tmp_path_factory.mktemp('full'), ctl='ptcp:6653:127.0.0.1')
    try:
        switch.start()
        with of13.Connection(switch.mgmt, timeout=60) as conn:
            for base in range(0, N, 2000):
                assert not errors(conn.barrier(*(flow(n, table=n % 2) for n in range(base, base + 2000))))
        yield switch
    finally:
        switch.close()


def test_a_dump_of_very_many_flows_waits_for_a_slow_reader_in_bounded_memory(full):
    with full.ns.entered():
        slow, other = of13.Connection(('127.0.0.1', 6653), timeout=30), of13.Connection(('127.0.0.1', 6653))
    with slow, other:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        before = most = resident_kib(full.pid)
        slow.send(ALL_FLOWS, of13.message(of13.BARRIER_REQUEST, xid=9))
        seen = []
        while True:
            kind, xid, body = slow.recv()
            if kind == of13.BARRIER_REPLY:
                break
            seen.extend(cookies(body))
            more = body[3]
            # Others are served while this one takes its time.
            assert other.barrier() == []
            most = max(most, resident_kib(full.pid))
        assert xid == 9 and not more
        assert len(seen) == N and set(seen) == set(range(N))
    assert most < before + 8192, f'{most - before} KiB for a reply of {N} flows'


def test_a_dump_ends_with_its_reader(full):
    before = resident_kib(full.pid)
    for _ in range(20):
        with full.ns.entered():
            conn = of13.Connection(('127.0.0.1', 6653))
        conn.send(ALL_FLOWS)
        conn.recv_kind(of13.MULTIPART_REPLY)
        conn.close()
    with of13.Connection(full.mgmt) as conn:
        assert aggregate(conn)[2] == N
    assert resident_kib(full.pid) < before + 8192


def test_changes_during_a_dump_show_nothing_twice_and_lose_nothing_that_stays(full):
    with full.ns.entered():
        slow, other = of13.Connection(('127.0.0.1', 6653), timeout=30), of13.Connection(('127.0.0.1', 6653), timeout=30)
    with slow, other:
        slow.send(ALL_FLOWS)
        seen = list(cookies(slow.recv_kind(of13.MULTIPART_REPLY)))
        gone = range(N - 2000, N)
        other.barrier(*(flow(n, command=of13.DELETE_STRICT, table=n % 2) for n in gone))
        other.barrier(*(of13.flow_mod(of13.match(eth_src=n), ACTS, cookie=N + n) for n in range(2000)))
        while True:
            body = slow.recv_kind(of13.MULTIPART_REPLY)
            seen.extend(cookies(body))
            if not body[3]:
                break
        assert len(seen) == len(set(seen))
        assert set(seen) >= set(range(N - 2000))
        other.barrier(*(of13.flow_mod(of13.match(eth_src=n), command=of13.DELETE_STRICT) for n in range(2000)))
        other.barrier(*(flow(n, table=n % 2) for n in gone))


def table_stats(conn):
    conn.send(of13.multipart(3))
    body = conn.recv_kind(of13.MULTIPART_REPLY)[8:]
    return {row[0]: row[1:] for row in struct.iter_unpack('!B3xIQQ', body)}


def test_table_statistics_count_lookups_matches_and_flows(sw):
    with of13.Connection(sw.mgmt) as conn:
        goto = struct.pack('!HHB3x', 1, 8, 5)
        conn.barrier(of13.flow_mod(of13.match(in_port=1), goto),
                     of13.flow_mod(of13.match(in_port=9), goto),
                     of13.flow_mod(of13.match(eth_type=0x9000), of13.apply_actions(of13.output(2)), table=5))
        before = table_stats(conn)
        assert sorted(before) == list(range(254))
        other = FRAME[:12] + b'\x90\x01' + FRAME[14:]
        for wire, data in ((1, FRAME), (1, other), (3, FRAME)):
            sw.wires[wire].send(data)
        assert sw.wires[2].recv() == FRAME

        def grown(table):
            after = table_stats(conn)
            return after[table][0], after[table][1] - before[table][1], after[table][2] - before[table][2]
        wait_until(lambda: grown(0) == (2, 3, 2), what='three lookups in table 0, two of which match')
        assert grown(5) == (1, 2, 1) and grown(6) == (0, 0, 0)


def test_without_a_table_miss_flow_a_packet_that_matches_nothing_is_dropped(sw):
    """OF1.3.5 §5.4: dropped; with one, its instructions are executed, write-actions and goto too."""
    write = b'\0\3' + of13.apply_actions(of13.output(2))[2:]
    with of13.Connection(sw.mgmt) as conn:
        conn.barrier(of13.flow_mod(of13.match(in_port=1), struct.pack('!HHB3x', 1, 8, 7), priority=5))
        sw.wires[1].send(FRAME)
        conn.barrier(of13.flow_mod(of13.match(), write, struct.pack('!HHB3x', 1, 8, 9), priority=0, table=7),
                     of13.flow_mod(of13.match(), of13.apply_actions(of13.output(3)), priority=0, table=9))
        sw.wires[1].send(FRAME[:-1] + b'\1')
        for wire in (2, 3):
            assert sw.wires[wire].recv() == FRAME[:-1] + b'\1'


def test_a_table_mod_of_the_deprecated_bits_is_accepted_and_changes_nothing(sw):
    with of13.Connection(sw.mgmt) as conn:
        for table in (0, 253, 255):
            assert not errors(conn.barrier(of13.message(of13.TABLE_MOD, struct.pack('!B3xI', table, 3))))
        assert errors(conn.barrier(of13.message(of13.TABLE_MOD, struct.pack('!B3xI', 254, 0)))) == [(8, 0)]
        assert errors(conn.barrier(of13.message(of13.TABLE_MOD, struct.pack('!B3xI', 1, 4)))) == [(8, 1)]
