# SPDX-License-Identifier: Apache-2.0
"""Controllers that others wrote drive the switch, over tcp and over TLS, and hosts reach each other."""
import json
import os
import subprocess

import pytest
import skepnet
from skepnet import TOP, wait_until


def start_controller(switch, kind, tls, pki, tmp_path):
    key, cert, ca = pki / 'ctl-privkey.pem', pki / 'ctl-cert.pem', pki / 'cacert.pem'
    if kind == 'ovs':
        cmd = ['ovs-testcontroller', f'{"pssl" if tls else "ptcp"}:6653:127.0.0.1', f'--unixctl={tmp_path}/controller.ctl']
        cmd += ['-p', key, '-c', cert, '-C', ca] if tls else []
    else:
        cmd = ['/usr/bin/python3', os.path.join(TOP, 'examples', 'learning_switch.py'), '--ofp-listen-host', '127.0.0.1',
               f'--ofp-{"ssl" if tls else "tcp"}-listen-port', '6653']
        cmd += ['--ctl-privkey', key, '--ctl-cert', cert, '--ca-certs', ca] if tls else []
    return switch.ns.popen(cmd, tmp_path / 'controller.log')


def use_tls(switch, pki, name='sw'):
    switch.ssl = [str(pki / f'{name}-privkey.pem'), str(pki / f'{name}-cert.pem'),
                  str(pki / ('cacert.pem' if name == 'sw' else 'othercacert.pem'))]


@pytest.fixture
def controlled(make_switch, pki, tmp_path):
    """controlled(kind, tls) returns a switch with three hosts which that controller has taken over."""
    running = []

    def make(kind, tls):
        switch = make_switch(ctl='ssl:127.0.0.1:6653' if tls else 'tcp:127.0.0.1:6653')
        switch.host_ports()
        if tls:
            use_tls(switch, pki)
        running.append(start_controller(switch, kind, tls, pki, tmp_path))
        wait_until(lambda: switch.ns.listens(6653), what='the controller listens')
        switch.start()
        wait_until(lambda: switch.to_controller() is not None, 20, 'a table-miss rule')
        return switch
    yield make
    for controller in running:
        controller.kill()
        controller.wait()


@pytest.mark.parametrize('tls', [False, True], ids=['tcp', 'tls'])
@pytest.mark.parametrize('kind', ['ovs', 'osken'])
def test_hosts_reach_each_other_and_learned_packets_stay_in_the_kernel(controlled, kind, tls):
    if tls and not skepnet.IS_SKEP:
        pytest.skip("the other driver's contract has no TLS")
    switch = controlled(kind, tls)
    switch.ping_all()
    switch.ping_all()
    # ARP entries are refreshed by unicast requests a few seconds later, which exact-match controllers have not seen.
    for i in switch.hosts:
        for j in switch.hosts:
            switch.hosts[i].ip('neigh', 'replace', f'10.0.0.{j}', 'lladdr', skepnet.host_mac(j), 'dev', 'eth0')
    before = switch.to_controller()
    assert switch.ping(1, 2, 200).returncode == 0
    assert switch.to_controller() == before


def test_tcp_moves_between_hosts(controlled):
    switch = controlled('ovs', False)
    switch.ping_all()
    size = 3_000_000
    serve = ('import socket; s = socket.create_server(("10.0.0.2", 7)); c, _ = s.accept(); n = 0\n'
             'while d := c.recv(65536): n += len(d)\nprint(n)')
    server = subprocess.Popen(switch.hosts[2].cmd(['timeout', '20', '/usr/bin/python3', '-c', serve]),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: switch.hosts[2].listens(7), what='the server listens')
    # The first segments are larger than what the controller asks for of each packet (128 bytes): nothing may be cut.
    switch.hosts[1].run(['/usr/bin/python3', '-c', 'import socket; s = socket.create_connection(("10.0.0.2", 7), 10)\n'
                         f's.sendall(bytes({size})); s.close()'])
    assert int(server.communicate(timeout=20)[0]) == size


def test_an_unbuffered_packet_in_holds_the_whole_packet_whatever_max_len(controlled):
    """OF1.3.5 §6.1.2: a switch that keeps no packets must send all of each. ovs-testcontroller asks for 128 bytes."""
    switch = controlled('ovs', False)
    done = switch.hosts[1].run(['ping', '-q', '-c', '2', '-i', '0.1', '-s', '1000', '-W', '3', '10.0.0.2'], check=False)
    assert '2 received' in done.stdout, done.stdout


@pytest.mark.skep_only
def test_controller_with_another_authoritys_certificate_is_refused_and_the_log_says_why(make_switch, pki, tmp_path):
    switch = make_switch(ctl='ssl:127.0.0.1:6653')
    use_tls(switch, pki, 'other')
    controller = start_controller(switch, 'ovs', True, pki, tmp_path)
    try:
        wait_until(lambda: switch.ns.listens(6653), what='the controller listens')
        switch.start()
        wait_until(lambda: 'certificate' in switch.log(), what='a log line about the certificate')
        lines = [line for line in switch.log().splitlines() if 'certificate' in line]
        assert 'CN=ctl' in lines[0] or 'ctl' in lines[0], lines
        assert switch.to_controller() is None
        # It dials again and fails again for the same cause, which is not worth a second line.
        wait_until(lambda: 'BACKOFF' in switch.skepctl('show').stdout, what='backing off')
        assert len(lines) == 1
    finally:
        controller.kill()
        controller.wait()


