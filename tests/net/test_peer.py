# SPDX-License-Identifier: Apache-2.0
"""Packets that go to the other end of a veth without passing the veth (bpf_redirect_peer): which do, and what of that is seen."""
import json
import re

import pytest
from skepnet import build_dir, wait_until
from scapy.layers.l2 import Ether

pytestmark = pytest.mark.skep_only
HOST, OTHERHOST, BROADCAST = 0, 3, 1    # PACKET_*


def mac_of(ns, device):
    return json.loads(ns.run(['ip', '-j', 'link', 'show', 'dev', device]).stdout)[0]['address']


def frame_to(mac):
    return bytes(Ether(src='02:00:00:00:00:01', dst=mac, type=0x88b5) / (b'x' * 46))


def goes_to_peer(switch, port='p0_2'):
    shown = switch.skepctl('show', 'br0').stdout.split('    Port ')
    return any(p.startswith(f'{port}\n') and 'redirects_to_peer: true' in p for p in shown)


def wait_for_peer(switch, expected=True):
    wait_until(lambda: goes_to_peer(switch) == expected, what=f'redirects_to_peer {expected}')


def device_sent(switch):
    """What the interface of port 2 has sent."""
    return json.loads(switch.ns.run(['ip', '-s', '-j', 'link', 'show', 'dev', 'p0_2']).stdout)[0]['stats64']['tx']['packets']


def port_sent(switch):
    """The same as OpenFlow says it."""
    found = re.search(r'tx pkts=(\d+), bytes=(\d+)', switch.ofctl('dump-ports', '2').stdout)
    return int(found[1]), int(found[2])


def passes(switch, mac):
    """Sends a packet for 'mac' from port 1 to port 2, where it must arrive. True if the interface of port 2 has seen it."""
    before = device_sent(switch)
    switch.wires[1].send(frame_to(mac))
    assert switch.wires[2].recv() == frame_to(mac)
    return device_sent(switch) > before


@pytest.fixture
def pair(switch):
    switch.skepctl('add-flow', 'br0', 'in_port=1,actions=2')
    wait_for_peer(switch)
    return switch


def test_packets_for_the_peer_pass_the_veth_by_and_are_counted_all_the_same(pair):
    mac = mac_of(pair.far, 't2')
    packets, octets = port_sent(pair)
    assert not passes(pair, mac)
    assert port_sent(pair) == (packets + 1, octets + len(frame_to(mac)))
    assert passes(pair, '02:00:00:00:00:77')
    assert port_sent(pair) == (packets + 2, octets + 2 * len(frame_to(mac)))


def test_the_peer_sees_whom_a_packet_is_for(pair):
    mac = mac_of(pair.far, 't2')
    for to, kind in ((mac, HOST), ('02:00:00:00:00:77', OTHERHOST), ('ff:ff:ff:ff:ff:ff', BROADCAST)):
        pair.wires[1].send(frame_to(to))
        pair.wires[2].sock.settimeout(2)
        assert pair.wires[2].sock.recvfrom(2000)[1][2] == kind, to


def test_copies_and_several_outputs_arrive_once_each(pair):
    pair.skepctl('add-flow', 'br0', 'in_port=1,actions=3,2')
    mac = mac_of(pair.far, 't2')
    assert not passes(pair, mac)
    assert pair.wires[3].drain() == [frame_to(mac)]
    pair.skepctl('add-flow', 'br0', 'in_port=1,actions=2,3')
    assert passes(pair, mac)    # the copy, and the packet itself is not for t3
    assert pair.wires[3].drain() == [frame_to(mac)]


def test_a_queueing_discipline_is_not_passed_by(pair):
    mac = mac_of(pair.far, 't2')
    pair.ns.run(['tc', 'qdisc', 'add', 'dev', 'p0_2', 'root', 'pfifo'])
    wait_for_peer(pair, False)
    assert passes(pair, mac)
    pair.ns.run(['tc', 'qdisc', 'del', 'dev', 'p0_2', 'root'])
    wait_for_peer(pair)
    assert not passes(pair, mac)


def test_an_option_of_the_port_turns_it_off(pair):
    mac = mac_of(pair.far, 't2')
    pair.skepctl('set-port', 'br0', 'p0_2', 'redirect_peer=false')
    assert not goes_to_peer(pair) and passes(pair, mac)
    pair.kill9()
    pair.start_daemon()
    assert not goes_to_peer(pair) and passes(pair, mac)
    pair.skepctl('set-port', 'br0', 'p0_2', 'redirect_peer=')
    assert goes_to_peer(pair) and not passes(pair, mac)
    done = pair.skepctl('add-port', 'br0', 'vx', 'type=vxlan', 'options:remote_ip=192.0.2.1', 'redirect_peer=true', check=False)
    assert done.returncode == 1 and 'redirect_peer' in done.stderr


def test_a_peer_that_comes_home_is_reached_there_and_again_when_it_leaves(pair):
    mac = mac_of(pair.far, 't2')
    pair.far.ip('link', 'set', 't2', 'netns', pair.ns.name)
    wait_for_peer(pair, False)
    pair.ns.ip('link', 'set', 't2', 'up')
    before = device_sent(pair)
    wait_until(lambda: pair.wires[1].send(frame_to(mac)) or device_sent(pair) > before, what='packets pass the veth')
    pair.ns.ip('link', 'set', 't2', 'netns', pair.far.name)
    pair.far.ip('link', 'set', 't2', 'up')
    wait_for_peer(pair)
    before = port_sent(pair)[0]
    wait_until(lambda: pair.wires[1].send(frame_to(mac)) or port_sent(pair)[0] > before, what='packets reach the peer')


def test_a_veth_that_is_made_again_is_followed(pair):
    pair.ns.ip('link', 'del', 'p0_2')
    pair._link(2, pair.far, 't2')
    wait_for_peer(pair)
    mac = mac_of(pair.far, 't2')
    pair.skepctl('del-flows', 'br0')
    pair.skepctl('add-flow', 'br0', 'in_port=1,actions=2')
    before = device_sent(pair), port_sent(pair)[0]
    pair.wires[1].send(frame_to(mac))
    assert (device_sent(pair), port_sent(pair)[0]) == (before[0], before[1] + 1)


def test_a_peer_with_another_address_is_followed(pair):
    pair.far.ip('link', 'set', 't2', 'address', '02:00:00:00:22:22')
    assert mac_of(pair.far, 't2') == '02:00:00:00:22:22'
    wait_until(lambda: not passes(pair, '02:00:00:00:22:22'), what='the new address goes to the peer')
    assert passes(pair, '02:00:00:00:00:77')


def test_what_a_killed_skepd_leaves_goes_on_and_a_stopped_one_leaves_the_veth_way(pair):
    mac = mac_of(pair.far, 't2')
    pair.kill9()
    assert not passes(pair, mac)
    pair.start_daemon()
    wait_for_peer(pair)
    assert not passes(pair, mac)
    pair.end_daemon()
    wait_until(lambda: passes(pair, mac), what='packets pass the veth')
    pair.start_daemon()
    wait_for_peer(pair)


def test_a_driver_program_of_the_peer_sees_its_packets(pair):
    obj = f'{build_dir()}/tests/bench/xsk.bpf.o'
    done = pair.far.run(['ip', 'link', 'set', 't2', 'xdpdrv', 'obj', obj, 'sec', 'xdp'], check=False)
    if done.returncode:
        pytest.skip(f'no XDP program at a veth here: {done.stderr}')
    wait_for_peer(pair, False)
    pair.far.ip('link', 'set', 't2', 'xdpdrv', 'off')
    wait_for_peer(pair)
