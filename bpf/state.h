/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the pipeline knows of the packet that it is working on.
 *
 * There is one struct skep_state per CPU and nesting level, in a map: the classifier reads words of
 * the key at offsets that come from the subtable, which the verifier allows in a map value but not
 * on the stack, and functions that are verified on their own share it by one pointer.  The host
 * build has one on its stack.
 */
#ifndef SKEP_BPF_STATE_H
#define SKEP_BPF_STATE_H 1

#include "bpf/abi.h"

/* How a function ends that executes tables or actions. */
enum skep_verdict {
	SKEP_GO = 0,	/* go on */
	SKEP_SKIP = 1,	/* go on behind the next cell, which holds data */
	SKEP_END = 2,	/* no further table; execute the action set */
	SKEP_JUMP = 4,	/* go on with another list: s->list_* */
	SKEP_ABORT = 3, /* end processing: no action set.  What was sent stays sent */
};

/* What edits have made of the last parse. */
enum skep_stale {
	SKEP_KEY_ONLY = 0, /* the key is right, but presence and offsets were not asked for */
	SKEP_FRESH = 1,
	SKEP_STALE_KEY = 2, /* values of the key; presence and offsets are right */
	SKEP_STALE_ALL = 3,
};

/* Bits of struct skep_state.sent. */
enum skep_sent {
	SKEP_SENT_COPY = 1 << 0, /* to a port or controller, or its loss was counted */
	SKEP_SENT_PASS = 1 << 1, /* the packet leaves the I/O device, unless it goes elsewhere */
};

/* What is left of a packet that the next one must not find: bits of struct skep_state.dirty.  One
 * test at the beginning of a packet covers them all. */
enum skep_dirty {
	SKEP_DIRTY_WIDE = 1 << 0,   /* words 6 to 14 and 21 of the key, and ipv6_exthdr, are not all zero */
	SKEP_DIRTY_TUNNEL = 1 << 1, /* words 15 to 20 of the key, and tun_* of word 0 */
	SKEP_DIRTY_MARK = 1 << 2,   /* skb->mark is for a socket port; the packet's own is in 'mark' */
	/* An action has set these: they go before what the tunnel port says. */
	SKEP_SET_TUN_TOS = 1 << 3,
	SKEP_SET_TUN_TTL = 1 << 4,
	SKEP_SET_TUN_FLAGS = 1 << 5,
	/* More of the frame's head than the Ethernet header is the MAC header to the kernel, since actions have pushed it: 'head_len' bytes.  To the
	 * kernel such a packet is still one of the protocol beneath. */
	SKEP_DIRTY_HEAD = 1 << 6,
	SKEP_DIRTY_OPTIONS = 1 << 7, /* words 23 to 31 of the key */
};
#define SKEP_SET_TUN (SKEP_SET_TUN_TOS | SKEP_SET_TUN_TTL | SKEP_SET_TUN_FLAGS)

/* The fields of a tunnel's outer header, of the packet received or to be sent. */
struct skep_outer {
	__be64 id;
	__u64 remote[2]; /* IPv4: the first 4 bytes */
	__u64 local[2];
	__u8 is_ipv6;
	__u8 tos;
	__u8 ttl;
	__u8 flags; /* enum skep_tunnel_key_flags */
	__u8 has_options; /* Geneve's, of a packet received */
	__u8 zero[3];
};

struct skep_bytes16 {
	union {
		__u8 b[16];
		__u64 w[2];
	};
};

/* Geneve options: the length of all is a number of 6 bits, in words of 4 bytes. */
#define SKEP_OPTION_WORDS 64

/* Room for the addresses, 8 tags, a SNAP header (52 bytes), and what is to be pushed or taken behind them (20). */
#define SKEP_HEAD_MAX 80

struct skep_frame {
	__u32 next; /* cell; of a group, its head's */
	__u32 left; /* cells; of a group, SKEP_FRAME_GROUP | the number of the bucket that is next */
	__u64 cookie;
	__u32 reason;
	__u32 zero;
};
#define SKEP_NO_BUCKET	 (~0u)
#define SKEP_FRAMES	 16
#define SKEP_FRAME_GROUP (1u << 31)

