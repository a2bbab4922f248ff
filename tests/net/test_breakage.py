# SPDX-License-Identifier: Apache-2.0
"""Things break around skepd: traffic goes on before, during and after, what is refused is said, and nothing is lost. (What others do to its programs:
test_guard.py.)

SKEP_ROW=1 tests/net/run -k breakage     stops skepd for a minute instead of three seconds
"""
import contextlib
import itertools
import os
import resource
import signal
import struct
import time

import of13
import pytest
import skepnet
from skepnet import run, wait_until
from test_storm import PROBES, Probes

pytestmark = pytest.mark.skep_only
STOPPED = 60 if os.environ.get('SKEP_ROW') else 3


def start(switch):
    switch.wire_ports()
    switch.start()
    with of13.Connection(switch.mgmt) as conn:
        assert not conn.barrier(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(2)), priority=1, cookie=PROBES))


@contextlib.contextmanager
def traffic(switch):
    """While it lasts, a thousand packets a second, each of a new flow, none of which is lost."""
    probes = Probes(switch)
    try:
        probes.more()
        yield probes
        probes.more()
    finally:
        probes.stop()
    assert probes.n_sent > 100 and not probes.lost()


def is_well(switch):
    """A change is taken, and counted packets are told."""
    with of13.Connection(switch.mgmt) as conn:
        assert not conn.barrier(of13.flow_mod(of13.match(in_port=3), of13.apply_actions(of13.output(1)), priority=7))
    assert switch.flows('cookie=%#x/-1' % PROBES)[0]['n_packets'] > 0


def test_a_stopped_skepd_is_not_missed(make_switch):
    switch = make_switch()
    start(switch)
    with traffic(switch):
        os.kill(switch.pid, signal.SIGSTOP)
        try:
            time.sleep(STOPPED)
        finally:
            os.kill(switch.pid, signal.SIGCONT)
        is_well(switch)


def test_without_descriptors_for_more_connections_the_others_go_on(make_switch):
    switch = make_switch()
    start(switch)
    n_fds = len(os.listdir(f'/proc/{switch.pid}/fd'))
    limits = resource.prlimit(switch.pid, resource.RLIMIT_NOFILE)
    with traffic(switch), of13.Connection(switch.mgmt) as first, contextlib.ExitStack() as others:
        resource.prlimit(switch.pid, resource.RLIMIT_NOFILE, (n_fds + 4, limits[1]))
        for _ in range(20):
            others.enter_context(of13.Connection(switch.mgmt, hello=False))
        wait_until(lambda: has_run_out(switch), what='skepd to run out of descriptors')
        assert not first.barrier(of13.flow_mod(of13.match(in_port=2), of13.apply_actions(of13.output(1)), priority=7))
        # It waits for one to become free; it does not go round and round.
        before = cpu_seconds(switch.pid)
        time.sleep(1)
        assert cpu_seconds(switch.pid) - before < 0.3
        others.close()
        resource.prlimit(switch.pid, resource.RLIMIT_NOFILE, limits)
        wait_until(lambda: is_reachable(switch), what='connections again')
        is_well(switch)
    assert 1 <= switch.log().lower().count('too many open files') <= 10


def has_run_out(switch):
    return 'too many open files' in switch.log().lower()


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def is_reachable(switch):
    try:
        with of13.Connection(switch.mgmt, timeout=2) as conn:
            return not conn.barrier()
    except OSError:
        return False


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of a megabyte."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', folder])
    yield folder
    run(['umount', '-l', folder], check=False)


def test_a_full_disk_keeps_the_configuration_as_it_was(small_disk):
    switch = skepnet.Switch(small_disk / 's')
    try:
        start(switch)
        with open(f'{switch.dir}/config.json', encoding='utf-8') as f:
            before = f.read()
        with traffic(switch):
            with open(small_disk / 'rubbish', 'wb', buffering=0) as f, contextlib.suppress(OSError):
                while True:
                    f.write(bytes(4096))
            refused = switch.skepctl('add-br', 'br1', check=False)
            assert refused.returncode == 1 and 'No space left on device' in refused.stderr
            with open(f'{switch.dir}/config.json', encoding='utf-8') as f:
                assert f.read() == before
            is_well(switch)
            os.unlink(small_disk / 'rubbish')
            switch.skepctl('add-br', 'br1')
            assert sorted(switch.skepctl('list-br').stdout.split()) == ['br0', 'br1']
            is_well(switch)
    finally:
        switch.close()


