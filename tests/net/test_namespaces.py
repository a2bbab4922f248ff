# SPDX-License-Identifier: Apache-2.0
"""Ports whose interfaces are taken out of other network namespaces."""
import os
import re
import signal

import pytest
import skepnet
from skepnet import Wire, build_dir, run, wait_until
from scapy.layers.l2 import Ether

pytestmark = pytest.mark.skep_only
FRAME = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02', type=0x88b5) / (b'x' * 46))


@pytest.fixture
def there():
    """A namespace with e0, whose far end, a Wire, is e1."""
    ns = skepnet.Namespace()
    ns.far = skepnet.Namespace()
    ns.wire = None

    def make():
        ns.ip('link', 'add', 'e0', 'type', 'veth', 'peer', 'name', 'e1', 'netns', ns.far.name)
        ns.far.ip('link', 'set', 'e1', 'up')
        ns.wire = Wire(ns.far, 'e1')
    ns.make = make
    yield ns
    if ns.wire:
        ns.wire.close()
    ns.close()
    ns.far.close()


def has(ns, name):
    return f' {name}@' in ns.ip('-o', 'link').stdout or f' {name}:' in ns.ip('-o', 'link').stdout


def is_forwarding(switch, there):
    there.wire.drain()
    switch.wires[1].send(FRAME)
    return there.wire.recv(0.2) == FRAME


def test_an_interface_is_taken_from_its_namespace_and_goes_back(switch, there):
    there.make()
    switch.skepctl('add-flow', 'br0', 'in_port=1,actions=9')
    switch.skepctl('add-port', 'br0', 'e0', 'ofport=9', f'netns={there.name}')
    assert has(switch.ns, 'e0') and not has(there, 'e0')
    wait_until(lambda: is_forwarding(switch, there), what='traffic')
    switch.kill9()
    assert is_forwarding(switch, there)
    switch.start_daemon()
    assert is_forwarding(switch, there)
    assert f'netns: {there.name}' in switch.skepctl('show').stdout
    switch.skepctl('del-port', 'br0', 'e0')
    assert has(there, 'e0') and not has(switch.ns, 'e0')
    assert 'alias' not in there.ip('link', 'show', 'e0').stdout
    switch.skepctl('add-port', 'br0', 'e0', 'ofport=9', f'netns=/run/netns/{there.name}')
    wait_until(lambda: is_forwarding(switch, there), what='traffic')
    switch.skepctl('del-br', 'br0')
    assert has(there, 'e0')


def test_interface_and_namespace_may_come_later_and_vanish(switch, there):
    switch.skepctl('add-flow', 'br0', 'in_port=1,actions=9')
    done = switch.skepctl('add-port', 'br0', 'e0', 'ofport=9', f'netns={there.name}')
    assert 'waits' in done.stderr
    assert f'error: no such interface in its namespace (netns {there.name})' in switch.skepctl('show').stdout
    there.make()
    wait_until(lambda: is_forwarding(switch, there), what='traffic')
    switch.ns.ip('link', 'del', 'e0')
    there.wire.close()
    there.make()
    wait_until(lambda: is_forwarding(switch, there), what='traffic again')
    switch.skepctl('add-port', 'br0', 'e7', 'netns=not-there-yet')
    assert 'there is no such namespace (netns not-there-yet)' in switch.skepctl('show').stdout


def test_an_interface_that_is_here_by_itself_is_not_meant(switch, there):
    there.make()
    switch.ns.ip('link', 'add', 'e0', 'type', 'veth', 'peer', 'name', 'x0')
    done = switch.skepctl('add-port', 'br0', 'e0', f'netns={there.name}', check=False)
    assert done.returncode == 1 and 'is here already' in done.stderr
    assert has(there, 'e0') and 'e0' not in switch.skepctl('list-ports', 'br0').stdout.split()


def test_nothing_keeps_the_namespace_and_teardown_gives_back(switch, there):
    there.make()
    switch.skepctl('add-port', 'br0', 'e0', f'netns={there.name}')
    helpers = [int(p) for p in os.listdir('/proc')
               if p.isdigit() and re.match(rf'\d+ \(skepd-netns\) \w {switch.pid} ', read(f'/proc/{p}/stat'))]
    assert len(helpers) == 1
    assert len(os.listdir(f'/proc/{helpers[0]}/fd')) == 5       # 0 to 2, skepd's socket, its own namespace
    switch.kill9()
    wait_until(lambda: not skepnet.is_alive(helpers[0]), what='the helper ends with skepd')
    run(switch.ns.cmd([f'{build_dir()}/vswitchd/skepd', '--teardown', '--rundir', switch.dir, '--statedir', switch.dir, '--bpffs',
                       f'{switch.dir}/bpf/skep']))
    assert has(there, 'e0') and not has(switch.ns, 'e0')


def test_without_the_helper_the_port_says_so_and_skepd_goes_on(switch, there):
    there.make()
    for p in os.listdir('/proc'):
        if p.isdigit() and re.match(rf'\d+ \(skepd-netns\) \w {switch.pid} ', read(f'/proc/{p}/stat')):
            os.kill(int(p), signal.SIGKILL)
            wait_until(lambda p=p: not skepnet.is_alive(int(p)), what='the helper is gone')
    done = switch.skepctl('add-port', 'br0', 'e0', f'netns={there.name}', check=False)
    assert done.returncode == 1 and 'skepd-netns has ended' in done.stderr
    switch.skepctl('add-flow', 'br0', 'in_port=1,actions=2')
    switch.wires[1].send(FRAME)
    assert switch.wires[2].recv() == FRAME


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read()
    except OSError:
        return ''
