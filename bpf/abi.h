/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the datapath's BPF programs and user space.
 *
 * Everything here lives in flat BPF_F_MMAPABLE array maps.  skepd, the only writer, maps them and installs rules by plain
 * stores; the BPF programs (and the host build of the same code, which executes packet-outs) read them.  Links
 * between elements are indexes, never pointers, so a map may be copied into a larger one as it is; index 0 of
 * subtables, rules, cells, key extensions and ports is never used and means "none".
 *
 * The order of things.  A packet arrives on an interface; 'skep_ifs' turns its ifindex into a port; the parser fills a
 * struct skep_key; the pipeline looks up table after table.
 *
 *   tables[bridge * 256 + table].first -> subtable -> subtable -> ...         in descending order of max_prio
 *   tables[bridge * 256 + table].prune -> block -> block -> ...              which of them a packet need not search
 *   subtable.region -> buckets[hash(key & mask)] -> rule -> rule -> ...       the bucket's chain
 *   rule.cells -> header cell, apply cells, write cells, metadata cell        what to do
 *   rule.flow  -> counters[flow * n_stripes + stripe], flows[flow]            what to count
 *
 * Tuple-space search.  A subtable holds the rules of one mask.  It names only the 64-bit words of the key that the mask touches:
 * hash and comparison cost what the match is, not what the key is.  They are unrolled for size classes of 1, 4, 8, 16, 24 and 32 words;
 * unused places of a class have offset 0 and mask 0.
 *
 * Versions.  A rule is visible in versions added <= v < removed.  A packet reads skep_dp.version once, at entry, and sees
 * the rules of that version until it leaves.  A commit writes its new rules with added = version + 1, marks the old ones removed = version + 1,
 * then stores version + 1: one store, atomic for every packet.  What was removed stays linked for one RCU grace period (packets of older versions look
 * for it), is then unlinked, and reused after another (packets may stand on it).
 * Among the rules of one subtable with the same key at most one is visible in any version, the one of the highest
 * priority: the writer links the next one when that goes.  So the first visible rule with an equal key is the subtable's answer.
 *
 * A chain is at most SKEP_CHAIN_MAX long, and a table has at most SKEP_SUBTABLES_MAX subtables: the writer sees to it, and the
 * readers' loops are bounded by it.
 *
 * Moving a subtable up the list (a rule of higher priority came): a copy of its descriptor is linked in at the new place, and the old one is
 * unlinked a grace period later, for the readers that are past the new place: they may search it twice, never not at all.  Growing its region: the rules are chained in the new region through next[] of the other
 * generation, then 'region' is stored: one 64-bit store.
 *
 * Byte order: what comes from packets is in network order (__be types or byte arrays), all else in host order.
 */
#ifndef SKEP_BPF_ABI_H
#define SKEP_BPF_ABI_H 1

#include <linux/types.h>

/* Changed with every change of the meaning or layout of what a starting skepd reads of the datapath that it finds: flows, their rules and cells,
 * counters, ports, groups, meters.  Fields added at the end of structures, whose zero
 * means what was meant without them, are no such change (datapath/maps.h).  It makes hashes, buckets and the order of subtables anew, and loads its own programs: those may change without. */
#define SKEP_ABI 5

#define SKEP_KEY_WORDS     32
#define SKEP_CHAIN_MAX     128
#define SKEP_SUBTABLES_MAX 1024 /* per OpenFlow table */
#define SKEP_CELLS_MAX     512  /* per rule */
#define SKEP_TABLES        254
#define SKEP_BRIDGES       128
#define SKEP_TABLE_SLOTS   (SKEP_BRIDGES * 256)
#define SKEP_IFS           16384 /* a power of two */
#define SKEP_PORTS_MAX     4096 /* per bridge */
#define SKEP_IF_PROBES     16
#define SKEP_LINE_HEADS    16
#define SKEP_HOPS_MAX      16 /* patch ports that a packet may pass */

/* --- The key ------------------------------------------------------------------------------------ */

/* Which groups of fields the packet has: bits of skep_key.present.  A rule on such a field also matches the bit. */
enum skep_present {
	SKEP_HAS_ARP = 1 << 0,
	SKEP_HAS_IP = 1 << 1, /* valid IPv4 or IPv6 header: addresses, proto, tos, flabel */
	SKEP_HAS_L4 = 1 << 2, /* ports, or ICMP type and code */
	SKEP_HAS_ND = 1 << 3,
	SKEP_HAS_SLL = 1 << 4,
	SKEP_HAS_TLL = 1 << 5,
	SKEP_HAS_MPLS = 1 << 6, /* a whole label stack entry */
	SKEP_HAS_PBB = 1 << 7,  /* a whole I-TAG */
};

#define SKEP_VLAN_PRESENT 0x1000 /* in vlan_tci, in the place of DEI */

#define SKEP_TLVS 8 /* Geneve options that rules can match and set */

