# SPDX-License-Identifier: Apache-2.0
"""A skepd with other layouts in its maps takes over, under traffic of ever new flows: none is lost, and flows, groups and meters are as they were.

$SKEP_VARIANT is a build of such a skep, in a folder of our build; tests/upgrade makes one and runs this.
"""
import os

import of13
import pytest
import shut_up
import skepnet
from test_storm import PROBES, Probes, add, dump

VARIANT = os.environ.get('SKEP_VARIANT')
pytestmark = [pytest.mark.skep_only, pytest.mark.skipif(not VARIANT, reason='needs a build with another layout: tests/upgrade makes one')]
N = 5000
THINGS = ('add-group', 'group_id=7,type=select,bucket=weight:2,output:2,bucket=weight:1,output:3'), \
         ('add-meter', 'meter=5,pktps,burst,bands=type=drop,rate=1000000,burst_size=1000'), \
         ('add-flow', 'table=3,priority=9,udp6,ipv6_src=2001:db8::/64,ipv6_dst=2001:db8::7,tp_dst=53,idle_timeout=600,cookie=1,'
                      'actions=set_field:2001:db8::1->ipv6_dst,write_metadata:5,goto_table:4'), \
         ('add-flow', 'table=4,priority=9,ip,in_port=2,metadata=5,hard_timeout=3000,actions=meter:5,group:7')


def described(switch):
    """What must stay as it is."""
    flows = sorted((f['table'], f['cookie'], f['match'], f['actions']) for f in switch.flows() if f['cookie'] != PROBES)
    return flows, switch.skepctl('dump-groups', 'br0').stdout, switch.skepctl('dump-meters', 'br0').stdout


def test_other_layouts_are_taken_over_both_ways(make_switch, monkeypatch):
    switch = make_switch()
    switch.wire_ports()
    switch.start()
    for command, text in THINGS:
        switch.skepctl(command, 'br0', text)
    with of13.Connection(switch.mgmt) as conn:
        assert not conn.barrier(of13.flow_mod(of13.match(in_port=1), of13.apply_actions(of13.output(2)), priority=1, cookie=PROBES),
                                *(add(n) for n in range(N)))
    before, counted, ours = described(switch), 0, skepnet.build_dir()
    probes = Probes(switch)
    try:
        for i, build in enumerate((VARIANT, ours, VARIANT, ours)):
            probes.more()
            switch.kill9() if i % 2 else switch.end_daemon()
            probes.more()
            monkeypatch.setenv('SKEP_BUILD', build)
            daemon = switch.start_daemon()
            assert os.readlink(f'/proc/{daemon.pid}/exe') == os.path.realpath(f'{build}/vswitchd/skepd')
            assert described(switch) == before
            packets = dump(switch)[1]
            assert packets >= counted
            counted = packets
            switch.skepctl('add-flow', 'br0', 'table=9,priority=3,actions=drop')
            switch.skepctl('del-flows', 'br0', 'table=9')
    finally:
        probes.stop()
    assert not probes.lost()
    flows, packets = dump(switch)
    assert packets == probes.n_sent and len(flows) == N + 1


@shut_up.on_another_kernel
def test_layouts_on_another_kernel():
    there = os.path.join('/mnt/build', os.path.relpath(VARIANT, skepnet.build_dir()))
    shut_up.pytest_there('test_upgrade.py', 1, variables=f'SKEP_VARIANT={there}')
