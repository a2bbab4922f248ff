# SPDX-License-Identifier: Apache-2.0
"""A week of changes in a minute: what skepd holds at the end is what it held at the beginning.

SKEP_ROW=1 tests/net/run -s -k churn     ten million flow-mods and ten thousand connections, as promised; else a twentieth of them
"""
import os

import of13
import pytest
from skepnet import resident_kib, wait_until
from test_storm import storm_match

pytestmark = pytest.mark.skep_only
SCALE = 20 if os.environ.get('SKEP_ROW') else 1
BATCH = 5000
FRAME = bytes.fromhex('020000000002' '020000000001' '9000') + bytes(50)
ACTS = of13.apply_actions(of13.output(1))
OTHER_ACTS = of13.apply_actions(of13.output(2))


def batch(base):
    """5,000 flows of five masks in three tables come, change, and go: as many adds as modifies as deletes."""
    flows = [(storm_match(i), i % 3, 10 + i % 7) for i in range(base, base + BATCH)]
    return [b''.join(of13.flow_mod(match, acts, command=command, table=table, priority=priority) for match, table, priority in flows)
            for command, acts in ((of13.ADD, ACTS), (of13.MODIFY_STRICT, OTHER_ACTS), (of13.DELETE_STRICT, b''))]


def holdings(switch):
    """What skepd and its datapath have: descriptors, pinned maps and links, bytes of maps, flows; and resident kilobytes."""
    maps = len(os.listdir(f'{switch.dir}/bpf/skep/maps')), len(os.listdir(f'{switch.dir}/bpf/skep/links'))
    shown = switch.json('show')
    datapath = shown['bridges'][0]['datapath']
    return (len(os.listdir(f'/proc/{switch.pid}/fd')), *maps, datapath['memory'], datapath['flows']), resident_kib(switch.pid)


def test_what_skepd_holds_does_not_grow_with_changes_and_connections(make_switch):
    switch = make_switch()
    switch.wire_ports()
    switch.start()
    batches = [batch(k * BATCH) for k in range(8)]

    def churn(n_flow_mods):
        done = 0
        with of13.Connection(switch.mgmt, timeout=60) as conn:
            while done < n_flow_mods:
                for part in batches[done // (3 * BATCH) % len(batches)]:
                    assert not conn.barrier(part)
                    done += BATCH
        return done

    def connect(n):
        for _ in range(n):
            with of13.Connection(switch.mgmt) as conn:
                assert not conn.barrier(of13.message(of13.FEATURES_REQUEST))[1:]

    with of13.Connection(switch.mgmt) as conn:
        assert not conn.barrier(of13.flow_mod(of13.match(in_port=1), OTHER_ACTS, priority=1))
    # What is kept for later use is there then: buffers, and lists as long as the latest grace period needed, which a longer run meets later.
    churn(300_000 * SCALE)
    connect(50)
    wait_until(lambda: holdings(switch)[0][-1] == 1, what='the flows to go')
    before, before_kib = holdings(switch)
    n = churn(500_000 * SCALE)
    connect(500 * SCALE)
    wait_until(lambda: holdings(switch)[0] == before, what=f'{holdings(switch)[0]} to be {before} again')
    after_kib = holdings(switch)[1]
    print(f'{n} flow-mods, {500 * SCALE} connections: resident {before_kib} kB before, {after_kib} kB after; {before}')
    assert after_kib < before_kib + 2048
    switch.wires[1].send(FRAME)
    assert switch.wires[2].recv() == FRAME
