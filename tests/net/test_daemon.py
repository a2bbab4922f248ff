# SPDX-License-Identifier: Apache-2.0
"""skepd and skepctl as a person at a shell meets them."""
import json
import os
import re
import signal

import pytest
import skepnet
from skepnet import run, wait_until

pytestmark = pytest.mark.skep_only


def skepd(*args):
    return [f'{skepnet.build_dir()}/vswitchd/skepd', *args]


def skepctl(*args, **kwargs):
    return run([f'{skepnet.build_dir()}/utils/skepctl', *args], **kwargs)


def test_help_and_version():
    for cmd in (skepd, lambda *a: [f'{skepnet.build_dir()}/utils/skepctl', *a]):
        assert 'usage:' in run(cmd('--help')).stdout
        assert re.search(r'\d+\.\d+', run(cmd('--version')).stdout)
        wrong = run(cmd('--no-such-option'), check=False)
        assert wrong.returncode == 2 and '--no-such-option' in wrong.stderr


def test_an_unknown_command_suggests_the_nearest():
    done = skepctl('dump-flow', 'br0', check=False)
    assert done.returncode == 2
    assert 'dump-flows' in done.stderr


def test_without_a_daemon_skepctl_names_the_socket(tmp_path):
    done = skepctl('--rundir', str(tmp_path), 'show', check=False)
    assert done.returncode == 1
    assert f'{tmp_path}/skepd.ctl' in done.stderr


def test_a_second_daemon_on_the_run_folder_refuses(sw):
    done = run(sw.ns.cmd(skepd('--rundir', sw.dir, '--statedir', sw.dir, '--bpffs', f'{sw.dir}/bpf/skep')), check=False)
    assert done.returncode == 1
    assert str(sw.pid) in done.stderr
    assert sw.skepctl('show').stdout


def test_a_datapath_in_use_is_left_alone_by_others(sw, tmp_path):
    for args in ((), ('--teardown',)):
        done = run(sw.ns.cmd(skepd('--rundir', str(tmp_path), '--statedir', str(tmp_path), '--bpffs', f'{sw.dir}/bpf/skep',
                                   *args)), check=False)
        assert done.returncode == 1 and f'{sw.dir}/bpf/skep' in done.stderr
    sw.ofctl('add-flow', 'in_port=1,actions=2')
    sw.wires[1].send(bytes(range(64)))
    assert sw.wires[2].recv() == bytes(range(64))


def test_a_first_start_that_was_killed_is_no_obstacle(make_switch):
    switch = make_switch()
    switch.wire_ports()
    switch.start()
    switch.stop()
    run(['mount', '-t', 'bpf', 'none', f'{switch.dir}/bpf'])
    os.makedirs(f'{switch.dir}/bpf/skep/maps-new')      # what it was pinning
    switch.start()
    switch.ofctl('add-flow', 'in_port=1,actions=2')
    switch.wires[1].send(bytes(range(64)))
    assert switch.wires[2].recv() == bytes(range(64))


def test_a_broken_configuration_is_named_with_its_line_and_left_alone(tmp_path):
    config = tmp_path / 'config.json'
    text = '{\n  "bridges": {\n    "br0": { "datapath_id": nonsense }\n  }\n}\n'
    config.write_text(text)
    ns = skepnet.Namespace()
    try:
        done = run(ns.cmd(skepd('--rundir', str(tmp_path), '--statedir', str(tmp_path), '--bpffs', f'{tmp_path}/bpf/skep')),
                   check=False)
    finally:
        ns.close()
        if os.path.ismount(tmp_path / 'bpf'):
            run(['umount', tmp_path / 'bpf'])
    assert done.returncode == 1
    assert f'{config}:3:' in done.stderr
    assert config.read_text() == text


def test_configuration_is_there_again_after_a_restart(switch):
    switch.skepctl('set-controller', 'br0', 'tcp:127.0.0.1:9')
    switch.skepctl('add-br', 'br1', 'datapath-id=00000000000000b1')
    before = switch.json('show')
    switch.end_daemon()
    switch.start_daemon()
    after = switch.json('show')

    def essence(shown):
        return [(b['name'], b['datapath_id'], [(p['name'], p['ofport']) for p in b['ports']],
                 [c['target'] for c in b['controllers']]) for b in shown['bridges']]
    assert essence(after) == essence(before)
    assert [b['name'] for b in after['bridges']] == ['br0', 'br1']
    switch.skepctl('del-br', 'br1')


def test_a_file_that_somebody_is_editing_is_not_overwritten(switch):
    path = f'{switch.dir}/config.json'
    with open(path, encoding='utf-8') as f:
        text = f.read()
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text.replace('{', '{{', 1))
    os.kill(switch.pid, signal.SIGHUP)
    wait_until(lambda: f'{path}:1:' in switch.log(), what='the refusal of the broken file')
    done = switch.skepctl('add-port', 'br0', 'eth9', check=False)
    assert done.returncode == 1 and path in done.stderr
    with open(path, encoding='utf-8') as f:
        assert f.read() == text.replace('{', '{{', 1)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    os.kill(switch.pid, signal.SIGHUP)
    wait_until(lambda: switch.skepctl('add-port', 'br0', 'eth9', check=False).returncode == 0, what='changes are taken again')


