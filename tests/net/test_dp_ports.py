# SPDX-License-Identifier: Apache-2.0
"""Patch ports, socket ports and packet-outs to ports of all kinds: one site with several bridges."""
import ctypes
import socket
import struct

import pytest
from dpnet import Datapath, Refused
from skepnet import Namespace, Wire, run, wait_until

pytestmark = pytest.mark.skep_only

MARK_SOCKET, MARK_FROM = 0x53a00000, 0x53b00000
SO_MARK = 36
LOCAL = 0xfffffffe
DST, SRC = '020000000002', '020000000001'


def frame(text='hello', dst=DST, src=SRC, ethertype='88b5'):
    return bytes.fromhex(dst + src + ethertype) + text.encode().ljust(46, b'\0')


class Net:
    """A namespace with a datapath of three bridges (0, 1, 2), each with LOCAL and Wires on ports 1 to n."""

    def __init__(self, tmp, bridges=3, wires=2):
        self.tmp = tmp
        run(['mount', '-t', 'bpf', 'bpf', tmp])
        self.ns, self.far = Namespace(), Namespace()
        self.dp = Datapath(self.ns, tmp / 'dp')
        self.dp.start()
        self.wires, self.locals = {}, {}
        for b in range(bridges):
            assert self.dp('bridge', f'br{b}') == str(b)
            self.link(f'l{b}', f'br{b}', self.ns)
            self.dp('port', b, LOCAL, f'l{b}')
            self.locals[b] = Wire(self.ns, f'br{b}')
            for i in range(1, wires + 1):
                self.link(f'p{b}{i}', f't{b}{i}', self.far)
                self.dp('port', b, i, f'p{b}{i}')
                self.wires[b, i] = Wire(self.far, f't{b}{i}')
        kinds = ('dummy', 'bridge')     # a bridge without ports forgets what is sent there, too
        assert any(not self.ns.run(['ip', 'link', 'add', 'skep-io', 'type', kind], check=False).returncode for kind in kinds)
        # What leaves there is as on a wire: the kernel has finished checksums and cut large packets.
        self.ns.run(['ethtool', '-K', 'skep-io', 'tx', 'off', 'sg', 'off', 'tso', 'off', 'gso', 'off'], check=False)
        self.ns.ip('link', 'set', 'skep-io', 'up')
        self.dp('device', 'io', 'skep-io')

    def link(self, name, peer, peer_ns):
        self.ns.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', peer, 'netns', peer_ns.name)
        self.ns.ip('link', 'set', name, 'up')
        peer_ns.ip('link', 'set', peer, 'up')

    def join(self, bridge_a, port_a, bridge_b, port_b):
        self.dp('patch', bridge_a, port_a)
        self.dp('patch', bridge_b, port_b)
        self.dp('join', bridge_a, port_a, bridge_b, port_b)

    def flow(self, bridge, text):
        self.dp('flow', bridge, text)

    def close(self):
        self.dp.close()
        for wire in [*self.wires.values(), *self.locals.values()]:
            wire.close()
        run(['umount', '-l', self.tmp], check=False)
        self.ns.close()
        self.far.close()


@pytest.fixture
def net(tmp_path):
    it = Net(tmp_path)
    yield it
    it.close()


def packet_socket(ns, dev, mark):
    """A packet socket that receives what has the mark."""
    # ld mark; jeq 'mark'; take all, or nothing
    code = [(0x20, 0, 0, 0xfffff000 + 20), (0x15, 0, 1, mark), (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0)]
    program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *c) for c in code))
    with ns.entered():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack('HxxxxxxP', len(code), ctypes.addressof(program)))  # SO_ATTACH_FILTER
        sock.bind((dev, 3))
    return sock


class Member:
    """A process that is behind a socket port: what is sent here the port receives."""

    def __init__(self, net, bridge, port):
        self.mark = int(net.dp('socket', bridge, port))
        self.sock = packet_socket(net.ns, 'skep-io', MARK_SOCKET | self.mark)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK_FROM | self.mark)

    def send(self, data):
        self.sock.send(data)

    def recv(self, timeout=2):
        self.sock.settimeout(timeout)
        try:
            return self.sock.recv(70000)
        except (socket.timeout, BlockingIOError):
            return None

    def close(self):
        self.sock.close()