struct skep_key {
	/* word 0 */
	__u32 in_port; /* OpenFlow port number */
	__be16 tun_flags; /* enum skep_tunnel_key_flags */
	__u8 tun_tos;
	__u8 tun_ttl;
	/* word 1 */
	__u64 metadata;
	/* word 2 */
	__u8 eth_dst[6];
	__be16 eth_type; /* after all VLAN tags; 0x05ff: none */
	/* word 3 */
	__u8 eth_src[6];
	__be16 vlan_tci; /* outermost tag: PCP, SKEP_VLAN_PRESENT, VID; 0: no tag */
	/* word 4: IPv4, or ARP's spa and tpa */
	__be32 ipv4_src;
	__be32 ipv4_dst;
	/* word 5 */
	__u8 ip_proto;
	__u8 ip_tos;  /* DSCP and ECN; IPv6: traffic class */
	__u8 present; /* enum skep_present */
	__u8 zero5;
	__be16 tp_src; /* TCP, UDP, SCTP; ICMP: type; ARP: op */
	__be16 tp_dst; /* TCP, UDP, SCTP; ICMP: code */
	/* words 6 to 9 */
	__u8 ipv6_src[16];
	__u8 ipv6_dst[16];
	/* word 10 */
	__be32 ipv6_flabel; /* 20 bits */
	__u32 zero10;
	/* words 11 and 12 */
	__u8 nd_target[16];
	/* word 13: ND source link-layer address, or ARP's sha */
	__u8 nd_sll[6];
	__u16 zero13;
	/* word 14: ND target link-layer address, or ARP's tha */
	__u8 nd_tll[6];
	__u16 zero14;
	/* words 15 to 20: of the tunnel that the packet came by, or, set by actions, goes by; 0: none */
	__be64 tun_id;
	__be32 tun_src;
	__be32 tun_dst;
	__u8 tun_ipv6_src[16];
	__u8 tun_ipv6_dst[16];
	/* word 21 */
	__be32 mpls_lse;   /* outermost label stack entry, its TTL 0: label in bits 31-12, TC 11-9, BoS 8 */
	__u8 pbb_isid[3];
	__u8 zero21;
	/* word 22 */
	__u32 in_phy_port; /* OpenFlow port number */
	__be16 ipv6_exthdr; /* OFPIEH_*, OF1.3.5 §7.2.3.7 */
	__u16 zero22;
	/* words 23 to 30: Geneve options, by skep_bridge.tlv: a value of 4 or 8 bytes as a 64-bit number in network order; absent: 0 */
	__be64 tun_metadata[SKEP_TLVS];
	/* word 31 */
	__u8 tun_opts; /* bit I: option I is there, or set by an action; rules do not match this */
	__u8 zero31[7];
};
_Static_assert(sizeof(struct skep_key) == SKEP_KEY_WORDS * 8, "key size");

/* The first of the words that options are in; behind the last is tun_opts. */
#define SKEP_OPTION_WORD (__builtin_offsetof(struct skep_key, tun_metadata) / 8)

/* Bits of skep_key.tun_flags. */
enum skep_tunnel_key_flags {
	SKEP_TUN_OAM = 1 << 0,
	SKEP_TUN_DF = 1 << 1,   /* the outer packet must not be fragmented */
	SKEP_TUN_CSUM = 1 << 2, /* the outer UDP or GRE header has a checksum */
	SKEP_TUN_KEY = 1 << 3,  /* there is a key; VXLAN and Geneve always have one */
};

/* --- The head ------------------------------------------------------------------------------------ */

/* The one element of map skep_dp. */
struct skep_dp {
	__u32 abi; /* SKEP_ABI; written last when a datapath is made */
	__u32 n_stripes;
	__u64 version;
	__u32 tunnel_modes; /* see skep_tunnels */
	__u32 io_ifindex;   /* the I/O device; 0: none */
	__u64 zero[5];
};

/* --- Interfaces, ports, bridges ------------------------------------------------------------------- */

/* skep_ifs: from ifindex to port.  Open addressing from slot ifindex & (SKEP_IFS - 1), at most
 * SKEP_IF_PROBES slots on, wrapping.  ifindex 0: empty, but the search goes on (a deleted neighbour). */
struct skep_if {
	__u32 ifindex;
	__u32 port; /* index into skep_ports */
};

enum skep_port_config { /* OFPPC_*, OF1.3.5 §7.2.1 */
	SKEP_PC_PORT_DOWN = 1 << 0,
	SKEP_PC_NO_RECV = 1 << 2,
	SKEP_PC_NO_FWD = 1 << 5,
	SKEP_PC_NO_PACKET_IN = 1 << 6,
	/* Ours, and not seen outside. */
	SKEP_PC_CACHED = 1 << 28, /* its bridge has a flow cache */
	/* The port is not just an interface to send to and receive from.  Packets that it receives or that go there take the slow way, which looks at
	 * skep_port.kind and bridge flags. */
	SKEP_PC_SPECIAL_IN = 1 << 29,
	SKEP_PC_SPECIAL_OUT = 1 << 30,
};

enum skep_port_kind {
	SKEP_PORT_PLAIN,      /* an interface */
	SKEP_PORT_LOCAL,      /* the same; packets that came back for a patch port enter here: see SKEP_PORT_PATCH */
	SKEP_PORT_TUNNEL,     /* 'aux': index into skep_tunnels; 'ifindex': the device of its kind */
	SKEP_PORT_TUNNEL_DEV, /* no port of a bridge: a device that many tunnel ports share. Packets look for theirs */
	/* 'aux': index of the port that it is joined to; 'ifindex' is not 0 and means nothing.  The packet itself goes on as received by
	 * that port, without leaving the program.  A copy is cloned to the ingress of the other bridge's LOCAL (the hidden
	 * end), with skb->mark = SKEP_MARK_PATCH | index of the port that receives it, and skb->tc_index = how many patch ports it
	 * has passed. */
	SKEP_PORT_PATCH,
	/* A process with a packet socket (docs/socket.md).  'ifindex': the I/O device, where the packet goes out with skb->mark = SKEP_MARK_SOCKET |
	 * index of the port, which the socket filters by. */
	SKEP_PORT_SOCKET,
	/* No port of a bridge: the I/O device, a dummy with the program at tc egress.  skb->mark says what a packet there is. */
	SKEP_PORT_IO_DEV,
};

