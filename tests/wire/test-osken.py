#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random messages that os-ken encodes are decoded and encoded to the same bytes by skep's codecs.

Every OXM field with and without masks, every action and instruction, group-mods, meter-mods and requests.  The seed is fixed: OSKEN_SEED
and OSKEN_N say others.
"""
import os
import random
import subprocess
import sys

try:
    from os_ken.ofproto import ofproto_v1_3 as ofp, ofproto_v1_3_parser as p
    from os_ken.ofproto.ofproto_protocol import ProtocolDesc
except ImportError as e:
    print(f'skipped: {e}')
    sys.exit(77)

DP = ProtocolDesc(ofp.OFP_VERSION)
R = random.Random(int(os.environ.get('OSKEN_SEED', '5')))
N = int(os.environ.get('OSKEN_N', '2000'))
NO_BUFFER = ofp.OFP_NO_BUFFER

# Field -> (bits, maskable); by what they need.
L2 = {'metadata': (64, 1), 'eth_dst': (48, 1), 'eth_src': (48, 1), 'tunnel_id': (64, 1)}
TAG = {'vlan_pcp': (3, 0)}
IP = {'ip_dscp': (6, 0), 'ip_ecn': (2, 0)}
IPV4 = {**IP, 'ipv4_src': (32, 1), 'ipv4_dst': (32, 1)}
IPV6 = {**IP, 'ipv6_src': (128, 1), 'ipv6_dst': (128, 1), 'ipv6_flabel': (20, 1), 'ipv6_exthdr': (9, 1)}
ARP = {'arp_op': (16, 0), 'arp_spa': (32, 1), 'arp_tpa': (32, 1), 'arp_sha': (48, 1), 'arp_tha': (48, 1)}
MPLS = {'mpls_label': (20, 0), 'mpls_tc': (3, 0), 'mpls_bos': (1, 0)}
PBB = {'pbb_isid': (24, 1)}
L4 = {6: {'tcp_src': (16, 0), 'tcp_dst': (16, 0)}, 17: {'udp_src': (16, 0), 'udp_dst': (16, 0)},
      132: {'sctp_src': (16, 0), 'sctp_dst': (16, 0)}}
ICMPV4 = {'icmpv4_type': (8, 0), 'icmpv4_code': (8, 0)}
ND = {135: {'ipv6_nd_sll': (48, 0)}, 136: {'ipv6_nd_tll': (48, 0)}}
TARGET = {'ipv6_nd_target': (128, 1)}
KINDS = {0x0800: IPV4, 0x86dd: IPV6, 0x0806: ARP, 0x8847: MPLS, 0x8848: MPLS, 0x88e7: PBB}
SETTABLE = {**{k: v for k, v in {**L2, **TAG, **IPV4, **IPV6, **ARP, **MPLS, **PBB, **L4[6], **L4[17], **L4[132], **ICMPV4, **ND[135], **ND[136],
                                 **TARGET, 'eth_type': (16, 0), 'ip_proto': (8, 0), 'icmpv6_type': (8, 0), 'icmpv6_code': (8, 0)}.items()
               if k not in ('metadata', 'ipv6_exthdr')}}


def user(name, bits, value):
    """A value as os-ken's users write it."""
    raw = value.to_bytes((bits + 7) // 8, 'big')
    if name in ('eth_dst', 'eth_src', 'arp_sha', 'arp_tha', 'ipv6_nd_sll', 'ipv6_nd_tll'):
        return ':'.join(f'{b:02x}' for b in raw)
    if name in ('ipv4_src', 'ipv4_dst', 'arp_spa', 'arp_tpa'):
        return '.'.join(str(b) for b in raw)
    if name in ('ipv6_src', 'ipv6_dst', 'ipv6_nd_target'):
        return ':'.join(raw[i:i + 2].hex() for i in range(0, 16, 2))
    return value


def put(fields, names):
    for name, (bits, maskable) in names.items():
        ones = (1 << bits) - 1
        if R.random() < 0.5:
            continue
        if maskable and R.random() < 0.5:
            mask = R.randrange(1, ones)
            fields[name] = user(name, bits, R.randrange(ones + 1) & mask), user(name, bits, mask)
        else:
            fields[name] = user(name, bits, R.randrange(ones + 1))


def match_ip(fields, kind):
    proto = R.choice([6, 17, 132, 1 if kind == 0x0800 else 58])
    fields['ip_proto'] = proto
    put(fields, L4.get(proto, {}))
    if proto == 1:
        put(fields, ICMPV4)
    if proto == 58:
        fields['icmpv6_type'] = R.choice([135, 136, 128])
        put(fields, {'icmpv6_code': (8, 0), **ND.get(fields['icmpv6_type'], {}), **(TARGET if fields['icmpv6_type'] > 130 else {})})


def match():
    fields = {}
    if R.random() < 0.5:
        fields['in_port'] = R.randrange(1, 0xff00)
        put(fields, {'in_phy_port': (32, 0)})
    put(fields, L2)
    if R.random() < 0.5:
        fields['vlan_vid'] = R.choice([0x1000 | R.randrange(4096), (0x1000, 0x1000), (0x1004, 0x1006)])
        put(fields, TAG)
    if R.random() < 0.8:
        kind = R.choice(list(KINDS))
        fields['eth_type'] = kind
        put(fields, KINDS[kind])
        if kind in (0x0800, 0x86dd) and R.random() < 0.7:
            match_ip(fields, kind)
    return p.OFPMatch(**fields)


def set_field():
    name, (bits, _) = R.choice(list(SETTABLE.items()))
    return p.OFPActionSetField(**{name: user(name, bits, R.randrange(1 << bits))})


def port(*more):
    return R.choice([R.randrange(1, 0xff00), ofp.OFPP_IN_PORT, ofp.OFPP_NORMAL, ofp.OFPP_FLOOD, ofp.OFPP_ALL, ofp.OFPP_CONTROLLER, ofp.OFPP_LOCAL, *more])


ACTIONS = [
    lambda: p.OFPActionOutput(port(), R.randrange(0x10000)), set_field, set_field,
    lambda: p.OFPActionPushVlan(R.choice([0x8100, 0x88a8])), p.OFPActionPopVlan,
    lambda: p.OFPActionPushMpls(R.choice([0x8847, 0x8848])), lambda: p.OFPActionPopMpls(R.randrange(0x10000)),
    lambda: p.OFPActionPushPbb(0x88e7), p.OFPActionPopPbb,
    lambda: p.OFPActionSetNwTtl(R.randrange(256)), p.OFPActionDecNwTtl,
    lambda: p.OFPActionSetMplsTtl(R.randrange(256)), p.OFPActionDecMplsTtl,
    p.OFPActionCopyTtlOut, p.OFPActionCopyTtlIn, lambda: p.OFPActionSetQueue(R.randrange(0xffffffff)),
    lambda: p.OFPActionGroup(R.randrange(0xffffff01)),
]


def actions(n=8):
    return [R.choice(ACTIONS)() for _ in range(R.randrange(n))]


def instructions(table):
    mask = R.getrandbits(64)
    every = [p.OFPInstructionMeter(R.randrange(1, 0xffff0001)),
             # Which fields an applied list may set depends on the match: test-consistency.c.
             p.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, [a for a in actions() if not isinstance(a, p.OFPActionSetField)]),
             p.OFPInstructionActions(ofp.OFPIT_CLEAR_ACTIONS, []),
             p.OFPInstructionActions(ofp.OFPIT_WRITE_ACTIONS, actions()),
             p.OFPInstructionWriteMetadata(R.getrandbits(64) & mask, mask),
             p.OFPInstructionGotoTable(R.randrange(table + 1, 254))]
    return [i for i in every if R.random() < 0.5]


