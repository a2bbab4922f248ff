#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/wire/golden.txt: one OpenFlow 1.3 message of every kind, as others see them.

Requests are serialised by os-ken's ofproto_v1_3_parser.  Messages that os-ken only parses are packed here from the layouts
of OF1.3.5 section 7, and must parse with os-ken to what was meant.  So neither side of skep's codecs has a hand in these bytes.

    /usr/bin/python3 tests/wire/golden.py > tests/wire/golden.txt

A line is: name, "S" (sent to a switch) or "C" (to a controller), hex.
"""

import struct
import sys

from os_ken.ofproto import ofproto_parser
from os_ken.ofproto import ofproto_protocol
from os_ken.ofproto import ofproto_v1_3 as ofp
from os_ken.ofproto import ofproto_v1_3_parser as p

DP = ofproto_protocol.ProtocolDesc(version=ofp.OFP_VERSION)
XID = 0x12345678


def emit(name, to, data):
    length = struct.unpack_from("!H", data, 2)[0]
    if length != len(data):
        sys.exit("%s: length %d of %d bytes" % (name, length, len(data)))
    print(name, to, data.hex())


def request(name, msg, to="S"):
    msg.set_xid(XID)
    msg.serialize()
    emit(name, to, bytes(msg.buf))


def packed(name, to, msg_type, body, check=None):
    """A message packed by hand; 'check' is given what os-ken makes of it."""
    data = struct.pack("!BBHI", 4, msg_type, 8 + len(body), XID) + body
    msg = ofproto_parser.msg(DP, 4, msg_type, len(data), XID, data)
    if msg is None or (check and not check(msg)):
        sys.exit("%s: os-ken sees something else: %s" % (name, msg))
    emit(name, to, data)


def mp_reply(name, mp_type, body, check, flags=0):
    packed(name, "C", ofp.OFPT_MULTIPART_REPLY,
           struct.pack("!HH4x", mp_type, flags) + body, check)


def match(**fields):
    return p.OFPMatch(**fields)


def match_bytes(m):
    buf = bytearray()
    m.serialize(buf, 0)
    return bytes(buf)


def flow_mod(name, m, insts, command=ofp.OFPFC_ADD, **kw):
    # As OVS fills in what a command ignores; skep forgets it when it decodes.
    kw.setdefault("out_port", ofp.OFPP_ANY)
    kw.setdefault("out_group", ofp.OFPG_ANY)
    request(name, p.OFPFlowMod(DP, match=m, instructions=insts, command=command, **kw))


def apply(*actions):
    return p.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, list(actions))


TCP4 = dict(in_port=1, eth_type=0x0800, ip_proto=6, ipv4_src=("10.0.0.0", "255.0.0.0"),
            ipv4_dst="10.1.2.3", tcp_src=1000, tcp_dst=80)
ETHER = bytes.fromhex("0a0000000002" "0a0000000001" "0800") + b"payload"


def symmetric():
    packed("hello", "S", ofp.OFPT_HELLO, struct.pack("!HHI", 1, 8, 1 << 4),
           lambda m: m.elements[0].versions == [4])
    packed("hello_bare", "S", ofp.OFPT_HELLO, b"")
    request("error", p.OFPErrorMsg(DP, type_=4, code=9, data=b"offending bytes"), "C")
    request("error_experimenter",
            p.OFPErrorExperimenterMsg(DP, exp_type=2600, experimenter=0x4f4e4600, data=b"x" * 16), "C")
    request("echo_request", p.OFPEchoRequest(DP, data=b"ping"))
    request("echo_reply", p.OFPEchoReply(DP, data=b"pong"))


def switch_state():
    request("features_request", p.OFPFeaturesRequest(DP))
    packed("features_reply", "C", ofp.OFPT_FEATURES_REPLY,
           struct.pack("!QIBB2xII", 0x0102030405060708, 0, 254, 0, 0x47, 0),
           lambda m: m.datapath_id == 0x0102030405060708 and m.n_tables == 254)
    request("get_config_request", p.OFPGetConfigRequest(DP))
    packed("get_config_reply", "C", ofp.OFPT_GET_CONFIG_REPLY, struct.pack("!HH", 1, 128),
           lambda m: m.flags == 1 and m.miss_send_len == 128)
    request("set_config", p.OFPSetConfig(DP, ofp.OFPC_FRAG_DROP, 0xffff))
    request("barrier_request", p.OFPBarrierRequest(DP))
    packed("barrier_reply", "C", ofp.OFPT_BARRIER_REPLY, b"")
    request("role_request", p.OFPRoleRequest(DP, ofp.OFPCR_ROLE_MASTER, 7))
    packed("role_reply", "C", ofp.OFPT_ROLE_REPLY, struct.pack("!I4xQ", 3, 9),
           lambda m: m.role == 3 and m.generation_id == 9)
    request("get_async_request", p.OFPGetAsyncRequest(DP))
    packed("get_async_reply", "C", ofp.OFPT_GET_ASYNC_REPLY, struct.pack("!6I", 7, 0, 7, 7, 15, 0),
           lambda m: m.flow_removed_mask == [15, 0])
    request("set_async", p.OFPSetAsync(DP, [1, 2], [3, 4], [5, 6]))
    packed("nx_tlv_table_mod", "S", ofp.OFPT_EXPERIMENTER, struct.pack("!IIH6xHBBH2xHBBH2x", 0x2320, 24, 0, 0xffff, 0, 4, 0, 0x102, 0x80, 8, 7),
           lambda m: m.experimenter == 0x2320 and m.exp_type == 24)
    packed("nx_tlv_table_request", "S", ofp.OFPT_EXPERIMENTER, struct.pack("!II", 0x2320, 25), lambda m: m.exp_type == 25)
    packed("nx_tlv_table_reply", "C", ofp.OFPT_EXPERIMENTER, struct.pack("!IIIH10xHBBH2x", 0x2320, 26, 64, 8, 0x102, 0x80, 8, 7),
           lambda m: m.exp_type == 26)
    request("table_mod", p.OFPTableMod(DP, 3, 0))
    request("queue_get_config_request", p.OFPQueueGetConfigRequest(DP, 2))
    packed("queue_get_config_reply", "C", ofp.OFPT_QUEUE_GET_CONFIG_REPLY, struct.pack("!I4x", 2) +
           struct.pack("!IIH6x", 5, 2, 48) + struct.pack("!HH4xH6x", 1, 16, 100) + struct.pack("!HH4xH6x", 2, 16, 1000) +
           struct.pack("!IIH6x", 6, 2, 16), lambda m: m.port == 2 and len(m.queues) == 2 and m.queues[0].properties[1].rate == 1000)


def flow_mods():
    flow_mod("flow_mod_miss", match(), [apply(p.OFPActionOutput(ofp.OFPP_CONTROLLER, 0xffff))],
             priority=0)
    flow_mod("flow_mod_drop", match(), [])
    flow_mod("flow_mod_tcp", match(**TCP4), [apply(p.OFPActionOutput(2))], cookie=0xabcdef,
             idle_timeout=10, hard_timeout=20, priority=100, flags=1)
    flow_mod("flow_mod_l2", match(in_port=1, eth_dst="0a:00:00:00:00:01",
                                  eth_src=("0a:00:00:00:00:00", "ff:ff:00:00:00:00")),
             [apply(p.OFPActionOutput(ofp.OFPP_IN_PORT), p.OFPActionOutput(ofp.OFPP_ALL),
                    p.OFPActionOutput(ofp.OFPP_FLOOD), p.OFPActionOutput(ofp.OFPP_LOCAL))])
    flow_mod("flow_mod_vlan", match(vlan_vid=0x1000 | 100, vlan_pcp=5),
             [apply(p.OFPActionPopVlan(), p.OFPActionPushVlan(0x88a8),
                    p.OFPActionSetField(vlan_vid=0x1000 | 200), p.OFPActionSetField(vlan_pcp=2),
                    p.OFPActionOutput(3))])
    flow_mod("flow_mod_tagged", match(vlan_vid=(0x1000, 0x1000)), [apply(p.OFPActionPopVlan())])
    flow_mod("flow_mod_untagged", match(vlan_vid=0), [apply(p.OFPActionPushVlan(0x8100))])
    flow_mod("flow_mod_all_instructions", match(metadata=(0x1200, 0xff00), eth_type=0x86dd, ip_dscp=46, ip_ecn=1,
                                                ipv6_src=("2001:db8::", "ffff:ffff::"),
                                                ipv6_dst="2001:db8::1", ipv6_flabel=(0x12000, 0xff000)),
             [apply(p.OFPActionDecNwTtl(), p.OFPActionSetNwTtl(64),
                    p.OFPActionSetField(ipv6_dst="2001:db8::2")),
              p.OFPInstructionActions(ofp.OFPIT_CLEAR_ACTIONS, []),
              p.OFPInstructionActions(ofp.OFPIT_WRITE_ACTIONS,
                                      [p.OFPActionSetField(eth_dst="0a:00:00:00:00:09"), p.OFPActionOutput(4)]),
              p.OFPInstructionWriteMetadata(0x5500, 0xff00),
              p.OFPInstructionGotoTable(9)], table_id=8)
    flow_mod("flow_mod_arp", match(eth_type=0x0806, arp_op=1, arp_spa=("10.0.0.0", "255.255.0.0"), arp_tpa="10.0.0.1",
                                   arp_sha="0a:00:00:00:00:01", arp_tha="00:00:00:00:00:00"),
             [apply(p.OFPActionSetField(arp_op=2), p.OFPActionSetField(arp_tpa="10.0.0.9"), p.OFPActionOutput(ofp.OFPP_IN_PORT))])
    flow_mod("flow_mod_udp", match(eth_type=0x0800, ip_proto=17, udp_src=53, udp_dst=5353), [apply(p.OFPActionSetField(udp_dst=53))])
    flow_mod("flow_mod_sctp", match(eth_type=0x86dd, ip_proto=132, sctp_src=1, sctp_dst=2), [apply(p.OFPActionSetField(sctp_src=3))])
    flow_mod("flow_mod_icmp", match(eth_type=0x0800, ip_proto=1, icmpv4_type=8, icmpv4_code=0), [apply(p.OFPActionSetField(icmpv4_type=0))])
    flow_mod("flow_mod_ns", match(eth_type=0x86dd, ip_proto=58, icmpv6_type=135, icmpv6_code=0, ipv6_nd_target="fe80::1",
                                  ipv6_nd_sll="0a:00:00:00:00:01"), [apply(p.OFPActionSetField(ipv6_nd_target="fe80::2"))])
    flow_mod("flow_mod_na", match(eth_type=0x86dd, ip_proto=58, icmpv6_type=136, ipv6_nd_tll="0a:00:00:00:00:01"), [])
    flow_mod("flow_mod_modify", match(eth_type=0x0800), [apply(p.OFPActionOutput(1))], ofp.OFPFC_MODIFY,
             cookie=1, cookie_mask=0xff, flags=4)
    flow_mod("flow_mod_modify_strict", match(eth_type=0x0800), [apply(p.OFPActionOutput(1))],
             ofp.OFPFC_MODIFY_STRICT, priority=5)
    flow_mod("flow_mod_delete_all", match(), [], ofp.OFPFC_DELETE, table_id=ofp.OFPTT_ALL,
             out_port=ofp.OFPP_ANY, out_group=ofp.OFPG_ANY)
    flow_mod("flow_mod_delete_strict", match(**TCP4), [], ofp.OFPFC_DELETE_STRICT, priority=100, out_port=2,
             out_group=ofp.OFPG_ANY, cookie=0xab, cookie_mask=0xffffffffffffffff)


def other_mods():
    bucket = p.OFPBucket(actions=[p.OFPActionOutput(1)])
    request("group_mod_add", p.OFPGroupMod(DP, ofp.OFPGC_ADD, ofp.OFPGT_INDIRECT, 1, [bucket]))
    request("group_mod_select", p.OFPGroupMod(DP, ofp.OFPGC_MODIFY, ofp.OFPGT_SELECT, 0xffffff00, [
        p.OFPBucket(weight=10, actions=[p.OFPActionSetField(eth_dst="0a:00:00:00:00:09"), p.OFPActionOutput(1)]),
        p.OFPBucket(weight=20, actions=[p.OFPActionPushVlan(0x8100), p.OFPActionOutput(2)])]))
    request("group_mod_ff", p.OFPGroupMod(DP, ofp.OFPGC_ADD, ofp.OFPGT_FF, 7, [
        p.OFPBucket(watch_port=1, actions=[p.OFPActionOutput(1)]), p.OFPBucket(watch_group=3, actions=[])]))
    request("group_mod_empty", p.OFPGroupMod(DP, ofp.OFPGC_ADD, ofp.OFPGT_ALL, 0, []))
    request("group_mod_delete_all", p.OFPGroupMod(DP, ofp.OFPGC_DELETE, ofp.OFPGT_ALL, ofp.OFPG_ALL, []))
    band = p.OFPMeterBandDrop(rate=1000, burst_size=10)
    request("meter_mod_add", p.OFPMeterMod(DP, ofp.OFPMC_ADD, ofp.OFPMF_KBPS, 1, [band]))
    request("meter_mod_modify", p.OFPMeterMod(DP, ofp.OFPMC_MODIFY, ofp.OFPMF_PKTPS | ofp.OFPMF_BURST | ofp.OFPMF_STATS, ofp.OFPM_CONTROLLER,
                                              [p.OFPMeterBandDscpRemark(100, 10, 2), p.OFPMeterBandDrop(200, 20)]))
    request("meter_mod_delete_all", p.OFPMeterMod(DP, ofp.OFPMC_DELETE, 0, ofp.OFPM_ALL, []))
    request("port_mod", p.OFPPortMod(DP, 3, "0a:00:00:00:00:03", ofp.OFPPC_PORT_DOWN,
                                     ofp.OFPPC_PORT_DOWN | ofp.OFPPC_NO_FWD, 0))


def packets():
    request("packet_out", p.OFPPacketOut(DP, ofp.OFP_NO_BUFFER, ofp.OFPP_CONTROLLER,
                                         [p.OFPActionOutput(ofp.OFPP_TABLE), p.OFPActionOutput(2)], ETHER))
    in_match = match_bytes(match(in_port=5, metadata=0x77))
    packed("packet_in", "C", ofp.OFPT_PACKET_IN,
           struct.pack("!IHBBQ", 0xffffffff, 1400, 1, 7, 0xc0de) + in_match + b"\0\0" + ETHER,
           lambda m: m.match["in_port"] == 5 and m.match["metadata"] == 0x77 and m.data == ETHER)
    packed("flow_removed", "C", ofp.OFPT_FLOW_REMOVED,
           struct.pack("!QHBBIIHHQQ", 0xc0de, 100, 1, 3, 12, 500, 10, 20, 1234, 56789) + match_bytes(match(**TCP4)),
           lambda m: m.match["tcp_dst"] == 80 and m.packet_count == 1234 and m.duration_nsec == 500)


def port_bytes(no, name):
    return struct.pack("!I4x6s2x16sIIIIIIII", no, bytes.fromhex("0a00000000") + bytes([no & 0xff]), name,
                       1, 4, 0x840, 0, 0, 0, 10000000, 0)


def ports():
    packed("port_status", "C", ofp.OFPT_PORT_STATUS, struct.pack("!B7x", 2) + port_bytes(3, b"veth3"),
           lambda m: m.reason == 2 and m.desc.port_no == 3 and m.desc.name == b"veth3")
    mp_reply("mp_port_desc_reply", ofp.OFPMP_PORT_DESC, port_bytes(1, b"veth1") + port_bytes(0xfffffffe, b"br0"),
             lambda m: [x.port_no for x in m.body] == [1, 0xfffffffe])
    stats = struct.pack("!I4x12QII", 1, *range(1, 13), 60, 7)
    mp_reply("mp_port_stats_reply", ofp.OFPMP_PORT_STATS, stats,
             lambda m: m.body[0].collisions == 12 and m.body[0].duration_sec == 60)


def multipart_requests():
    request("mp_desc", p.OFPDescStatsRequest(DP, 0))
    request("mp_flow", p.OFPFlowStatsRequest(DP, 0, ofp.OFPTT_ALL, ofp.OFPP_ANY, ofp.OFPG_ANY, 0, 0, match()))
    request("mp_flow_filter", p.OFPFlowStatsRequest(DP, 0, 2, 3, ofp.OFPG_ANY, 0x10, 0xf0, match(**TCP4)))
    request("mp_aggregate", p.OFPAggregateStatsRequest(DP, 0, ofp.OFPTT_ALL, ofp.OFPP_ANY, ofp.OFPG_ANY, 0, 0,
                                                       match(eth_type=0x0800)))
    request("mp_table", p.OFPTableStatsRequest(DP, 0))
    request("mp_port_stats", p.OFPPortStatsRequest(DP, 0, ofp.OFPP_ANY))
    request("mp_queue", p.OFPQueueStatsRequest(DP, 0, ofp.OFPP_ANY, ofp.OFPQ_ALL))
    request("mp_group", p.OFPGroupStatsRequest(DP, 0, ofp.OFPG_ALL))
    request("mp_group_desc", p.OFPGroupDescStatsRequest(DP, 0))
    request("mp_group_features", p.OFPGroupFeaturesStatsRequest(DP, 0))
    request("mp_meter", p.OFPMeterStatsRequest(DP, 0, ofp.OFPM_ALL))
    request("mp_meter_config", p.OFPMeterConfigStatsRequest(DP, 0, ofp.OFPM_ALL))
    request("mp_meter_features", p.OFPMeterFeaturesStatsRequest(DP, 0))
    request("mp_table_features", p.OFPTableFeaturesStatsRequest(DP, 0, []))
    request("mp_port_desc", p.OFPPortDescStatsRequest(DP, 0))


def flow_stats(table, m, insts):
    buf = bytearray()
    for i in insts:
        i.serialize(buf, len(buf))
    body = match_bytes(m) + bytes(buf)
    return struct.pack("!HBxIIHHHH4xQQQ", 48 + len(body), table, 5, 6, 100, 10, 20, 1, 0xc0de, 7, 420) + body


def multipart_replies():
    desc = struct.pack("!256s256s256s32s256s", b"skep", b"Linux", b"0.1", b"none", b"br0")
    mp_reply("mp_desc_reply", ofp.OFPMP_DESC, desc, lambda m: m.body.dp_desc == b"br0")
    flows = flow_stats(0, match(**TCP4), [apply(p.OFPActionOutput(2))]) + flow_stats(1, match(), [])
    mp_reply("mp_flow_reply", ofp.OFPMP_FLOW, flows,
             lambda m: len(m.body) == 2 and m.body[0].match["tcp_dst"] == 80 and m.body[1].table_id == 1)
    mp_reply("mp_flow_reply_more", ofp.OFPMP_FLOW, flow_stats(0, match(), []), lambda m: m.flags == 1, flags=1)
    mp_reply("mp_aggregate_reply", ofp.OFPMP_AGGREGATE, struct.pack("!QQI4x", 100, 6400, 3),
             lambda m: m.body.flow_count == 3)
    mp_reply("mp_table_reply", ofp.OFPMP_TABLE, struct.pack("!B3xIQQ", 0, 5, 10, 8) + struct.pack("!B3xIQQ", 253, 0, 0, 0),
             lambda m: m.body[0].matched_count == 8 and m.body[1].table_id == 253)
    properties = (struct.pack("!HHHHHH4x", 0, 12, 1, 4, 4, 4)         # instructions: goto, apply
                  + struct.pack("!HHBB2x", 2, 6, 1, 2)                # next tables
                  + struct.pack("!HHHH", 4, 8, 0, 4)                  # write-actions: output
                  + struct.pack("!HHHHHH4x", 6, 12, 0, 4, 25, 4)      # apply-actions: output, set-field
                  + struct.pack("!HHII4x", 8, 12, 0x80000004, 0x8000070c)  # match: in_port, eth_dst masked
                  + struct.pack("!HHII4x", 10, 12, 0x80000004, 0x80000606)  # wildcards
                  + struct.pack("!HHI", 12, 8, 0x80000606)            # write set-field
                  + struct.pack("!HHI", 14, 8, 0x80000606))           # apply set-field
    features = struct.pack("!HB5x32sQQII", 64 + len(properties), 0, b"table0", 0xffffffffffffffff, 0xffff, 0, 1000)
    mp_reply("mp_table_features_reply", ofp.OFPMP_TABLE_FEATURES, features + properties,
             lambda m: m.body[0].name == b"table0" and len(m.body[0].properties) == 8)
    mp_reply("mp_group_features_reply", ofp.OFPMP_GROUP_FEATURES, struct.pack("!10I", 15, 7, 1, 2, 3, 4, 5, 6, 7, 8),
             lambda m: m.body.types == 15 and m.body.max_groups == [1, 2, 3, 4])
    counters = struct.pack("!H2xII4xQQII", 72, 5, 2, 30, 3000, 9, 10) + struct.pack("!QQQQ", 10, 1000, 20, 2000)
    mp_reply("mp_group_reply", ofp.OFPMP_GROUP, counters + struct.pack("!H2xII4xQQII", 40, 6, 0, 0, 0, 0, 0),
             lambda m: m.body[0].bucket_stats[1].packet_count == 20 and m.body[1].group_id == 6)
    bucket = struct.pack("!HHII4x", 32, 0, 0xffffffff, 0xffffffff) + struct.pack("!HHIH6x", 0, 16, 3, 0)
    mp_reply("mp_group_desc_reply", ofp.OFPMP_GROUP_DESC, struct.pack("!HBxI", 40, 2, 5) + bucket + struct.pack("!HBxI", 8, 0, 6),
             lambda m: m.body[0].buckets[0].actions[0].port == 3 and m.body[1].group_id == 6)
    stats = struct.pack("!IH6xIQQII", 3, 72, 2, 30, 3000, 9, 10) + struct.pack("!QQQQ", 10, 1000, 20, 2000)
    mp_reply("mp_queue_reply", ofp.OFPMP_QUEUE, struct.pack("!IIQQQII", 2, 5, 1000, 10, 1, 3, 4),
             lambda m: m.body[0].tx_errors == 1 and m.body[0].duration_nsec == 4)
    mp_reply("mp_meter_reply", ofp.OFPMP_METER, stats + struct.pack("!IH6xIQQII", 4, 40, 0, 0, 0, 0, 0),
             lambda m: m.body[0].band_stats[1].packet_band_count == 20 and m.body[1].meter_id == 4)
    bands = struct.pack("!HHII4x", 1, 16, 1000, 0) + struct.pack("!HHIIB3x", 2, 16, 500, 50, 1)
    mp_reply("mp_meter_config_reply", ofp.OFPMP_METER_CONFIG, struct.pack("!HHI", 40, 13, 3) + bands + struct.pack("!HHI", 8, 2, 4),
             lambda m: m.body[0].bands[1].prec_level == 1 and m.body[1].meter_id == 4)
    mp_reply("mp_meter_features_reply", ofp.OFPMP_METER_FEATURES, struct.pack("!IIIBB2x", 65536, 6, 15, 8, 3),
             lambda m: m.body[0].max_meter == 65536 and m.body[0].max_color == 3)


def main():
    print("# Made by tests/wire/golden.py with os-ken; see there.")
    for part in (symmetric, switch_state, flow_mods, other_mods, packets, ports, multipart_requests, multipart_replies):
        part()


if __name__ == "__main__":
    main()