/* skb->mark on the I/O device, and (PATCH) at a LOCAL: one of these | index of a port (of an element of skep_injects: INJECT). */
#define SKEP_MARK_MASK   0xfff00000u
#define SKEP_MARK_SOCKET 0x53a00000u /* on its way to a socket port: let it pass */
#define SKEP_MARK_FROM   0x53b00000u /* from the process of a socket port: received by that port */
#define SKEP_MARK_INJECT 0x53c00000u /* from skepd (packet-out): send it as the element says */
#define SKEP_MARK_PATCH  0x53d00000u /* a copy that a patch port received */
/* On the I/O device: a copy made by the program on this CPU whose state is number (bits 0-19) of skep_cpu, which is waiting in the call that
 * made it. It says there what to do with the copy: see SKEP_OP_GROUP. */
#define SKEP_MARK_FORK   0x53e00000u

enum skep_port_flags {
	SKEP_PF_ISOLATED = 1 << 0,  /* split horizon: NORMAL forwards nothing from an isolated port to another */
	SKEP_PF_TAGGED = 1 << 1,    /* with 'pvid': packets of that VLAN leave with a tag (native-tagged) */
	SKEP_PF_ACCESS = 1 << 2,    /* NORMAL: access port of VLAN 'pvid' */
	SKEP_PF_NATIVE = 1 << 3,    /* NORMAL: trunk; packets without tag belong to VLAN 'pvid' */
};

/* A port, or a port number that rules name while no such port exists (ifindex 0). */
struct skep_port {
	__u32 ofport; /* OpenFlow number; PORT_LOCAL 0xfffffffe too */
	__u32 bridge;
	__u32 ifindex;
	__u32 config; /* enum skep_port_config */
	__u32 next;   /* next existing port of the bridge, ascending by ofport; 0: last */
	__u32 flags;  /* enum skep_port_flags */
	__u32 kind;   /* enum skep_port_kind */
	__u32 aux;    /* by kind */
	__u32 vlans;  /* index into skep_vlan_sets of the VLANs that a trunk carries; 0: all */
	__u16 pvid;   /* 0 to 4095 */
	__u8 is_live; /* OFPPS_LIVE as skepd last heard by netlink: the link is up */
	__u8 zero0;
	/* Address of the kernel's struct net_device, for programs that read the link's state from it (SKEP_C_READ_DEV); 0: not known. */
	__u64 dev;
	/* 'way', if packets may just be sent there (not while 'config' or 'kind' stand against it);
	 * else 0: look at those. */
	__u32 direct;
	__u32 way; /* 'ifindex', with SKEP_WAY_PEER or without */
	/* With SKEP_WAY_PEER: the address of the other end, as a frame has it in its first 6 bytes; then zeros. */
	__u64 peer_mac;
};
/* The other end of the interface, a veth, is in another network namespace: a packet to its address may go there at once, by bpf_redirect_peer(). */
#define SKEP_WAY_PEER (1u << 31)
_Static_assert(sizeof(struct skep_port) == 64, "one cache line");

/* skep_vlan_sets: bit VID % 64 of word VID / 64.  Element 0 is not used. */
struct skep_vlan_set {
	__u64 w[64];
};

/* --- Tunnels --------------------------------------------------------------------------------------- */

enum skep_tunnel_flags {
	SKEP_TF_KEY = 1 << 0,         /* sends with a key: GRE; VXLAN and Geneve always do */
	SKEP_TF_KEY_FLOW = 1 << 1,    /* any key is received */
	SKEP_TF_REMOTE_FLOW = 1 << 2, /* packets of any remote are received; sends to key.tun_dst or tun_ipv6_dst */
	SKEP_TF_LOCAL_ANY = 1 << 3,   /* received by any local address; the kernel chooses what to send from */
	SKEP_TF_IPV6 = 1 << 4,        /* remote and local are IPv6 */
	SKEP_TF_CSUM = 1 << 5,        /* sends with an outer checksum */
	SKEP_TF_DF = 1 << 6,          /* sends with don't-fragment */
	SKEP_TF_TOS_INHERIT = 1 << 7,
	SKEP_TF_TTL_INHERIT = 1 << 8,
	SKEP_TF_LOCAL_FLOW = 1 << 9,  /* sends from key.tun_src or tun_ipv6_src, if not 0; implies LOCAL_ANY */
	SKEP_TF_OUT_KEY_FLOW = 1 << 10, /* sends with key.tun_id */
	SKEP_TF_OPTIONS = 1 << 11,      /* Geneve: sends with the options of key.tun_opts */
};

/* skep_tunnels: what a tunnel port sends with, and at the same time the table by which received packets find their port: open addressing by
 * the hash of (ifindex, id, remote, local), each with zeros for what the port leaves open, from slot skep_tunnel_slot() on, at most
 * SKEP_TUNNEL_PROBES slots, wrapping.  port 0: empty, but the search goes on.  Which of the combinations of open things occur at all is in
 * skep_dp.tunnel_modes: bit SKEP_TUNNEL_MODE(flags).  Combinations are tried in ascending order of that number: what is exact goes first. */
#define SKEP_TUNNELS       16384
#define SKEP_TUNNEL_PROBES 16
#define SKEP_TUNNEL_MODE(FLAGS) ((FLAGS) >> 1 & 7)