def out_filter(command):
    """Port and group; only a delete has them."""
    if command < ofp.OFPFC_DELETE:
        return ofp.OFPP_ANY, ofp.OFPG_ANY
    return R.choice([ofp.OFPP_ANY, 7]), R.choice([ofp.OFPG_ANY, 7])


def flow_mod():
    command, table = R.randrange(5), R.randrange(253)
    return p.OFPFlowMod(DP, R.getrandbits(64), R.getrandbits(64) if command else 0, table, command, R.randrange(0x10000), R.randrange(0x10000), R.randrange(0x10000),
                        NO_BUFFER, *out_filter(command), R.randrange(32), match(), instructions(table))


def bucket(kind):
    watch = ofp.OFPP_ANY, ofp.OFPG_ANY
    if kind == ofp.OFPGT_FF:
        watch = R.choice([(5, ofp.OFPG_ANY), (ofp.OFPP_ANY, 9), (5, 9)])
    return p.OFPBucket(R.randrange(100) if kind == ofp.OFPGT_SELECT else 0, *watch, actions())


def group_mod():
    kind, command = R.randrange(4), R.choice([ofp.OFPGC_ADD, ofp.OFPGC_MODIFY])
    n = 1 if kind == ofp.OFPGT_INDIRECT else R.randrange(6)
    return p.OFPGroupMod(DP, command, kind, R.randrange(0xffffff01), [bucket(kind) for _ in range(n)])


