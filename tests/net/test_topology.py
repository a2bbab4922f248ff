# SPDX-License-Identifier: Apache-2.0
"""Topologies over three hosts: by `skepctl topology` with no controller, and by examples/overlay.py with flow-mods over TLS."""
import copy
import json
import os
import re

import pytest
from skepnet import TOP, Namespace, Switch, Wire, run, wait_until

pytestmark = pytest.mark.skep_only
PYTHON = '/usr/bin/python3'
CHECK = os.path.join(TOP, 'examples', 'mesh_check.py')
HOSTS = ('a', 'b', 'c')


def address_of(host):
    return f'192.0.2.{16 * HOSTS.index(host) + 18}'


class Mesh:
    """Hosts a, b and c, each a namespace with a skepd, in subnets of their own, and endpoints that add() makes."""

    def __init__(self, tmp, bridge='br9', **kwargs):
        self.router = Namespace()
        self.router.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
        self.switches, self.ends, self.spec = {}, {}, {}
        for n, host in enumerate(HOSTS):
            switch = Switch(tmp / host, ports=0, bridge=bridge, dpid=f'{n + 1:016x}', **kwargs)
            gateway = f'192.0.2.{16 * n + 17}'
            self.router.ip('link', 'add', f'to-{host}', 'type', 'veth', 'peer', 'name', 'u0', 'netns', switch.ns.name)
            self.router.ip('addr', 'add', f'{gateway}/28', 'dev', f'to-{host}')
            self.router.ip('link', 'set', f'to-{host}', 'up')
            switch.ns.ip('addr', 'add', f'{address_of(host)}/28', 'dev', 'u0')
            switch.ns.ip('link', 'set', 'u0', 'up')
            switch.ns.ip('route', 'add', 'default', 'via', gateway)
            self.switches[host] = switch
        self.topology = {'hosts': {host: {'address': address_of(host)} for host in HOSTS},
                         'networks': {'red': {'key': 100}, 'blue': {'key': 200}}, 'ports': []}

    def add(self, name, host, network, address, macs=False):
        """An endpoint, behind the interface of its name. It is a port of the topology from the next apply() on."""
        end = Namespace()
        mac = f'02:00:00:00:00:{len(self.ends) + 1:02x}'
        self.switches[host].ns.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'address', mac, 'mtu', '1450',
                                  'netns', end.name)
        self.switches[host].ns.ip('link', 'set', name, 'up')
        end.ip('addr', 'add', f'{address}/24', 'dev', 'eth0')
        end.ip('link', 'set', 'eth0', 'up')
        self.ends[name] = end
        port = {'host': host, 'interface': name, 'network': network}
        if macs:
            port['macs'] = [mac]
        self.topology['ports'].append(port)
        self.spec[name] = (network, address)

    def write(self, folder):
        path = os.path.join(folder, 'mesh.json')
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(self.topology, f, indent=1)
        return path

    def apply(self, host, *options, **kwargs):
        switch = self.switches[host]
        return switch.skepctl('topology', 'apply', self.write(switch.dir), '--host', host, *options, **kwargs)

    def ping(self, name, address, count=1):
        done = self.ends[name].run(['ping', '-q', '-n', '-c', count, '-i', '0.02', '-W', '1', address], check=False)
        return f' {count} received' in done.stdout

    def mac_of(self, name):
        return f'02:00:00:00:00:{list(self.ends).index(name) + 1:02x}'

    def check(self, *options):
        """Endpoints of one network reach each other, and nobody else. examples/mesh_check.py sees who answers whom."""
        hosts = {p['interface']: p['host'] for p in self.topology['ports']}
        path = os.path.join(self.switches['a'].dir, 'endpoints')
        with open(path, 'w', encoding='utf-8') as f:
            for name, (network, address) in self.spec.items():
                f.write(f'{name} {hosts[name]} {address} {network} {self.ends[name].path}\n')
        run([PYTHON, CHECK, path, *options], timeout=60)

    def check_broadcast(self, sender):
        """What an endpoint broadcasts reaches each other member of its network once, and nobody else."""
        wires = {name: Wire(end, 'eth0') for name, end in self.ends.items() if name in self.spec}
        frames = [b'\xff' * 6 + bytes.fromhex(self.mac_of(sender).replace(':', '')) + b'\x88\xb5' + bytes([n]) * 46 for n in (1, 2)]
        try:
            for frame in frames:
                wires[sender].send(frame)
            for name, (network, _) in self.spec.items():
                if network == self.spec[sender][0] and name != sender:
                    seen = []
                    wait_until(lambda: (seen.append(wires[name].recv(0.1)) or seen[-1] == frames[1]), what=f'the frames at {name}')
                    assert [f for f in seen if f and f[12:14] == b'\x88\xb5'] == frames, name
            assert not [name for name, wire in wires.items() for f in wire.drain() if f[12:14] == b'\x88\xb5']
        finally:
            for wire in wires.values():
                wire.close()

    def populate(self):
        for n, host in enumerate(HOSTS):
            self.add(f'red{n}', host, 'red', f'10.0.0.{n + 1}', macs=n == 0)
        for n, host in enumerate(HOSTS[:2]):
            self.add(f'blue{n}', host, 'blue', f'10.0.0.{n + 1}')
        self.add('blue9', 'b', 'blue', '10.0.0.9')
        return self

    def close(self):
        for switch in self.switches.values():
            switch.close()
        for end in [*self.ends.values(), self.router]:
            end.close()


