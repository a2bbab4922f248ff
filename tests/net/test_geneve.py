# SPDX-License-Identifier: Apache-2.0
"""Geneve options: which of them tun_metadata0 to 7 are (Open vSwitch's NXT_TLV_TABLE_*), and real options on the wire.

Where this kernel has no Geneve devices, what needs them runs on the kernel that tests/other-kernel uses."""
import socket
import struct

import of13
import pytest
import shut_up
import skepnet
from skepnet import Namespace, wait_until

pytestmark = pytest.mark.skep_only

FOUR, EIGHT = '{class=0x102,type=0x5,len=4}->tun_metadata0', '{class=0x102,type=0x86,len=8}->tun_metadata1'


@pytest.fixture
def br(sw):
    sw.ofctl('del-groups')
    sw.ofctl('del-tlv-map')
    return sw


def test_ovs_ofctl_writes_the_table(br):
    br.ofctl('add-tlv-map', '{class=0xffff,type=0,len=4}->tun_metadata0,{class=0x102,type=0x80,len=8}->tun_metadata7')
    out = br.ofctl('dump-tlv-map').stdout
    assert 'max option space=64 max fields=8' in out and 'allocated option space=12' in out
    assert ' 0xffff     0       4  tun_metadata0\n  0x102  0x80       8  tun_metadata7\n' in out
    assert br.skepctl('dump-tlv-map', br.bridge).stdout == out
    assert br.json('dump-tlv-map', br.bridge)['options'] == [
        {'class': 0xffff, 'type': 0, 'length': 4, 'tun_metadata': 0}, {'class': 0x102, 'type': 0x80, 'length': 8, 'tun_metadata': 7}]
    br.ofctl('del-tlv-map', '{class=0xffff,type=0,len=4}->tun_metadata0')
    assert 'tun_metadata0' not in br.ofctl('dump-tlv-map').stdout
    br.ofctl('del-tlv-map')
    assert br.json('dump-tlv-map', br.bridge)['options'] == []


def test_a_flow_names_what_is_an_option(br):
    refused = br.ofctl('add-flow', 'tun_metadata0=5,actions=1', check=False)
    assert refused.returncode and 'INVALID_TLV_FIELD' in refused.stderr + refused.stdout
    br.skepctl('add-tlv-map', br.bridge, f'{FOUR},{EIGHT}')
    br.skepctl('add-flow', br.bridge, 'priority=5,tun_metadata0=0x1234,tun_metadata1=0x500/0xff00,actions=set_field:7->tun_metadata0,1')
    line = br.skepctl('dump-flows', br.bridge).stdout
    assert 'tun_metadata0=0x1234,tun_metadata1=0x500/0xff00' in line and 'set_field:0x7->tun_metadata0' in line
    br.ofctl('add-flow', 'priority=7,in_port=2,tun_metadata0=0,actions=set_field:0->tun_metadata0,set_field:0x12->tun_metadata1,1')
    assert 'set_field:0->tun_metadata0,set_field:0x12->tun_metadata1' in br.skepctl('dump-flows', br.bridge, 'in_port=2').stdout
    br.skepctl('del-flows', br.bridge, 'in_port=2')
    flow, = br.flows()      # ovs-ofctl understands it too
    assert 'tun_metadata0=0x1234' in flow['match'] and 'tun_metadata1=0x500/0xff00' in flow['match']
    br.ofctl('add-flow', 'priority=6,tun_metadata0=0x1234,actions=2')
    br.skepctl('del-flows', '--strict', br.bridge, 'priority=6,tun_metadata0=0x1234')     # one sends 8 bytes, the other fewer
    assert len(br.flows()) == 1
    for wide in ('tun_metadata0=0x123456789,actions=1', 'actions=set_field:0x123456789->tun_metadata0,1'):
        refused = br.skepctl('add-flow', br.bridge, wide, check=False)
        assert refused.returncode and ('BAD_VALUE' in refused.stderr or 'BAD_SET_ARGUMENT' in refused.stderr), refused.stderr
    refused = br.skepctl('add-group', br.bridge, 'group_id=1,type=all,bucket=actions=set_field:1->tun_metadata3,1', check=False)
    assert 'INVALID_TLV_FIELD' in refused.stderr
    refused = br.skepctl('packet-out', br.bridge, 'in_port=1 packet=' + '00' * 60 + ' actions=set_field:1->tun_metadata3,2', check=False)
    assert 'INVALID_TLV_FIELD' in refused.stderr


