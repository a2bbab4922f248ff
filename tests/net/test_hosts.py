# SPDX-License-Identifier: Apache-2.0
"""Hosts with offloading on: packets whose checksums are unfinished and which are larger than the wire's, under rewriting rules."""
import os
import re
import subprocess

import pytest
import skepnet
from skepnet import host_mac, wait_until

pytestmark = pytest.mark.skep_only      # Open vSwitch in user space does without offloading

SERVE = '''
import socket, sys
s = socket.create_server(("0.0.0.0", int(sys.argv[1])))
c, a = s.accept()
n, bad = 0, 0
while d := c.recv(65536):
    bad += d.count(0x5a) != len(d)
    n += len(d)
print(a[0], n, bad)
'''
SEND = '''
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
s.sendall(b"\\x5a" * int(sys.argv[3]))
s.close()
'''
UDP = '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
if sys.argv[1] == "serve":
    s.bind(("0.0.0.0", 7))
    print("ready", flush=True)
    print(len(s.recv(9000)))
else:
    s.sendto(bytes(1200), (sys.argv[1], int(sys.argv[2])))
'''
PYTHON = '/usr/bin/python3'
# TCP whose ends stay on one CPU: a sender that the scheduler moves has its packets in two CPUs' queues at once, where they
# overtake each other, and what TCP then sends again says nothing about the switch.
ONE_CPU = ['taskset', '-c', str(min(os.sched_getaffinity(0)))]


@pytest.fixture
def hosts(make_switch):
    switch = make_switch()
    switch.host_ports()
    switch.start()
    for i in switch.hosts:
        for j in switch.hosts:
            if i != j:
                switch.hosts[i].ip('neigh', 'replace', f'10.0.0.{j}', 'lladdr', host_mac(j), 'dev', 'eth0')
    return switch


def transfer(switch, a, b, to, port, listen=80, size=20_000_000):
    """TCP from host a to address 'to', which ends at host b. Returns the address that b sees."""
    server = subprocess.Popen(switch.hosts[b].cmd(['timeout', '30', *ONE_CPU, PYTHON, '-c', SERVE, str(listen)]),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: switch.hosts[b].listens(listen), what='the server listens')
    switch.hosts[a].run([*ONE_CPU, PYTHON, '-c', SEND, to, str(port), str(size)], timeout=30)
    peer, n, bad = server.communicate(timeout=30)[0].split()
    assert (int(n), int(bad)) == (size, 0)
    return peer


def retransmitted(switch, a):
    out = switch.hosts[a].run(['cat', '/proc/net/snmp']).stdout
    names, values = (line.split() for line in out.splitlines() if line.startswith('Tcp:'))
    return int(values[names.index('RetransSegs')])


def test_tcp_with_segmentation_offload(hosts):
    hosts.ofctl('add-flows', '-', stdin='in_port=1,actions=2\nin_port=2,actions=1\n')
    assert transfer(hosts, 1, 2, '10.0.0.2', 80) == '10.0.0.1'
    flow = [f for f in hosts.flows() if 'in_port=1' in f['match']][0]
    # Far fewer packets than 1448-byte segments: they crossed the switch unsegmented.
    assert flow['n_packets'] < 20_000_000 / 1448 / 2


def test_tcp_with_rewritten_addresses_and_ports(hosts):
    """A NAT of set-field actions: checksums that the NIC would have finished must be right, in both directions."""
    hosts.hosts[1].ip('neigh', 'replace', '10.0.0.99', 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0')
    hosts.hosts[2].ip('neigh', 'replace', '10.0.0.98', 'lladdr', '02:00:00:00:00:98', 'dev', 'eth0')
    hosts.ofctl('add-flows', '-', stdin=f'''
        tcp,in_port=1,nw_dst=10.0.0.99,tp_dst=8080,actions=set_field:{host_mac(2)}->eth_dst,set_field:10.0.0.2->ip_dst,set_field:10.0.0.98->ip_src,set_field:80->tcp_dst,output:2
        tcp,in_port=2,nw_dst=10.0.0.98,tp_src=80,actions=set_field:{host_mac(1)}->eth_dst,set_field:10.0.0.1->ip_dst,set_field:10.0.0.99->ip_src,set_field:8080->tcp_src,output:1
    ''')
    assert transfer(hosts, 1, 2, '10.0.0.99', 8080) == '10.0.0.98'
    assert retransmitted(hosts, 1) < 20


def test_udp_with_rewritten_port(hosts):
    hosts.ofctl('add-flow', 'udp,in_port=1,tp_dst=9,actions=set_field:7->udp_dst,set_field:10.0.0.3->ip_src,output:2')
    server = subprocess.Popen(hosts.hosts[2].cmd(['timeout', '10', PYTHON, '-c', UDP, 'serve']), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == 'ready\n'
    hosts.hosts[1].run([PYTHON, '-c', UDP, '10.0.0.2', '9'])
    assert server.communicate(timeout=10)[0] == '1200\n'


def test_tcp_in_a_vlan_that_the_switch_pushes_and_pops(hosts):
    """Port 8 is cabled to port 9: tagged there, the tag kept beside the packet as the kernel does, segments unfinished."""
    hosts.ns.ip('link', 'add', 'x8', 'type', 'veth', 'peer', 'name', 'x9')
    for i in (8, 9):
        hosts.ns.ip('link', 'set', f'x{i}', 'up')
        hosts.skepctl('add-port', 'br0', f'x{i}', f'ofport={i}')
    hosts.ofctl('add-flows', '-', stdin='''
        in_port=1,actions=push_vlan:0x8100,set_field:4101->vlan_vid,output:8
        in_port=9,dl_vlan=5,actions=pop_vlan,output:2
        in_port=2,actions=push_vlan:0x88a8,set_field:4102->vlan_vid,output:9
        in_port=8,dl_vlan=6,actions=pop_vlan,output:1
    ''')
    assert transfer(hosts, 1, 2, '10.0.0.2', 80) == '10.0.0.1'
    assert retransmitted(hosts, 1) < 20


def test_large_pings_and_fragments(hosts):
    hosts.ofctl('add-flows', '-', stdin='in_port=1,actions=2\nin_port=2,actions=1\n')
    done = hosts.hosts[1].run(['ping', '-q', '-c', '5', '-i', '0.05', '-s', '5000', '-W', '3', '10.0.0.2'], check=False)
    assert '5 received' in done.stdout


def test_no_packet_of_a_connection_reaches_user_space(hosts):
    """Without a rule that sends to the controller, skepd sleeps while gigabytes pass."""
    hosts.ofctl('add-flows', '-', stdin='in_port=1,actions=2\nin_port=2,actions=1\n')

    def cpu():
        with open(f'/proc/{hosts.pid}/stat', encoding='utf-8') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return int(fields[11]) + int(fields[12])
    before = cpu()
    transfer(hosts, 1, 2, '10.0.0.2', 80, size=200_000_000)
    assert cpu() - before <= 5      # clock ticks of 10 ms
    assert re.search(r'n_packets=\d+', hosts.ofctl('dump-flows').stdout)
    assert skepnet.is_alive(hosts.pid)
