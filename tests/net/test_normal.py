# SPDX-License-Identifier: Apache-2.0
"""NORMAL as people configure it: the fail mode standalone, VLANs of ports, the table of addresses."""
import os
import re
import socket
import subprocess

import of13
import pytest
from skepnet import wait_until
from scapy.layers.l2 import Dot1Q, Ether

pytestmark = pytest.mark.skep_only


def mac(i):
    return f'02:00:00:00:00:{i:02x}'


def frame(src, dst, vlan=None):
    tag = Dot1Q(vlan=vlan, type=0x88b5) if vlan is not None else b''
    return bytes(Ether(src=mac(src), dst='ff:ff:ff:ff:ff:ff' if dst is None else mac(dst), type=0x8100 if vlan is not None else 0x88b5) / tag /
                 (b'x' * 46))


def normal_flow(switch):
    return [f for f in switch.flows() if f['actions'] == 'NORMAL']


def entries(switch):
    return {(e['mac'], e['vlan']): (e['port'], e['static']) for e in switch.json('fdb', 'br0')}


@pytest.fixture
def learning(switch):
    """A switch that is standalone and has no controllers."""
    switch.skepctl('set-fail-mode', 'br0', 'standalone')
    return switch


def test_standalone_without_controllers_is_a_flow_that_people_may_replace(switch):
    assert normal_flow(switch) == []        # secure
    switch.skepctl('set-fail-mode', 'br0', 'standalone')
    flow, = normal_flow(switch)
    assert flow['match'] == 'priority=0' and flow['table'] == 0
    switch.wires[1].send(frame(1, None))
    assert switch.wires[2].recv() == frame(1, None) and switch.wires[3].recv() == frame(1, None)
    switch.wires[2].send(frame(2, 1))
    assert switch.wires[1].recv() == frame(2, 1) and switch.wires[3].recv(0.05) is None
    switch.skepctl('add-flow', 'br0', 'priority=0,actions=drop')
    switch.skepctl('add-port', 'br0', 'other')      # a later change does not bring it back
    assert normal_flow(switch) == []
    switch.skepctl('set-fail-mode', 'br0', 'secure')
    assert [f['actions'] for f in switch.flows()] == ['drop']


def test_standalone_leaves_flows_that_are_there_alone(switch):
    switch.skepctl('add-flow', 'br0', 'in_port=1,actions=2')
    switch.skepctl('set-fail-mode', 'br0', 'standalone')
    assert [f['actions'] for f in switch.flows()] == ['output:2']


def test_the_flow_goes_with_the_fail_mode_and_with_controllers(learning):
    learning.skepctl('set-fail-mode', 'br0', 'secure')
    assert learning.flows() == []
    learning.wires[1].send(frame(1, None))
    assert learning.wires[2].recv(0.05) is None
    learning.skepctl('set-fail-mode', 'br0', 'standalone')
    assert len(normal_flow(learning)) == 1
    learning.skepctl('set-controller', 'br0', 'tcp:127.0.0.1:1')
    assert learning.flows() == []
    learning.skepctl('del-controller', 'br0')
    assert len(normal_flow(learning)) == 1


class Controller:
    """One that says hello and nothing else."""

    def __init__(self, switch):
        self.path = f'{switch.dir}/controller'
        self.conn = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(10)
        self.listener.bind(self.path)
        self.listener.listen()

    def accept(self):
        self.conn = self.listener.accept()[0]
        self.conn.sendall(of13.message(of13.HELLO))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        if self.conn:
            self.conn.close()
        os.unlink(self.path)


def floods(switch):
    switch.wires[1].send(frame(1, None))
    return switch.wires[2].recv(0.1) == frame(1, None)


