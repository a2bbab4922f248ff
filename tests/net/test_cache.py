# SPDX-License-Identifier: Apache-2.0
"""The flow cache: what a switch does and counts is the same with it and without, while flows come and go."""
import of13
import pytest

pytestmark = pytest.mark.skep_only


@pytest.fixture(params=['', '--no-flow-cache'], ids=['cache', 'search'])
def switch(request, make_switch, monkeypatch):
    monkeypatch.setenv('SKEPD_OPTS', request.param)
    switch = make_switch()
    switch.has_cache = not request.param
    return switch


PIPELINE = """\
table=0,priority=1,actions=goto_table:1
table=0,priority=9,dl_type=0x88cc,actions=drop
table=1,priority=1,actions=goto_table:2
table=1,priority=5,ip,nw_src=10.0.0.0/24,actions=write_metadata:1,goto_table:2
table=2,priority=1,arp,actions=flood
table=2,priority=5,metadata=1,ip,nw_dst=10.0.0.1,actions=output:1
table=2,priority=5,metadata=1,ip,nw_dst=10.0.0.2,actions=output:2
"""


def test_hosts_talk_through_several_tables(switch):
    switch.host_ports()
    switch.start()
    assert 'flow_cache' not in switch.skepctl('show').stdout
    switch.skepctl('add-flows', 'br0', '-', stdin=PIPELINE)
    assert ('flow_cache: true' in switch.skepctl('show').stdout) == switch.has_cache
    switch.ping(1, 2, count=20)
    by_match = {f['match']: f['n_packets'] for f in switch.flows('table=2')}
    assert sum(n for match, n in by_match.items() if 'nw_dst=10.0.0.1' in match) == 20
    assert sum(n for match, n in by_match.items() if 'nw_dst=10.0.0.2' in match) == 20


def test_a_change_is_in_force_with_the_barrier_for_packets_that_are_known(switch):
    switch.wire_ports()
    switch.start()
    switch.skepctl('add-flows', 'br0', '-', stdin=PIPELINE)
    frame = bytes.fromhex('020000000002' '020000000001' '0800' '4500002e00000000401166bd' '0a000001' '0a000002' '00010002001a0000') + bytes(18)
    with of13.Connection(switch.mgmt) as conn:
        match = of13.match(eth_type=0x0800, ipv4_dst=0x0a000002, ip_proto=17)
        for i in range(200):
            to = 2 + i % 2
            assert not conn.barrier(of13.flow_mod(match, of13.apply_actions(of13.output(to)), priority=99, table=2))
            for _ in range(3):
                switch.wires[1].send(frame)
                assert switch.wires[to].recv() == frame
    for port in 2, 3:
        assert not switch.wires[port].drain()