# --- Patch ports ---

def test_a_packet_goes_on_behind_a_patch_port(net):
    net.join(0, 7, 1, 8)
    net.flow(0, 'cookie=1,in_port=1,metadata=0,actions=set_field:02:00:00:00:00:77->eth_dst,output:7')
    net.flow(1, 'cookie=2,table=0,in_port=8,dl_dst=02:00:00:00:00:77,metadata=0,actions=output:2')
    net.flow(1, 'cookie=3,in_port=2,actions=output:8')
    net.flow(0, 'cookie=4,in_port=7,actions=output:1')
    net.wires[0, 1].send(frame())
    assert net.wires[1, 2].recv() == frame(dst='020000000077')
    net.wires[1, 2].send(frame('back'))
    assert net.wires[0, 1].recv() == frame('back')
    assert net.dp.hits(0) == {1: 1, 4: 1} and net.dp.hits(1) == {2: 1, 3: 1}


def test_metadata_and_action_set_end_at_a_patch_port(net):
    net.join(0, 7, 1, 8)
    net.flow(0, 'in_port=1,actions=set_field:5->tun_id,write_metadata:9,goto_table:1')
    net.flow(0, 'table=1,metadata=9,tun_id=5,actions=write_actions(output:7)')
    net.flow(1, 'cookie=2,in_port=8,metadata=0,tun_id=0,actions=goto_table:3')
    net.flow(1, 'cookie=3,table=3,actions=output:1')
    net.wires[0, 1].send(frame())
    assert net.wires[1, 1].recv() == frame()


def test_copies_go_behind_patch_ports_too(net):
    net.join(0, 7, 1, 8)
    net.join(0, 9, 2, 9)
    net.flow(0, 'in_port=1,actions=output:7,output:9,output:2')
    net.flow(1, 'cookie=1,in_port=8,actions=output:1')
    net.flow(2, 'cookie=2,in_port=9,actions=output:1')
    net.wires[0, 1].send(frame())
    for wire in (net.wires[1, 1], net.wires[2, 1], net.wires[0, 2]):
        assert wire.recv() == frame()
    # LOCAL itself is a port as before.
    net.flow(1, f'cookie=3,in_port={LOCAL},actions=output:2')
    net.locals[1].send(frame('local'))
    assert net.wires[1, 2].recv() == frame('local')


def test_flood_crosses_a_patch_port_and_comes_back_to_nobody(net):
    net.join(0, 7, 1, 8)
    for b in (0, 1):
        net.flow(b, 'actions=FLOOD')
    net.wires[0, 1].send(frame())
    for where in ((0, 2), (1, 1), (1, 2)):
        assert net.wires[where].recv() == frame()
    for b in (0, 1):
        assert net.locals[b].recv() == frame()
    assert net.wires[0, 1].recv(0) is None


def test_a_loop_of_patch_ports_ends(net):
    net.join(0, 7, 1, 8)
    net.join(1, 9, 0, 9)
    net.flow(0, 'cookie=1,in_port=1,actions=output:7')
    net.flow(0, 'cookie=2,in_port=9,actions=output:7')
    net.flow(1, 'cookie=3,in_port=8,actions=output:9')
    net.wires[0, 1].send(frame())
    wait_until(lambda: net.dp.drops()['patch_hops'] == 1)
    assert net.dp.hits(0) == {1: 1, 2: 8} and net.dp.hits(1) == {3: 8}
    # And one that makes a copy at each turn: the copies are not more than there are turns.
    net.flow(1, 'cookie=3,in_port=8,actions=output:9,output:2')
    net.wires[0, 1].send(frame())
    wait_until(lambda: net.dp.drops()['patch_hops'] == 2)
    assert net.dp.hits(1)[3] == 16
    wait_until(lambda: net.wires[1, 2].recv(1) is not None)


