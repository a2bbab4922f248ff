#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""skepctl against a skepd that is played here: what it sends, what it prints, and what it says when things go wrong.

Needs neither root nor BPF. The real skepd is in tests/net.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

SKEPCTL = os.path.join(os.environ.get('top_builddir', '.'), 'utils/skepctl')


def recv_exactly(sock, n):
    data = b''
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Server(threading.Thread):
    """Serves one Unix socket until closed; handle(sock) is called for each connection."""

    def __init__(self, path, handle):
        super().__init__(daemon=True)
        self.handle = handle
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen()
        self.start()

    def run(self):
        while True:
            try:
                sock = self.sock.accept()[0]
            except OSError:
                return
            with sock:
                sock.settimeout(10)
                try:
                    self.handle(sock)
                except (EOFError, OSError):
                    pass

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.join(10)


class Switch:
    """Enough of an OpenFlow 1.3 switch: remembers flow-mods and refuses those with a cookie of 'bad'."""

    FLOW_MOD, BARRIER, MULTIPART, PORT_DESC = 14, 20, 18, 13
    GROUP_MOD, METER_MOD = 15, 29
    GROUP, GROUP_DESC, GROUP_FEATURES, METER, METER_CONFIG, METER_FEATURES = range(6, 12)

    def __init__(self):
        self.flow_mods = []
        self.mods = []      # of groups and meters
        self.asked = []     # bodies of multipart requests
        self.barriers_seen_after = []
        self.silent = False

    def send(self, sock, kind, xid, body=b''):
        sock.sendall(struct.pack('!BBHI', 4, kind, 8 + len(body), xid) + body)

    def handle(self, sock):
        self.send(sock, 0, 1, struct.pack('!HHI', 1, 8, 1 << 4))
        while True:
            header = recv_exactly(sock, 8)
            _, kind, length, xid = struct.unpack('!BBHI', header)
            body = recv_exactly(sock, length - 8)
            if self.silent and kind:
                continue
            if kind == self.FLOW_MOD:
                self.flow_mods.append(header + body)
                if struct.unpack('!Q', body[:8])[0] == 0xbad:
                    self.send(sock, 1, xid, struct.pack('!HH', 5, 1) + header + body[:56])
            elif kind in (self.GROUP_MOD, self.METER_MOD):
                self.mods.append((kind, body))
                if struct.unpack('!I', body[4:8])[0] == 99:
                    self.send(sock, 1, xid, (struct.pack('!HH', 6, 0) if kind == self.GROUP_MOD else struct.pack('!HH', 12, 1)) + header + body)
            elif kind == 22:    # queue-get-config
                if body[:4] == struct.pack('!I', 99):
                    self.send(sock, 1, xid, struct.pack('!HH', 9, 0) + header + body)
                    continue
                self.send(sock, 23, xid, body + struct.pack('!IIH6x', 5, 7, 48) + struct.pack('!HH4xH6x', 1, 16, 105) +
                          struct.pack('!HH4xH6x', 2, 16, 1001) + struct.pack('!IIH6x', 6, 7, 16))
            elif kind == self.BARRIER:
                self.barriers_seen_after.append(len(self.flow_mods))
                self.send(sock, 21, xid)
            elif kind == self.MULTIPART:
                self.asked.append(body[8:])
                self.multipart(sock, xid, struct.unpack('!H', body[:2])[0])

    def multipart(self, sock, xid, kind):
        if kind == self.PORT_DESC:
            for more, number, name in ((1, 7, b'veth7'), (0, 0xfffffffe, b'br0')):
                port = struct.pack('!I4x6s2x16sIIIIIIII', number, b'\2\0\0\0\0\7', name, 0, 4, 0, 0, 0, 0, 0, 0)
                self.send(sock, 19, xid, struct.pack('!HH4x', kind, more) + port)
        elif kind == 1:     # flows: in two parts, one of them empty
            match = struct.pack('!HHHBBI', 1, 12, 0x8000, 0, 4, 7) + bytes(4)
            actions = struct.pack('!HH4xHHIH6x', 4, 24, 0, 16, 8, 65535)
            flow = struct.pack('!HBxIIHHHH4xQQQ', 48 + len(match) + len(actions), 3, 5, 211000000, 10, 0, 30, 1, 0xabc, 2, 120)
            self.send(sock, 19, xid, struct.pack('!HH4x', kind, 1) + flow + match + actions)
            self.send(sock, 19, xid, struct.pack('!HH4x', kind, 0))
        elif kind in self.GROUPS_AND_METERS:
            for more, body in enumerate(self.GROUPS_AND_METERS[kind][::-1]):
                self.send(sock, 19, xid, struct.pack('!HH4x', kind, more + 1 < len(self.GROUPS_AND_METERS[kind])) + body)
        else:
            self.send(sock, 1, xid, struct.pack('!HH', 1, 2))


