# SPDX-License-Identifier: Apache-2.0
"""Meters: what a controller says of them and hears, what they do to traffic, and that they stay."""
import json
import re
import struct

import of13
import pytest
from skepnet import wait_until
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

ADD, MODIFY, DELETE = range(3)
KBPS, PKTPS, BURST, STATS = 1, 2, 4, 8
DROP, REMARK = 1, 2
SLOWPATH, CONTROLLER, ALL = 0xfffffffd, 0xfffffffe, 0xffffffff
UNKNOWN, EXISTS, INVALID, NO_SUCH, BAD_COMMAND, BAD_FLAGS, BAD_RATE, BAD_BURST, BAD_BAND, BAD_VALUE, OUT_OF_METERS, \
    OUT_OF_BANDS = [(12, code) for code in range(12)]


def band(kind=DROP, rate=1000, burst=0, prec=None, length=16):
    return struct.pack('!HHII', kind, length, rate, burst) + struct.pack('!B3x', prec or 0)


def meter_mod(command, number, *bands, flags=KBPS):
    return of13.message(of13.METER_MOD, struct.pack('!HHI', command, flags, number) + b''.join(bands))


def meter(number):
    return struct.pack('!HHI', 6, 8, number)


def refusals(conn, *messages):
    return [struct.unpack('!HH', body[:4]) for kind, _, body in conn.barrier(*messages) if kind == of13.ERROR]


@pytest.fixture
def metered(sw):
    """The switch, without meters."""
    yield sw
    with of13.Connection(sw.mgmt) as conn:
        assert not refusals(conn, *[meter_mod(DELETE, n) for n in (ALL, SLOWPATH, CONTROLLER)])


def packets(sw, port, n, frame):
    """How many of 'n' frames sent to port 1 come out of 'port'."""
    for _ in range(n):
        sw.wires[1].send(frame)
    end = bytes(Ether(src='02:00:00:00:00:07', dst='02:00:00:00:00:08', type=0x88b6) / (b'e' * 46))
    sw.wires[1].send(end)
    got = []
    while (data := sw.wires[port].recv()) != end:
        assert data is not None, 'the last frame is not metered'
        got.append(data)
    return got


def udp(tos=0):
    return bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02') / IP(src='10.0.0.1', dst='10.0.0.2', tos=tos) /
                 UDP(sport=1, dport=2) / (b'x' * 40))


PASS_END = 'priority=50000,dl_type=0x88b6,actions=output:2'

# --- What controllers say ---


def test_ovs_ofctl_adds_and_shows_meters(metered):
    metered.ofctl('add-meter', 'meter=1,pktps,burst,stats,bands=type=drop,rate=100,burst_size=7')
    metered.ofctl('add-meter', 'meter=70000,kbps,bands=type=dscp_remark,rate=1000,prec_level=1,type=drop,rate=2000')
    out = metered.ofctl('dump-meters').stdout
    assert re.search(r'meter=1 pktps burst stats bands=\s*type=drop rate=100 burst_size=7', out), out
    assert re.search(r'meter=70000 kbps bands=\s*type=dscp_remark rate=1000 prec_level=1\s*type=drop rate=2000', out), out
    metered.ofctl('mod-meter', 'meter=1,kbps,bands=type=drop,rate=5')
    out = metered.ofctl('dump-meter', 'meter=1').stdout
    assert 'meter=1 kbps' in out and 'rate=5' in out and '70000' not in out
    out = metered.ofctl('meter-stats').stdout
    assert re.search(r'meter:1 flow_count:0 packet_in_count:0 byte_in_count:0 duration:\d', out), out
    assert 'meter:70000' in out
    out = metered.ofctl('meter-features').stdout
    assert re.search(r'max_meter:65536 max_bands:8 max_color:3', out), out
    assert 'drop' in out and 'dscp_remark' in out and 'kbps pktps burst stats' in out
    metered.ofctl('del-meter', 'meter=1')
    assert '70000' in metered.ofctl('dump-meters').stdout
    metered.ofctl('del-meters')
    assert 'meter=' not in metered.ofctl('dump-meters').stdout