def test_port_configuration_of_both_ends_counts(net):
    net.join(0, 7, 1, 8)
    net.flow(0, 'in_port=1,actions=output:7')
    net.flow(1, 'in_port=8,actions=output:1')
    for bridge, port, config, reason in ((0, 7, 32, 'port_no_fwd'), (0, 7, 1, 'port_no_fwd'), (1, 8, 4, 'port_no_recv'),
                                         (1, 8, 1, 'port_no_recv')):
        before = net.dp.drops()[reason]
        net.dp('config', bridge, port, config)
        net.wires[0, 1].send(frame())
        wait_until(lambda r=reason, n=before: net.dp.drops()[r] == n + 1)
        net.dp('config', bridge, port, 0)
    net.dp('part', 0, 7)
    before = net.dp.drops()['port_no_fwd']
    net.wires[0, 1].send(frame())
    wait_until(lambda: net.dp.drops()['port_no_fwd'] == before + 1)
    net.dp('join', 0, 7, 1, 8)
    net.wires[0, 1].send(frame())
    assert net.wires[1, 1].recv() == frame()


def test_patch_ports_of_one_bridge_are_not_joined(net):
    net.dp('patch', 0, 7)
    net.dp('patch', 0, 8)
    with pytest.raises(Refused):
        net.dp('join', 0, 7, 0, 8)
    with pytest.raises(Refused):
        net.dp('join', 0, 7, 1, 1)
    with pytest.raises(Refused, match='port number 1 is taken'):
        net.dp('patch', 0, 1)


def test_a_restarted_process_knows_patch_and_socket_ports(net):
    net.join(0, 7, 1, 8)
    net.flow(0, 'in_port=1,actions=output:7,output:3')
    net.flow(1, 'in_port=8,actions=output:1')
    member = Member(net, 0, 3)
    net.dp.kill9()
    net.dp.start()
    assert net.dp.adopted
    net.wires[0, 1].send(frame())
    assert net.wires[1, 1].recv() == frame()
    assert member.recv() == frame()
    assert '7:patch:0' in net.dp('ports', 0).split() and '8:patch:0' in net.dp('ports', 1).split()
    assert int(net.dp('socket', 0, 3)) == member.mark
    net.dp('del-port', 0, 7)
    net.wires[0, 1].send(frame())
    assert member.recv() == frame() and net.wires[1, 1].recv(0) is None
    member.close()


# --- Socket ports ---

def test_a_process_is_source_and_destination_of_flows(net):
    a, b = Member(net, 0, 3), Member(net, 0, 4)
    assert a.mark != b.mark
    net.flow(0, 'cookie=1,in_port=1,actions=output:3')
    net.flow(0, 'cookie=2,in_port=3,actions=output:2')
    net.flow(0, 'cookie=3,in_port=4,actions=output:3,output:1')
    net.wires[0, 1].send(frame('in'))
    assert a.recv() == frame('in')
    a.send(frame('out'))
    assert net.wires[0, 2].recv() == frame('out')
    b.send(frame('both'))
    assert a.recv() == frame('both') and net.wires[0, 1].recv() == frame('both')
    assert b.recv(0.01) is None
    assert net.dp.hits(0) == {1: 1, 2: 1, 3: 1}
    for member in (a, b):
        member.close()


def test_what_nobody_sent_leaves_the_io_device_for_nobody(net):
    member = Member(net, 0, 3)
    net.flow(0, 'cookie=1,actions=output:1')
    before = net.dp.drops()['port_no_recv']
    with net.ns.entered():
        stray = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        stray.bind(('skep-io', 0))
    stray.send(frame())
    wait_until(lambda: net.dp.drops()['port_no_recv'] == before + 1)
    stray.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK_FROM | member.mark + 1)     # no socket port
    stray.send(frame())
    wait_until(lambda: net.dp.drops()['port_no_recv'] == before + 2)
    assert net.dp.hits(0) == {1: 0}
    stray.close()
    member.close()


def test_a_copy_to_a_socket_leaves_the_mark_of_the_others_alone(net):
    member = Member(net, 0, 3)
    net.flow(0, 'in_port=1,actions=output:3,output:2')
    marked, unmarked = (packet_socket(net.ns, 'p02', mark) for mark in (MARK_SOCKET | member.mark, 0))
    net.wires[0, 1].send(frame())
    assert member.recv() == frame()
    assert net.wires[0, 2].recv() == frame()
    unmarked.settimeout(2)
    assert unmarked.recv(2000) == frame()
    marked.setblocking(False)
    with pytest.raises(BlockingIOError):
        marked.recv(2000)
    for sock in (member, marked, unmarked):
        sock.close()


