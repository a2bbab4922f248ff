# SPDX-License-Identifier: Apache-2.0
"""Hosts on learning bridges: VLAN tags on packets that are larger than the wire's, bridges behind patch ports, addresses that move."""

import pytest
from skepnet import host_mac, wait_until
from test_hosts import retransmitted, transfer

pytestmark = pytest.mark.skep_only


@pytest.fixture
def net(make_switch):
    switch = make_switch()
    switch.host_ports()
    switch.start()
    switch.skepctl('set-fail-mode', 'br0', 'standalone')
    return switch


def fdb(switch, bridge='br0'):
    return {e['mac']: e['port'] for e in switch.json('fdb', bridge)}


def test_tcp_over_a_trunk_between_two_bridges(net):
    """The tag is put on and taken off beside the packet, whose segments and checksums stay unfinished."""
    net.skepctl('add-br', 'br1')
    net.skepctl('set-fail-mode', 'br1', 'standalone')
    net.skepctl('del-port', 'br0', 'p0_2')
    net.skepctl('add-port', 'br1', 'p0_2', 'tag=10')
    net.skepctl('set-port', 'br0', 'p0_1', 'tag=10')
    net.skepctl('set-port', 'br0', 'p0_3', 'tag=20')
    net.ns.ip('link', 'add', 'x8', 'type', 'veth', 'peer', 'name', 'x9')
    for bridge, port in (('br0', 'x8'), ('br1', 'x9')):
        net.ns.ip('link', 'set', port, 'up')
        net.skepctl('add-port', bridge, port, 'trunks=10,30')
    assert transfer(net, 1, 2, '10.0.0.2', 80) == '10.0.0.1'
    assert retransmitted(net, 1) < 20
    flow, = net.flows()
    assert flow['n_packets'] < 20_000_000 / 1448 / 2
    assert net.ping(3, 1, count=1).returncode != 0
    net.skepctl('set-port', 'br1', 'x9', 'trunks=30')
    assert net.ping(2, 1, count=1).returncode != 0


def test_learning_bridges_behind_patch_ports(net):
    """Floods cross as copies, known addresses without one; each bridge knows the far hosts behind its patch port."""
    net.skepctl('add-br', 'br1')
    net.skepctl('set-fail-mode', 'br1', 'standalone')
    net.skepctl('del-port', 'br0', 'p0_3')
    net.skepctl('add-port', 'br1', 'p0_3')
    net.skepctl('add-patch', 'br0', 'pa', 'br1', 'pb')
    net.ping_all()
    near, far = fdb(net), fdb(net, 'br1')
    assert [near[host_mac(i)] for i in (1, 2, 3)] == ['p0_1', 'p0_2', 'pa']
    assert [far[host_mac(i)] for i in (1, 3)] == ['pb', 'p0_3']
    assert transfer(net, 1, 3, '10.0.0.3', 80) == '10.0.0.1'
    # One is a learning switch without its controller, the other has flows.
    net.skepctl('set-controller', 'br1', f'unix:{net.dir}/nobody')
    wait_until(lambda: 'learning switch' in net.skepctl('show').stdout, what='standalone')
    net.ping_all()


def test_an_address_that_moves_is_found_at_its_new_place(net):
    net.ping_all()
    assert fdb(net)[host_mac(3)] == 'p0_3'
    net.hosts[3].ip('link', 'set', 'eth0', 'down')
    net.hosts[2].ip('link', 'set', 'eth0', 'address', host_mac(3))
    net.hosts[2].ip('addr', 'add', '10.0.0.3/24', 'dev', 'eth0')
    assert net.hosts[2].run(['ping', '-c', '1', '-W', '2', '-I', '10.0.0.3', '10.0.0.1']).returncode == 0
    assert fdb(net)[host_mac(3)] == 'p0_2'
    assert net.hosts[1].run(['ping', '-c', '3', '-i', '0.05', '-W', '2', '10.0.0.3']).returncode == 0
