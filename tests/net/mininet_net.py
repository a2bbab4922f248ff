#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One net of mininet on skep: builds it, lets every host ping every other, and exits with 0 if no ping was dropped.

    mininet_net.py TOPOLOGY CONTROL SWITCHES        TOPOLOGY: linear, tree; CONTROL: testcontroller, os-ken, standalone

Run it by tests/net/test_mininet.py, which shuts it up in namespaces: mininet has fixed names and cleans with a broad brush.
A tree has the given number of switches, each with three below it, and two hosts at each leaf.
"""
import os
import sys
import time

from skep_mininet import SkepBridge, SkepSwitch

# pylint: disable=wrong-import-order
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Controller, OVSController
from mininet.topo import LinearTopo, Topo

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FANOUT = 3
HOSTS_PER_LEAF = 2
# ovs-testcontroller takes 16 switches at most (MAX_SWITCHES), and does not answer the next.
SWITCHES_PER_CONTROLLER = 16


class PlainTree(Topo):
    def build(self, n):     # pylint: disable=arguments-differ
        hosts = 0
        for i in range(1, n + 1):
            self.addSwitch(f's{i}')
            if i > 1:
                self.addLink(f's{(i - 2) // FANOUT + 1}', f's{i}')
        for i in range(1, n + 1):
            if (i - 1) * FANOUT + 2 > n:        # nothing below it
                for _ in range(HOSTS_PER_LEAF):
                    hosts += 1
                    self.addLink(self.addHost(f'h{hosts}'), f's{i}')


class OsKen(Controller):
    """The example that comes with skep."""

    def __init__(self, name, **kwargs):
        super().__init__(name, command=f'{TOP}/examples/learning_switch.py',
                         cargs='--ofp-listen-host 127.0.0.1 --ofp-tcp-listen-port %d', **kwargs)


class SharedSwitch(SkepSwitch):
    """With several controllers, each switch has one of them."""

    def start(self, controllers):
        number = (int(self.dpid, 16) - 1) // SWITCHES_PER_CONTROLLER
        super().start([controllers[number]])


def wait_for_table_miss(net):
    """A connected controller still has to send the rule that brings packets to it."""
    end = time.monotonic() + 30
    for switch in net.switches:
        while 'CONTROLLER' not in switch.dpctl('dump-flows'):
            assert time.monotonic() < end, f'{switch} has no table-miss rule:\n{switch.dpctl("dump-flows")}'
            time.sleep(0.05)


def main(topology, control, n):
    setLogLevel('info')
    topo = LinearTopo(k=n) if topology == 'linear' else PlainTree(n)
    if control == 'standalone':
        net = Mininet(topo, switch=SkepBridge, controller=None, waitConnected=30)
    else:
        net = Mininet(topo, switch=SharedSwitch, controller=None, waitConnected=30)
        kind = {'testcontroller': OVSController, 'os-ken': OsKen}[control]
        for i in range((n + SWITCHES_PER_CONTROLLER - 1) // SWITCHES_PER_CONTROLLER):
            net.addController(f'c{i}', controller=kind, port=6633 + i)
    begin = time.monotonic()
    net.start()
    try:
        if control != 'standalone':
            wait_for_table_miss(net)
        up = time.monotonic()
        dropped = net.pingAll()
        end = time.monotonic()
    finally:
        net.stop()
    print(f'{topology}, {control}: {len(net.switches)} switches, {len(net.hosts)} hosts, {dropped:g} % dropped; '
          f'start {up - begin:.1f} s, pings {end - up:.1f} s, stop {time.monotonic() - end:.1f} s')
    return 0 if dropped == 0 else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