def bucket(weight, port, group, *actions):
    actions = b''.join(actions)
    return struct.pack('!HHII4x', 16 + len(actions), weight, port, group) + actions


def group_desc(number, kind, *buckets):
    buckets = b''.join(buckets)
    return struct.pack('!HBxI', 8 + len(buckets), kind, number) + buckets


OUTPUT_2 = struct.pack('!HHIH6x', 0, 16, 2, 0)
ANY = 0xffffffff
BANDS = struct.pack('!HHII4x', 1, 16, 1000, 10) + struct.pack('!HHIIB3x', 2, 16, 500, 20, 1)
# Each reply in two parts, the last of them first.
Switch.GROUPS_AND_METERS = {
    Switch.GROUP_DESC: [group_desc(2, 2, bucket(0, ANY, ANY)), group_desc(1, 1, bucket(10, ANY, ANY, OUTPUT_2), bucket(1, ANY, ANY)) +
                        group_desc(3, 3, bucket(0, 7, ANY, OUTPUT_2))],
    Switch.GROUP: [b'', struct.pack('!H2xII4xQQII', 56, 1, 3, 9, 900, 5, 20000000) + struct.pack('!QQ', 4, 400)],
    Switch.GROUP_FEATURES: [struct.pack('!10I', 0xf, 0x7, 4096, 0, 1, 2, 1 << 0 | 1 << 22, 1 << 27, 0, 0)],
    Switch.METER_CONFIG: [struct.pack('!HHI', 24, 2, 0xfffffffe) + BANDS[:16], struct.pack('!HHI', 40, 5, 1) + BANDS],
    5: [struct.pack('!II3QII', 0xfffffffe, 0, *[(1 << 64) - 1] * 3, ANY, ANY), struct.pack('!IIQQQII', 7, 5, 302, 1, 0, 100, 500000000)],
    Switch.METER: [b'', struct.pack('!IH6xIQQII', 1, 56, 3, 9, 900, 5, 20000000) + struct.pack('!QQ', 4, 400)],
    Switch.METER_FEATURES: [struct.pack('!IIIBB2x', 100, 6, 15, 8, 0)],
}


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix='skepctl')
        self.addCleanup(self.dir.cleanup)
        self.requests = []
        self.answers = {}

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def run_it(self, *args, status=0, stdin=''):
        done = subprocess.run([SKEPCTL, '--rundir', self.dir.name, *args], input=stdin, capture_output=True, text=True,
                              timeout=30, check=False)
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        if status:
            self.assertTrue(done.stderr.startswith('skepctl: ') or ': unrecognized option' in done.stderr, done.stderr)
        return done.stderr if status else done.stdout

    def start_skepd(self):
        def handle(sock):
            with sock.makefile('rw') as f:
                for line in f:
                    request = json.loads(line)
                    self.requests.append(request)
                    f.write(json.dumps(self.answers.get(request['method'], {'result': {}})) + '\n')
                    f.flush()
        server = Server(self.path('skepd.ctl'), handle)
        self.addCleanup(server.close)

    def start_switch(self):
        switch = Switch()
        server = Server(self.path('br0.mgmt'), switch.handle)
        self.addCleanup(server.close)
        return switch


