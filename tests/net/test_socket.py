# SPDX-License-Identifier: Apache-2.0
"""examples/socket_echo, a process that is a port of a bridge by its socket alone (docs/socket.md)."""
import contextlib
import subprocess

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q, Ether
from skepnet import Wire, build_dir, wait_until

pytestmark = pytest.mark.skep_only
FRAME = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02', type=0x88b5) / (b'x' * 46))
REFLECTED = FRAME[6:12] + FRAME[:6] + FRAME[12:]
# What a process with nothing to lose may do.
UNPRIVILEGED = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps', '-all', '--bounding-set', '-all']


@contextlib.contextmanager
def echo(switch, *options):
    """socket_echo as port 9 of br0, without any privilege."""
    switch.skepctl('add-port', 'br0', 'echo', 'ofport=9', 'type=socket')
    with open(f'{switch.dir}/echo.log', 'wb') as log:
        command = [*UNPRIVILEGED, f'{build_dir()}/examples/socket_echo', *options]
        process = subprocess.Popen([f'{build_dir()}/utils/skepctl', '--rundir', switch.dir, 'open-port', 'br0', 'echo', '--', *command],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def reflects(wire, frame):
    """Sends until the process is up and an answer comes; returns that."""
    def once():
        wire.send(frame)
        return wire.recv(0.2)
    answer = wait_until(once, what='the process answers')
    while wire.recv(0.05):
        pass
    return answer


@pytest.mark.parametrize('how', [[], ['--plain']])
def test_a_process_answers_arp_and_pings_without_a_device_of_its_own(make_switch, how):
    switch = make_switch(ports=1)
    switch.host_ports()
    switch.start()
    switch.skepctl('add-flows', 'br0', '-', stdin='in_port=1,actions=9\nin_port=9,actions=1\n')
    host = switch.hosts[1]
    with echo(switch, '--address', '10.0.0.9', *how):
        ping = ['ping', '-q', '-n', '-c', '1', '-W', '1', '10.0.0.9']
        wait_until(lambda: ' 0% packet loss' in host.run(ping, check=False).stdout, what='the process answers')
        for size in (56, 1472):
            out = host.run(['ping', '-q', '-n', '-c', '20', '-i', '0.01', '-W', '2', '-s', size, '10.0.0.9'], check=False).stdout
            assert ' 0% packet loss' in out, out
        assert '02:00:00:00:00:09' in host.ip('neigh', 'show', '10.0.0.9').stdout


@pytest.mark.parametrize('how', [[], ['--plain']])
def test_a_process_gets_what_rules_send_it_and_its_packets_pass_the_rules(switch, how):
    switch.skepctl('add-flows', 'br0', '-', stdin='in_port=1,actions=9\nin_port=9,actions=2,1\n')
    with echo(switch, '--reflect', *how):
        assert reflects(switch.wires[1], FRAME) == REFLECTED
        switch.wires[2].drain()
        for i in range(500):
            switch.wires[1].send(FRAME + i.to_bytes(2, 'big'))
        for i in range(500):
            for wire in (1, 2):
                assert switch.wires[wire].recv() == REFLECTED + i.to_bytes(2, 'big')
        assert switch.wires[1].recv(0.05) is None and switch.wires[3].recv(0) is None
        switch.skepctl('add-flows', 'br0', '-', stdin='in_port=9,actions=3\n')
        switch.wires[1].send(FRAME)
        assert switch.wires[3].recv() == REFLECTED and switch.wires[1].recv(0.05) is None


def test_a_vlan_tag_comes_and_goes_with_the_packet(switch):
    switch.skepctl('add-flows', 'br0', '-', stdin='in_port=1,actions=9\nin_port=9,actions=1\n')
    tagged = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02') / Dot1Q(vlan=5, prio=3, type=0x88b5) / (b'x' * 46))
    with echo(switch, '--reflect'):
        assert reflects(switch.wires[1], tagged) == tagged[6:12] + tagged[:6] + tagged[12:]


SEGMENTED = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 103, 1000)     # UDP_SEGMENT
s.sendto(bytes(range(256)) * 20, ("10.0.0.9", 7))
"""


def test_the_process_gets_packets_as_on_a_wire_segmented_and_with_checksums(make_switch):
    """The host leaves both to its interface, which is a veth and does neither."""
    switch = make_switch(ports=1)
    switch.host_ports()
    switch.start()
    switch.skepctl('add-flows', 'br0', '-', stdin='in_port=1,actions=9\nin_port=9,actions=1\n')
    host = switch.hosts[1]
    wire = Wire(host, 'eth0')
    host.ip('neigh', 'add', '10.0.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'eth0')
    with echo(switch, '--reflect'):
        reflects(wire, FRAME)
        host.run(['/usr/bin/python3', '-c', SEGMENTED])
        data = b''
        for _ in range(6):
            packet = Ether(wire.recv())[IP]
            received = packet[UDP].chksum
            del packet[UDP].chksum
            assert IP(bytes(packet))[UDP].chksum == received
            assert len(packet[UDP].payload) <= 1000
            data += bytes(packet[UDP].payload)
        assert data == bytes(range(256)) * 20
    wire.close()


COUNT = """
import socket
s = socket.socket(fileno=3)
print('ready', flush=True)
while True:
    print(s.recv(2000)[-1], flush=True)
"""


def test_two_processes_of_one_port_get_every_packet_each(switch):
    switch.skepctl('add-flows', 'br0', '-', stdin='in_port=1,actions=9\n')
    switch.skepctl('add-port', 'br0', 'count', 'ofport=9', 'type=socket')
    command = [f'{build_dir()}/utils/skepctl', '--rundir', switch.dir, 'open-port', 'br0', 'count', '--', '/usr/bin/python3', '-c', COUNT]
    processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout.readline() == 'ready\n'
        for i in range(100):
            switch.wires[1].send(FRAME + bytes([i]))
        for process in processes:
            assert [int(process.stdout.readline()) for _ in range(100)] == list(range(100))
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_the_port_outlives_its_process_and_takes_another(switch):
    switch.skepctl('add-flows', 'br0', '-', stdin='in_port=1,actions=9\nin_port=9,actions=1\n')
    with echo(switch, '--reflect'):
        assert reflects(switch.wires[1], FRAME) == REFLECTED
    switch.wires[1].send(FRAME)
    assert switch.wires[1].recv(0.1) is None
    switch.kill9()      # and it forwards without skepd, for a process that has its socket
    switch.start_daemon()
    switch.skepctl('del-port', 'br0', 'echo')
    with echo(switch, '--reflect'):
        assert reflects(switch.wires[1], FRAME) == REFLECTED
        switch.kill9()
        assert reflects(switch.wires[1], FRAME) == REFLECTED
    switch.start_daemon()