struct skep_tunnel {
	__u32 port;    /* index into skep_ports; written last */
	__u32 ifindex; /* of the tunnel device */
	__be64 id;     /* of packets received */
	__u8 remote[16]; /* IPv4: the first 4 bytes */
	__u8 local[16];
	__u32 flags;   /* enum skep_tunnel_flags */
	__u8 tos;
	__u8 ttl;
	__u16 zero;
	__be64 out_id; /* of packets sent: the low 32 bits (GRE) or 24 bits */
};
_Static_assert(sizeof(struct skep_tunnel) == 64, "one cache line");

/* skep_injects[i]: what to do with a packet that skepd sends through the I/O device with mark SKEP_MARK_INJECT | i. */
#define SKEP_INJECTS 1024
struct skep_inject {
	__u32 port; /* index of the port to send it to */
	__be16 tun_flags;
	__u8 tun_tos;
	__u8 tun_ttl;
	__u64 tun[6]; /* words 15 to 20 of the key */
	__u32 set;    /* which of tun_flags, tun_tos and tun_ttl an action has set: SKEP_SET_TUN_* of bpf/state.h */
	__u8 tun_opts;
	__u8 zero[3];
	__be64 tun_metadata[SKEP_TLVS];
};
_Static_assert(sizeof(struct skep_inject) == 128, "two cache lines");

enum skep_bridge_flags {
	SKEP_BF_FRAG_DROP = 1 << 0,
	/* All packets take the action NORMAL, and no tables.  All ports have SKEP_PC_SPECIAL_IN then. */
	SKEP_BF_STANDALONE = 1 << 1,
	SKEP_BF_FORWARD_BPDU = 1 << 2, /* NORMAL forwards 01-80-C2-00-00-0X instead of dropping it */
};

/* A Geneve option, as the first four bytes of one say it (RFC 8926 §3.5), the reserved bits being 0. */
struct skep_tlv {
	__be16 opt_class;
	__u8 type;    /* bit 7: critical: who does not know the option drops the packet */
	__u8 n_words; /* of its value, 4 bytes each: 1 or 2; 0: this is none */
};

struct skep_bridge {
	__u32 first_port; /* head of the list of existing ports */
	__u32 flags;
	__u32 pktin_rate;  /* packets per second to the controllers; 0: no limit */
	__u32 pktin_burst; /* packets */
	char name[16];     /* NUL-terminated; empty: no such bridge */
	__u32 fdb_first;   /* its region of skep_fdb: first bucket */
	__u32 fdb_mask;    /* number of buckets, a power of two, - 1; 0: no region yet, NORMAL floods */
	__u32 fdb_seed;    /* random: nobody outside knows which addresses share a bucket */
	__u32 fdb_ageing;  /* seconds; 0: nothing is learned */
	__u32 local_ifindex; /* the hidden end of LOCAL, for copies to patch ports; 0: none */
	__u32 ctl_meter;     /* OFPM_CONTROLLER: index into skep_meters; 0: none */
	__u32 slow_meter;    /* OFPM_SLOWPATH: for what the host build executes */
	/* The descriptor (index into skep_subtables) of the union of the bridge's masks, for the flow cache (bpf/cache.h); 0: it has none. All ports
	 * have SKEP_PC_CACHED while there is one.  Stored before the version that the last of the masks came with. */
	__u32 cache;
	struct skep_tlv tlv[SKEP_TLVS]; /* the option that tun_metadata[i] is */
	__u64 zero[4];
};
_Static_assert(sizeof(struct skep_bridge) == 128, "two cache lines");

/* --- What NORMAL learns ------------------------------------------------------------------------------- */

/* skep_fdb: a bucket of 8 entries each; an address is in the one bucket that its hash names, or nowhere.  The programs learn, so this one
 * map has many writers.  An entry is free if its key is 0.  To take one: compare-and-swap the key to SKEP_FDB_BUSY, store the value, store the key.
 *
 * Key: bits 63-16 the address (first byte highest), bits 15-4 VLAN, bit 0: 1, bit 1: static.
 * Value: bits 31-0 index of the port, 63-32 when it was last seen, in seconds of CLOCK_MONOTONIC.
 *
 * An entry that was not seen for the bridge's ageing time is as good as free, except static ones, which only skepd writes.  If none is free:
 * a port that has half of the bucket's entries replaces its own oldest; another replaces the oldest of all.  So one port that sends random
 * addresses cannot drive out everybody else's. */
#define SKEP_FDB_WAYS   8
#define SKEP_FDB_USED   (1ULL << 0)
#define SKEP_FDB_STATIC (1ULL << 1)
#define SKEP_FDB_BUSY   (1ULL << 2)
struct skep_fdb_entry {
	__u64 key;
	__u64 value;
};
struct skep_fdb_bucket {
	struct skep_fdb_entry e[SKEP_FDB_WAYS];
};

/* Which of a region's buckets a key is in: the low bits.  In two rounds, the second of which mixes what the seed made of all bits. */
static inline __attribute__((always_inline)) __u32 skep_fdb_hash(__u32 seed, __u64 key)
{
	__u64 s = (__u64)seed << 32 | seed, h;

	h = ((key & ~0xfULL) ^ s) * 0x9e3779b97f4a7c15ULL;
	h = ((h ^ h >> 32) + s) * 0x9e3779b97f4a7c15ULL;
	return (__u32)(h >> 40);
}

/* --- The classifier --------------------------------------------------------------------------------- */

/* skep_tables[bridge * 256 + table] */
struct skep_table {
	__u32 first; /* subtable */
	__u32 prune; /* the first of the table's blocks in skep_prunes; 0: it has none */
};