class CommandLine(Case):
    def test_help_lists_every_command(self):
        text = self.run_it('--help')
        for command in ('add-br', 'dump-flows', 'pki', 'teardown', 'monitor'):
            self.assertIn(f'\n  {command} ', text)

    def test_version(self):
        self.assertRegex(self.run_it('--version'), r'^skepctl \(skep\) \d+\.\d+')

    def test_wrong_command_lines_end_with_2_and_say_why(self):
        for args, words in (((), 'what is to be done'), (('dmp-flows', 'br0'), 'did you mean "dump-flows"'),
                            (('frobnicate',), 'unknown command "frobnicate"'), (('add-flow', 'br0'), 'usage: skepctl add-flow BR FLOW'),
                            (('--bogus',), 'bogus'), (('--timeout', 'x', 'show'), '--timeout "x"'),
                            (('add-port', 'br0', 'p', 'ofport=0'), 'ofport=0'), (('add-br', 'br0', 'x=1'), 'x=1'),
                            (('add-port', 'br0', 'p', 'x'), '"x" is not NAME=VALUE'), (('add-port', 'br0', 'p', 'tagg=1'), 'did you mean "tag'),
                            (('add-port', 'br0', 'p', 'option:key=1'), 'did you mean "options:NAME'), (('set-port', 'br0', 'p'), 'usage:'),
                            (('add-port', 'br0', 'p', 'tag=x'), 'a VLAN'), (('add-port', 'br0', 'p', 'trunks=1,,2'), 'VLANs like'),
                            (('add-port', 'br0', 'p', 'trunks=4096'), 'VLANs like'), (('add-port', 'br0', 'p', 'isolated=1'), 'true or false'),
                            (('fdb-add', 'br0', '02:00:00:00:00:01', 'p', 'x'), 'VLAN "x"'), (('set-bridge', 'br0', 'x=1'), '"x=1"'),
                            (('set-bridge', 'br0', 'mac-ageing=-1'), 'mac-ageing=-1'), (('open-port', 'br0', 'p'), 'usage:'),
                            (('mod-port', 'br0', '1', 'sideways'), 'sideways'), (('topology', 'aply'), 'not apply, show or remove'),
                            (('topology', 'apply'), 'usage: skepctl topology apply FILE'), (('pki', 'frob'), 'pki takes')):
            self.assertIn(words, self.run_it(*args, status=2))