struct skep_state {
	union {
		struct skep_key key;
		__u64 w[SKEP_KEY_WORDS];
	};
	__u64 masked[SKEP_KEY_WORDS]; /* the words that are searched for */
	__u64 region;		      /* of the subtable of 'masked', read once */
	__u64 may;                    /* subtables of a block that are still to be searched */
	__u64 hash;		      /* of the words under the cache's union of masks */
	__u64 version;
	__u64 frame_len; /* on entry, VLAN tags included: what counters count */

	/* The parser's findings: offsets in the frame as the home holds it; 0: not there. */
	__u16 type_ofs;	 /* of the two bytes that eth_type was read from */
	__u16 proto_ofs; /* of the byte that ip_proto was read from */
	__u16 tag_ofs;	 /* of the outermost tag's TCI, if it is in the frame */
	__u16 l3_ofs;
	__u32 l4_ofs;
	__u32 l4_end; /* of the IP packet, or of the frame if that is shorter */
	__u32 nd_ofs; /* of the address in the ND option */
	__u8 is_fragment;
	__u8 has_tag; /* VLAN tag, wherever */
	__u8 zero1;
	__u8 ext_rank; /* of IPv6 extension headers: the latest place in RFC 2460's order that was met */
	__u16 ext_met; /* OFPIEH_* of those met, and SKEP_EXT_DEST2 */
	__u16 ext_flags; /* ipv6_exthdr in the making */
	__u16 head_len; /* with SKEP_DIRTY_HEAD */
	__u8 n_ext;
	__u8 zero6;
	__u8 ext[16];	/* next-header values that were met */
	__u32 len;	       /* as the home holds it: without a tag in metadata */
	__u32 dirty;	       /* enum skep_dirty */

	__u8 buf[48]; /* for headers that are not in linear memory; on the stack, loads would have
			 to be aligned */

	/* Where the packet is in the pipeline. */
	__u32 bridge;
	__u32 in_port_idx; /* 0: none, as for a packet-out from CONTROLLER */
	__u32 in_config;   /* enum skep_port_config of the in_port */
	__u32 more;	   /* the packet is needed after the list of actions */
	__u64 cookie;	 /* of the rule whose actions are executed */
	__u32 reason;	 /* enum skep_reason of output to CONTROLLER */
	/* While a table is searched: of the rules found, the best one's priority + 1; else 0. */
	__u32 best_prio;
	__u32 best_flow; /* its members */
	__u32 best_cells;
	__u32 best_act;
	__u32 zero2;

	/* Zero at the beginning, in pairs. */
	__u32 table;
	__u32 pending; /* outputs are lazy: index of the port that the packet itself or a copy goes
			  to, or 0 */
	__u8 sent;     /* enum skep_sent */
	__u8 stale;    /* enum skep_stale */
	__u16 hops;    /* patch ports that the packet has passed */
	__u32 flood_next; /* port */
	__u32 has_set;	  /* the action set is not empty; then set_map tells */
	__u32 cache;	  /* the packet's entry: number of its set in this CPU's of skep_cache * 2 + which + 1; 0: none */

	__u32 pending_if;

	/* The list of actions that is executed or written. */
	__u32 list_next; /* cell */
	__u32 list_left;

	/* The lists that wait for the present one to end, and groups some of whose buckets wait: see group.h. */
	__u32 depth;
	__u32 level; /* which of the CPU's states this is */
	struct skep_frame frames[SKEP_FRAMES];
	__u32 fork_next, fork_left; /* the list that a copy is to execute; 0: there is no copy */
	__u32 fork_mark;	    /* skb->mark of the packet */
	__u32 n_tried; /* buckets */
	__u32 zero8;
	__u32 bucket; /* of the group that is looked at, or SKEP_NO_BUCKET */

	__u32 stripe;
	__u32 cache_pos; /* in the entry's list of rules hit */
	__u32 cache_turn; /* packets that found both entries of their set taken */
	__u32 zero9;
	__u32 busy;	/* this struct is in use */
	__u64 now_tick; /* the clock, read at most once per tick */
	__u64 now;
	__u64 set_map[SKEP_N_SLOTS / 64]; /* slots of the action set in use */
	__u32 set_cells[SKEP_N_SLOTS];