/* A subtable's bucket region: bits 0-31 number of its first bucket (a multiple of SKEP_LINE_HEADS),
 * 32-37 64 - log2 of the number of buckets (which is at least 4), 63 the generation: which of a
 * rule's next[] chains this region. */
#define SKEP_REGION(FIRST, LOG2, GEN)                                                              \
	((__u64)(FIRST) | (__u64)(64 - (LOG2)) << 32 | (__u64)(GEN) << 63)
#define SKEP_REGION_FIRST(R)          ((__u32)(R))
#define SKEP_REGION_LOG2(R)           (64 - ((__u32)((R) >> 32) & 0x3f))
#define SKEP_REGION_GEN(R)            ((__u32)((R) >> 63))

struct skep_subtable {
	/* first cache line: all that a subtable of up to 4 words needs */
	__u64 region;
	__u32 next;
	__u32 seed;
	__u16 max_prio; /* no rule here has a higher one */
	__u8 n_words;   /* 0 to 32 */
	__u8 zero0;
	__u8 ofs[4];    /* byte offset in the key of words 0-3 of the mask: a multiple of 8 */
	__u64 mask[4];
	__u64 zero1;
	/* words 4 to 31 */
	__u8 ofs_x[28];
	__u32 id; /* names the mask: stays when the descriptor is moved; skep_flow.mask_id */
	__u64 mask_x[28];
};
_Static_assert(sizeof(struct skep_subtable) == 320, "five cache lines");

/* Tuple pruning (Srinivasan, Suri and Varghese, "Packet Classification using Tuple Space Search",
 * 1999): which of up to 64 subtables of a table may have a rule for a packet, by some bytes of the
 * packet's key, those that tell the subtables' rules apart best.  A subtable is in a block as one
 * bit.  A table with blocks has all its subtables in them; they are in the table's list as well.
 *
 * A bit in 'may' is set before a rule that it is needed for can be seen, and may stay set when no
 * rule needs it any more.  What a bit stands for changes only when the packets that do not expect
 * it search a subtable for nothing. */
#define SKEP_PRUNE_BYTES      8
#define SKEP_PRUNE_SUBTABLES  64
#define SKEP_PRUNE_BLOCKS_MAX 32 /* per table, which never has more than 24 */
struct skep_prune {
	__u32 next;                 /* block; 0: this is the last */
	__u16 max_prio;             /* no rule here has a higher one */
	__u8 ofs[SKEP_PRUNE_BYTES]; /* offsets in the key */
	__u16 zero;
	__u32 zero2[12];
	__u32 slot[SKEP_PRUNE_SUBTABLES]; /* the subtable of a bit, at skep_prune_slot(); 0: none */
	__u64 may[SKEP_PRUNE_BYTES][256]; /* by the value of each byte */
};
_Static_assert(sizeof(struct skep_prune) == 64 * 261, "cache lines");

/* The place of a subtable by its bit: the top six bits of a product with a de Bruijn sequence,
 * which are others for each power of two. */
static inline __attribute__((always_inline)) __u32 skep_prune_slot(__u64 bit)
{
	return (__u32)((bit * 0x03f79d71b4cb0a89ULL) >> 58);
}

/* skep_buckets: bucket b is heads[b % 16] of element b / 16. */
struct skep_bucket_line {
	__u32 heads[SKEP_LINE_HEADS];
};

#define SKEP_VERSION_MAX ((1ULL << 48) - 1)

struct skep_rule {
	__u32 next[2];    /* chain, by the generation of the subtable's region */
	__u64 added_prio; /* version << 16 | priority */
	__u64 removed;    /* version; while it lives, SKEP_VERSION_MAX | act << 48 */
	__u32 flow;
	__u32 cells;
	/* The masked words.  In subtables of more than 4 words key[3] is an index into skep_keyx, which holds words 3 to 31. */
	__u64 key[4];
};
_Static_assert(sizeof(struct skep_rule) == 64, "one cache line");

/* The act: all that a rule does, if it does but one thing, so that a packet need not look at its
 * cells, which say the same.  Up to SKEP_ACT_PORT_MAX: it outputs to the port with that index.
 * SKEP_ACT_GOTO | table: it goes on to the table.  0: the cells say. */
#define SKEP_ACT_GOTO	     0x8000u
#define SKEP_ACT_PORT_MAX    (SKEP_ACT_GOTO - 1)
#define SKEP_ACT_OF(REMOVED) ((__u32)((REMOVED) >> 48))
#define SKEP_LIVES(REMOVED)  (((REMOVED) & SKEP_VERSION_MAX) == SKEP_VERSION_MAX)

struct skep_keyx {
	__u64 w[29];
};

/* The hash of masked words w[0..n-1]: the same on both sides.  h starts as the seed. */
#define SKEP_HASH_MUL 0x9e3779b97f4a7c15ULL
static inline __attribute__((always_inline)) __u64 skep_hash_add(__u64 h, __u64 w)
{
	h = (h ^ w) * SKEP_HASH_MUL;
	return h ^ h >> 32;
}

/* h >> n % 64. */
static inline __attribute__((always_inline)) __u64 skep_shr(__u64 h, __u64 n)
{
#ifdef __bpf__
	/* BPF's shift does just that (RFC 9669 §4.1), which the compiler does not know. */
	asm("%0 >>= %1" : "+r"(h) : "r"(n));
	return h;
#else
	return h >> (n & 63);
#endif
}

/* By the high bits: of a product the low ones know nothing of the high ones of the factors, where the last byte of a
 * port or address stands in a word of network order. */