@pytest.fixture(scope='module')
def shared_mesh(tmp_path_factory):
    it = Mesh(tmp_path_factory.mktemp('mesh'))
    try:
        it.populate()
        for switch in it.switches.values():
            switch.start()
        yield it
    finally:
        it.close()


@pytest.fixture
def mesh(shared_mesh):
    """The module's mesh, with the topology of Mesh.populate() applied; what a test changes of it is undone."""
    topology, spec = copy.deepcopy(shared_mesh.topology), dict(shared_mesh.spec)
    for host in HOSTS:
        shared_mesh.apply(host)
    yield shared_mesh
    shared_mesh.topology, shared_mesh.spec = topology, spec


def ports_of(switch):
    return switch.skepctl('list-ports', 'mesh0').stdout.split()


def test_networks_span_hosts_and_do_not_touch_each_other(mesh):
    mesh.check()
    # The check itself would tell: blue has no 10.0.0.3, and its 10.0.0.1 is not red's.
    mesh.spec['blue0'], mesh.spec['red0'] = mesh.spec['red0'], mesh.spec['blue0']
    with pytest.raises(AssertionError, match='FAILED: '):
        mesh.check('--within', '0')
    assert sorted(ports_of(mesh.switches['c'])) == ['red2', 't1-a', 't1-b']
    shown = mesh.switches['a'].skepctl('topology', 'show').stdout
    assert 'network red: vxlan, key 100, VLAN 1 here, 1 static' in shown and 't2-b' in shown and 't2-c' not in shown
    fdb = mesh.switches['b'].skepctl('fdb', 'mesh0').stdout
    assert re.search(rf'{mesh.mac_of("red0")} +static', fdb), fdb


@pytest.mark.parametrize('sender', ['red0', 'blue9'])
def test_a_broadcast_reaches_the_members_of_its_network_once(mesh, sender):
    mesh.check_broadcast(sender)


def test_a_second_apply_changes_nothing_and_a_change_touches_nothing_else(mesh):
    mesh.check()
    a = mesh.switches['a']
    log = f'{a.dir}/ping.log'
    flood = mesh.ends['red0'].popen(['ping', '-q', '-i', '0.002', '10.0.0.2'], log)
    assert 'nothing changed' in mesh.apply('a').stdout
    # blue goes from host a, green comes, and red gets another port there.
    mesh.topology['ports'] = [p for p in mesh.topology['ports'] if p['interface'] != 'blue0']
    mesh.topology['networks'] = {'green': {'key': 300}, **mesh.topology['networks']}
    mesh.add('green0', 'a', 'green', '10.0.0.1')
    mesh.add('green1', 'b', 'green', '10.0.0.2')
    mesh.add('red8', 'a', 'red', '10.0.0.8')
    dry = mesh.apply('a', '--dry-run').stdout
    assert 'not made' in dry and '- port blue0' in dry and 'blue0' in ports_of(a)
    made = mesh.apply('a').stdout
    assert made.splitlines()[1:] == dry.splitlines()[1:] and 'red0' not in made and 't1-b' not in made
    mesh.apply('b')
    del mesh.spec['blue0']
    mesh.check()
    assert not mesh.ping('blue0', '10.0.0.9')
    flood.send_signal(2)
    flood.wait(10)
    with open(log, encoding='utf-8') as f:
        sent, received = map(int, re.search(r'(\d+) packets transmitted, (\d+) received', f.read()).groups())
    assert sent > 100 and sent - received <= 1     # the one under way when ping ended