def test_what_is_used_stays(br):
    br.skepctl('add-tlv-map', br.bridge, f'{FOUR},{EIGHT},{{class=3,type=3,len=4}}->tun_metadata2')
    br.skepctl('add-flow', br.bridge, 'tun_metadata0=1,actions=1')
    br.skepctl('add-flow', br.bridge, 'in_port=1,actions=set_field:192.0.2.1->tun_dst,set_field:2001:db8::1->tun_ipv6_dst,set_field:1->tun_metadata1,2')
    br.skepctl('add-group', br.bridge, 'group_id=1,type=all,bucket=actions=set_field:1->tun_metadata2,1')
    for used in (FOUR, EIGHT, '{class=3,type=3,len=4}->tun_metadata2', None):
        refused = br.skepctl('del-tlv-map', br.bridge, *([used] if used else []), check=False)
        assert refused.returncode and 'INVALID_TLV_DEL' in refused.stderr
    assert len(br.json('dump-tlv-map', br.bridge)['options']) == 3
    br.skepctl('del-flows', br.bridge)
    br.skepctl('del-groups', br.bridge)
    br.skepctl('del-tlv-map', br.bridge)
    assert br.json('dump-tlv-map', br.bridge)['options'] == []


def test_a_change_is_made_as_a_whole(br):
    """What is refused singly is in test_refusals.py."""
    with of13.Connection(br.mgmt) as c:
        assert c.barrier(of13.tlv_mod(0, (0xffff, 1, 4, 0), (0xffff, 2, 8, 1))) == []
        for bad in ((0, (1, 1, 4, 5), (0xffff, 1, 4, 6)), (1, (0xffff, 1, 4, 0), (1, 1, 4, 8)), (0, (1, 1, 0, 2)), (0, (1, 1, 5, 2))):
            (kind, _, _), = c.barrier(of13.tlv_mod(*bad))
            assert kind == of13.ERROR
        assert c.barrier(of13.tlv_mod(1, (0, 0, 0, 7))) == []      # not there
        for body in (b'', struct.pack('!H6x', 0) + b'1234567', struct.pack('!H6x', 1) + bytes(8 * 65)):
            (_, _, error), = c.barrier(of13.nx(24, body))
            assert struct.unpack('!HH', error[:4]) == (1, 6)         # OFPBRC_BAD_LEN
        (_, _, error), = c.barrier(of13.nx(26, bytes(16)))
        assert struct.unpack('!HH', error[:4]) == (1, 4)             # OFPBRC_BAD_EXP_TYPE: a reply
    assert [o['tun_metadata'] for o in br.json('dump-tlv-map', br.bridge)['options']] == [0, 1]


def test_wrong_text_is_refused(br):
    for text, why in (('class=1', 'not {class='), ('{class=1,type=2}->tun_metadata0', 'class, type and len'),
                      ('{class=1,type=2,len=4,x=3}->tun_metadata0', 'class, type and len'),
                      ('{class=65536,type=2,len=4}->tun_metadata0', '65535'), ('{class=1,type=2,len=4}->tun_metadata8', 'not a field'),
                      ('{class=1,type=2,len=4}->metadata', 'not a field'), ('', 'no option')):
        refused = br.skepctl('add-tlv-map', br.bridge, text, check=False)
        assert refused.returncode and why in refused.stderr, (text, refused.stderr)
    assert br.json('dump-tlv-map', br.bridge)['options'] == []


def test_the_table_outlives_skepd(make_switch):
    sw = make_switch()
    sw.wire_ports()
    sw.start()
    sw.skepctl('add-tlv-map', sw.bridge, FOUR)
    sw.skepctl('add-flow', sw.bridge, 'tun_metadata0=5,actions=1')
    sw.kill9()
    sw.start_daemon()
    assert [o['class'] for o in sw.json('dump-tlv-map', sw.bridge)['options']] == [0x102]
    assert 'tun_metadata0=0x5' in sw.skepctl('dump-flows', sw.bridge).stdout
    assert 'INVALID_TLV_DEL' in sw.skepctl('del-tlv-map', sw.bridge, check=False).stderr


# --- On the wire ---