def test_an_interface_that_is_deleted_and_made_again_is_the_port_again(make_switch):
    switch = make_switch()
    switch.host_ports()
    switch.start()
    switch.skepctl('add-flow', 'br0', 'actions=NORMAL')
    for _ in range(3):
        switch.ping(1, 2)
        old = switch.hosts[1]
        switch.ns.ip('link', 'del', switch.port_name(1))
        wait_until(lambda: 'state: absent' in switch.skepctl('show').stdout, what='the port to be absent')
        switch.ping(2, 3)
        switch.ns.ip('link', 'add', switch.port_name(1), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', old.name)
        switch.ns.ip('link', 'set', switch.port_name(1), 'up')
        old.ip('link', 'set', 'eth0', 'address', skepnet.host_mac(1), 'up')
        old.ip('addr', 'add', '10.0.0.1/24', 'dev', 'eth0')
        wait_until(lambda: 'state: absent' not in switch.skepctl('show').stdout, what='the port to be back')
    switch.ping(1, 2)


@pytest.fixture
def memory_limit():
    """A function that lets a process have so many bytes more, maps included; None: no limit. (What it had before is not counted.)"""
    group = f'/sys/fs/cgroup/memory/skep-test-{os.getpid()}'       # version 1, or the other
    limit = 'memory.limit_in_bytes'
    try:
        os.mkdir(group)
    except OSError:
        group, limit = f'/sys/fs/cgroup/skep-test-{os.getpid()}', 'memory.max'
        try:
            os.mkdir(group)
        except OSError as e:
            pytest.skip(f'cannot make a memory cgroup: {e}')
    if not os.path.exists(f'{group}/{limit}'):
        os.rmdir(group)
        pytest.skip('cgroups here have no memory controller')
    moved = []

    def set_limit(pid, n_bytes):
        if pid not in moved:
            put(f'{group}/cgroup.procs', pid)
            moved.append(pid)
        put(f'{group}/{limit}', n_bytes if n_bytes is not None else '-1' if 'limit_in' in limit else 'max')
    yield set_limit
    wait_until(lambda: not any(map(skepnet.is_alive, moved)), what='the processes to end')
    os.rmdir(group)


def put(path, value):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(str(value))


def test_without_memory_to_grow_flows_are_refused_and_all_goes_on(memory_limit, make_switch, monkeypatch):
    """What growth needs is far above the limit: the first large map fails, softly, while what is left is enough for all else.  (Nearer to it
    the kernel's verifier, whose memory counts too, may find none; then the kernel ends the process.)"""
    monkeypatch.setenv('SKEPD_OPTS', '--min-flows 40000')
    switch = make_switch()
    start(switch)
    numbers = itertools.count()

    def add_some(conn):
        return conn.barrier(*(of13.flow_mod(of13.match(eth_dst=0x060000000000 + next(numbers)), of13.apply_actions(of13.output(3)),
                                            priority=9) for _ in range(1000)))
    with traffic(switch), of13.Connection(switch.mgmt, timeout=30) as conn:
        refused, n_added = [], 0
        while n_added < 30000:
            assert not add_some(conn)
            n_added += 1000
        assert switch.json('show')['bridges'][0]['datapath']['grown'] == 0
        memory_limit(switch.pid, 24 << 20)
        while not refused:
            refused = add_some(conn)
            n_added += 1000 - len(refused)
        assert n_added > 1000 and {error[2][:4] for error in refused} == {struct.pack('!HH', 5, 1)}     # OFPFMFC_TABLE_FULL
        before = cpu_seconds(switch.pid)
        assert len(add_some(conn)) == 1000
        assert cpu_seconds(switch.pid) - before < 1      # it does not try to grow for each
        flows = switch.flows()
        assert len(flows) == n_added + 1 and max(f['n_packets'] for f in flows) > 0
        assert 1 <= switch.log().count('cannot grow') <= 3
        assert switch.json('show')['bridges'][0]['datapath']['growth_failed'] >= 1
        memory_limit(switch.pid, None)
        deadline = time.monotonic() + 20
        while add_some(conn):
            assert time.monotonic() < deadline, 'flows are not taken again'
            time.sleep(0.5)
        is_well(switch)
    switch.close()