def test_what_the_file_does_not_name_is_removed_and_what_is_not_its_own_is_refused(mesh):
    a = mesh.switches['a']
    a.skepctl('add-port', 'mesh0', 'vxextra', 'type=vxlan', 'options:remote_ip=192.0.2.77', 'options:key=5')
    assert '- port vxextra' in mesh.apply('a').stdout
    assert 'vxextra' not in ports_of(a)
    mesh.topology['bridge'] = 'br9'
    done = mesh.apply('a', check=False)
    assert done.returncode == 1 and 'br9 exists already, and was not made by a topology' in done.stderr
    assert re.search(r'mesh\.json:\d+:\d+: ', done.stderr)
    mesh.topology['bridge'] = 'mesh1'
    done = mesh.apply('a', check=False)
    assert done.returncode == 1 and '"red0" is a port of bridge mesh0' in done.stderr
    mesh.check()
    a.skepctl('topology', 'remove')
    assert a.skepctl('list-br').stdout.split() == ['br9']
    assert 'no topology' in a.skepctl('topology', 'show', check=False).stderr
    assert not mesh.ping('red0', '10.0.0.2')
    del mesh.topology['bridge']
    mesh.apply('a')
    # The host may be giving up on the address just now, and lose what waits for it.
    wait_until(lambda: mesh.ping('red0', '10.0.0.2'), what='traffic')
    mesh.check()


def test_a_topology_outlives_its_skepd(mesh):
    b = mesh.switches['b']
    mesh.check()
    b.kill9()
    mesh.check()
    b.start_daemon()
    assert 'nothing changed' in mesh.apply('b').stdout
    mesh.check()


def test_the_manuals_example_does_what_the_manual_says(mesh, tmp_path):
    with open(os.path.join(TOP, 'docs', 'topology.md'), encoding='utf-8') as f:
        blocks = re.findall(r'^```\n(.*?)^```$', f.read(), re.M | re.S)
    example, output, errors = blocks[:3]
    mesh.switches['c'].skepctl('topology', 'remove')

    def apply(text):
        path = tmp_path / 'mesh.json'
        path.write_text(text)
        done = mesh.switches['c'].skepctl('topology', 'apply', str(path), '--host', 'a', '--dry-run', check=False)
        return done.stdout + done.stderr
    wanted = [line for line in output.splitlines() if line.startswith('  +')]
    assert apply(example).splitlines()[1:] == wanted
    edits = [('"web",  "network": "blue"', '"web",  "network": "blu"'), ('200', '100'), ('"c", "interface": "vm3"', '"a", "interface": "vm1"'),
             ('00:00:02', '00:00:01'), ('"netns": "db"', '"nets": "db"')]
    for (old, new), message in zip(edits, errors.splitlines()):
        assert apply(example.replace(old, new)).strip().endswith('/' + message)
    assert len(edits) == len(errors.splitlines())


def test_errors_change_nothing(mesh):
    a = mesh.switches['a']
    before = a.skepctl('topology', 'show').stdout
    done = a.skepctl('topology', 'apply', mesh.write(a.dir), '--host', 'zeta', check=False)
    assert done.returncode == 1 and 'host "zeta" is not in the file' in done.stderr
    mesh.topology['ports'].append({'host': 'a', 'interface': 'red0', 'network': 'blue'})
    done = mesh.apply('a', check=False)
    assert done.returncode == 1 and 'is a port twice' in done.stderr
    done = a.skepctl('topology', 'apply', '/nowhere', check=False)
    assert done.returncode == 1 and '/nowhere' in done.stderr
    assert a.skepctl('topology', 'show').stdout == before


def test_a_port_whose_interface_comes_later_is_waited_for(mesh):
    mesh.topology['ports'].append({'host': 'a', 'interface': 'later', 'network': 'red'})
    done = mesh.apply('a')
    assert 'there is no interface later yet' in done.stderr
    mesh.topology['ports'].pop()
    mesh.add('later', 'a', 'red', '10.0.0.7')
    wait_until(lambda: mesh.ping('later', '10.0.0.3'), what='the port')
    mesh.check()