REFUSED = {
    'a second of the same number': (EXISTS, [meter_mod(ADD, 1, band()), meter_mod(ADD, 1, band())]),
    'modify of none': (NO_SUCH, [meter_mod(MODIFY, 1, band())]),
    'number 0': (INVALID, [meter_mod(ADD, 0, band())]),
    'number beyond the highest': (INVALID, [meter_mod(ADD, 0xffff0001, band())]),
    'all': (INVALID, [meter_mod(ADD, ALL, band())]),
    'a command': (BAD_COMMAND, [meter_mod(3, 1, band())]),
    'a flag': (BAD_FLAGS, [meter_mod(ADD, 1, band(), flags=16)]),
    'kb/s and packets/s': (BAD_FLAGS, [meter_mod(ADD, 1, band(), flags=KBPS | PKTPS)]),
    'rate 0': (BAD_RATE, [meter_mod(ADD, 1, band(rate=0))]),
    'a band of type 3': (BAD_BAND, [meter_mod(ADD, 1, band(kind=3))]),
    "an experimenter's band": (BAD_BAND, [meter_mod(ADD, 1, band(kind=0xffff))]),
    'nine bands': (OUT_OF_BANDS, [meter_mod(ADD, 1, *[band(rate=i + 1) for i in range(9)])]),
    'half a band': ((1, 6), [meter_mod(ADD, 1, band()[:8])]),
    'a flow that names none': (NO_SUCH, [of13.flow_mod(of13.match(), meter(9))]),
    'a flow that names a virtual one': ((12, None), [meter_mod(ADD, CONTROLLER, band()),
                                                     of13.flow_mod(of13.match(), meter(CONTROLLER))]),
    'statistics of none': (NO_SUCH, [of13.multipart(9, struct.pack('!I4x', 3))]),
    'the configuration of none': (NO_SUCH, [of13.multipart(10, struct.pack('!I4x', 3))]),
}


@pytest.mark.parametrize('what', REFUSED)
def test_refused(metered, what):
    (kind, code), messages = REFUSED[what]
    with of13.Connection(metered.mgmt) as conn:
        (got,) = refusals(conn, *messages)
        assert got[0] == kind and code in (None, got[1])
    assert metered.flows() == []


def test_deleting_a_meter_that_is_not_there_is_no_error(metered):
    with of13.Connection(metered.mgmt) as conn:
        assert refusals(conn, meter_mod(DELETE, 5), meter_mod(DELETE, ALL)) == []


def test_deleting_all_leaves_the_virtual_ones(metered):
    with of13.Connection(metered.mgmt) as conn:
        assert refusals(conn, meter_mod(ADD, CONTROLLER, band()), meter_mod(ADD, 1, band()), meter_mod(DELETE, ALL)) == []
    out = metered.ofctl('dump-meters').stdout
    assert 'meter=controller' in out and 'meter=1' not in out


def test_flows_go_with_their_meter_and_say_so(metered):
    with of13.Connection(metered.mgmt) as conn:
        assert conn.barrier(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 0xffff)),
                            of13.message(of13.SET_ASYNC, struct.pack('!IIIIII', 7, 7, 7, 7, 15, 15))) == []
        assert refusals(conn, meter_mod(ADD, 4, band()), of13.flow_mod(of13.match(in_port=1), meter(4), cookie=0x77, flags=1),
                        of13.flow_mod(of13.match(in_port=2), cookie=0x78, flags=1)) == []
        assert 'flow_count:1 ' in metered.ofctl('meter-stats', 'meter=4').stdout
        conn.send(meter_mod(DELETE, 4))
        body = conn.recv_kind(of13.FLOW_REMOVED)
        cookie, _, reason = struct.unpack('!QHB', body[:11])
        assert (cookie, reason) == (0x77, 2), 'OFPRR_DELETE'
    assert [f['cookie'] for f in metered.flows()] == [0x78]


@pytest.mark.parametrize('kind', [9, 10])
def test_ten_thousand_meters_are_told_in_order(metered, kind):
    n = 10000
    with of13.Connection(metered.mgmt) as conn:
        assert refusals(conn, *[meter_mod(ADD, i, band(rate=i, burst=i), flags=KBPS | BURST) for i in range(1, n + 1)]) == []
        conn.send(of13.multipart(kind, struct.pack('!I4x', ALL)))
        numbers, more = [], True
        while more:
            body = conn.recv_kind(of13.MULTIPART_REPLY)
            more, at = struct.unpack('!H', body[2:4])[0], 8
            while at < len(body):
                if kind == 9:
                    number, length = struct.unpack('!IH', body[at:at + 6])
                else:
                    length, _, number = struct.unpack('!HHI', body[at:at + 8])
                    assert struct.unpack('!II', body[at + 12:at + 20]) == (number, number)
                numbers.append(number)
                at += length
    assert numbers == list(range(1, n + 1))


# --- What they do ---


