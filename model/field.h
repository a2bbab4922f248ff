/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields that a rule can match or set: OpenFlow 1.3.5 §7.2.3.7, table 12.
 *
 * model/ is skep's OpenFlow-version-neutral model: plain data that neither knows wire bytes (ofchan/
 * translates those) nor BPF maps (datapath/ compiles those).  This table is where the names, widths,
 * masks and prerequisites of fields live; nobody repeats them.
 *
 * A field's number is its OXM_OF_* number in class 0x8000.  Fields of other classes are numbered from 48 up; ofchan/ knows
 * their class and number there.  A tunnel field that a packet lacks is 0, and matches as such.
 *
 * A value is held as on the wire: field_table[id].n_bytes bytes in network byte order, from the start of
 * 'b', with unused high bits of the first byte zero (OF1.3.5 §7.2.3.2).  IPV6_FLABEL and MPLS_LABEL are shorter here than on
 * the wire, where their 20 bits take four bytes: ofchan/ converts.
 */
#ifndef SKEP_MODEL_FIELD_H
#define SKEP_MODEL_FIELD_H 1

#include <stdbool.h>
#include <stdint.h>

/* X(ID, OXM number, ovs-ofctl name, OXM name, bits, maskable, settable, prerequisite) */
#define FIELD_TABLE(X)                                                                          \
	X(IN_PORT,        0, "in_port",     "in_port",       32, 0, 0, NONE)                       \
	X(IN_PHY_PORT,    1, "in_phy_port", "in_phy_port",   32, 0, 0, IN_PORT)                    \
	X(METADATA,       2, "metadata",    "metadata",      64, 1, 0, NONE)                       \
	X(ETH_DST,        3, "dl_dst",      "eth_dst",       48, 1, 1, NONE)                       \
	X(ETH_SRC,        4, "dl_src",      "eth_src",       48, 1, 1, NONE)                       \
	X(ETH_TYPE,       5, "dl_type",     "eth_type",      16, 0, 1, NONE)                       \
	X(VLAN_VID,       6, "vlan_vid",    "vlan_vid",      13, 1, 1, NONE)                       \
	X(VLAN_PCP,       7, "dl_vlan_pcp", "vlan_pcp",       3, 0, 1, VLAN)                       \
	X(IP_DSCP,        8, "ip_dscp",     "ip_dscp",        6, 0, 1, IP)                         \
	X(IP_ECN,         9, "nw_ecn",      "ip_ecn",         2, 0, 1, IP)                         \
	X(IP_PROTO,      10, "nw_proto",    "ip_proto",       8, 0, 1, IP)                         \
	X(IPV4_SRC,      11, "nw_src",      "ipv4_src",      32, 1, 1, IPV4)                       \
	X(IPV4_DST,      12, "nw_dst",      "ipv4_dst",      32, 1, 1, IPV4)                       \
	X(TCP_SRC,       13, "tcp_src",     "tcp_src",       16, 0, 1, TCP)                        \
	X(TCP_DST,       14, "tcp_dst",     "tcp_dst",       16, 0, 1, TCP)                        \
	X(UDP_SRC,       15, "udp_src",     "udp_src",       16, 0, 1, UDP)                        \
	X(UDP_DST,       16, "udp_dst",     "udp_dst",       16, 0, 1, UDP)                        \
	X(SCTP_SRC,      17, "sctp_src",    "sctp_src",      16, 0, 1, SCTP)                       \
	X(SCTP_DST,      18, "sctp_dst",    "sctp_dst",      16, 0, 1, SCTP)                       \
	X(ICMPV4_TYPE,   19, "icmp_type",   "icmpv4_type",    8, 0, 1, ICMPV4)                     \
	X(ICMPV4_CODE,   20, "icmp_code",   "icmpv4_code",    8, 0, 1, ICMPV4)                     \
	X(ARP_OP,        21, "arp_op",      "arp_op",        16, 0, 1, ARP)                        \
	X(ARP_SPA,       22, "arp_spa",     "arp_spa",       32, 1, 1, ARP)                        \
	X(ARP_TPA,       23, "arp_tpa",     "arp_tpa",       32, 1, 1, ARP)                        \
	X(ARP_SHA,       24, "arp_sha",     "arp_sha",       48, 1, 1, ARP)                        \
	X(ARP_THA,       25, "arp_tha",     "arp_tha",       48, 1, 1, ARP)                        \
	X(IPV6_SRC,      26, "ipv6_src",    "ipv6_src",     128, 1, 1, IPV6)                       \
	X(IPV6_DST,      27, "ipv6_dst",    "ipv6_dst",     128, 1, 1, IPV6)                       \
	X(IPV6_FLABEL,   28, "ipv6_label",  "ipv6_flabel",   20, 1, 1, IPV6)                       \
	X(ICMPV6_TYPE,   29, "icmpv6_type", "icmpv6_type",    8, 0, 1, ICMPV6)                     \
	X(ICMPV6_CODE,   30, "icmpv6_code", "icmpv6_code",    8, 0, 1, ICMPV6)                     \
	X(IPV6_ND_TARGET,31, "nd_target",   "ipv6_nd_target",128, 1, 1, ND)                        \
	X(IPV6_ND_SLL,   32, "nd_sll",      "ipv6_nd_sll",   48, 0, 1, ND_SOL)                     \
	X(IPV6_ND_TLL,   33, "nd_tll",      "ipv6_nd_tll",   48, 0, 1, ND_ADV)                     \
	X(MPLS_LABEL,    34, "mpls_label",  "mpls_label",    20, 0, 1, MPLS)                       \
	X(MPLS_TC,       35, "mpls_tc",     "mpls_tc",        3, 0, 1, MPLS)                       \
	X(MPLS_BOS,      36, "mpls_bos",    "mpls_bos",       1, 0, 1, MPLS)                       \
	X(PBB_ISID,      37, "pbb_isid",    "pbb_isid",      24, 1, 1, PBB)                        \
	X(TUNNEL_ID,     38, "tun_id",      "tunnel_id",     64, 1, 1, NONE)                       \
	X(IPV6_EXTHDR,   39, "ipv6_exthdr", "ipv6_exthdr",    9, 1, 0, IPV6)                       \
	X(TUN_SRC,       48, "tun_src",     "tun_src",       32, 1, 1, NONE)                       \
	X(TUN_DST,       49, "tun_dst",     "tun_dst",       32, 1, 1, NONE)                       \
	X(TUN_IPV6_SRC,  50, "tun_ipv6_src","tun_ipv6_src", 128, 1, 1, NONE)                       \
	X(TUN_IPV6_DST,  51, "tun_ipv6_dst","tun_ipv6_dst", 128, 1, 1, NONE)                       \
	X(TUN_TOS,       52, "tun_tos",     "tun_tos",        8, 1, 1, NONE)                       \
	X(TUN_TTL,       53, "tun_ttl",     "tun_ttl",        8, 1, 1, NONE)                       \
	X(TUN_FLAGS,     54, "tun_flags",   "tun_flags",     16, 1, 1, NONE)                       \
	X(TUN_METADATA0, 55, "tun_metadata0", "tun_metadata0", 64, 1, 1, NONE)                     \
	X(TUN_METADATA1, 56, "tun_metadata1", "tun_metadata1", 64, 1, 1, NONE)                     \
	X(TUN_METADATA2, 57, "tun_metadata2", "tun_metadata2", 64, 1, 1, NONE)                     \
	X(TUN_METADATA3, 58, "tun_metadata3", "tun_metadata3", 64, 1, 1, NONE)                     \
	X(TUN_METADATA4, 59, "tun_metadata4", "tun_metadata4", 64, 1, 1, NONE)                     \
	X(TUN_METADATA5, 60, "tun_metadata5", "tun_metadata5", 64, 1, 1, NONE)                     \
	X(TUN_METADATA6, 61, "tun_metadata6", "tun_metadata6", 64, 1, 1, NONE)                     \
	X(TUN_METADATA7, 62, "tun_metadata7", "tun_metadata7", 64, 1, 1, NONE)