static inline __attribute__((always_inline)) __u32 skep_hash_bucket(__u64 h, __u64 region)
{
	return SKEP_REGION_FIRST(region) + (__u32)skep_shr(h, region >> 32);
}

/* The first slot of skep_tunnels for these, addresses as two words each. */
static inline __attribute__((always_inline)) __u32 skep_tunnel_slot(__u32 ifindex, __u64 id,
								    const __u64 remote[2],
								    const __u64 local[2])
{
	__u64 h = skep_hash_add(ifindex, id);

	h = skep_hash_add(skep_hash_add(h, remote[0]), remote[1]);
	h = skep_hash_add(skep_hash_add(h, local[0]), local[1]);
	return (__u32)(h >> 50); /* SKEP_TUNNELS is 2^14 */
}

/* Note: the words hashed are those of the class (1, 4, 8, 16, 24 or 32), padded with zeros: skep_hash_add(h, 0) counts. */

/* --- What a rule does --------------------------------------------------------------------------------- */

enum skep_op {
	SKEP_OP_NOP,
	SKEP_OP_OUTPUT,     /* arg32: index into skep_ports */
	SKEP_OP_IN_PORT,
	SKEP_OP_ALL,
	SKEP_OP_FLOOD,
	SKEP_OP_CONTROLLER, /* arg: max_len */
	SKEP_OP_TABLE,      /* packet-out only: the host build */
	SKEP_OP_SET_FIELD,  /* arg: enum field_id's number; value in 'arg64''s bytes from the first on, network order;
	                       if the field is wider than 8 bytes, in the 16 bytes of the next cell */
	SKEP_OP_PUSH_VLAN,  /* arg: TPID, host order */
	SKEP_OP_POP_VLAN,
	SKEP_OP_SET_TTL,    /* arg: TTL */
	SKEP_OP_DEC_TTL,
	SKEP_OP_NORMAL,
	SKEP_OP_COPY_TTL_OUT,
	SKEP_OP_COPY_TTL_IN,
	SKEP_OP_SET_MPLS_TTL, /* arg: TTL */
	SKEP_OP_DEC_MPLS_TTL,
	SKEP_OP_PUSH_MPLS,    /* arg: Ethernet type, host order */
	SKEP_OP_POP_MPLS,     /* arg: Ethernet type of what is under the label, host order */
	SKEP_OP_PUSH_PBB,     /* arg: Ethernet type, host order */
	SKEP_OP_POP_PBB,
	SKEP_OP_SET_QUEUE,    /* arg32: queue id */
	SKEP_OP_GROUP,        /* arg32: index into skep_groups */
};

/* Places in the action set, in the order of execution (OF1.3.5 §5.10).  With GROUP in the set, OUTPUT is not executed. */
enum skep_slot {
	SKEP_SLOT_COPY_TTL_IN = 0,
	SKEP_SLOT_POP_VLAN = 1,
	SKEP_SLOT_POP_PBB = 2,
	SKEP_SLOT_POP_MPLS = 3,
	SKEP_SLOT_PUSH_MPLS = 4,
	SKEP_SLOT_PUSH_PBB = 5,
	SKEP_SLOT_PUSH_VLAN = 6,
	SKEP_SLOT_COPY_TTL_OUT = 7,
	SKEP_SLOT_DEC_MPLS_TTL = 8,
	SKEP_SLOT_DEC_TTL = 9,
	SKEP_SLOT_SET_MPLS_TTL = 10,
	SKEP_SLOT_SET_TTL = 11,
	SKEP_SLOT_SET_FIELD = 12, /* + field number, below 64 */
	SKEP_SLOT_QUEUE = 76,
	SKEP_SLOT_GROUP = 77,
	SKEP_SLOT_OUTPUT = 78,
	SKEP_N_SLOTS = 128,
};

struct skep_cell {
	__u8 op;   /* enum skep_op */
	__u8 slot; /* of a write-action: enum skep_slot */
	__u16 arg;
	__u32 arg32;
	__u64 arg64;
};

enum skep_head_flags {
	SKEP_HF_CLEAR = 1 << 0,
	SKEP_HF_METADATA = 1 << 1, /* a cell { value, mask } of two __u64 follows the write cells */
	SKEP_HF_APPLY = 1 << 2,    /* the flow has the instruction, be its list empty */
	SKEP_HF_WRITE = 1 << 3,
	SKEP_HF_MISS = 1 << 4,     /* table-miss rule: priority 0, matches all */
	SKEP_HF_METER = 1 << 5,    /* the last cell's arg32 is an index into skep_meters: applied before all else */
};

#define SKEP_NO_GOTO 0xff

/* The first cell of a rule. */
struct skep_head {
	__u16 n_apply; /* cells, not actions */
	__u16 n_write;
	__u8 goto_table; /* or SKEP_NO_GOTO */
	__u8 flags;      /* enum skep_head_flags */
	__u16 n_cells;   /* all, this one included */
	__u64 cookie;    /* for packet-ins */
};
_Static_assert(sizeof(struct skep_cell) == 16 && sizeof(struct skep_head) == 16, "cells");

struct skep_cell_data {
	union {
		__u8 bytes[16];
		__u64 words[2];
	};
};

/* --- Groups (OF1.3.5 §5.6) ------------------------------------------------------------------------------------ */

/* skep_groups[i]: a group, named by its index in rules and in other groups' buckets.  What it does stands in cells, as with rules, from a
 * struct skep_group_head on: one store changes a group for every packet.  The old cells are reused after a grace period. */