def test_an_interface_is_taken_from_a_namespace_and_put_back(mesh):
    guest, end = Namespace(), Namespace()
    try:
        guest.ip('link', 'add', 'tap7', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', end.name)
        end.ip('addr', 'add', '10.0.0.77/24', 'dev', 'eth0')
        end.ip('link', 'set', 'eth0', 'mtu', '1450', 'up')
        mesh.topology['ports'].append({'host': 'c', 'interface': 'tap7', 'network': 'red', 'netns': guest.path})
        assert f'+ port tap7: VLAN 1, of namespace {guest.path}' in mesh.apply('c').stdout
        wait_until(lambda: 'tap7' in mesh.switches['c'].ns.ip('-o', 'link').stdout, what='the interface')
        wait_until(lambda: mesh.ping('red0', '10.0.0.77'), what='an answer')
        mesh.topology['ports'].pop()
        mesh.apply('c')
        wait_until(lambda: 'tap7' in guest.ip('-o', 'link').stdout, what='the interface is back')
    finally:
        end.close()
        guest.close()


def test_a_large_file_is_taken(mesh):
    """More than a line of the control socket used to have; the ports are other hosts', but of a network that is here."""
    mesh.topology['ports'] += [{'host': 'b', 'interface': f'x{i}', 'network': 'red', 'macs': [f'02:00:00:01:{i >> 8:02x}:{i & 255:02x}']}
                               for i in range(3000)]
    assert os.path.getsize(mesh.write(mesh.switches['a'].dir)) > 250_000
    assert '3000 static addresses' in mesh.apply('a').stdout
    assert 'nothing changed' in mesh.apply('a').stdout
    mesh.check()


def test_an_os_ken_application_makes_the_same_networks_over_tls(pki, tmp_path):
    files = [str(pki / name) for name in ('sw-privkey.pem', 'sw-cert.pem', 'cacert.pem')]
    mesh = Mesh(tmp_path, bridge='br0', ctl='ssl:192.0.2.17:6653', ssl=files).populate()
    path = mesh.write(tmp_path)
    controller = mesh.router.popen(
        [PYTHON, os.path.join(TOP, 'examples', 'overlay.py'), path, '--ofp-listen-host', '192.0.2.17', '--ofp-ssl-listen-port', '6653',
         '--ctl-privkey', pki / 'ctl-privkey.pem', '--ctl-cert', pki / 'ctl-cert.pem', '--ca-certs', pki / 'cacert.pem'],
        tmp_path / 'controller.log')

    def log():
        return (tmp_path / 'controller.log').read_text()
    try:
        wait_until(lambda: mesh.router.listens(6653), 20, 'the controller listens')
        for host, switch in mesh.switches.items():
            switch.start()
            for port in mesh.topology['ports']:
                if port['host'] == host:
                    switch.skepctl('add-port', 'br0', port['interface'])
            for other in HOSTS:
                if other != host:
                    switch.skepctl('add-port', 'br0', f'to-{other}', 'type=vxlan', f'options:remote_ip={address_of(other)}',
                                   'options:key=flow')
        mesh.check()
        assert 'refused' not in log() and 'Traceback' not in log(), log()
        mesh.check_broadcast('red0')
        mesh.check_broadcast('blue9')
        # What is known goes to its place alone, and stays in the kernel.
        wait_until(lambda: f'eth_dst={mesh.mac_of("red2")}' in str(mesh.switches['a'].flows('table=2'))
                   or f'dl_dst={mesh.mac_of("red2")}' in str(mesh.switches['a'].flows('table=2')), what='the rule for red2')
        before = mesh.switches['a'].to_controller()
        assert mesh.ping('red0', '10.0.0.3', 50)
        assert mesh.switches['a'].to_controller() == before
        # An address that moves to another host is found there.
        moved = mesh.mac_of('red2')
        frame = bytes.fromhex((mesh.mac_of('red1') + moved).replace(':', '')) + b'\x88\xb5' + bytes(46)
        mesh.ends['red2'].ip('link', 'set', 'eth0', 'address', '02:00:00:00:99:99')
        wire = Wire(mesh.ends['red0'], 'eth0')
        wire.send(frame)
        wire.close()
        wait_until(lambda: f'{moved} is at red0 of host a' in log(), what='the move')
        answer = Wire(mesh.ends['red0'], 'eth0')
        back = bytes.fromhex((moved + mesh.mac_of('red1')).replace(':', '')) + b'\x88\xb5' + bytes(46)
        sender = Wire(mesh.ends['red1'], 'eth0')

        def arrives():
            sender.send(back)
            return answer.recv(0.1) == back
        wait_until(arrives, what='a packet to the new place')
        sender.close()
        answer.close()
        # Without the controller everything that is known goes on.
        controller.kill()
        controller.wait()
        assert mesh.ping('red1', '10.0.0.1', 10)
    finally:
        controller.kill()
        controller.wait()
        mesh.close()