enum field_id {
#define X(ID, NUM, OVS, OXM, BITS, MASKABLE, SETTABLE, PREREQ) FIELD_##ID = NUM,
	FIELD_TABLE(X)
#undef X
	N_FIELD_IDS = 63 /* ids are below this; not each number below is a field we have */
};

/* What else a match must hold for a field to be present; table 12's last column. */
enum field_prereq {
	PREREQ_NONE,
	PREREQ_IN_PORT, /* IN_PORT */
	PREREQ_VLAN,   /* VLAN_VID exact or masked with OFPVID_PRESENT set in value and mask */
	PREREQ_IP,     /* ETH_TYPE 0x0800 or 0x86dd */
	PREREQ_IPV4,   /* ETH_TYPE 0x0800 */
	PREREQ_IPV6,   /* ETH_TYPE 0x86dd */
	PREREQ_ARP,    /* ETH_TYPE 0x0806 */
	PREREQ_TCP,    /* IP and IP_PROTO 6 */
	PREREQ_UDP,    /* IP and IP_PROTO 17 */
	PREREQ_SCTP,   /* IP and IP_PROTO 132 */
	PREREQ_ICMPV4, /* IPv4 and IP_PROTO 1 */
	PREREQ_ICMPV6, /* IPv6 and IP_PROTO 58 */
	PREREQ_ND,     /* ICMPV6 and ICMPV6_TYPE 135 or 136 */
	PREREQ_ND_SOL, /* ICMPV6 and ICMPV6_TYPE 135 */
	PREREQ_ND_ADV, /* ICMPV6 and ICMPV6_TYPE 136 */
	PREREQ_MPLS,   /* ETH_TYPE 0x8847 or 0x8848 */
	PREREQ_PBB,    /* ETH_TYPE 0x88e7 */
};

