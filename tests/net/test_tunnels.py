# SPDX-License-Identifier: Apache-2.0
"""Tunnel, patch and socket ports on real networks: two sites, joined by an underlay, each with a datapath and endpoints behind veths."""
import json
import subprocess

import pytest
from dpnet import Datapath, Refused
from skepnet import Namespace, host_mac, run, wait_until

pytestmark = pytest.mark.skep_only

UNDER4 = {1: '192.0.2.1', 2: '192.0.2.2'}
UNDER6 = {1: '2001:db8::1', 2: '2001:db8::2'}
MTU = 1400
TUN_CSUM, TUN_KEY = 4, 8     # bits of tun_flags


class Site:
    """A host: a namespace with an underlay interface, a datapath with bridge 0, and endpoints on ports 1, 2, ..."""

    def __init__(self, number, tmp, n_endpoints=1):
        self.number = number
        self.ns = Namespace()
        self.ns.run(['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=0', 'net.ipv6.conf.default.disable_ipv6=0'])
        self.tmp = tmp / f'site{number}'
        self.tmp.mkdir()
        run(['mount', '-t', 'bpf', 'bpf', self.tmp])
        self.ends = {}
        self.n_endpoints = n_endpoints
        self.dp = None

    def start(self):
        self.dp = Datapath(self.ns, self.tmp / 'dp')
        self.dp.start()
        assert self.dp('bridge', 'br0') == '0'
        for i in range(1, self.n_endpoints + 1):
            end = Namespace()
            self.ends[i] = end
            self.ns.ip('link', 'add', f'p{i}', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', end.name)
            address = self.number * 10 + i
            end.ip('link', 'set', 'eth0', 'address', host_mac(address), 'mtu', str(MTU), 'up')
            end.ip('addr', 'add', f'10.0.0.{address}/24', 'dev', 'eth0')
            for other in (11, 12, 13, 21, 22, 23):     # no ARP that a test would have to think of
                if other != address:
                    end.ip('neigh', 'replace', f'10.0.0.{other}', 'lladdr', host_mac(other), 'dev', 'eth0')
            self.ns.ip('link', 'set', f'p{i}', 'up')
            self.dp('port', 0, i, f'p{i}')

    def device(self, name, *kind):
        """Makes a tunnel device, and gives it to the datapath."""
        made = self.ns.run(['ip', 'link', 'add', name, 'type', *kind], check=False)
        if 'Unknown device type' in made.stderr:
            pytest.skip(f'this kernel has no {kind[0]} devices')
        assert made.returncode == 0, made.stderr
        self.ns.ip('link', 'set', name, 'up')
        self.dp('device', 'tunnel', name)

    def vxlan(self):
        self.device('skep-vx', *VXLAN)

    def flow(self, text, bridge=0):
        self.dp('flow', bridge, text)

    def close(self):
        if self.dp:
            self.dp.close()
        run(['umount', '-l', self.tmp], check=False)
        for ns in [*self.ends.values(), self.ns]:
            ns.close()


def address_of(site, end=1):
    return f'10.0.0.{site.number * 10 + end}'


@pytest.fixture
def make_sites(tmp_path):
    made = []

    def make(**kwargs):
        for i in (1, 2):
            made.append(Site(i, tmp_path, **kwargs))
        a, b = made
        a.ns.ip('link', 'add', 'under', 'mtu', '1500', 'type', 'veth', 'peer', 'name', 'under', 'netns', b.ns.name)
        for site in made:
            site.ns.ip('addr', 'add', f'{UNDER4[site.number]}/24', 'dev', 'under')
            site.ns.ip('addr', 'add', f'{UNDER6[site.number]}/64', 'dev', 'under', 'nodad')
            site.ns.ip('link', 'set', 'under', 'up')
            site.start()
        return a, b
    yield make
    for site in made:
        site.close()


@pytest.fixture
def sites(make_sites):
    return make_sites()


def ping(a, b, end_a=1, end_b=1, count=3):
    a.ends[end_a].run(['ping', '-q', '-n', '-c', str(count), '-i', '0.05', '-W', '3', address_of(b, end_b)], timeout=30)


def poke(a, b):
    """Sends one packet, to which no answer is expected."""
    a.ends[1].run(['ping', '-q', '-n', '-c', '1', '-W', '0.01', address_of(b)], check=False)


def join(a, b, *options, under=UNDER4, device='skep-vx'):
    """Port 10 of each is a tunnel to the other, with all traffic of port 1."""
    for site, other in ((a, b), (b, a)):
        site.dp('tunnel', 0, 10, device, f'remote={under[other.number]}', *options)
        site.flow('priority=1,in_port=1,actions=output:10')
        site.flow('priority=1,in_port=10,actions=output:1')


def no_losses(*sites):
    """The switch dropped nothing but what no rule was for."""
    for site in sites:
        lost = {name: n for name, n in site.dp.drops().items() if n and name != 'table_miss'}
        assert not lost, f'site {site.number}: {lost}'


SERVE = '''
import socket, sys
s = socket.create_server(("0.0.0.0", int(sys.argv[1])))
print("ready", flush=True)
c, a = s.accept()
n, bad = 0, 0
while d := c.recv(65536):
    bad += d.count(0x5a) != len(d)
    n += len(d)
print(n, bad, flush=True)
'''
SEND = '''
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
s.sendall(b"\\x5a" * int(sys.argv[3]))
s.shutdown(socket.SHUT_WR)
s.recv(1)
'''
PYTHON = '/usr/bin/python3'


def transfer(a, b, size=4_000_000, end_a=1, end_b=1):
    """TCP from an end of site a to one of site b: all bytes come, and are what was sent."""
    with subprocess.Popen(b.ends[end_b].cmd(['timeout', '60', PYTHON, '-c', SERVE, '80']), stdout=subprocess.PIPE,
                          text=True) as server:
        assert server.stdout.readline() == 'ready\n'
        a.ends[end_a].run([PYTHON, '-c', SEND, address_of(b, end_b), '80', str(size)], timeout=60)
        assert server.stdout.readline() == f'{size} 0\n'


def segments(ns, dev='eth0'):
    """Packets that the interface has sent, as the kernel handed them over: large ones count once."""
    stats = json.loads(ns.ip('-j', '-s', 'link', 'show', dev).stdout)[0]['stats64']
    return stats['tx']['packets'], stats['tx']['bytes']


def test_two_hosts_talk_through_vxlan(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    join(a, b, 'key=7')
    ping(a, b)
    no_losses(a, b)


# A device takes IPv6 packets without an outer checksum only if it is told to.
VXLAN = ('vxlan', 'external', 'dstport', '4789', 'udp6zerocsumrx')
GENEVE = ('geneve', 'external', 'dstport', '6081', 'udp6zerocsumrx')
GRE, GRE6 = ('gretap', 'external'), ('ip6gretap', 'external')


@pytest.mark.parametrize('csum', [[], ['csum']], ids=['nocsum', 'csum'])
@pytest.mark.parametrize('kind, under', [(VXLAN, UNDER4), (VXLAN, UNDER6), (GENEVE, UNDER4), (GENEVE, UNDER6), (GRE, UNDER4),
                                         (GRE6, UNDER6)],
                         ids=['vxlan', 'vxlan-ipv6', 'geneve', 'geneve-ipv6', 'gre', 'gre-ipv6'])
def test_tcp_with_segmentation_offload_crosses(sites, kind, under, csum):
    a, b = sites
    for site in sites:
        site.device('skep-tun', *kind)
    join(a, b, 'key=7', *csum, under=under, device='skep-tun')
    for site in sites:
        flag = TUN_CSUM if csum else 0
        site.flow(f'cookie=9,priority=2,in_port=10,tun_id=7,tun_flags={flag}/{TUN_CSUM},actions=output:1')
    ping(a, b)
    before = segments(a.ends[1])
    transfer(a, b)
    after = segments(a.ends[1])
    # It was the kernel's offloading that crossed: packets of many segments.
    assert (after[1] - before[1]) / (after[0] - before[0]) > 4 * MTU
    assert all(site.dp.hits(0)[9] for site in sites)
    no_losses(a, b)


@pytest.mark.parametrize('kind, under', [(GRE, UNDER4), (GRE6, UNDER6)], ids=['gre', 'gre-ipv6'])
def test_gre_without_a_key(sites, kind, under):
    a, b = sites
    for site in sites:
        site.device('skep-tun', *kind)
    try:
        join(a, b, under=under, device='skep-tun')
    except Refused as refused:
        assert 'cannot send without a key' in str(refused)
        pytest.skip(str(refused))
    b.flow(f'cookie=9,priority=2,in_port=10,tun_id=0,tun_flags=0/{TUN_KEY},actions=output:1')
    ping(a, b)
    assert b.dp.hits(0)[9]
    no_losses(a, b)


def test_keys_tell_ports_apart_and_a_packet_of_no_port_is_counted(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    for key in (7, 8):
        a.dp('tunnel', 0, key, 'skep-vx', f'remote={UNDER4[2]}', f'key={key}')
    b.dp('tunnel', 0, 7, 'skep-vx', f'remote={UNDER4[1]}', 'key=7')
    a.flow('priority=1,in_port=1,actions=output:7')
    b.flow('cookie=7,priority=1,in_port=7,actions=output:1')
    poke(a, b)
    assert wait_until(lambda: b.dp.hits(0)[7])
    assert b.dp.drops()['no_tunnel_port'] == 0
    a.flow('priority=1,in_port=1,actions=output:8')
    poke(a, b)
    wait_until(lambda: b.dp.drops()['no_tunnel_port'])


def test_an_unknown_remote_has_no_port(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    a.dp('tunnel', 0, 10, 'skep-vx', f'remote={UNDER4[2]}', 'key=7')
    a.flow('priority=1,in_port=1,actions=output:10')
    b.dp('tunnel', 0, 10, 'skep-vx', 'remote=192.0.2.77', 'key=7')
    poke(a, b)
    wait_until(lambda: b.dp.drops()['no_tunnel_port'])
    # And with a local address that it is not sent to.
    b.dp('tunnel', 0, 10, 'skep-vx', f'remote={UNDER4[1]}', 'local=192.0.2.77', 'key=7')
    n = b.dp.drops()['no_tunnel_port']
    poke(a, b)
    wait_until(lambda: b.dp.drops()['no_tunnel_port'] > n)
    b.dp('tunnel', 0, 10, 'skep-vx', f'remote={UNDER4[1]}', f'local={UNDER4[2]}', 'key=7')
    b.flow('cookie=5,priority=1,in_port=10,actions=output:1')
    poke(a, b)
    wait_until(lambda: b.dp.hits(0)[5])


@pytest.mark.parametrize('under', [UNDER4, UNDER6], ids=['ipv4', 'ipv6'])
def test_rules_choose_remote_and_key_and_see_those_of_what_came(sites, under):
    a, b = sites
    prefix = 'tun_ipv6_' if under is UNDER6 else 'tun_'
    for site, other in ((a, b), (b, a)):
        site.vxlan()
        site.dp('tunnel', 0, 10, 'skep-vx', 'remote=flow', 'key=flow', 'csum')
        site.flow(f'cookie=1,priority=1,in_port=1,actions=set_field:0x1234->tun_id,'
                  f'set_field:{under[other.number]}->{prefix}dst,set_field:33->tun_ttl,set_field:0x28->tun_tos,output:10')
        site.flow(f'cookie=2,priority=2,in_port=10,tun_id=0x1234,{prefix}src={under[other.number]},'
                  f'{prefix}dst={under[site.number]},tun_ttl=33,tun_tos=0x28,tun_flags={TUN_CSUM | TUN_KEY}/{TUN_CSUM | TUN_KEY},actions=output:1')
    ping(a, b)
    no_losses(a, b)
    assert a.dp.hits(0)[2] == b.dp.hits(0)[1]
    # Where nothing sets a remote the packet cannot go, and is counted.
    a.flow('cookie=1,priority=1,in_port=1,actions=set_field:0x1234->tun_id,output:10')
    poke(a, b)
    wait_until(lambda: a.dp.drops()['tunnel_failed'])


def test_a_fixed_port_goes_before_an_open_one(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    a.dp('tunnel', 0, 10, 'skep-vx', f'remote={UNDER4[2]}', 'key=7')
    a.flow('priority=1,in_port=1,actions=output:10')
    b.dp('tunnel', 0, 1001, 'skep-vx', 'remote=flow', 'key=flow')
    for i, options in enumerate((['remote=flow', 'key=flow'], ['remote=flow', 'key=7'],
                                 [f'remote={UNDER4[1]}', 'key=flow'], [f'remote={UNDER4[1]}', 'key=7'])):
        if i:
            b.dp('tunnel', 0, 1001 + i, 'skep-vx', *options)
        b.flow(f'cookie={i + 1},priority=1,in_port={1001 + i},actions=drop')
        poke(a, b)
        wait_until(lambda cookie=i + 1: b.dp.hits(0)[cookie])
    # One after the other goes; the next best takes over.
    for i in (3, 2, 1):
        b.dp('del-port', 0, 1001 + i)
        before = b.dp.hits(0)[i]
        poke(a, b)
        wait_until(lambda cookie=i, n=before: b.dp.hits(0)[cookie] > n)


def test_tos_and_ttl_of_the_inner_packet_are_the_outer_ones(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    join(a, b, 'key=7', 'tos=inherit', 'ttl=inherit', 'df')
    b.flow('cookie=9,priority=9,in_port=10,icmp,tun_tos=0x48,tun_ttl=17,actions=output:1')
    a.ends[1].run(['ping', '-q', '-c', '1', '-Q', '0x48', '-t', '17', '-W', '3', address_of(b)])
    assert b.dp.hits(0)[9] == 1
    # After an edit too.
    a.flow('priority=2,in_port=1,icmp,nw_src=10.0.0.11,actions=set_field:10->ip_dscp,output:10')
    b.flow('cookie=8,priority=9,in_port=10,icmp,tun_tos=0x28,actions=output:1')
    ping(a, b, count=1)
    assert b.dp.hits(0)[8] == 1


def test_a_copy_goes_to_a_tunnel_and_the_packet_to_another(make_sites):
    a, b = make_sites(n_endpoints=3)
    for site in (a, b):
        site.vxlan()
    for site, other in ((a, b), (b, a)):
        for key in (1, 2, 3):
            site.dp('tunnel', 0, 10 + key, 'skep-vx', f'remote={UNDER4[other.number]}', f'key={key}')
    # A packet goes by three tunnels and a plain port, in turn: no copy has the outer header of another.
    a.flow('priority=5,in_port=1,icmp,actions=output:11,output:2,output:12,output:13')
    a.flow('priority=1,in_port=1,actions=output:13')
    a.flow('priority=1,in_port=13,actions=output:1')
    for key in (1, 2, 3):
        b.flow(f'cookie={key},priority=5,in_port={10 + key},tun_id={key},actions=output:{key}')
    b.flow('priority=1,in_port=3,actions=output:13')
    ping(a, b, end_b=3)
    assert {cookie: b.dp.hits(0)[cookie] for cookie in (1, 2, 3)} == {1: 3, 2: 3, 3: 3}
    no_losses(a, b)


def test_what_comes_by_a_tunnel_goes_to_another(sites):
    """Site b only relays: in by key 1, out by key 2, back to site a."""
    a, b = sites
    for site, other in ((a, b), (b, a)):
        site.vxlan()
        for key in (1, 2):
            site.dp('tunnel', 0, 10 + key, 'skep-vx', f'remote={UNDER4[other.number]}', f'key={key}')
    a.flow('priority=1,in_port=1,actions=output:11')
    b.flow('priority=1,in_port=11,actions=output:12')
    a.flow('cookie=3,priority=1,in_port=12,tun_id=2,actions=drop')
    poke(a, b)
    wait_until(lambda: a.dp.hits(0)[3])


def test_vlan_tags_cross_a_tunnel(sites):
    a, b = sites
    for site, other in ((a, b), (b, a)):
        site.vxlan()
        site.dp('tunnel', 0, 10, 'skep-vx', f'remote={UNDER4[other.number]}', 'key=7')
        site.flow('priority=1,in_port=1,actions=push_vlan:0x8100,set_field:4101->vlan_vid,output:10')
        site.flow('priority=1,in_port=10,dl_vlan=5,actions=pop_vlan,output:1')
    ping(a, b)
    transfer(a, b, 2_000_000)
    no_losses(a, b)


def test_port_configuration_counts_for_tunnels(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    join(a, b, 'key=7')
    ping(a, b)
    for site, config, reason in ((b, 4, 'port_no_recv'), (b, 1, 'port_no_recv'), (a, 32, 'port_no_fwd')):
        before = site.dp.drops()[reason]
        site.dp('config', 0, 10, config)
        poke(a, b)
        wait_until(lambda s=site, r=reason, n=before: s.dp.drops()[r] > n)
        site.dp('config', 0, 10, 0)
    ping(a, b)


def test_tunnels_go_on_while_the_process_is_killed_and_comes_back(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    join(a, b, 'key=7')
    ping(a, b)
    a.dp.kill9()
    ping(a, b)
    a.dp.start()
    assert a.dp.adopted
    ping(a, b)
    assert ':tunnel:' in a.dp('ports', 0)
    devices = a.dp('devices').split()
    assert len(devices) == 1 and devices[0].startswith('tunnel:')
    # It knows its tunnels: the same one again is no news, one like it is refused.
    a.dp('tunnel', 0, 10, 'skep-vx', f'remote={UNDER4[2]}', 'key=7')
    with pytest.raises(Refused, match='port 10 has the same'):
        a.dp('tunnel', 0, 11, 'skep-vx', f'remote={UNDER4[2]}', 'key=7')
    # A device that has gone: its ports go with it.
    a.ns.ip('link', 'del', 'skep-vx')
    a.dp('device-del', devices[0].split(':')[1])
    assert ':tunnel:' not in a.dp('ports', 0)
    a.vxlan()
    a.dp('tunnel', 0, 10, 'skep-vx', f'remote={UNDER4[2]}', 'key=7')
    ping(a, b)


def test_tunnels_survive_growth(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    join(a, b, 'key=7')
    for i in range(40_000):     # more rules than there is room for at first
        a.dp('flow', 0, f'table=9,ip,nw_src=10.{i >> 16}.{i >> 8 & 255}.{i & 255},actions=drop')
    ping(a, b)


def test_wrong_tunnels_are_refused_and_change_nothing(sites):
    a, b = sites
    with pytest.raises(Refused, match='no tunnel device'):
        a.dp('tunnel', 0, 10, 'under', f'remote={UNDER4[2]}', 'key=7')
    for site in sites:
        site.vxlan()
    join(a, b, 'key=7')
    with pytest.raises(Refused, match='port number 1 is taken'):
        a.dp('tunnel', 0, 1, 'skep-vx', f'remote={UNDER4[2]}', 'key=8')
    with pytest.raises(Refused, match='is a port'):
        a.dp('device', 'tunnel', 'p1')
    with pytest.raises(Refused, match='is a port already'):
        a.dp('port', 0, 20, 'skep-vx')
    with pytest.raises(Refused, match='no such bridge'):
        a.dp('tunnel', 9, 10, 'skep-vx', f'remote={UNDER4[2]}', 'key=8')
    ping(a, b)


def test_teardown_takes_the_program_off_tunnel_devices(sites):
    a, _ = sites
    a.vxlan()
    index = int(json.loads(a.ns.ip('-j', 'link', 'show', 'skep-vx').stdout)[0]['ifindex'])
    a.dp.stop()
    assert (a.tmp / 'dp' / 'links' / str(index)).exists()
    a.dp.close()
    assert not (a.tmp / 'dp').exists()
    assert 'skep_tc' not in a.ns.run(['bpftool', 'net', 'show', 'dev', 'skep-vx']).stdout
