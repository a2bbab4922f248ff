# SPDX-License-Identifier: Apache-2.0
"""A peer that sends garbage gets errors or is cut off; skepd stays up, and small."""
import contextlib
import os
import random
import socket
import struct

import of13
import pytest
from skepnet import is_alive, resident_kib, wait_until

SEED = 20261122
N = 10_000


def samples():
    """One good message of every type that a controller sends."""
    good = [of13.message(kind) for kind in range(30)]
    m, acts = of13.match(in_port=1, eth_type=0x800, ip_proto=6, tcp_dst=80), of13.apply_actions(of13.output(2))
    good += [of13.flow_mod(m, acts, command=c) for c in range(5)]
    good += [of13.flow_mod(of13.match(eth_dst=(0x010000000000, 0x010000000000)),
                           of13.apply_actions(of13.set_field('eth_src', 5), of13.output(of13.CONTROLLER)))]
    good += [of13.packet_out(of13.CONTROLLER, [of13.output(1), of13.output(of13.TABLE)], bytes(64))]
    flow_request = of13.flow_stats_body()
    good += [of13.multipart(kind, body) for kind in range(14)
             for body in (b'', flow_request, struct.pack('!I4x', of13.ANY), bytes(64))]
    good += [of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 128)),
             of13.message(of13.PORT_MOD, struct.pack('!I4x6s2xIII4x', 1, bytes(6), 0, 0, 0)),
             of13.message(of13.TABLE_MOD, struct.pack('!B3xI', 1, 0)),
             of13.message(of13.ROLE_REQUEST, struct.pack('!I4xQ', 1, 0)),
             of13.message(of13.SET_ASYNC, bytes(24)),
             of13.message(of13.HELLO, struct.pack('!HHI', 1, 8, 0x10)),
             of13.message(of13.EXPERIMENTER, struct.pack('!II', 0x2320, 1)),
             of13.message(of13.GROUP_MOD, struct.pack('!HBBI', 0, 0, 0, 1)),
             of13.message(of13.METER_MOD, struct.pack('!HHI', 0, 1, 1))]
    return good


def mutate(rng, good):
    """A message that is random, or good with bits, bytes or a length changed; its header's length is right most of the time."""
    data = bytearray(rng.choice(good))
    how = rng.randrange(6)
    if how == 0:
        data = bytearray(of13.message(rng.randrange(256), rng.randbytes(rng.randrange(200))))
    elif how == 1:
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif how == 2:
        data[rng.randrange(len(data))] = rng.randrange(256)
    elif how == 3 and len(data) > 8:
        at = rng.randrange(8, len(data) - 1) if len(data) > 9 else 8
        data[at:at + 2] = struct.pack('!H', rng.choice((0, 1, 4, 7, 8, 0xffff, rng.randrange(65536))))
    elif how == 4:
        del data[rng.randrange(8, len(data) + 1):]
    else:
        data += rng.randbytes(rng.randrange(40))
    if rng.randrange(20):
        data[0] = 4
        data[2:4] = struct.pack('!H', len(data))
    return bytes(data)


def throw(switch, rng, good, n):
    """Sends n messages over as many connections as it takes. Returns how many connections that were."""
    conns = sent = 0
    while sent < n:
        conns += 1
        with of13.Connection(('127.0.0.1', 6653), timeout=10) as conn:
            try:
                for _ in range(min(n - sent, 200)):
                    data = mutate(rng, good)
                    sent += 1
                    conn.send(data)
                # Whatever waits for more bytes gets an end; answers are read so that they cannot hold the switch up.
                conn.sock.shutdown(socket.SHUT_WR)
                while conn.sock.recv(65536):
                    pass
            except OSError:
                pass
        assert is_alive(switch.pid), switch.log()[-2000:]
    return conns