struct field_info {
	const char *name;     /* as ovs-ofctl prints it; NULL if skep does not have this field */
	const char *oxm_name; /* as the specification spells it, lower case */
	uint8_t n_bits;
	uint8_t n_bytes; /* (n_bits + 7) / 8 */
	bool is_maskable;
	bool is_settable; /* OF1.3.5 §7.2.5: all but in_port and metadata */
	enum field_prereq prereq;
};

/* Indexed by enum field_id. */
extern const struct field_info field_table[N_FIELD_IDS];

#define FIELD_MAX_BYTES 16

struct field_value {
	uint8_t b[FIELD_MAX_BYTES];
};

static inline bool field_is_known(unsigned int id)
{
	return id < N_FIELD_IDS && field_table[id].name;
}

/* Whether the field is a Geneve option (model/tlv.h). */
static inline bool field_is_option(enum field_id id)
{
	return id >= FIELD_TUN_METADATA0 && id <= FIELD_TUN_METADATA7;
}

/* The all-ones mask of field 'id' (only its n_bits low bits set). */
struct field_value field_exact_mask(enum field_id id);
/* True if 'v' has no bit beyond the field's width: 0x3fff is not a legal 13-bit VLAN_VID. */
bool field_value_fits(enum field_id id, const struct field_value *v);
/* The value as an integer in host byte order, for fields of up to 64 bits, and back. */
uint64_t field_value_to_u64(enum field_id id, const struct field_value *v);
struct field_value field_value_from_u64(enum field_id id, uint64_t v);

/* Bits of TUN_FLAGS: oam is Open vSwitch's, the others are skep's (bpf/abi.h, enum skep_tunnel_key_flags). */
enum {
	FIELD_TUN_FLAGS_OAM = 1 << 0,
	FIELD_TUN_FLAGS_DF = 1 << 1,
	FIELD_TUN_FLAGS_CSUM = 1 << 2,
	FIELD_TUN_FLAGS_KEY = 1 << 3,
	FIELD_TUN_FLAGS_ALL = 15,
};

#define OFPVID_PRESENT 0x1000 /* OF1.3.5 §7.2.3.7: bit of VLAN_VID that says that there is a tag */

#endif