@pytest.mark.skep_only
@pytest.mark.parametrize('version', ['-tls1_1', '-tls1_2', '-tls1_3'])
def test_tls_below_1_2_is_refused_by_a_listener(make_switch, pki, version):
    switch = make_switch(ctl='pssl:6653:127.0.0.1')
    use_tls(switch, pki)
    switch.start()
    done = switch.ns.run(['openssl', 's_client', version, '-cipher', 'DEFAULT:@SECLEVEL=0', '-connect', '127.0.0.1:6653',
                          '-key', pki / 'ctl-privkey.pem', '-cert', pki / 'ctl-cert.pem', '-CAfile', pki / 'cacert.pem',
                          '-verify_return_error'], check=False, timeout=10)
    connected = 'Verify return code: 0 (ok)' in done.stdout and 'New, TLSv' in done.stdout
    assert connected == (version != '-tls1_1'), done.stdout + done.stderr


def test_switch_dials_until_the_controller_is_there(make_switch, pki, tmp_path):
    switch = make_switch(ctl='tcp:127.0.0.1:6653')
    switch.host_ports()
    switch.start()
    controller = start_controller(switch, 'ovs', False, pki, tmp_path)
    try:
        wait_until(lambda: switch.to_controller() is not None, 15, 'a table-miss rule')
        switch.ping_all()
    finally:
        controller.kill()
        controller.wait()


@pytest.fixture(params=['asks'])
def probed(request, make_switch, tmp_path, monkeypatch):
    """A switch with Wires that tests/net/osken_probe.py has set up, and answers(): what os-ken understood, by kind."""
    switch = make_switch(ctl='tcp:127.0.0.1:6653')
    switch.wire_ports()
    monkeypatch.setenv('OSKEN_PROBE', str(tmp_path / 'answers'))
    monkeypatch.setenv('OSKEN_PROBE_ASK', 'no' if request.param == 'rules only' else 'yes')
    probe = switch.ns.popen(['osken-manager', '--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', '6653',
                             os.path.join(skepnet.HERE, 'osken_probe.py')], tmp_path / 'controller.log')

    def answers():
        found = {}
        for line in (tmp_path / 'answers').read_text().splitlines(keepends=True):
            if not line.endswith('\n'):     # it is being written
                break
            answer = json.loads(line)
            found.setdefault(answer['kind'], []).append(answer['content'])
        return found
    try:
        wait_until(lambda: switch.ns.listens(6653), what='the controller listens')
        switch.start()
        wait_until(lambda: 'BarrierReply' in answers(), 15, 'the barrier reply')
        yield switch, answers
    finally:
        probe.kill()
        probe.wait()


def test_os_ken_understands_every_answer(probed):
    _, answers = probed
    wait_until(lambda: len(answers()['BarrierReply']) == 2, 60, 'the last answer')
    found = answers()
    for kind in ('DescStatsReply', 'FlowStatsReply', 'AggregateStatsReply', 'TableStatsReply', 'PortStatsReply', 'PortDescStatsReply',
                 'GroupDescStatsReply', 'GroupFeaturesStatsReply', 'MeterFeaturesStatsReply', 'TableFeaturesStatsReply',
                 'GetConfigReply', 'RoleReply', 'GetAsyncReply', 'QueueGetConfigReply', 'EchoReply'):
        assert kind in found, f'no {kind}; errors: {found.get("ErrorMsg")}'
    ports = {p['OFPPort']['port_no']: p['OFPPort'] for reply in found['PortDescStatsReply'] for p in reply['body']}
    assert set(ports) == {1, 2, 3, 0xfffffffe}
    tables = [table for reply in found['TableFeaturesStatsReply'] for table, _ in reply]
    assert sorted(tables) == list(range(254))
    assert found['SwitchFeatures'][0]['n_tables'] == 254
    flows = [f['OFPFlowStats'] for reply in found['FlowStatsReply'] for f in reply['body']]
    assert sorted((f['table_id'], f['priority']) for f in flows) == [(0, 10), (0, 10), (1, 10), (1, 10), (253, 0), (253, 9)]
    if skepnet.IS_SKEP:
        assert 'ErrorMsg' not in found


@pytest.mark.parametrize('probed', ['rules only'], indirect=True)
def test_rules_of_an_os_ken_application_over_three_tables_forward(probed):
    switch, answers = probed
    data = bytes(range(64))
    for a, b in ((1, 2), (2, 1)):
        def goes_through():
            switch.wires[a].send(data)
            return switch.wires[b].recv(0.1) == data
        wait_until(goes_through, what=f'{a} to {b}')
    arp = bytes(12) + b'\x08\x06' + bytes(46)
    switch.wires[1].send(arp)
    assert switch.wires[2].recv() == arp
    wait_until(lambda: 'PacketIn' in answers(), what='a packet-in')
    packet_in = answers()['PacketIn'][0]
    assert packet_in['table_id'] == 253 and packet_in['total_len'] == 60
    fields = {f['OXMTlv']['field']: f['OXMTlv']['value'] for f in packet_in['match']['OFPMatch']['oxm_fields']}
    assert fields == {'in_port': 1, 'metadata': 1}