struct skep_group {
	__u32 cells;    /* 0: there is no such group */
	__u32 group_id; /* OpenFlow number */
	__u32 bridge;
	__u32 zero;
	__u64 created_ns; /* CLOCK_BOOTTIME */
	__u64 packets, bytes; /* that came to it; added to atomically */
	__u64 zero1[3];
};
_Static_assert(sizeof(struct skep_group) == 64, "one cache line");

enum skep_group_type { SKEP_GT_ALL = 0, SKEP_GT_SELECT = 1, SKEP_GT_INDIRECT = 2, SKEP_GT_FF = 3 }; /* OFPGT_* */

/* The first cell of a group's.  n_buckets structures skep_bucket follow, of two cells each; then, of a select group, n_slots / 8 cells: slot I of the packet's
 * hash is bucket number slot[I] (__u16 each).  Behind them stand the lists that the buckets name. */
struct skep_group_head {
	__u8 type;      /* enum skep_group_type */
	__u8 zero0;
	__u16 n_buckets;
	__u16 n_slots;  /* a power of two, at least 8; 0: no bucket has a weight, or it is no select group */
	__u16 n_cells;  /* all, this one included */
	__u32 ctr;      /* skep_group_counters: of its first bucket */
	__u32 zero;
};

/* Lists are counted from the head's cell, and by cells.  A bucket is live if one of the ports in its list of ports is: groups that it
 * watches are resolved to the ports that make them live, and the writer does so again when one of them changes. */
struct skep_bucket {
	__u16 first, n;           /* its actions, in the order in which an action set is executed */
	__u16 sent_first, n_sent; /* the same as they were sent */
	__u16 live_first, n_live; /* ports: __u32 indexes into skep_ports, four in a cell; n_live counts ports */
	__u16 weight;
	__u8 flags;               /* enum skep_bucket_flags */
	__u8 zero;
	__u32 watch_port;         /* OpenFlow numbers, as they were sent; BPF does not look at them */
	__u32 watch_group;
	__u64 zero1;
};
_Static_assert(sizeof(struct skep_group_head) == 16 && sizeof(struct skep_bucket) == 32, "cells");

enum skep_bucket_flags {
	SKEP_GB_EDITS = 1 << 0, /* it changes the packet, or leads to a group that does */
	SKEP_GB_LIVE = 1 << 1,  /* always live */
};

#define SKEP_GROUP_DEPTH   8    /* groups in a chain; the writer refuses more */
#define SKEP_GROUP_BUCKETS 1024 /* of one group */

/* skep_group_counters[head.ctr + number of the bucket]; added to atomically. */
struct skep_group_counter {
	__u64 packets;
	__u64 bytes;
};

/* --- Meters (OF1.3.5 §5.7) -------------------------------------------------------------------------------------- */

/* skep_meters[i], named by index in rules.  Each band is a bucket of time (GCRA): a packet costs len * cost or cost, and moves 'spent' on by
 * that; the band is exceeded by packets that would take it more than 'burst' beyond now.  Of the bands that are exceeded the one of the highest rate acts.
 * All CPUs share the buckets (bpf/meter.h). */
#define SKEP_METER_SHIFT 20 /* 'cost' is 2^-20 ns per byte or packet */
#define SKEP_TIME_SHIFT  8  /* 'burst' and 'spent' are 2^-8 ns, 'spent' of CLOCK_MONOTONIC since the configuration's base_ns */
#define SKEP_BANDS_MAX   8

enum skep_band_type { SKEP_BAND_DROP = 1, SKEP_BAND_DSCP_REMARK = 2 }; /* OFPMBT_* */

enum skep_meter_flags { SKEP_MF_PKTPS = 1 << 0 }; /* costs are per packet, else per byte */

struct skep_band {
	__u64 cost;
	__u64 burst;
	__u64 spent; /* moved by compare-and-swap */
	__u64 packets, bytes; /* on which it acted */
	__u16 type;  /* enum skep_band_type */
	__u8 prec_level;
	__u8 order; /* its place among the bands as the controller sent them */
	__u8 zero[4];
	__u64 rate;  /* as configured: kb/s or packets/s; BPF does not look at it */
	__u64 burst_size; /* the same: kb or packets */
};

/* A meter's configuration is in a struct skep_meter_conf, exchanged as a whole by one store; its counters stay. */
struct skep_meter {
	__u32 conf;     /* index into skep_meter_confs; 0: there is no such meter, and packets pass */
	__u32 meter_id; /* OpenFlow number */
	__u32 bridge;
	__u32 zero;
	__u64 created_ns; /* CLOCK_BOOTTIME */
	__u64 packets, bytes; /* that came to it; added to atomically */
	__u64 zero1[3];
};
_Static_assert(sizeof(struct skep_meter) == 64, "one cache line");

struct skep_meter_conf {
	__u32 flags;   /* enum skep_meter_flags */
	__u32 n_bands; /* in descending order of their rates */
	__u64 base_ns; /* CLOCK_MONOTONIC */
	__u32 of_flags; /* OFPMF_* as configured */
	__u32 zero;
	struct skep_band band[SKEP_BANDS_MAX];
};

/* 'dscp' with its drop precedence raised by 'levels'.  Only the classes AF11 to AF43 have one, of three levels (RFC 2597); the others stay. */
static inline __attribute__((always_inline)) __u32 skep_raise_dscp(__u32 dscp, __u32 levels)
{
	__u32 class = dscp >> 3, prec = (dscp & 7) >> 1;

	if (dscp & 1 || class < 1 || class > 4 || !prec)
		return dscp;
	prec = levels < 3 - prec ? prec + levels : 3;
	return class << 3 | prec << 1;
}