def test_a_drop_band_limits_and_counts(metered):
    metered.ofctl('add-meter', 'meter=1,pktps,burst,stats,bands=type=drop,rate=1,burst_size=5')
    metered.ofctl('add-flow', PASS_END)
    metered.ofctl('add-flow', 'in_port=1,actions=meter:1,output:2')
    assert len(packets(metered, 2, 20, udp())) == 5
    out = metered.ofctl('meter-stats', 'meter=1').stdout
    assert 'flow_count:1 packet_in_count:20 byte_in_count:1640' in out and 'packet_count:15 byte_count:1230' in out, out
    flow, = [f for f in metered.flows() if f['match'].endswith('in_port=1')]
    assert flow['actions'] == 'meter:1,output:2' and flow['n_packets'] == 20


def test_remark_raises_the_drop_precedence_on_the_wire(metered):
    metered.ofctl('add-meter', 'meter=1,pktps,burst,bands=type=dscp_remark,rate=1,burst_size=2,prec_level=1')
    metered.ofctl('add-flow', PASS_END)
    metered.ofctl('add-flow', 'in_port=1,actions=meter:1,output:2')
    got = packets(metered, 2, 6, udp(tos=18 << 2 | 1))
    assert got == [udp(tos=18 << 2 | 1)] * 2 + [udp(tos=20 << 2 | 1)] * 4, 'checksums too'


def test_the_controller_meter_limits_packet_ins(metered):
    metered.ofctl('add-meter', 'meter=controller,pktps,burst,bands=type=drop,rate=1,burst_size=3')
    metered.ofctl('add-flow', 'in_port=1,actions=CONTROLLER')
    with of13.Connection(metered.mgmt) as conn:
        assert conn.barrier(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 0xffff))) == []
        for _ in range(10):
            metered.wires[1].send(udp())
        wait_until(lambda: 'packet_in_count:10 ' in metered.ofctl('meter-stats', 'meter=controller').stdout)
        seen = [kind for kind, _, _ in conn.barrier()]
        assert seen.count(of13.PACKET_IN) == 3


@pytest.mark.skep_only
def test_meters_stay_when_skepd_is_killed(switch):
    switch.ofctl('add-meter', 'meter=5,pktps,burst,stats,bands=type=drop,rate=1,burst_size=40')
    switch.ofctl('add-flow', PASS_END)
    switch.ofctl('add-flow', 'in_port=1,actions=meter:5,output:2')
    assert len(packets(switch, 2, 50, udp())) == 40
    switch.kill9()
    assert len(packets(switch, 2, 20, udp())) <= 10, 'the kernel goes on metering'
    switch.start_daemon()
    assert len(packets(switch, 2, 30, udp())) <= 20
    out = switch.ofctl('meter-stats', 'meter=5').stdout
    assert 'flow_count:1 packet_in_count:100 ' in out, out
    assert 'rate=1 burst_size=40' in switch.ofctl('dump-meters').stdout
    assert [f['actions'] for f in switch.flows('in_port=1')] == ['meter:5,output:2']


def iperf(switch, *args):
    """Runs it from host 1 to host 2 and returns Mb/s."""
    server = switch.hosts[2].popen(['iperf3', '-s', '-1'], f'{switch.dir}/iperf3.log')
    try:
        wait_until(lambda: switch.hosts[2].listens(5201), what='iperf3 listens')
        done = switch.hosts[1].run(['iperf3', '-c', '10.0.0.2', '-J', *args], timeout=40)
        return json.loads(done.stdout)['end']['sum_received']['bits_per_second'] / 1e6
    finally:
        server.kill()
        server.wait()


@pytest.mark.skep_only
def test_tcp_with_segmentation_offload_gets_the_rate(make_switch):
    """Of a packet of TSO each segment counts, with its headers; a burst smaller than such a packet does not stop them."""
    switch = make_switch(ports=2)
    switch.host_ports()
    switch.start()
    switch.ofctl('add-meter', 'meter=1,kbps,burst,stats,bands=type=drop,rate=50000,burst_size=20000')
    switch.ofctl('add-meter', 'meter=2,kbps,burst,stats,bands=type=drop,rate=50000,burst_size=8')
    switch.ofctl('add-flow', 'in_port=1,actions=meter:1,output:2')
    switch.ofctl('add-flow', 'in_port=2,actions=output:1')
    rate = iperf(switch, '-t', '4', '-O', '1')
    out = switch.ofctl('meter-stats', 'meter=1').stdout
    n, size = map(int, re.search(r'packet_in_count:(\d+) byte_in_count:(\d+)', out).groups())
    assert 1300 < size / n <= 1514, 'mostly full segments, and none larger'
    # 50 Mb/s on the wire are 47.8 of payload; TCP backs off at drops, and what of the burst is left after a second adds to it.
    assert 35 < rate < 51, rate
    switch.ofctl('mod-flows', 'in_port=1,actions=meter:2,output:2')
    assert iperf(switch, '-n', '300K') > 0
