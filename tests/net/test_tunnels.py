# SPDX-License-Identifier: Apache-2.0
"""Tunnel, patch and socket ports on real networks: two sites, joined by an underlay, each with a datapath and endpoints behind veths."""
import json
import os
import socket
import struct
import subprocess

import pytest
from dpnet import Datapath, Refused
from skepnet import Namespace, Wire, host_mac, run, wait_until

pytestmark = pytest.mark.skep_only

UNDER4 = {1: '192.0.2.1', 2: '192.0.2.2'}
UNDER6 = {1: '2001:db8::1', 2: '2001:db8::2'}
MTU = 1400


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
            self.ns.ip('link', 'set', f'p{i}', 'up')
            self.dp('port', 0, i, f'p{i}')

    def device(self, name, *kind):
        """Makes a tunnel device, and gives it to the datapath."""
        self.ns.ip('link', 'add', name, 'type', *kind)
        self.ns.ip('link', 'set', name, 'up')
        self.dp('device', 'tunnel', name)

    def vxlan(self):
        self.device('skep-vx', 'vxlan', 'external', 'dstport', '4789')

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


def ping(a, b, end_a=1, end_b=1, count=3, check=True):
    return a.ends[end_a].run(['ping', '-q', '-n', '-c', str(count), '-i', '0.05', '-W', '3', address_of(b, end_b)],
                             check=check, timeout=30)


def join(a, b, *options, under=UNDER4):
    """Port 10 of each is a VXLAN tunnel to the other, with all traffic of port 1."""
    for site, other in ((a, b), (b, a)):
        site.dp('tunnel', 0, 10, 'skep-vx', f'remote={under[other.number]}', *options)
        site.flow('priority=1,in_port=1,actions=output:10')
        site.flow('priority=1,in_port=10,actions=output:1')


def test_two_hosts_talk_through_vxlan(sites):
    a, b = sites
    for site in sites:
        site.vxlan()
    join(a, b, 'key=7')
    ping(a, b)
    for site in sites:
        assert not {name: n for name, n in site.dp.drops().items() if n and name != 'table_miss'}