/* --- Counters of ports -------------------------------------------------------------------------------------------- */

/* skep_port_counters[port * n_stripes + stripe]: what the programs count, because the port's device does not: all of tunnel, patch and socket ports;
 * of interfaces what went by bpf_redirect_peer(), which adds to the device's own. */
struct skep_port_counter {
	__u64 rx_packets, rx_bytes;
	__u64 tx_packets, tx_bytes;
};

/* --- Flows and counters ---------------------------------------------------------------------------------- */

/* What user space keeps of a flow beside its rule; BPF does not look at it. */
struct skep_flow {
	__u64 cookie;
	__u64 created_ns; /* CLOCK_BOOTTIME */
	__u64 base_packets; /* added to the counters; wraps when they were reset */
	__u64 base_bytes;
	__u32 rule;     /* the current one; 0: this element is free */
	__u32 mask_id;  /* skep_subtable.id */
	__u32 table;    /* bridge * 256 + table */
	__u16 idle_timeout; /* seconds */
	__u16 hard_timeout;
	__u16 flags; /* OFPFF_* */
	__u16 priority;
	__u32 zero;
};
_Static_assert(sizeof(struct skep_flow) == 56, "flow");

/* skep_counters[flow * n_stripes + stripe].  Stripe = CPU number (modulo n_stripes - 1); the last stripe is the host build's.  With
 * more CPUs than stripes the programs add atomically (SKEP_C_ATOMIC). */
struct skep_counter {
	__u64 packets;
	__u64 bytes;
	__u64 used_ns; /* CLOCK_MONOTONIC (coarse) of the last hit */
};

/* skep_table_counters[(bridge * 256 + table) * n_stripes + stripe] */
struct skep_table_counter {
	__u64 lookups;
	__u64 matches;
};

/* Why a packet went nowhere; each is counted in skep_drops[reason * n_stripes + stripe]. */
#define SKEP_DROP_TABLE(X)                                                                           \
	X(NO_OUTPUT, "no_output")       /* the rules sent it nowhere */                                  \
	X(MISS, "table_miss")           /* no rule, and no table-miss rule */                            \
	X(SHORT, "short_frame")         /* less than an Ethernet header */                               \
	X(PORT_RECV, "port_no_recv")    /* OFPPC_NO_RECV or PORT_DOWN at the in_port */                  \
	X(PORT_FWD, "port_no_fwd")      /* output to a port that may not send, or is not there */        \
	X(FRAGMENT, "fragment")         /* OFPC_FRAG_DROP */                                             \
	X(BAD_TTL, "invalid_ttl")                                                                        \
	X(ACTION_FAILED, "action_failed") /* the kernel refused an edit, out of memory mostly */         \
	X(PKTIN_RING, "packet_in_ring_full") /* a copy to the controllers was lost */                    \
	X(PKTIN_RATE, "packet_in_rate")                                                                  \
	X(NO_TUNNEL, "no_tunnel_port")  /* from a tunnel that no port stands for */                      \
	X(TUNNEL, "tunnel_failed")      /* the kernel could not attach the outer header's fields */      \
	X(VLAN, "vlan_not_allowed")     /* NORMAL: the in_port is not in the packet's VLAN */            \
	X(RESERVED, "reserved_address") /* NORMAL: 01-80-C2-00-00-0X */                                  \
	X(SAME_PORT, "same_port")       /* NORMAL: the destination is behind the in_port, or beyond the split horizon */ \
	X(HOPS, "patch_hops")           /* more than SKEP_HOPS_MAX patch ports */                        \
	X(METER, "meter")               /* a meter's drop band */                                        \
	X(GROUP, "group_empty")         /* a group without a bucket that is live, or that is gone */     \
	X(FORK, "group_copy_failed")    /* the kernel refused a copy for a bucket that changes the packet, or they nest too deep */ \
	X(BUG, "internal_limit")        /* a bound that the writer should have kept */                   \
	X(OPTION, "tunnel_option")      /* a critical Geneve option that the bridge does not know, or options that are cut off */

enum skep_drop {
#define X(ID, NAME) SKEP_DROP_##ID,
	SKEP_DROP_TABLE(X)
#undef X
	SKEP_N_DROPS
};

struct skep_drop_counter {
	__u64 packets;
};

/* --- Packets to the controllers ------------------------------------------------------------------------------ */

enum skep_reason { /* OFPR_*, OF1.3.5 §7.4.1 */
	SKEP_R_NO_MATCH = 0,
	SKEP_R_ACTION = 1,
	SKEP_R_INVALID_TTL = 2,
};

/* A record of the ring buffer skep_events; 'len' bytes of the frame follow, VLAN tags in their places. */
struct skep_event {
	__u32 bridge;
	__u32 in_port; /* OpenFlow number */
	__u32 total_len; /* of the frame */
	__u32 len;       /* bytes that follow, <= total_len */
	__u64 cookie;
	__u64 metadata;
	__u8 reason; /* enum skep_reason */
	__u8 table;
	__u16 max_len;
	__u8 remark; /* the drop precedence is to be raised by so many levels (OFPM_CONTROLLER) */
	__u8 zero[3];
	__u64 tun[6]; /* words 15 to 20 of the key */
	__be64 tun_metadata[SKEP_TLVS];
	__u8 tun_opts;
	__u8 zero1[7];
};
#define SKEP_EVENT_FRAME_MAX 65535

#endif