def test_hup_reads_the_configuration_again(switch):
    path = f'{switch.dir}/config.json'
    with open(path, encoding='utf-8') as f:
        config = json.load(f)
    config['bridges']['br0']['controllers'] = ['tcp:127.0.0.1:7777']
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(config, f)
    os.kill(switch.pid, signal.SIGHUP)
    wait_until(lambda: '7777' in switch.skepctl('show').stdout, what='the new controller')


def test_errors_of_add_flow_say_what_and_where(sw):
    for flow, words in (('tcp,nw_dst=10.0.0.300,actions=1', ('10.0.0.300', 'column')),
                        ('tcp_dst=80,actions=1', ('tcp_dst', 'tcp')),
                        ('in_port=1', ('actions',)),
                        ('in_port=1,actions=output:nosuch', ('nosuch',))):
        done = sw.skepctl('add-flow', 'br0', flow, check=False)
        assert done.returncode == 1, flow
        for word in words:
            assert word in done.stderr, done.stderr
    assert sw.flows() == []


def test_add_flows_names_the_line(sw, tmp_path):
    file = tmp_path / 'flows'
    file.write_text('# two lines\nin_port=1,actions=2\nin_port=x,actions=2\n')
    done = sw.skepctl('add-flows', 'br0', str(file), check=False)
    assert done.returncode == 1 and '3' in done.stderr


def test_dump_flows_prints_what_ovs_ofctl_prints(sw):
    sw.ofctl('add-flows', '-', stdin='''priority=5,tcp,nw_src=10.0.0.0/8,tp_dst=80,actions=dec_ttl,output:2
        table=1,cookie=0x5,ipv6,ipv6_dst=2001:db8::/32,actions=set_field:64:ff9b::1->ipv6_src,CONTROLLER:128
        arp,arp_tpa=10.0.0.1,actions=push_vlan:0x8100,set_field:4101->vlan_vid,FLOOD
        dl_vlan=7,dl_vlan_pcp=3,actions=pop_vlan,goto_table:5
        priority=0,actions=write_actions(output:3),write_metadata:0x5/0xff
    ''')

    def lines(text):
        return sorted(re.sub(r'duration=[\d.]+s', 'duration=*', line) for line in text.splitlines() if 'actions=' in line)
    ours, theirs = lines(sw.skepctl('dump-flows', 'br0').stdout), lines(sw.ofctl('dump-flows').stdout)
    assert len(ours) == 5
    assert ours == theirs
    assert len(sw.json('dump-flows', 'br0')) >= 1


def test_skepctl_flow_commands(sw):
    sw.skepctl('add-flow', 'br0', 'priority=5,in_port=1,actions=2')
    sw.skepctl('add-flow', 'br0', 'priority=6,in_port=1,tcp,actions=2')
    sw.skepctl('mod-flows', 'br0', 'in_port=1,actions=3')
    assert {f['actions'] for f in sw.flows()} == {'output:3'}
    sw.skepctl('--strict', 'del-flows', 'br0', 'priority=5,in_port=1')
    assert [f['match'] for f in sw.flows()] == ['priority=6,tcp,in_port=1']
    sw.skepctl('packet-out', 'br0', f'in_port=controller packet={bytes(range(64)).hex()} actions=output:2')
    assert sw.wires[2].recv() == bytes(range(64))
    for command in ('dump-aggregate', 'dump-tables', 'dump-ports', 'dump-ports-desc', 'dump-desc', 'features', 'list-ports'):
        assert sw.skepctl(command, 'br0').stdout
    assert sw.skepctl('list-br').stdout.split() == ['br0']
    sw.skepctl('del-flows', 'br0')
    assert sw.flows() == []


def test_shutdown_leaves_the_datapath_and_teardown_without_a_daemon_removes_it(switch):
    switch.skepctl('add-flow', 'br0', 'in_port=1,actions=2')
    switch.end_daemon()
    switch.wires[1].send(bytes(range(64)))
    assert switch.wires[2].recv() == bytes(range(64))
    run(switch.ns.cmd(skepd('--teardown', '--rundir', switch.dir, '--statedir', switch.dir, '--bpffs', f'{switch.dir}/bpf/skep')))
    switch.wires[1].send(bytes(range(64)))
    assert switch.wires[2].recv(0.1) is None
    assert 'br0' not in switch.ns.ip('-o', 'link').stdout


def test_pki_makes_certificates_that_openssl_accepts_and_never_overwrites(tmp_path):
    skepctl('pki', 'init', str(tmp_path / 'p'))
    skepctl('pki', 'issue', 'sw', str(tmp_path / 'p'))
    run(['openssl', 'verify', '-CAfile', tmp_path / 'p/cacert.pem', tmp_path / 'p/sw-cert.pem'])
    assert os.stat(tmp_path / 'p/sw-privkey.pem').st_mode & 0o777 == 0o600
    key = (tmp_path / 'p/sw-privkey.pem').read_bytes()
    for again in (('init', str(tmp_path / 'p')), ('issue', 'sw', str(tmp_path / 'p'))):
        assert skepctl('pki', *again, check=False).returncode == 1
    assert (tmp_path / 'p/sw-privkey.pem').read_bytes() == key
    assert 'sw' in skepctl('pki', 'show', str(tmp_path / 'p/sw-cert.pem')).stdout