def test_standalone_stands_in_for_controllers_while_none_is_connected(switch):
    switch.skepctl('add-flow', 'br0', 'in_port=3,actions=1')
    assert not floods(switch)
    switch.skepctl('set-fail-mode', 'br0', 'standalone')
    switch.skepctl('set-controller', 'br0', f'unix:{switch.dir}/controller')
    wait_until(lambda: floods(switch), what='NORMAL')
    assert 'learning switch' in switch.skepctl('show').stdout
    switch.kill9()                              # without skepd ...
    assert floods(switch)
    switch.start_daemon()                       # ... and with the next one
    assert floods(switch)
    with Controller(switch) as controller:
        controller.accept()
        wait_until(lambda: 'is_connected: true' in switch.skepctl('show').stdout, what='connected')
        assert not floods(switch)
        assert 'learning switch' not in switch.skepctl('show').stdout
        switch.wires[1].drain()
        switch.wires[3].send(frame(3, 1))
        assert switch.wires[1].recv() == frame(3, 1)        # the flow was kept
    wait_until(lambda: floods(switch), what='NORMAL again')
    switch.skepctl('set-fail-mode', 'br0', 'secure')
    assert not floods(switch)


def test_a_restart_with_its_controller_there_is_no_reason_for_standalone(switch):
    with Controller(switch) as controller:
        switch.skepctl('set-fail-mode', 'br0', 'standalone')
        switch.skepctl('set-controller', 'br0', f'unix:{controller.path}')
        controller.accept()
        wait_until(lambda: 'is_connected: true' in switch.skepctl('show').stdout, what='connected')
        switch.kill9()
        switch.start_daemon()
        controller.accept()
        wait_until(lambda: 'is_connected: true' in switch.skepctl('show').stdout, what='connected')
        assert not floods(switch) and switch.flows() == []
        assert 'a learning switch until' not in switch.log()


def test_access_and_trunk_ports(learning):
    """1 and 2 are access ports of VLANs 10 and 20, 3 is their trunk."""
    learning.skepctl('set-port', 'br0', 'p0_1', 'tag=10')
    learning.skepctl('set-port', 'br0', 'p0_2', 'tag=20')
    learning.skepctl('set-port', 'br0', 'p0_3', 'trunks=10')
    learning.wires[1].send(frame(1, None))
    assert learning.wires[3].recv() == frame(1, None, 10)
    assert learning.wires[2].recv(0.05) is None
    learning.wires[3].send(frame(3, 1, 10))
    assert learning.wires[1].recv() == frame(3, 1)
    learning.wires[3].send(frame(3, None, 20))       # not among its VLANs
    assert learning.wires[2].recv(0.05) is None
    learning.skepctl('set-port', 'br0', 'p0_3', 'trunks=10,20')
    learning.wires[3].send(frame(3, None, 20))
    assert learning.wires[2].recv() == frame(3, None)
    learning.kill9()
    learning.start_daemon()
    learning.wires[3].send(frame(3, None, 20))
    assert learning.wires[2].recv() == frame(3, None)
    learning.skepctl('set-port', 'br0', 'p0_3', 'trunks=', 'vlan_mode=native-untagged', 'tag=20')
    learning.wires[3].send(frame(3, None))
    assert learning.wires[2].recv() == frame(3, None)
    assert learning.wires[1].recv(0.05) is None


def test_isolated_ports_hear_nothing_of_each_other(learning):
    for i in (1, 2):
        learning.skepctl('set-port', 'br0', f'p0_{i}', 'isolated=true')
    learning.wires[1].send(frame(1, None))
    assert learning.wires[3].recv() == frame(1, None) and learning.wires[2].recv(0.05) is None
    learning.skepctl('set-port', 'br0', 'p0_2', 'isolated=')
    learning.wires[1].send(frame(1, None))
    assert learning.wires[2].recv() == frame(1, None)


