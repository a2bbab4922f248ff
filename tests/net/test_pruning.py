# SPDX-License-Identifier: Apache-2.0
"""Tuple pruning: a table of many masks sends packets where its rules say, through changes, a killed skepd and more blocks than there was room for."""
import random

import pytest

pytestmark = pytest.mark.skep_only

N_MASKS, N_RULES = 120, 600


@pytest.fixture
def switch(make_switch, monkeypatch):
    monkeypatch.setenv('SKEPD_OPTS', '--no-flow-cache')
    switch = make_switch()
    switch.wire_ports()
    switch.start()
    return switch


def dotted(address):
    return '.'.join(str(address >> s & 255) for s in (24, 16, 8, 0))


class Rules:
    """Rules on prefixes of both addresses, each of a priority of its own; what none matches goes to port 3."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        masks = self.random.sample([(s, d) for s in range(0, 33, 2) for d in range(0, 33, 2)], N_MASKS)
        self.rules = [(priority, *self.pick(), *masks[priority % N_MASKS], 2 + self.random.randrange(2)) for priority in range(1, N_RULES)]

    def pick(self):
        """Two addresses of few networks, so that many rules are about the same packets."""
        return tuple(0x0a000000 + self.random.randrange(4) * 0x00410000 + self.random.randrange(6) * 0x0300 + self.random.randrange(8) for _ in range(2))

    @staticmethod
    def match(rule):
        priority, src, dst, src_len, dst_len, _ = rule
        return f'table=0,priority={priority},ip,nw_src={dotted(src)}/{src_len},nw_dst={dotted(dst)}/{dst_len}'

    def lines(self, rules):
        return ''.join(f'{self.match(r)},actions=output:{r[5]}\n' for r in rules)

    @staticmethod
    def port(rules, src, dst):
        for _, rule_src, rule_dst, src_len, dst_len, port in sorted(rules, reverse=True):
            if not (src ^ rule_src) >> (32 - src_len) and not (dst ^ rule_dst) >> (32 - dst_len):
                return port
        return 3

    def check(self, switch, rules, n=150):
        ports = set()
        for i in range(n):
            src, dst = self.pick()
            frame = bytes.fromhex('020000000002' '020000000001' '0800' '4500002e000000004011') + bytes(2) + src.to_bytes(4, 'big') + dst.to_bytes(4, 'big') \
                + bytes.fromhex('00010002001a0000') + i.to_bytes(18, 'big')
            switch.wires[1].send(frame)
            wanted = self.port(rules, src, dst)
            assert switch.wires[wanted].recv() == frame, (dotted(src), dotted(dst), wanted)
            ports.add(wanted)
        assert ports == {2, 3}
        assert not switch.wires[2].drain() and not switch.wires[3].drain()


def test_many_masks(switch):
    rules = Rules(1)
    switch.skepctl('add-flows', 'br0', '-', stdin='table=0,priority=0,actions=output:3\n' + rules.lines(rules.rules))
    rules.check(switch, rules.rules)
    # A third of them goes; what is left has all masks still.
    gone = rules.rules[::3]
    for rule in gone:
        switch.skepctl('--strict', 'del-flows', 'br0', rules.match(rule))
    left = [r for r in rules.rules if r not in gone]
    rules.check(switch, left)
    # Nobody changes anything while skepd is dead, and the next one takes over.
    switch.kill9()
    rules.check(switch, left)
    switch.start_daemon()
    rules.check(switch, left)
    switch.skepctl('add-flows', 'br0', '-', stdin=rules.lines(gone))
    rules.check(switch, rules.rules)


def test_more_blocks_than_there_was_room_for(switch):
    rules = Rules(2)
    grown = switch.json('show')['bridges'][0]['datapath']['grown']
    switch.skepctl('add-flows', 'br0', '-', stdin='table=0,priority=0,actions=output:3\n' + rules.lines(rules.rules))
    switch.skepctl('add-flows', 'br0', '-', stdin=''.join(
        f'table={table},priority={n},ip,nw_src={dotted(0x0a000000 + table)}/{8 + n},actions=drop\n' for table in range(1, 200) for n in range(1, 9)))
    # 200 blocks; there is room for 32 at first.
    assert switch.json('show')['bridges'][0]['datapath']['grown'] > grown
    rules.check(switch, rules.rules)
