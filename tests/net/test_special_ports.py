# SPDX-License-Identifier: Apache-2.0
"""Patch ports and socket ports, as people configure them and with real traffic."""
import json
import re
import subprocess

import of13
import pytest
from skepnet import build_dir, run, wait_until
from test_ports import LINK_DOWN, PORT_DOWN, ask_for_events, port_mod, ports
from scapy.layers.l2 import Ether

pytestmark = pytest.mark.skep_only
FRAME = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02', type=0x88b5) / (b'x' * 46))

# A port of the bridge that sends every frame back with its addresses exchanged, and says how long it was.
ECHO = '''
import os, socket, sys
assert os.environ["LISTEN_FDS"] == "1" and os.environ["LISTEN_PID"] == str(os.getpid())
s = socket.socket(fileno=3)
print("ready", flush=True)
while True:
    frame = s.recv(70000)
    print(len(frame), flush=True)
    s.send(frame[6:12] + frame[:6] + frame[12:])
'''


def another_bridge(switch):
    """br1 with a port to wire 3, which br0 gives up."""
    switch.skepctl('del-port', 'br0', 'p0_3')
    switch.skepctl('add-br', 'br1')
    switch.skepctl('add-port', 'br1', 'p0_3', 'ofport=1')


def port_of(switch, bridge, number):
    with of13.Connection(f'unix:{switch.dir}/{bridge}.mgmt') as conn:
        return ports(conn).get(number)


def test_patch_ports_join_two_bridges_and_are_live_while_joined(switch):
    another_bridge(switch)
    done = switch.skepctl('add-port', 'br0', 'pa', 'ofport=9', 'type=patch', 'options:peer=pb')
    assert 'waits' in done.stderr
    mac, name, config, state = port_of(switch, 'br0', 9)
    assert (name, config, state & LINK_DOWN) == ('pa', 0, LINK_DOWN)
    with of13.Connection(switch.mgmt) as conn:
        ask_for_events(conn)
        assert switch.skepctl('add-port', 'br1', 'pb', 'ofport=9', 'type=patch', 'options:peer=pa').stderr == ''
        assert conn.recv_kind(of13.PORT_STATUS)[0] == 2     # OFPPR_MODIFY
    assert port_of(switch, 'br0', 9)[0] == mac and not port_of(switch, 'br0', 9)[3] & LINK_DOWN
    for bridge, text in (('br0', 'in_port=1,actions=2,9\nin_port=9,actions=1\n'), ('br1', 'in_port=9,actions=1\nin_port=1,actions=9\n')):
        switch.skepctl('add-flows', bridge, '-', stdin=text)
    switch.wires[1].send(FRAME)
    assert switch.wires[3].recv() == FRAME and switch.wires[2].recv() == FRAME
    switch.wires[3].send(FRAME)
    assert switch.wires[1].recv() == FRAME
    # Killed, restarted, parted, joined again.
    switch.kill9()
    switch.wires[1].send(FRAME)
    assert switch.wires[3].recv() == FRAME
    switch.start_daemon()
    switch.wires[1].send(FRAME)
    assert switch.wires[3].recv() == FRAME
    switch.skepctl('set-port', 'br1', 'pb', 'options:peer=nobody')
    switch.wires[1].send(FRAME)
    assert switch.wires[3].recv(0.1) is None
    assert port_of(switch, 'br0', 9)[3] & LINK_DOWN
    switch.skepctl('set-port', 'br1', 'pb', 'options:peer=pa')
    switch.wires[1].send(FRAME)
    assert switch.wires[3].recv() == FRAME
    assert port_of(switch, 'br0', 9)[0] == mac


def test_add_patch_makes_both_ends_or_none(switch):
    another_bridge(switch)
    switch.skepctl('add-patch', 'br0', 'pa', 'br1', 'pb')
    assert 'pa' in switch.skepctl('list-ports', 'br0').stdout and 'pb' in switch.skepctl('list-ports', 'br1').stdout
    done = switch.skepctl('add-patch', 'br0', 'pc', 'nobridge', 'pd', check=False)
    assert done.returncode == 1 and 'nobridge' in done.stderr
    assert 'pc' not in switch.skepctl('list-ports', 'br0').stdout
    switch.skepctl('del-br', 'br1')
    assert port_of(switch, 'br0', [p['ofport'] for p in switch.json('show')['bridges'][0]['ports']
                                   if p['name'] == 'pa'][0])[3] & LINK_DOWN


def test_a_port_mod_takes_a_patch_port_down(switch):
    another_bridge(switch)
    switch.skepctl('add-patch', 'br0', 'pa', 'br1', 'pb')
    numbers = {p['name']: p['ofport'] for b in switch.json('show')['bridges'] for p in b['ports']}
    a, b = numbers['pa'], numbers['pb']
    switch.skepctl('add-flows', 'br0', '-', stdin=f'in_port=1,actions={a}\n')
    switch.skepctl('add-flows', 'br1', '-', stdin=f'in_port={b},actions=1\n')
    with of13.Connection(switch.mgmt) as conn:
        addr = ports(conn)[a][0]
        assert conn.barrier(port_mod(a, addr, PORT_DOWN, PORT_DOWN)) == []
        assert ports(conn)[a][2] == PORT_DOWN
        switch.wires[1].send(FRAME)
        assert switch.wires[3].recv(0.1) is None
        assert conn.barrier(port_mod(a, addr, 0, PORT_DOWN)) == []
        assert ports(conn)[a][2] == 0
    switch.wires[1].send(FRAME)
    assert switch.wires[3].recv() == FRAME