class Configuration(Case):
    def test_requests_are_those_of_control_md(self):
        self.start_skepd()
        key = self.path('key.pem')
        open(key, 'w', encoding='utf-8').close()
        for args, method, params in (
                (('add-br', 'br0', 'datapath-id=00000000000000a1', 'fail-mode=secure'), 'add-br',
                 {'bridge': 'br0', 'datapath_id': '00000000000000a1', 'fail_mode': 'secure'}),
                (('del-br', 'br0'), 'del-br', {'bridge': 'br0'}),
                (('add-port', 'br0', 'eth1'), 'add-port', {'bridge': 'br0', 'port': 'eth1'}),
                (('add-port', 'br0', 'eth1', 'ofport=5'), 'add-port', {'bridge': 'br0', 'port': 'eth1', 'ofport': 5}),
                (('add-port', 'br0', 'vx', 'type=vxlan', 'options:remote_ip=192.0.2.1', 'options:key=flow', 'isolated=false', 'ofport_request=7'),
                 'add-port', {'bridge': 'br0', 'port': 'vx', 'type': 'vxlan', 'options': {'remote_ip': '192.0.2.1', 'key': 'flow'},
                              'isolated': False, 'ofport': 7}),
                (('set-port', 'br0', 'e', 'vlan_mode=trunk', 'trunks=1,10-12', 'tag=', 'options:key=', 'netns=blue'), 'set-port',
                 {'bridge': 'br0', 'port': 'e', 'vlan_mode': 'trunk', 'trunks': [1, 10, 11, 12], 'tag': None, 'options': {'key': None},
                  'netns': 'blue'}),
                (('set-fail-mode', 'br0', 'standalone'), 'set-fail-mode', {'bridge': 'br0', 'fail_mode': 'standalone'}),
                (('set-bridge', 'br0', 'mac-ageing=60', 'forward-bpdu=true', 'aux-connections=2'), 'set-bridge',
                 {'bridge': 'br0', 'mac_ageing': 60, 'forward_bpdu': True,
                  'aux_connections': 2}),
                (('fdb-add', 'br0', '02:00:00:00:00:01', 'e', '5'), 'fdb-add',
                 {'bridge': 'br0', 'mac': '02:00:00:00:00:01', 'port': 'e', 'vlan': 5}),
                (('fdb-del', 'br0', '02:00:00:00:00:01'), 'fdb-del', {'bridge': 'br0', 'mac': '02:00:00:00:00:01'}),
                (('fdb-flush', 'br0', 'e'), 'fdb-flush', {'bridge': 'br0', 'port': 'e'}),
                (('del-port', 'br0', 'eth1'), 'del-port', {'bridge': 'br0', 'port': 'eth1'}),
                (('set-controller', 'br0', 'tcp:1.2.3.4', 'ptcp:6653'), 'set-controller',
                 {'bridge': 'br0', 'controllers': ['tcp:1.2.3.4', 'ptcp:6653']}),
                (('del-controller', 'br0'), 'del-controller', {'bridge': 'br0'}),
                (('set-ssl', key, '/c', '/ca'), 'set-ssl', {'private_key': os.path.realpath(key), 'certificate': '/c', 'ca_cert': '/ca'}),
                (('topology', 'remove'), 'topology-remove', {}), (('topology', 'remove', 'm'), 'topology-remove', {'bridge': 'm'}),
                (('del-ssl',), 'del-ssl', {}), (('log-level', 'debug'), 'log-level', {'level': 'debug'}),
                (('shutdown',), 'shutdown', {}), (('teardown',), 'teardown', {})):
            self.run_it(*args)
            self.assertEqual(self.requests.pop(), {'method': method, 'params': params})

    def test_an_error_of_skepd_is_printed(self):
        self.start_skepd()
        self.answers['del-br'] = {'error': 'there is no bridge br9'}
        self.assertEqual(self.run_it('del-br', 'br9', status=1), 'skepctl: there is no bridge br9\n')

    def test_no_skepd(self):
        self.assertIn('skepd.ctl: No such file or directory (is skepd running?)', self.run_it('show', status=1))

    def test_a_skepd_that_does_not_answer_is_given_up(self):
        done = threading.Event()
        server = Server(self.path('skepd.ctl'), lambda sock: done.wait(10))
        self.addCleanup(server.close)
        self.addCleanup(done.set)
        self.assertIn('no answer', self.run_it('--timeout', '0.2', 'show', status=1))

    def test_an_answer_that_is_not_json_is_an_error(self):
        server = Server(self.path('skepd.ctl'), lambda sock: sock.sendall(b'hello\n'))
        self.addCleanup(server.close)
        self.assertIn('not JSON', self.run_it('show', status=1))

    def test_show(self):
        self.start_skepd()
        result = {'pid': 7, 'version': '0.1', 'bridges': [{
            'name': 'br0', 'datapath_id': '00000000000000a1', 'fail_mode': 'secure',
            'ports': [{'name': 'br0', 'ofport': 0xfffffffe, 'ifindex': 3, 'state': 'up'},
                      {'name': 'eth2', 'ofport': 2, 'ifindex': 0, 'state': 'absent', 'error': 'there is no interface eth2'}],
            'controllers': [{'target': 'tcp:192.0.2.2:6653', 'state': 'BACKOFF', 'since_s': 3, 'role': 'equal',
                             'is_connected': False, 'last_error': 'Connection refused'}],
            'listeners': [{'target': 'punix:/x', 'state': 'LISTENING', 'connections': 1}],
            'datapath': {'flows': 3, 'version': 17, 'attach': 'tcx', 'drops': {'no_match': 12}}}]}
        self.answers['show'] = {'result': result}
        text = self.run_it('show', 'br0')
        self.assertEqual(self.requests[-1]['params'], {'bridge': 'br0'})
        for words in ('Bridge br0\n', 'Port eth2\n        ofport: 2\n        state: absent\n        error: there is no interface eth2\n',
                      'ofport: LOCAL', 'state: BACKOFF, for 3 s', 'is_connected: false', 'dropped, no_match: 12', 'tcx'):
            self.assertIn(words, text)
        self.assertEqual(json.loads(self.run_it('--json', 'show')), result)

    def test_a_topology_is_sent_whole_and_what_changed_is_printed(self):
        self.start_skepd()
        path = self.path('mesh.json')
        text = '{"hosts": {}}\n' + ' ' * 70000 + '\u00e9\n'
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        result = {'bridge': 'mesh0', 'host': 'a', 'changes': ['+ bridge mesh0', '+ port x: VLAN 1'], 'warning': 'it waits'}
        self.answers['topology-apply'] = {'result': result}
        said = self.run_it('topology', 'apply', path, '--host', 'a')
        self.assertIn('bridge mesh0, host a: 2 changes\n  + bridge mesh0\n  + port x: VLAN 1\n', said)
        self.assertEqual(self.requests.pop(), {'method': 'topology-apply', 'params': {
            'name': path, 'text': text, 'dry_run': False, 'host': 'a'}})
        self.assertIn('2 changes, not made', self.run_it('--dry-run', 'topology', 'apply', path))
        self.assertEqual(self.requests.pop()['params'], {'name': path, 'text': text, 'dry_run': True})
        result['changes'] = []
        self.assertIn('nothing changed', self.run_it('topology', 'apply', path))
        self.assertEqual(json.loads(self.run_it('--json', 'topology', 'apply', path)), result)

    def test_a_topology_that_cannot_be_sent(self):
        self.start_skepd()
        path = self.path('mesh.json')
        self.assertIn('No such file', self.run_it('topology', 'apply', path, status=1))
        self.assertIn('Is a directory', self.run_it('topology', 'apply', self.path(''), status=1))
        for content, words in ((b'\xff\xfe', 'not UTF-8'), (b' ' * (4 << 20) + b'  ', 'more than 4194304 bytes')):
            with open(path, 'wb') as f:
                f.write(content)
            self.assertIn(words, self.run_it('topology', 'apply', path, status=1))
        self.assertEqual(self.requests, [])

    def test_topology_show(self):
        self.start_skepd()
        self.answers['topology-show'] = {'result': {'bridge': 'mesh0', 'host': 'a', 'networks': [
            {'name': 'red', 'kind': 'vxlan', 'key': 100, 'vlan': 1, 'static_macs': 2, 'ports': [
                {'name': 'x', 'ofport': 1, 'ifindex': 0, 'state': 'absent', 'error': 'no such interface'},
                {'name': 't1-b', 'ofport': 2, 'ifindex': 3, 'state': 'up', 'options': {'remote_ip': '192.0.2.2'}}]}]}}
        self.assertEqual(self.run_it('topology', 'show'), 'bridge mesh0, host a\n  network red: vxlan, key 100, VLAN 1 here, 2 static addresses\n'
                         '    1(x): absent, error: no such interface\n    2(t1-b): up, tunnel to 192.0.2.2\n')

    def test_lists(self):
        self.start_skepd()
        self.answers['list-br'] = {'result': ['br0', 'br1']}
        self.assertEqual(self.run_it('list-br'), 'br0\nbr1\n')