@pytest.mark.skep_only
def test_ten_thousand_bad_messages(make_switch):
    print('seed', SEED)
    rng = random.Random(SEED)
    switch = make_switch(ctl='ptcp:6653:127.0.0.1')
    switch.wire_ports()
    switch.start()
    good = samples()
    with switch.ns.entered():
        # What a warm skepd holds (tables, buffers) is not growth.
        throw(switch, rng, good, N // 5)
        before = resident_kib(switch.pid)
        conns = throw(switch, rng, good, N)
        after = resident_kib(switch.pid)
        print(f'{conns} connections, {before} KiB before, {after} KiB after')
        assert after < before + 4096
        with of13.Connection(('127.0.0.1', 6653)) as conn:
            conn.send(of13.message(of13.FEATURES_REQUEST))
            assert conn.recv_kind(of13.FEATURES_REPLY)[:8] == bytes.fromhex(switch.dpid)
    switch.ofctl('del-flows')
    switch.ofctl('add-flow', 'in_port=1,actions=2')
    switch.wires[1].send(bytes(range(64)))
    assert switch.wires[2].recv() == bytes(range(64))


@pytest.mark.skep_only
def test_a_peer_that_does_not_read_cannot_make_skepd_grow_without_bound(make_switch):
    switch = make_switch(ctl='ptcp:6653:127.0.0.1')
    switch.start()
    switch.ofctl('add-flows', '-', stdin=''.join(f'priority={i},tcp,nw_dst=1.2.3.4,tp_dst=80,actions=1,2,3\n'
                                                for i in range(1, 5001)))
    before = resident_kib(switch.pid)
    request = of13.multipart(1, of13.flow_stats_body())
    with switch.ns.entered():
        conn = of13.Connection(('127.0.0.1', 6653))
    conn.sock.setblocking(False)
    try:
        for _ in range(2000):
            conn.sock.send(request * 10)
    except OSError:
        pass        # its buffers are full, or the switch has cut us off: both are right
    # Others are served meanwhile.
    assert 'flow_count=5000' in switch.ofctl('dump-aggregate').stdout
    assert resident_kib(switch.pid) < before + 100 * 1024
    conn.close()


def packet_ins(conn, n):
    """The numbers in the next n packet-ins' frames."""
    return [int.from_bytes(conn.recv_kind(of13.PACKET_IN)[-4:], 'big') for _ in range(n)]


@pytest.mark.skep_only
def test_a_hundred_controllers_half_of_which_do_not_read(make_switch):
    n = 300
    switch = make_switch(ctl='ptcp:6653:127.0.0.1')
    switch.wire_ports()
    switch.start()
    with of13.Connection(switch.mgmt) as conn:
        assert not conn.barrier(of13.flow_mod(of13.match(), of13.apply_actions(of13.output(of13.CONTROLLER)), priority=0))
    fds, before = len(os.listdir(f'/proc/{switch.pid}/fd')), resident_kib(switch.pid)
    with contextlib.ExitStack() as others:
        with switch.ns.entered():
            conns = [others.enter_context(of13.Connection(('127.0.0.1', 6653))) for _ in range(100)]
        for i in range(n):
            switch.wires[1].send(bytes(12) + b'\x88\xb5' + bytes(1382) + i.to_bytes(4, 'big'))
        for conn in conns[:50]:
            assert packet_ins(conn, n) == list(range(n))
        # The other fifty's queues end somewhere, and who asks for something is served meanwhile.
        for i in range(20 * n):
            switch.wires[1].send(bytes(12) + b'\x88\xb5' + bytes(1386))
            if not i % n:
                for conn in conns[:50]:
                    conn.barrier()
        assert 'flow_count=1' in switch.ofctl('dump-aggregate').stdout
        assert resident_kib(switch.pid) < before + 50 * 8 * 1024
        assert switch.json('show')['bridges'][0]['packet_ins_dropped'] > 0
    wait_until(lambda: len(os.listdir(f'/proc/{switch.pid}/fd')) <= fds, what='the connections are gone')
    with switch.ns.entered(), of13.Connection(('127.0.0.1', 6653)) as conn:
        assert conn.barrier() == []
        switch.wires[1].send(bytes(12) + b'\x88\xb5' + bytes(1382) + bytes(4))
        assert packet_ins(conn, 1) == [0]


@pytest.mark.skep_only
def test_silent_connections_do_not_keep_others_out(make_switch):
    switch = make_switch(ctl='ptcp:6653:127.0.0.1')
    switch.start()
    with switch.ns.entered():
        silent = [of13.Connection(('127.0.0.1', 6653), hello=False) for _ in range(100)]
        with of13.Connection(('127.0.0.1', 6653)) as conn:
            assert conn.barrier() == []
    for conn in silent:
        conn.close()


@pytest.mark.skep_only
def test_other_versions_are_refused_by_name(make_switch):
    switch = make_switch(ctl='ptcp:6653:127.0.0.1')
    switch.start()
    with switch.ns.entered():
        conn = of13.Connection(('127.0.0.1', 6653), hello=False)
    conn.send(of13.message(of13.HELLO, version=1))
    body = conn.recv_kind(of13.ERROR)
    assert body[:4] == bytes(4)     # OFPET_HELLO_FAILED, OFPHFC_INCOMPATIBLE
    with pytest.raises((EOFError, ConnectionError)):
        conn.recv_kind(of13.ECHO_REPLY)
    conn.close()