def open_port(switch, code):
    return subprocess.Popen(switch.ns.cmd([f'{build_dir()}/utils/skepctl', '--rundir', switch.dir, 'open-port', 'br0', 's1', '--',
                                           '/usr/bin/python3', '-c', code]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def test_a_process_is_a_port_by_a_socket(switch):
    switch.skepctl('add-port', 'br0', 's1', 'ofport=9', 'type=socket')
    switch.skepctl('add-port', 'br0', 's2', 'ofport=10', 'type=socket')
    switch.skepctl('add-flows', 'br0', '-', stdin='in_port=1,actions=9\nin_port=9,actions=2\nin_port=3,actions=10\n')
    echo = open_port(switch, ECHO)
    try:
        assert echo.stdout.readline() == 'ready\n'
        switch.wires[3].send(FRAME)     # for the other socket port: this process must not see it
        switch.wires[1].send(FRAME)
        assert echo.stdout.readline() == f'{len(FRAME)}\n'
        assert switch.wires[2].recv() == FRAME[6:12] + FRAME[:6] + FRAME[12:]
        # It goes on without skepd, and with the next one.
        switch.kill9()
        switch.wires[1].send(FRAME)
        assert switch.wires[2].recv() == FRAME[6:12] + FRAME[:6] + FRAME[12:]
        switch.start_daemon()
        switch.wires[1].send(FRAME)
        assert switch.wires[2].recv() == FRAME[6:12] + FRAME[:6] + FRAME[12:]
        assert [echo.stdout.readline() for _ in range(2)] == [f'{len(FRAME)}\n'] * 2
    finally:
        echo.kill()
        echo.wait()
        echo.stdout.close()


def test_open_port_says_what_it_cannot_open(switch):
    for args, words in ((('p0_1',), 'type system'), (('nosuch',), 'no port nosuch')):
        done = switch.skepctl('open-port', 'br0', *args, '--', 'true', check=False)
        assert done.returncode == 1 and words in done.stderr
    switch.skepctl('add-port', 'br0', 's1', 'type=socket')
    done = switch.skepctl('open-port', 'br0', 's1', '--', '/nonexistent', check=False)
    assert done.returncode == 1 and '/nonexistent' in done.stderr
    assert switch.skepctl('open-port', 'br0', 's1', '--', 'sh', '-c', 'exit 7', check=False).returncode == 7


def test_the_io_device_leaves_nothing_to_its_receivers(switch):
    switch.skepctl('add-port', 'br0', 's1', 'type=socket')
    on = {line.split(':')[0].strip() for line in switch.ns.run(['ethtool', '-k', 'skep-io']).stdout.splitlines() if ': on' in line}
    assert not on & {'tx-checksumming', 'tx-checksum-ip-generic', 'scatter-gather', 'tcp-segmentation-offload', 'tx-udp-segmentation',
                     'generic-segmentation-offload', 'tx-vlan-offload'}
    assert 'inet' not in switch.ns.run(['ip', 'addr', 'show', 'skep-io']).stdout


def test_show_and_the_file_have_what_was_configured(switch):
    switch.skepctl('add-port', 'br0', 'vx', 'type=vxlan', 'options:remote_ip=192.0.2.9', 'options:key=flow', 'isolated=false')
    switch.skepctl('set-port', 'br0', 'p0_1', 'vlan_mode=native-untagged', 'tag=4', 'trunks=4,10-12')
    text = switch.skepctl('show').stdout
    found = re.search(r'Port vx\n(.*?)(?=    (Port|Datapath))', text, re.S)[1]
    assert [line.strip() for line in found.splitlines()] == ['ofport: 4', 'type: vxlan', 'device: skep-vx-4789', 'isolated: false',
                                                             'options:remote_ip: 192.0.2.9', 'options:key: flow', 'state: up']
    assert 'trunks: [4,10,11,12]' in text
    with open(f'{switch.dir}/config.json', encoding='utf-8') as f:
        assert json.load(f)['bridges']['br0']['ports']['p0_1'] == {'ofport': 1, 'vlan_mode': 'native-untagged', 'tag': 4,
                                                                   'trunks': [4, 10, 11, 12]}
    for args, words in ((('tagg=1',), 'did you mean "tag'), (('options:remoteip=1',), 'did you mean "remote_ip"'),
                        (('tag=5000',), '4095'), (('vlan_mode=trunk',), 'has no "tag"'), (('type=tun',), 'vxlan, geneve')):
        done = switch.skepctl('set-port', 'br0', 'p0_1', *args, check=False)
        assert done.returncode in (1, 2) and words in done.stderr
    switch.skepctl('set-port', 'br0', 'p0_1', 'vlan_mode=', 'tag=', 'trunks=')
    with open(f'{switch.dir}/config.json', encoding='utf-8') as f:
        assert json.load(f)['bridges']['br0']['ports']['p0_1'] == {'ofport': 1}


def test_teardown_removes_the_devices(switch):
    switch.skepctl('add-port', 'br0', 'vx', 'type=vxlan', 'options:remote_ip=192.0.2.9')
    switch.kill9()
    assert 'skep-vx-4789' in switch.ns.ip('-o', 'link').stdout
    run(switch.ns.cmd([f'{build_dir()}/vswitchd/skepd', '--teardown', '--rundir', switch.dir, '--statedir', switch.dir, '--bpffs',
                       f'{switch.dir}/bpf/skep']))
    assert 'skep-' not in switch.ns.ip('-o', 'link').stdout
    wait_until(lambda: 'br0' not in switch.ns.ip('-o', 'link').stdout, what='LOCAL gone')