class Remote:
    """The other end of the tunnel, as bytes: a UDP socket."""

    def __init__(self, switch):
        self.ns = Namespace()
        switch.ns.ip('link', 'add', 'under', 'type', 'veth', 'peer', 'name', 'under', 'netns', self.ns.name)
        for ns, address in ((switch.ns, '192.0.2.1/24'), (self.ns, '192.0.2.2/24')):
            ns.ip('addr', 'add', address, 'dev', 'under')
            ns.ip('link', 'set', 'under', 'up')
        with self.ns.entered():
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind(('192.0.2.2', 6081))

    def close(self):
        self.sock.close()
        self.ns.close()

    def send(self, frame, *options, raw=None, vni=7):
        """An option is (class, type, value)."""
        body = b''.join(struct.pack('!HBB', c, t, len(v) // 4) + v for c, t, v in options) if raw is None else raw
        critical = any(t & 0x80 for _, t, _ in options)
        self.sock.sendto(struct.pack('!BBHI', len(body) // 4, critical << 6, 0x6558, vni << 8) + body + frame, ('192.0.2.1', 6081))

    def recv(self, timeout=5):
        """The next frame and its options, or None."""
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(65536)
        except (socket.timeout, BlockingIOError):
            return None
        end = 8 + (data[0] & 0x3f) * 4
        options, rest = [], data[8:end]
        while rest:
            c, t, n = struct.unpack('!HBB', rest[:4])
            options.append((c, t, rest[4:4 + 4 * n]))
            rest = rest[4 + 4 * n:]
        return data[end:], options


def has_geneve():
    ns = Namespace()
    try:
        return ns.run(['ip', 'link', 'add', 'g0', 'type', 'geneve', 'external'], check=False).returncode == 0
    finally:
        ns.close()


@pytest.fixture(scope='module')
def shared_tunnel(tmp_path_factory):
    if not has_geneve():
        pytest.skip('this kernel has no geneve devices: see test_geneve_on_another_kernel')
    sw = skepnet.Switch(tmp_path_factory.mktemp('tunnel'))
    sw.remote = None
    try:
        sw.wire_ports()
        sw.start()
        sw.remote = Remote(sw)
        sw.skepctl('add-port', sw.bridge, 'tun', 'type=geneve', 'ofport=10', 'options:remote_ip=192.0.2.2', 'options:key=7')
        sw.skepctl('add-tlv-map', sw.bridge, f'{FOUR},{EIGHT}')
        yield sw
    finally:
        if sw.remote:
            sw.remote.close()
        sw.close()


@pytest.fixture
def tunnel(shared_tunnel):
    shared_tunnel.skepctl('del-flows', shared_tunnel.bridge)
    shared_tunnel.skepctl('del-groups', shared_tunnel.bridge)
    return shared_tunnel


FRAME = bytes.fromhex('020000000002 020000000001 88b5') + b'geneve' + bytes(40)
FOUR_IS, EIGHT_IS = (0x102, 5, b'\x11\x22\x33\x44'), (0x102, 0x86, b'\x01\x02\x03\x04\x05\x06\x07\x08')


def drops(sw):
    return sw.json('show', sw.bridge)['bridges'][0]['datapath']['drops'].get('tunnel_option', 0)


def test_wire_options_received_are_matched(tunnel):
    sw, remote = tunnel, tunnel.remote
    # What a packet has says by which wire it leaves.
    sw.ofctl('add-flow', 'priority=30,in_port=10,tun_metadata0=0x11223344,tun_metadata1=0x0102030405060708,actions=3')
    sw.ofctl('add-flow', 'priority=20,in_port=10,tun_metadata0=0x11000000/0xff000000,actions=2')
    sw.ofctl('add-flow', 'priority=10,in_port=10,tun_metadata0=0,actions=1')

    def goes_to():
        wait_until(lambda: any(sw.wires[i].recv(0) == FRAME and arrived.append(i) is None for i in (1, 2, 3)), what='the frame')
        return arrived.pop()
    arrived = []
    other = (0x103, 5, b'\x11\x22\x33\x44')
    for options, to in (((FOUR_IS, EIGHT_IS), 3), ((EIGHT_IS, FOUR_IS), 3), ((FOUR_IS,), 2), ((), 1), ((other,), 1),
                        ((other, (0x102, 6, b''), FOUR_IS, other, EIGHT_IS), 3), ((EIGHT_IS,), 1),
                        ((FOUR_IS, (0x102, 5, bytes(4))), 2),           # the first of a kind counts
                        (((0x102, 5, bytes(8)),), 1),                   # another length is another option
                        ((*[(0x103, 5, b'')] * 58, FOUR_IS, EIGHT_IS), 3),         # 63 words
                        ((), 1)):
        remote.send(FRAME, *options)
        assert goes_to() == to, options
    assert drops(sw) == 0


def test_wire_what_cannot_be_taken_is_dropped(tunnel):
    sw, remote = tunnel, tunnel.remote
    sw.ofctl('add-flow', 'in_port=10,actions=1')
    remote.send(FRAME, (0x102, 0x87, b''))                          # critical, and unknown
    remote.send(FRAME, (0x102, 0x86, bytes(4)))                     # critical, of another length
    remote.send(FRAME, raw=struct.pack('!HBBI', 0x102, 5, 2, 0))    # cut off
    remote.send(FRAME, FOUR_IS)
    wait_until(lambda: sw.wires[1].recv(0) == FRAME, what='the good one')
    assert sw.wires[1].recv(0.2) is None
    assert drops(sw) == 3


def test_wire_options_are_sent(tunnel):
    sw, remote = tunnel, tunnel.remote
    sw.ofctl('add-flow', 'in_port=1,actions=set_field:0xdeadbeef->tun_metadata0,10')
    sw.ofctl('add-flow', 'in_port=2,actions=10')
    sw.ofctl('add-flow', 'in_port=3,actions=set_field:5->tun_metadata1,10,set_field:0->tun_metadata0,set_field:6->tun_metadata1,10')
    four, eight = (0x102, 5, b'\xde\xad\xbe\xef'), (0x102, 0x86, bytes(7) + b'\x06')
    sw.wires[1].send(FRAME)
    assert remote.recv() == (FRAME, [four])
    sw.wires[2].send(FRAME)
    assert remote.recv() == (FRAME, [])
    sw.wires[3].send(FRAME)         # each copy has what was set by then, and zero is a value
    assert remote.recv() == (FRAME, [(0x102, 0x86, bytes(7) + b'\x05')])
    assert remote.recv() == (FRAME, [(0x102, 5, bytes(4)), eight])
    sw.wires[2].send(FRAME)
    assert remote.recv() == (FRAME, [])


def test_wire_options_go_on_unless_they_are_set(tunnel):
    sw, remote = tunnel, tunnel.remote
    sw.ofctl('add-flow', 'in_port=10,tun_metadata0=0x11223344,actions=set_field:9->tun_metadata1,in_port')
    remote.send(FRAME, (0x103, 1, b'ours'), FOUR_IS)
    assert remote.recv() == (FRAME, [FOUR_IS, (0x102, 0x86, bytes(7) + b'\x09')])


def test_wire_buckets_send_their_own(tunnel):
    sw, remote = tunnel, tunnel.remote
    sw.ofctl('add-group', 'group_id=1,type=all,bucket=actions=set_field:1->tun_metadata0,10,bucket=actions=set_field:2->tun_metadata0,10')
    sw.ofctl('add-flow', 'in_port=1,actions=group:1')
    sw.wires[1].send(FRAME)
    got = [remote.recv(), remote.recv()]
    assert sorted(options[0][2][3] for _, options in got) == [1, 2] and {frame for frame, _ in got} == {FRAME}


def test_wire_packets_of_controllers_have_options(tunnel):
    sw, remote = tunnel, tunnel.remote
    sw.ofctl('add-flow', 'in_port=10,actions=CONTROLLER')
    sw.skepctl('packet-out', sw.bridge, f'in_port=CONTROLLER packet={FRAME.hex()} actions=set_field:0x77->tun_metadata1,10')
    assert remote.recv() == (FRAME, [(0x102, 0x86, bytes(7) + b'\x77')])
    with of13.Connection(sw.mgmt) as c:
        c.send(of13.message(of13.SET_CONFIG, struct.pack('!HH', 0, 0xffff)))
        c.barrier()
        remote.send(FRAME, FOUR_IS)
        body = c.recv_kind(of13.PACKET_IN)
    length, = struct.unpack('!H', body[18:20])
    fields, rest = {}, body[20:16 + length]
    while rest:
        oxm_class, field, n = struct.unpack('!HBB', rest[:4])
        fields[oxm_class, field >> 1] = rest[4:4 + n]
        rest = rest[4 + n:]
    assert fields[1, 40] == bytes(4) + b'\x11\x22\x33\x44' and (1, 41) not in fields
    assert body.endswith(FRAME)


@shut_up.on_another_kernel
def test_geneve_on_another_kernel():
    if has_geneve():
        pytest.skip('this kernel has all that is needed')
    shut_up.pytest_there('test_geneve.py and wire', 6, ['geneve'])