class OpenFlow(Case):
    def test_one_barrier_follows_all_flows_of_a_file(self):
        switch = self.start_switch()
        self.run_it('add-flows', 'br0', '-', stdin='# flows\n\n' + ''.join(f'in_port={i},actions=1 # one\n' for i in range(1, 301)))
        self.assertEqual(len(switch.flow_mods), 300)
        self.assertEqual(switch.barriers_seen_after, [300])
        self.assertEqual(len({m[4:8] for m in switch.flow_mods}), 300)

    def test_a_mistake_in_a_file_is_placed_and_nothing_is_sent(self):
        switch = self.start_switch()
        file = self.path('flows')
        with open(file, 'w', encoding='utf-8') as f:
            f.write('in_port=1,actions=2\n# x\nip,nw_dst=10.0.0.300,actions=2\n')
        self.assertEqual(self.run_it('add-flows', 'br0', file, status=1),
                         f'skepctl: {file}: flow line 3, column 11: nw_dst: "10.0.0.300": not an IPv4 address\n')
        self.assertEqual(switch.flow_mods, [])

    def test_a_refused_flow_is_named_with_its_line(self):
        self.start_switch()
        text = self.run_it('add-flows', 'br0', '-', status=1, stdin='in_port=1,actions=2\n\ncookie=0xbad,in_port=3,actions=2\nactions=1\n')
        self.assertEqual(text, 'skepctl: standard input: flow line 3: refused: OFPFMFC_TABLE_FULL: cookie=0xbad,in_port=3,actions=2\n')

    def test_many_refusals_are_counted(self):
        self.start_switch()
        text = self.run_it('add-flows', 'br0', '-', status=1, stdin='cookie=0xbad,actions=2\n' * 50)
        self.assertEqual(text.count('refused'), 20)
        self.assertIn('and 30 more', text)

    def test_ports_have_names(self):
        switch = self.start_switch()
        self.run_it('add-flow', 'br0', 'in_port=veth7,actions=LOCAL')
        self.assertIn(struct.pack('!HBBI', 0x8000, 0, 4, 7), switch.flow_mods[0])
        self.assertIn('not a port', self.run_it('add-flow', 'br0', 'in_port=veth8,actions=LOCAL', status=1))

    def test_strict_and_loose_commands(self):
        switch = self.start_switch()
        for args, command in ((('mod-flows', 'br0', 'actions=1'), 1), (('--strict', 'mod-flows', 'br0', 'priority=3,actions=1'), 2),
                              (('del-flows', 'br0'), 3), (('del-flows', '--strict', 'br0', 'priority=3'), 4)):
            self.run_it(*args)
            self.assertEqual(switch.flow_mods[-1][25], command)

    def test_a_dump_joins_the_parts_of_the_reply(self):
        self.start_switch()
        flow = ' cookie=0xabc, duration=5.211s, table=3, n_packets=2, n_bytes=120, hard_timeout=30, send_flow_rem ' \
               'priority=10,in_port=7 actions=output:8\n'
        self.assertEqual(self.run_it('dump-flows', 'br0'), 'OFPST_FLOW reply (OF1.3) (xid=0x2):\n' + flow)
        self.assertIn('in_port=veth7', self.run_it('--names', 'dump-flows', 'br0'))
        flows = json.loads(self.run_it('--json', 'dump-flows', 'br0'))
        self.assertEqual(flows, [{'table': 3, 'priority': 10, 'cookie': '0xabc', 'duration_s': 5.211, 'n_packets': 2, 'n_bytes': 120,
                                  'idle_timeout': 0, 'hard_timeout': 30, 'flags': ['send_flow_rem'], 'match': {'in_port': 7},
                                  'instructions': {'apply_actions': [{'output': 8}]}}])

    def test_groups_and_meters_are_sent(self):
        switch = self.start_switch()
        for args, kind, body in (
                (('add-group', 'group_id=1,type=select,bucket=weight:5,output:veth7'), 15,
                 '000001000000000100200005ffffffffffffffff00000000000000100000000700000000' + '00000000'),
                (('mod-group', 'group_id=2,type=all'), 15, '0001000000000002'),
                (('del-groups', 'group_id=2'), 15, '0002000000000002'), (('del-groups',), 15, '00020000fffffffc'),
                (('add-meter', 'meter=1,kbps,bands=type=drop,rate=5'), 29, '0000000100000001' + '00010010000000050000000000000000'),
                (('mod-meter', 'meter=controller,pktps,burst,bands=type=dscp_remark,rate=5,burst_size=6,prec_level=1'), 29,
                 '00010006fffffffe' + '00020010000000050000000601000000'),
                (('del-meter', 'meter=1'), 29, '0002000000000001'), (('del-meters',), 29, '00020000ffffffff')):
            self.run_it(args[0], 'br0', *args[1:])
            sent, got = switch.mods.pop()
            self.assertEqual(sent, kind)
            # max_len means nothing to a port that is not the controller
            self.assertEqual(got.hex().replace('00000007ffff', '000000070000'), body, args)

    def test_files_of_groups_and_meters(self):
        switch = self.start_switch()
        self.run_it('add-groups', 'br0', '-', stdin=''.join(f'group_id={i},type=all,bucket=1\n' for i in range(50)))
        self.assertEqual([struct.unpack('!I', m[4:8])[0] for _, m in switch.mods], list(range(50)))
        self.assertEqual(self.run_it('add-groups', 'br0', '-', status=1, stdin='group_id=1,type=all\n\ngroup_id=99,type=all\n'),
                         'skepctl: standard input: group line 3: refused: OFPGMFC_GROUP_EXISTS: group_id=99,type=all\n')
        self.assertEqual(self.run_it('add-meters', 'br0', '-', status=1, stdin='# x\nmeter=99 kbps bands=type=drop rate=1\n'),
                         'skepctl: standard input: meter line 2: refused: OFPMMFC_METER_EXISTS: meter=99 kbps bands=type=drop rate=1\n')
        switch.mods.clear()
        self.assertIn('meter line 2, column 8: meter: "0"', self.run_it('add-meters', 'br0', '-', status=1,
                                                                       stdin='meter=1,kbps,bands=type=drop,rate=1\n meter=0'))
        self.assertIn('group, column 17: type: "x"', self.run_it('add-group', 'br0', 'group_id=1,type=x', status=1))
        self.assertEqual(switch.mods, [])

    def test_dumps_of_groups(self):
        switch = self.start_switch()
        one = ' group_id=1,type=select,bucket=weight:10,actions=output:2,bucket=actions=drop\n'
        self.assertEqual(self.run_it('dump-groups', 'br0'), 'OFPST_GROUP_DESC reply (OF1.3) (xid=0x2):\n' + one +
                         ' group_id=3,type=ff,bucket=watch_port:7,actions=output:2\n group_id=2,type=indirect,bucket=actions=drop\n')
        self.assertEqual(self.run_it('dump-groups', 'br0', 'group_id=1'), 'OFPST_GROUP_DESC reply (OF1.3) (xid=0x2):\n' + one)
        self.assertIn('watch_port:veth7', self.run_it('--names', 'dump-groups', 'br0'))
        self.assertEqual(json.loads(self.run_it('--json', 'dump-groups', 'br0', '3')), [
            {'group_id': 3, 'type': 'ff', 'buckets': [{'watch_port': 7, 'actions': [{'output': 2}]}]}])
        self.assertEqual(self.run_it('dump-group-stats', 'br0', 'group_id=1'), 'OFPST_GROUP reply (OF1.3) (xid=0x2):\n'
                         ' group_id=1,duration=5.020s,ref_count=3,packet_count=9,byte_count=900,bucket0:packet_count=4,byte_count=400\n')
        self.assertEqual(switch.asked[-1], struct.pack('!I4x', 1))
        self.assertEqual(json.loads(self.run_it('--json', 'dump-group-stats', 'br0')), [
            {'group_id': 1, 'duration_s': 5.02, 'ref_count': 3, 'n_packets': 9, 'n_bytes': 900, 'buckets': [{'n_packets': 4, 'n_bytes': 400}]}])
        self.assertEqual(switch.asked[-1], struct.pack('!I4x', 0xfffffffc))
        self.assertIn('group, column 10: group_id: "x"', self.run_it('dump-groups', 'br0', 'group_id=x', status=1))

    def test_features_of_groups(self):
        self.start_switch()
        text = self.run_it('dump-group-features', 'br0')
        self.assertTrue(text.startswith('OFPST_GROUP_FEATURES reply (OF1.3) (xid=0x2):\n Group table:\n    Types:  0xf\n    Capabilities:  0x7\n'
                                        '    all group:\n       max_groups=0x1000\n       actions: output group\n'
                                        '    select group:\n       max_groups=0\n       actions: pop_pbb\n'), text)
        self.assertEqual(json.loads(self.run_it('--json', 'dump-group-features', 'br0'))['all'], {'max_groups': 4096, 'actions': ['output', 'group']})

    def test_dumps_of_meters(self):
        switch = self.start_switch()
        self.assertEqual(self.run_it('dump-meters', 'br0'), 'OFPST_METER_CONFIG reply (OF1.3) (xid=0x2):\n'
                         'meter=1 kbps burst bands=\ntype=drop rate=1000 burst_size=10\ntype=dscp_remark rate=500 burst_size=20 prec_level=1\n\n'
                         'meter=controller pktps bands=\ntype=drop rate=1000\n')
        self.assertEqual(switch.asked[-1], struct.pack('!I4x', ANY))
        self.assertEqual(json.loads(self.run_it('--json', 'dump-meter', 'br0', 'meter=7'))[1], {
            'meter': 'controller', 'kbps': False, 'pktps': True, 'burst': False, 'stats': False, 'bands': [{'type': 'drop', 'rate': 1000}]})
        self.assertEqual(switch.asked[-1], struct.pack('!I4x', 7))
        self.assertEqual(self.run_it('meter-stats', 'br0', 'meter=1'), 'OFPST_METER reply (OF1.3) (xid=0x2):\n'
                         'meter:1 flow_count:3 packet_in_count:9 byte_in_count:900 duration:5.020s bands:\n0: packet_count:4 byte_count:400\n')
        self.assertEqual(json.loads(self.run_it('--json', 'meter-stats', 'br0')), [
            {'meter': 1, 'flow_count': 3, 'n_packets': 9, 'n_bytes': 900, 'duration_s': 5.02, 'bands': [{'n_packets': 4, 'n_bytes': 400}]}])

    def test_features_of_meters(self):
        self.start_switch()
        self.assertEqual(self.run_it('meter-features', 'br0'), 'OFPST_METER_FEATURES reply (OF1.3) (xid=0x2):\n'
                         'max_meter:100 max_bands:8 max_color:0\nband_types: drop dscp_remark\ncapabilities: kbps pktps burst stats\n')
        self.assertEqual(json.loads(self.run_it('--json', 'meter-features', 'br0')), {
            'max_meter': 100, 'max_bands': 8, 'max_color': 0, 'band_types': ['drop', 'dscp_remark'],
            'capabilities': ['kbps', 'pktps', 'burst', 'stats']})

    def test_queues(self):
        switch = self.start_switch()
        self.assertEqual(self.run_it('queue-stats', 'br0'), 'OFPST_QUEUE reply (OF1.3) (xid=0x2): 2 queues\n'
                         '  port 7 queue 5: bytes=302, pkts=1, errors=0, duration=100.500s\n'
                         '  port LOCAL queue 0: bytes=?, pkts=?, errors=?, duration=?\n')
        self.assertEqual(switch.asked[-1], struct.pack('!II', ANY, ANY))
        self.assertIn('port veth7 queue 5', self.run_it('--names', 'queue-stats', 'br0', 'veth7', '0x5'))
        self.assertEqual(switch.asked[-1], struct.pack('!II', 7, 5))
        self.run_it('queue-stats', 'br0', 'ALL', 'all')
        self.assertEqual(switch.asked[-1], struct.pack('!II', ANY, ANY))
        self.assertEqual(json.loads(self.run_it('--json', 'queue-stats', 'br0')), [
            {'port': 7, 'queue': 5, 'tx_bytes': 302, 'tx_packets': 1, 'tx_errors': 0, 'duration_s': 100.5},
            {'port': 'LOCAL', 'queue': 0, 'tx_bytes': None, 'tx_packets': None, 'tx_errors': None, 'duration_s': None}])
        self.assertIn('x: not a queue', self.run_it('queue-stats', 'br0', '7', 'x', status=1))
        self.assertIn('-1: not a queue', self.run_it('queue-stats', 'br0', '7', '--', '-1', status=1))
        self.assertIn('veth8: not a port', self.run_it('queue-stats', 'br0', 'veth8', status=1))

    def test_rates_of_queues(self):
        self.start_switch()
        self.assertEqual(self.run_it('queue-get-config', 'br0', '7'), 'OFPT_QUEUE_GET_CONFIG_REPLY (OF1.3) (xid=0x2): port=7\n'
                         'queue 5: min_rate:10.5% max_rate:(disabled)\nqueue 6:\n')
        self.assertIn('port=ANY', self.run_it('queue-get-config', 'br0'))
        self.assertEqual(json.loads(self.run_it('--json', 'queue-get-config', 'br0', 'veth7')), [
            {'port': 7, 'queue': 5, 'min_rate_percent': 10.5, 'max_rate_percent': None},
            {'port': 7, 'queue': 6, 'min_rate_percent': None, 'max_rate_percent': None}])
        self.assertIn('refused: OFPQOFC_BAD_PORT', self.run_it('queue-get-config', 'br0', '99', status=1))

    def test_a_filter_by_group(self):
        switch = self.start_switch()
        self.run_it('dump-flows', 'br0', 'out_group=5')
        self.assertEqual(switch.asked[-1][8:12], struct.pack('!I', 5))

    def test_an_error_in_place_of_a_reply(self):
        self.start_switch()
        self.assertIn('br0: refused: OFPBRC_BAD_MULTIPART', self.run_it('dump-tables', 'br0', status=1))

    def test_a_wrong_match_of_a_dump_is_placed(self):
        self.start_switch()
        self.assertIn('match, column 4: tcp_dst needs', self.run_it('dump-flows', 'br0', 'ip,tcp_dst=5', status=1))

    def test_a_switch_that_does_not_answer_is_given_up(self):
        self.start_switch().silent = True
        self.assertIn('no answer', self.run_it('--timeout', '0.2', 'dump-flows', 'br0', status=1))

    def test_no_such_bridge(self):
        self.assertIn('br7.mgmt', self.run_it('dump-flows', 'br7', status=1))