def test_the_table_of_addresses(learning):
    assert learning.skepctl('fdb', 'br0').stdout == ' port  VLAN  MAC                Age\n'
    learning.wires[1].send(frame(1, None))
    wait_until(lambda: entries(learning).get((mac(1), 0)) == ('p0_1', False), what='learned')
    assert re.search(r'^    1     0  02:00:00:00:00:01    [0-9]$', learning.skepctl('fdb', 'br0').stdout, re.M)
    learning.skepctl('fdb-add', 'br0', mac(9), 'p0_3')
    learning.skepctl('fdb-add', 'br0', mac(8), 'br0', '7')
    assert entries(learning) == {(mac(1), 0): ('p0_1', False), (mac(9), 0): ('p0_3', True), (mac(8), 7): ('br0', True)}
    learning.wires[1].send(frame(1, 9))
    assert learning.wires[3].recv() == frame(1, None)     # the first
    assert learning.wires[3].recv() == frame(1, 9)
    learning.wires[2].drain()
    learning.wires[1].send(frame(9, None))               # a static address does not move
    assert learning.wires[3].recv() == frame(9, None)
    assert entries(learning)[mac(9), 0] == ('p0_3', True)
    learning.skepctl('fdb-flush', 'br0')
    assert entries(learning) == {(mac(9), 0): ('p0_3', True), (mac(8), 7): ('br0', True)}
    learning.kill9()
    learning.start_daemon()
    assert entries(learning) == {(mac(9), 0): ('p0_3', True), (mac(8), 7): ('br0', True)}
    learning.skepctl('fdb-del', 'br0', mac(8), '7')
    learning.skepctl('del-port', 'br0', 'p0_3')         # and what is behind it
    assert entries(learning) == {}
    learning.wires[1].send(frame(1, None))
    learning.wires[2].send(frame(2, None))
    wait_until(lambda: len(entries(learning)) == 2, what='learned')
    learning.skepctl('fdb-flush', 'br0', 'p0_2')
    assert entries(learning) == {(mac(1), 0): ('p0_1', False)}
    learning.skepctl('fdb-del', 'br0', mac(1))
    assert entries(learning) == {}
    for args, words in ((('fdb-del', 'br0', mac(1)), 'does not know'), (('fdb-add', 'br0', mac(1), 'nosuch'), 'no port nosuch'),
                        (('fdb-add', 'br0', '03:00:00:00:00:01', 'p0_1'), 'multicast'), (('fdb-add', 'br0', 'x', 'p0_1'), 'not an'),
                        (('fdb-flush', 'br0', 'nosuch'), 'no port'), (('fdb-add', 'br0', mac(1), 'p0_1', '4096'), '4095')):
        done = learning.skepctl(*args, check=False)
        assert done.returncode in (1, 2) and words in done.stderr


def test_ageing_and_bpdus_are_configured(learning):
    bpdu = bytes(Ether(src=mac(1), dst='01:80:c2:00:00:00', type=0x88b5) / (b'x' * 46))
    learning.wires[1].send(bpdu)
    assert learning.wires[2].recv(0.05) is None
    learning.skepctl('set-bridge', 'br0', 'forward-bpdu=true', 'mac-ageing=1')
    learning.wires[1].send(bpdu)
    assert learning.wires[2].recv() == bpdu
    wait_until(lambda: (mac(1), 0) in entries(learning), what='learned')
    wait_until(lambda: entries(learning) == {}, what='forgotten')
    done = learning.skepctl('set-bridge', 'br0', 'mac-ageing=99999', check=False)
    assert done.returncode == 1 and '86400' in done.stderr


def test_hosts_ping_through_a_standalone_switch(make_switch):
    switch = make_switch()
    switch.host_ports()
    switch.start()
    assert switch.ping(1, 2, count=1).returncode != 0
    switch.skepctl('set-fail-mode', 'br0', 'standalone')
    # The host may be giving up on the address just now, and lose what waits for it.
    wait_until(lambda: switch.ping(1, 2, count=1).returncode == 0, what='traffic')
    switch.ping_all()
    ping = subprocess.Popen(switch.hosts[1].cmd(['ping', '-q', '-i', '0.005', '-c', '200', '10.0.0.2']), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True)
    switch.kill9()
    switch.start_daemon()
    assert ' 200 received' in ping.communicate(timeout=20)[0]