def band():
    rate, burst = R.randrange(1, 1 << 32), R.getrandbits(32)
    return R.choice([p.OFPMeterBandDrop(rate, burst), p.OFPMeterBandDscpRemark(rate, burst, R.randrange(4))])


def meter_mod():
    flags = R.choice([0, ofp.OFPMF_KBPS, ofp.OFPMF_PKTPS]) | R.choice([0, ofp.OFPMF_BURST]) | R.choice([0, ofp.OFPMF_STATS])
    number = R.choice([R.randrange(1, 0xffff0001), ofp.OFPM_CONTROLLER, ofp.OFPM_SLOWPATH])
    return p.OFPMeterMod(DP, R.choice([ofp.OFPMC_ADD, ofp.OFPMC_MODIFY]), flags, number, [band() for _ in range(R.randrange(9))])


def packet_out():
    return p.OFPPacketOut(DP, NO_BUFFER, R.choice([ofp.OFPP_CONTROLLER, 3]), actions() + [p.OFPActionOutput(port(ofp.OFPP_TABLE), 0)], R.randbytes(60))


def multipart():
    return R.choice([
        lambda: p.OFPGroupStatsRequest(DP, 0, R.randrange(0xffffff01)), lambda: p.OFPMeterStatsRequest(DP, 0, R.randrange(1, 0xffff0001)),
        lambda: p.OFPMeterConfigStatsRequest(DP, 0, ofp.OFPM_ALL), lambda: p.OFPQueueStatsRequest(DP, 0, R.randrange(1, 100), R.getrandbits(32)),
        lambda: p.OFPFlowStatsRequest(DP, 0, R.randrange(254), ofp.OFPP_ANY, ofp.OFPG_ANY, R.getrandbits(64), R.getrandbits(64), match()),
        lambda: p.OFPAggregateStatsRequest(DP, 0, ofp.OFPTT_ALL, 3, 4, R.getrandbits(64), R.getrandbits(64), match()),
    ])()


def message():
    m = R.choice([flow_mod, flow_mod, flow_mod, group_mod, group_mod, meter_mod, packet_out, multipart])()
    m.set_xid(R.getrandbits(32))
    m.serialize()
    return m


def main():
    made = [message() for _ in range(N)]
    lines = ''.join(f'S {m.buf.hex()}\n' for m in made)
    got = subprocess.run(['tests/wire/reencode-lines'], input=lines, stdout=subprocess.PIPE, check=True, text=True, timeout=120).stdout.splitlines()
    assert len(got) == len(made), f'{len(got)} answers to {len(made)} messages'
    bad = [(m, g) for m, g in zip(made, got) if m.buf.hex() != g]
    for m, g in bad[:10]:
        print(f'{m}\n  is  {m.buf.hex()}\n  not {g}')
    print(f'{len(made) - len(bad)} of {len(made)} messages came back as they were')
    return bool(bad)


if __name__ == '__main__':
    sys.exit(main())