class Pki(Case):
    def openssl(self, *args):
        return subprocess.run(['openssl', *args], capture_output=True, text=True, timeout=30, check=True).stdout

    def test_certificates_are_good_for_both_sides_and_keys_are_private(self):
        ca = self.path('p/q')
        self.run_it('pki', 'init', ca)
        self.run_it('pki', 'issue', 'sw', ca)
        for purpose in ('sslserver', 'sslclient'):
            self.openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', f'{ca}/cacert.pem', f'{ca}/sw-cert.pem')
        for key in ('cakey.pem', 'sw-privkey.pem'):
            self.assertEqual(os.stat(f'{ca}/{key}').st_mode & 0o777, 0o600)
        self.assertIn('subject: O = skep, CN = sw\n', self.run_it('pki', 'show', f'{ca}/sw-cert.pem'))

    def test_nothing_is_overwritten(self):
        ca = self.path('p')
        self.run_it('pki', 'init', ca)
        self.run_it('pki', 'issue', 'sw', ca)
        self.assertIn('not overwritten', self.run_it('pki', 'init', ca, status=1))
        self.assertIn('not overwritten', self.run_it('pki', 'issue', 'sw', ca, status=1))
        os.unlink(f'{ca}/sw-cert.pem')
        self.assertIn('sw-privkey.pem: exists', self.run_it('pki', 'issue', 'sw', ca, status=1))
        self.assertFalse(os.path.exists(f'{ca}/sw-cert.pem'))

    def test_names_stay_in_the_folder(self):
        ca = self.path('p')
        self.run_it('pki', 'init', ca)
        for name in ('../x', '.x', '-x', 'a/b', 'a,b', '', 'x' * 65):
            self.run_it('pki', 'issue', *(['--'] if name.startswith('-') else []), name, ca, status=2)

    def test_without_an_authority(self):
        self.assertIn('cacert.pem: No such file', self.run_it('pki', 'issue', 'sw', self.dir.name, status=1))

    def test_a_key_of_another_authority(self):
        for ca in ('a', 'b'):
            self.run_it('pki', 'init', self.path(ca))
        os.replace(self.path('b/cakey.pem'), self.path('a/cakey.pem'))
        self.assertIn('is not the key of', self.run_it('pki', 'issue', 'sw', self.path('a'), status=1))


def main():
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__']))
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