def test_sending_is_no_error_where_the_rules_drop(net):
    member = Member(net, 0, 3)
    net.flow(0, 'cookie=1,in_port=3,actions=drop')
    before = net.dp.drops()['no_output']
    member.send(frame())
    assert net.dp.hits(0) == {1: 1}
    assert net.dp.drops()['no_output'] == before + 1
    member.close()


def test_io_device_gone_takes_socket_ports_with_it(net):
    member = Member(net, 0, 3)
    io = [word.split(':')[1] for word in net.dp('devices').split() if word.startswith('io:')]
    net.dp('device-del', io[0])
    assert 'socket' not in net.dp('ports', 0)
    with pytest.raises(Refused, match='no I/O device'):
        net.dp('socket', 0, 3)
    net.dp('device', 'io', 'skep-io')
    assert int(net.dp('socket', 0, 3)) == member.mark
    member.close()


# --- Packet-outs ---

def packet_out(net, actions, bridge=0, in_port='CONTROLLER', data=None):
    net.dp('packet-out', bridge, f'in_port={in_port}, packet={(data or frame()).hex()}, actions={actions}')


def test_packet_out_to_a_socket(net):
    member = Member(net, 0, 3)
    packet_out(net, 'output:3')
    assert member.recv() == frame()
    member.close()


def test_packet_out_to_a_patch_port(net):
    net.join(0, 7, 1, 8)
    net.join(1, 9, 2, 9)
    net.flow(1, 'cookie=1,in_port=8,actions=set_field:02:00:00:00:00:55->eth_dst,output:9,output:1')
    net.flow(2, 'cookie=2,in_port=9,actions=output:1')
    packet_out(net, 'output:7,output:2')
    assert net.wires[0, 2].recv() == frame()
    for wire in (net.wires[1, 1], net.wires[2, 1]):
        assert wire.recv() == frame(dst='020000000055')
    assert net.dp.hits(1) == {1: 1} and net.dp.hits(2) == {2: 1}


def test_packet_out_into_a_loop_of_patch_ports_ends(net):
    net.join(0, 7, 1, 8)
    net.join(1, 9, 0, 9)
    for b in (0, 1):
        net.flow(b, 'actions=FLOOD')
    packet_out(net, 'FLOOD')
    assert net.dp.drops()['patch_hops']
    assert net.wires[1, 1].recv() == frame()


def test_packet_out_to_a_tunnel_has_its_outer_header(net):
    net.ns.ip('link', 'add', 'under', 'type', 'veth', 'peer', 'name', 'under', 'netns', net.far.name)
    net.ns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'under')
    net.ns.ip('link', 'set', 'under', 'up')
    net.far.ip('link', 'set', 'under', 'up')
    net.ns.ip('neigh', 'replace', '192.0.2.2', 'lladdr', '02:00:00:00:00:99', 'dev', 'under')
    net.ns.ip('neigh', 'replace', '192.0.2.3', 'lladdr', '02:00:00:00:00:99', 'dev', 'under')
    net.ns.ip('link', 'add', 'skep-vx', 'type', 'vxlan', 'external', 'dstport', '4789')
    net.ns.ip('link', 'set', 'skep-vx', 'up')
    net.dp('device', 'tunnel', 'skep-vx')
    net.dp('tunnel', 0, 10, 'skep-vx', 'remote=192.0.2.2', 'key=7')
    net.dp('tunnel', 0, 11, 'skep-vx', 'remote=flow', 'key=flow')
    wire = Wire(net.far, 'under')

    def vxlan():
        while True:
            got = wire.recv()
            if not got or (got[12:14] == b'\x08\x00' and got[23] == 17 and got[36:38] == struct.pack('!H', 4789)):
                return got
    packet_out(net, 'output:10')
    got = vxlan()
    assert got[30:34] == bytes([192, 0, 2, 2]) and got[22] == 64
    assert got[46:50] == bytes([0, 0, 7, 0]) and got[50:] == frame()
    packet_out(net, 'set_field:0x1234->tun_id,set_field:192.0.2.3->tun_dst,set_field:9->tun_ttl,output:11')
    got = vxlan()
    assert got[30:34] == bytes([192, 0, 2, 3]) and got[22] == 9
    assert got[46:50] == bytes([0, 0x12, 0x34, 0]) and got[50:] == frame()
    wire.close()