	/* The edit that is planned. */
	__u32 edit_ofs;
	__u32 edit_len;
	__u32 edit_flags; /* enum skep_edit_flags */
	__u32 edit_ip;	  /* the IPv4 header of SKEP_E_IPV4 */
	__u32 next_ofs;	  /* of the header with a TTL that is next to the outermost */
	__u32 zero7;
	struct skep_bytes16 value; /* of the action */
	struct skep_bytes16 old;   /* bytes in the packet before */
	struct skep_bytes16 new;   /* and after */

	struct skep_outer outer;
	__u32 option[SKEP_OPTION_WORDS]; /* as they are in the outer header, of a packet received or to be sent */
	__u32 n_option;			 /* words of that */
	__u32 mark; /* with SKEP_DIRTY_MARK */

	/* What the packet loads a meter with. */
	__u32 load_packets;
	__u32 zero10;
	__u64 load_bytes;

	/* The frame's first bytes as an action will have them: see home_put_head(). */
	__u8 head[SKEP_HEAD_MAX];
	__u8 old_head[SKEP_HEAD_MAX];

	/* NORMAL. */
	__u64 fdb_key;	    /* the address that is looked for or learned */
	__u64 now_divided;  /* the clock when it was made seconds */
	__u32 now_s;	    /* seconds of CLOCK_MONOTONIC */
	__u32 in_flags;	    /* enum skep_port_flags of the in_port; 0 if there is none */
	__u16 vlan;	    /* of the packet */
	__u16 tpid, tci;    /* of the tag that the packet came with, if it is needed again */
	__u8 tag;	    /* enum skep_tag */
	__u8 flood_tagged;  /* this pass is for ports that want a tag */
	__u8 flood_others;  /* there are ports for another pass */
	__u8 zero5[7];
};

/* Several: a test run by system call may be interrupted by a real packet, and copies of a packet are worked on while it waits
 * (group.h). */
#define SKEP_STATES 8
struct skep_cpu_state {
	struct skep_state state[SKEP_STATES];
	__u32 level; /* of the state that is looked for */
	__u32 zero;
};

enum skep_hit_flags {
	SKEP_HIT_PLAIN = 1 << 0,
	SKEP_HIT_METADATA = 1 << 1, /* it writes some */
	SKEP_HIT_END = 1 << 2,	    /* none: the list ends before it */
};

/* The flow cache (cache.h): a rule that such packets hit. */
struct skep_cache_hit {
	__u32 ctr;       /* element of skep_counters */
	__u32 table_ctr; /* of skep_table_ctrs */
	__u32 cells;
	__u16 act;	 /* SKEP_ACT_* */
	__u8 table;      /* of a plain rule, the one to go to */
	__u8 how;	 /* enum skep_hit_flags */
};

#define SKEP_CACHE_WORDS     24 /* a union of masks that touches more is not cached */
#define SKEP_CACHE_HITS      22 /* of an entry; tables beyond are searched */
#define SKEP_CACHE_SETS_LOG2 11 /* per CPU */
#define SKEP_CACHE_SETS      (1u << SKEP_CACHE_SETS_LOG2)

/* What tells that an entry is not the one: apart from the rest, so that a packet that is not in the cache touches one line of it. */
struct skep_cache_tag {
	__u64 version; /* 0: empty */
	__u64 hash;
	__u32 id; /* of the descriptor */
	__u32 n;  /* rules in its list */
};

struct skep_cache_list {
	__u64 w[SKEP_CACHE_WORDS];
	struct skep_cache_hit hit[SKEP_CACHE_HITS];
};

struct skep_cache_set {
	struct skep_cache_tag tag[2];
	__u8 is_used[2]; /* the entry was found since a packet wanted its place */
	__u8 zero[14];
	struct skep_cache_list list[2];
};
_Static_assert(sizeof(struct skep_cache_set) == 18 * 64, "18 cache lines, the tags in one");

/* The token bucket of a bridge's packets to the controllers, as the time until which they are spent
 * (GCRA). */
struct skep_pktin {
	__u64 spent_until; /* CLOCK_MONOTONIC */
};

/* A record for skep_events in the making. */
struct skep_record {
	struct skep_event ev;
	__u8 frame[SKEP_EVENT_FRAME_MAX + 1];
};

#endif
