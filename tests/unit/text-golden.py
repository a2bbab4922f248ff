#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/unit/text-golden.txt: flow lines, and what Open vSwitch's dump-flows makes of them.

    text-golden.py unix:/RUNDIR/BRIDGE.mgmt >text-golden.txt

The address is an Open vSwitch bridge that speaks OpenFlow 1.3; its flows are lost.  The file holds pairs of lines: the
flow as it was given to ovs-ofctl add-flows, and the line of dump-flows with duration=0s.  Each flow has its line number as
its cookie and priority, so that none replaces another.
"""
import random
import re
import subprocess
import sys
import tempfile

WORDS = """
actions=drop
tcp,in_port=1,nw_dst=10.0.0.0/24,tp_dst=80,idle_timeout=10,actions=set_field:00:11:22:33:44:55->eth_dst,push_vlan:0x8100,set_field:4196->vlan_vid,output:2,CONTROLLER:65535,IN_PORT,ALL,FLOOD,LOCAL
dl_vlan=10,dl_vlan_pcp=3,actions=strip_vlan,output:1
vlan_vid=0,actions=1
vlan_vid=0x1000/0x1000,actions=2,3
vlan_vid=0x1005/0x100f,actions=2,3
vlan_vid=0x1005/0x100f,vlan_pcp=3,ipv6,nw_proto=59,ipv6_src=1::/ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0,actions=CONTROLLER:0,output:1
vlan_tci=0,actions=1
vlan_tci=0x1000/0x1000,actions=1
vlan_tci=0x1123,actions=1
vlan_tci=0x1123/0x1fff,actions=1
vlan_tci=0x7123,actions=1
vlan_tci=0xf123/0xffff,actions=1
vlan_tci=0x7000/0xf000,actions=1
dl_vlan_pcp=3,actions=1
dl_vlan=0,actions=1
actions=mod_vlan_vid:5,mod_vlan_pcp:3,2
dl_vlan=7,actions=mod_vlan_vid:5,mod_vlan_pcp:3,2
dl_vlan=7,actions=set_vlan_vid:5,set_vlan_pcp:3,2
actions=mod_dl_src:00:00:00:00:00:01,mod_dl_dst:00:00:00:00:00:02,2
tcp,actions=mod_nw_src:1.2.3.4,mod_nw_dst:5.6.7.8,mod_tp_src:5,mod_tp_dst:6,mod_nw_tos:8,mod_nw_ecn:1,mod_nw_ttl:8,2
udp,actions=set_field:7->udp_src,set_field:8->udp_dst,set_field:5->ip_dscp,set_field:1->nw_ecn,dec_ttl,2
ipv6,actions=set_field:fe80::1->ipv6_src,set_field:::1->ipv6_dst,set_field:0x12345->ipv6_label,mod_nw_ttl:7,dec_ttl,2
ipv6,actions=set_field:5->ipv6_label,set_field:0->ip_dscp,2
icmp,icmp_type=8,icmp_code=0,actions=set_field:0->icmp_type,set_field:1->icmp_code,2
icmp6,icmp_type=135,nd_target=fe80::1,nd_sll=00:00:00:00:00:01,actions=set_field:fe80::2->nd_target,set_field:00:00:00:00:00:02->nd_sll,2
icmp6,icmpv6_type=136,icmp_code=0,nd_target=fe80::/16,nd_tll=00:00:00:00:00:01,actions=2
icmp6,icmpv6_type=128,icmpv6_code=5,actions=set_field:129->icmpv6_type,set_field:0->icmpv6_code,IN_PORT
arp,arp_op=1,arp_spa=10.0.0.1,arp_tpa=10.0.0.0/8,arp_sha=00:00:00:00:00:01,arp_tha=00:00:00:00:00:00/ff:ff:00:00:00:00,actions=set_field:2->arp_op,set_field:1.2.3.4->arp_spa,set_field:1.2.3.5->arp_tpa,set_field:00:00:00:00:00:01->arp_sha,set_field:00:00:00:00:00:02->arp_tha,IN_PORT
arp,nw_src=1.2.3.4,nw_dst=1.2.3.5,nw_proto=2,actions=2
sctp,tp_src=5,tp_dst=6,actions=set_field:9->sctp_src,set_field:10->sctp_dst,2
udp6,tp_src=5,tp_dst=6,actions=2
tcp6,ipv6_src=2001:db8::/32,ipv6_dst=2001:db8::1/ffff::ffff,ipv6_label=0x12345,nw_tos=32,nw_ecn=2,actions=2
sctp6,sctp_src=1,actions=drop
ip,nw_tos=252,nw_ecn=3,actions=drop
ip,ip_dscp=5,actions=drop
ip,nw_tos=0,nw_ecn=0,nw_proto=0,actions=drop
ip,nw_proto=6,actions=drop
ip,nw_proto=2,actions=drop
ip,nw_proto=47,actions=drop
ipv6,nw_proto=58,actions=drop
dl_type=0x800,nw_src=10.0.0.1/255.0.255.0,actions=drop
dl_type=0x88cc,actions=CONTROLLER
dl_type=0x0806,actions=CONTROLLER:128
dl_type=0x86dd,nw_proto=6,actions=drop
dl_type=0x8847,actions=drop
dl_type=0x8100,actions=drop
dl_type=0x05ff,actions=drop
rarp,actions=drop
dl_src=01:00:00:00:00:00/01:00:00:00:00:00,dl_dst=00:00:00:00:00:01/ff:ff:ff:ff:ff:ff,actions=drop
dl_src=00:00:00:00:00:00,actions=drop
metadata=5,actions=drop
metadata=0,actions=write_metadata:0,goto_table:250
metadata=0/1,actions=write_metadata:0/5,goto_table:250
metadata=0x500/0xff00,actions=write_metadata:0x5/0xff,goto_table:250
metadata=0xffffffffffffffff,actions=write_metadata:0xabc,goto_table:250
actions=clear_actions,goto_table:250
actions=write_actions(output:2,set_field:00:00:00:00:00:01->eth_dst),goto_table:250
actions=output:1,clear_actions,write_actions(pop_vlan,2),write_metadata:1/1,goto_table:250
ip,tcp_dst=80,nw_proto=6,actions=drop
send_flow_rem,no_packet_counts,no_byte_counts,in_port=9,actions=drop
send_flow_rem,reset_counts,in_port=10,actions=drop
no_byte_counts,in_port=11,idle_timeout=5,hard_timeout=6,actions=drop
idle_timeout=5,hard_timeout=6,actions=drop
in_port=LOCAL,actions=LOCAL
in_port=CONTROLLER,actions=CONTROLLER
in_port=65279,actions=output:65279
in_port=1,actions=NORMAL
actions=push_vlan:0x88a8,2
actions=in_port,all,flood,local,controller
in_port=2 dl_dst=00:00:00:00:00:01 actions=2 3
in_port=2, dl_dst=00:00:00:00:00:01, actions=2, 3
eth_dst=00:00:00:00:00:01,eth_type=0x800,ip_proto=6,ip_dst=5.6.7.8,actions=output:2
actions=controller(max_len=128)
ip,nw_src=1.2.3.4/0,actions=drop
ip,nw_src=0.0.0.0/1,actions=drop
ipv6,ipv6_src=::/0,actions=drop
ipv6,ipv6_src=1::/128,ipv6_dst=::ffff:1.2.3.4,actions=drop
mpls,mpls_label=5,mpls_tc=3,mpls_bos=1,in_port=1,actions=set_field:4->mpls_label,set_field:2->mpls_tc,dec_mpls_ttl,set_mpls_ttl:5,pop_mpls:0x0800,dec_ttl,set_queue:7,output:2,group:9
mplsm,mpls_label=0,actions=set_mpls_ttl(255),pop_mpls:0x8847,output:1
dl_type=0x8848,mpls_bos=0,mpls_label=0xfffff,actions=drop
ip,actions=push_mpls:0x8847,set_field:10->mpls_label,push_vlan:0x8100,push_mpls:0x8848,write_actions(group:1,push_mpls:0x8848,pop_mpls:0x0800)
udp,actions=meter:5,output:1,clear_actions,goto_table:250
in_port=12,actions=meter:5
in_port=13,actions=meter:5,write_metadata:5
in_port=14,actions=set_queue:0,1,set_queue:0xfffffffe,2,group:4294967040
in_port=15,actions=write_actions(set_queue:5,group:1)
""".strip().split("\n")

R = random.Random(6653)


def mac(r):
    return ":".join("%02x" % r.choice([0, 1, 0x80, 0xff, r.randrange(256)]) for _ in range(6))


def ip4(r):
    return ".".join(str(r.choice([0, 10, 255, r.randrange(256)])) for _ in range(4))


def ip6(r):
    return ":".join("%x" % r.choice([0, 0, 1, 0xffff, r.randrange(65536)]) for _ in range(8))


def mask6(r):
    # ovs-ofctl takes what begins with a decimal digit for a prefix length.
    return "ff0f:" + ":".join("%x" % r.choice([0, 0, 1, 0xffff, r.randrange(65536)]) for _ in range(7))


def masked(r, value, full_masks):
    return value if r.random() < 0.5 else value + "/" + r.choice(full_masks)


def some(r, words):
    return [w for w in words if r.random() < 0.4]


def l4(r, v6):
    kind = r.choice(["tcp", "udp", "sctp", "icmp", ""])
    if not kind:
        return "ipv6" if v6 else "ip", []
    if kind == "icmp":
        words = ["icmp_type=%d" % r.randrange(256), "icmp_code=%d" % r.randrange(256)]
    else:
        words = ["tp_src=%d" % r.randrange(65536), "tp_dst=%d" % r.randrange(65536)]
    return kind + ("6" if v6 else ""), some(r, words)


def match(r):
    words = some(r, ["in_port=%d" % r.randrange(1, 100), "metadata=" + masked(r, "%#x" % r.getrandbits(64), ["0xff", "0xf0f0"]),
                     "dl_src=" + masked(r, mac(r), [mac(r)]), "dl_dst=" + masked(r, mac(r), [mac(r)]),
                     r.choice(["dl_vlan=%d" % r.randrange(4096), "dl_vlan=%d,dl_vlan_pcp=%d" % (r.randrange(4096), r.randrange(8)),
                               "vlan_vid=%#x/0x1fff" % (0x1000 | r.randrange(4096)), "vlan_vid=%#x/0x10ff" % (0x1000 | r.randrange(4096)),
                               "dl_vlan_pcp=%d" % r.randrange(8)])])
    kind = r.choice(["", "type", "arp", "ip", "ip", "ipv6", "ipv6"])
    if kind == "type":
        words.append("dl_type=%#x" % r.choice([0x600, 0x88cc, 0x88b5, r.randrange(0x600, 0x700)]))
    elif kind == "arp":
        words += ["arp"] + some(r, ["arp_op=%d" % r.randrange(3), "arp_spa=" + masked(r, ip4(r), ["8", "24", ip4(r)]),
                                    "arp_tpa=" + masked(r, ip4(r), ["9", ip4(r)]), "arp_sha=" + mac(r), "arp_tha=" + masked(r, mac(r), [mac(r)])])
    elif kind == "ip":
        word, more = l4(r, False)
        words += [word] + some(r, ["nw_src=" + masked(r, ip4(r), ["8", "24", "31", ip4(r)]), "nw_dst=" + masked(r, ip4(r), ["9", ip4(r)]),
                                   "nw_tos=%d" % (r.randrange(64) * 4), "nw_ecn=%d" % r.randrange(4)]) + more
    elif kind == "ipv6":
        word, more = l4(r, True)
        words += [word] + some(r, ["ipv6_src=" + masked(r, ip6(r), ["8", "64", "127", mask6(r)]), "ipv6_dst=" + masked(r, ip6(r), ["9", mask6(r)]),
                                   "ipv6_label=" + masked(r, "%#x" % r.getrandbits(20), ["0xff0f"]),
                                   "nw_tos=%d" % (r.randrange(64) * 4), "nw_ecn=%d" % r.randrange(4)]) + more
    r.shuffle(words)
    return words


def action(r):
    return r.choice(["output:%d" % r.randrange(1, 100), "LOCAL", "ALL", "FLOOD", "IN_PORT", "CONTROLLER:%d" % r.randrange(65536),
                     "set_field:%s->eth_src" % mac(r), "set_field:%s->dl_dst" % mac(r)])


def instructions(r):
    words = [action(r) for _ in range(r.randrange(4))]
    if r.random() < 0.2:
        words.append("clear_actions")
    if r.random() < 0.2:
        words.append("write_actions(%s)" % ",".join(action(r) for _ in range(r.randrange(1, 4))))
    if r.random() < 0.2:
        words.append("write_metadata:%#x" % r.getrandbits(32) + r.choice(["", "/0xffffffff"]))
    if r.random() < 0.3:
        words.append("goto_table:%d" % r.randrange(200, 254))
    return ",".join(words) or "drop"


def main():
    address = sys.argv[1]
    lines = WORDS + [",".join(match(R) + some(R, ["idle_timeout=%d" % R.randrange(65536), "table=%d" % R.randrange(200)]) +
                              ["actions=" + instructions(R)]) for _ in range(300)]
    lines = ["cookie=%d,priority=%d,%s" % (i, 40000 - i, line) for i, line in enumerate(lines, 1)]
    ofctl = ["timeout", "60", "ovs-ofctl", "-O", "OpenFlow13"]
    subprocess.run(ofctl + ["del-flows", address], check=True)
    for group in (1, 9, 0xffffff00):
        subprocess.run(ofctl + ["--may-create", "mod-group", address, "group_id=%d,type=all" % group], check=True)
    subprocess.run(ofctl + ["add-meter", address, "meter=5,pktps,bands=type=drop,rate=1"], check=False)
    with tempfile.NamedTemporaryFile("w") as f:
        f.write("\n".join(lines) + "\n")
        f.flush()
        subprocess.run(ofctl + ["add-flows", address, f.name], check=True)
        dump = subprocess.run(ofctl + ["--no-names", "dump-flows", address], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in dump.split("\n"):
        m = re.match(r" cookie=(0x[0-9a-f]+), duration=[0-9.]+s", line)
        if m:
            found[int(m.group(1), 16)] = re.sub(r"duration=[0-9.]+s", "duration=0s", line)
    for i, line in enumerate(lines, 1):
        print(line)
        print(found[i])


main()
