# SPDX-License-Identifier: Apache-2.0
"""Random changes of the configuration over the control socket: none breaks skepd, and a restart ends in the same."""
import json
import random
import socket

import pytest

pytestmark = pytest.mark.skep_only
SEED, CHANGES = 3, 250


class Control:
    def __init__(self, switch):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(f'{switch.dir}/skepd.ctl')
        self.file = self.sock.makefile('r', encoding='utf-8')

    def call(self, method, **params):
        self.sock.sendall(json.dumps({'method': method, 'params': params}).encode() + b'\n')
        return json.loads(self.file.readline())

    def close(self):
        self.file.close()
        self.sock.close()


def random_keys(rng):
    """Keys of a port, right or wrong."""
    keys = {}
    kind = rng.choice(['system', 'vxlan', 'vxlan', 'geneve', 'gre', 'patch', 'patch', 'socket', None])
    if kind:
        keys['type'] = kind
    if kind in ('vxlan', 'geneve', 'gre'):
        keys['options'] = {'remote_ip': rng.choice(['192.0.2.1', '192.0.2.2', '2001:db8::1', 'flow']), 'key': rng.choice(['1', '2', 'flow'])}
        if rng.random() < 0.3 and kind != 'gre':
            keys['options']['dst_port'] = rng.choice(['4790', '4791'])
    elif kind == 'patch':
        keys['options'] = {'peer': rng.choice('abcdefgh')}
    for key, values in (('tag', [5, 0, 4096, None]), ('trunks', [[1, 2], [], None]), ('isolated', [True, False, None]), ('ofport', [1, 9, 40]),
                        ('vlan_mode', ['access', 'trunk', 'native-tagged', None])):
        if rng.random() < 0.15:
            keys[key] = rng.choice(values)
    return keys


def change(control, rng):
    bridge, port = rng.choice(['br0', 'br1', 'br2']), rng.choice('abcdefgh')
    mac = f'02:00:00:00:00:0{rng.randrange(4)}'
    return rng.choice([
        lambda: control.call('add-br', bridge=bridge, fail_mode=rng.choice(['secure', 'standalone'])),
        lambda: control.call('del-br', bridge=rng.choice(['br1', 'br2'])),
        lambda: control.call('add-port', bridge=bridge, port=port, **random_keys(rng)),
        lambda: control.call('add-port', bridge=bridge, port=port, **random_keys(rng)),
        lambda: control.call('add-port', bridge=bridge, port=port, **random_keys(rng)),
        lambda: control.call('set-port', bridge=bridge, port=port, **random_keys(rng)),
        lambda: control.call('set-port', bridge=bridge, port=port, **random_keys(rng)),
        lambda: control.call('del-port', bridge=bridge, port=port),
        lambda: control.call('set-fail-mode', bridge=bridge, fail_mode=rng.choice(['secure', 'standalone'])),
        lambda: control.call('fdb-add', bridge=bridge, mac=mac, vlan=rng.randrange(2), port=port),
        lambda: control.call('fdb-del', bridge=bridge, mac=mac),
        lambda: control.call('fdb', bridge=bridge),
        lambda: control.call('show'),
    ])()


def state(control):
    """What is, without what a restart changes."""
    bridges = control.call('show')['result']['bridges']
    return {b['name']: (b['fail_mode'], b['ports'], sorted((e['mac'], e['vlan'], e['port']) for e in
                                                           control.call('fdb', bridge=b['name'])['result'])) for b in bridges}


def test_random_changes_and_a_restart(switch):
    rng = random.Random(SEED)
    control = Control(switch)
    switch.ns.ip('link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b')
    done = {True: 0, False: 0}
    for _ in range(CHANGES):
        answer = change(control, rng)
        assert ('result' in answer) != ('error' in answer)
        done['result' in answer] += 1
        with open(f'{switch.dir}/config.json', encoding='utf-8') as f:
            names = {p for b in json.load(f)['bridges'].values() for p in b['ports']}
        shown = {p['name'] for b in control.call('show')['result']['bridges'] for p in b['ports'] if p['ofport'] < 0xff00}
        assert names == shown
    assert min(done.values()) > CHANGES / 10
    before = state(control)
    control.close()
    switch.kill9()
    switch.start_daemon()
    control = Control(switch)
    assert state(control) == before
    for name in before:
        assert 'result' in control.call('del-br', bridge=name)
    assert not [line for line in switch.ns.ip('-o', 'link').stdout.splitlines() if 'skep-' in line]
    control.close()
