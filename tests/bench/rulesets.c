// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/rulesets.h"

enum { P_TCP = 6, P_UDP = 17 };

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

/* --- Packets --- */

struct tuple {
	uint8_t eth_src[6], eth_dst[6];
	uint32_t src, dst;
	uint8_t proto;
	uint16_t sport, dport;
};

static void put(uint8_t *p, unsigned int size, uint64_t value)
{
	while (size--) {
		p[size] = (uint8_t)value;
		value >>= 8;
	}
}

static void send_tuple(const struct ruleset_sink *sink, const struct tuple *t)
{
	uint8_t f[RULESET_FRAME] = { 0 };

	memcpy(f, t->eth_dst, 6);
	memcpy(f + 6, t->eth_src, 6);
	put(f + 12, 2, 0x0800);
	f[14] = 0x45;
	put(f + 16, 2, RULESET_FRAME - 14);
	f[22] = 64;
	f[23] = t->proto;
	put(f + 26, 4, t->src);
	put(f + 30, 4, t->dst);
	put(f + 34, 2, t->sport);
	put(f + 36, 2, t->dport);
	if (t->proto == P_TCP)
		f[46] = 0x50;
	else
		put(f + 38, 2, RULESET_FRAME - 34);
	sink->packet(sink->aux, f);
}

/* --- In the manner of ClassBench --- */

enum { N_LENGTHS = 8, N_PORTS = 24 };

/* Shares in per cent. */
struct shape {
	const char *name;
	struct {
		uint8_t length, share;
	} src[N_LENGTHS], dst[N_LENGTHS];
	uint8_t tcp, udp;	      /* the rest: any protocol, and no ports */
	uint8_t sport_one, dport_one; /* one port; the rest: any */
};

static const struct shape shapes[] = {
	{ "acl",
	  { { 0, 30 },
	    { 8, 3 },
	    { 16, 12 },
	    { 21, 5 },
	    { 24, 20 },
	    { 27, 5 },
	    { 30, 5 },
	    { 32, 20 } },
	  { { 0, 2 },
	    { 16, 5 },
	    { 20, 6 },
	    { 23, 7 },
	    { 24, 25 },
	    { 28, 10 },
	    { 30, 5 },
	    { 32, 40 } },
	  75,
	  15,
	  2,
	  80 },
	{ "fw",
	  { { 0, 45 },
	    { 8, 5 },
	    { 13, 3 },
	    { 16, 12 },
	    { 20, 3 },
	    { 24, 10 },
	    { 28, 2 },
	    { 32, 20 } },
	  { { 0, 35 },
	    { 8, 5 },
	    { 14, 3 },
	    { 16, 10 },
	    { 22, 4 },
	    { 24, 13 },
	    { 29, 2 },
	    { 32, 28 } },
	  55,
	  20,
	  15,
	  45 },
	{ "ipc",
	  { { 0, 15 },
	    { 8, 4 },
	    { 12, 3 },
	    { 16, 18 },
	    { 22, 5 },
	    { 24, 20 },
	    { 29, 5 },
	    { 32, 30 } },
	  { { 0, 12 },
	    { 10, 3 },
	    { 16, 15 },
	    { 19, 5 },
	    { 24, 20 },
	    { 26, 5 },
	    { 31, 5 },
	    { 32, 35 } },
	  55,
	  25,
	  8,
	  55 },
};

static const uint16_t ports[N_PORTS] = { 80,   443,  53,   25,	 22,   21,   110,  143,
					 993,  995,  123,  161,	 389,  3306, 1433, 1521,
					 5432, 8080, 8443, 6667, 5060, 1723, 3389, 2049 };

static unsigned int pick_length(const void *lengths)
{
	const uint8_t(*l)[2] = lengths;
	unsigned int at = below(100), i = 0;

	while (i < N_LENGTHS - 1 && at >= l[i][1])
		at -= l[i++][1];
	return l[i][0];
}

/* An address in one of a few networks, each level of which has a few favourites: so prefixes nest.
 */
static uint32_t pick_address(uint32_t site)
{
	uint32_t a = site;

	a = a << 8 | (below(3) ? below(6) * 37 : below(256));
	a = a << 8 | (below(3) ? below(12) * 19 : below(256));
	return a << 8 | below(256);
}

static uint32_t prefix(uint32_t address, unsigned int length)
{
	return length ? address >> (32 - length) << (32 - length) : 0;
}

static int print_prefix(char *buf, size_t size, const char *field, uint32_t a, unsigned int length)
{
	if (!length)
		return 0;
	return snprintf(buf, size, ",%s=%u.%u.%u.%u/%u", field, a >> 24, a >> 16 & 255,
			a >> 8 & 255, a & 255, length);
}

static void make_5tuples(const struct shape *sh, unsigned int n_rules, unsigned int n_packets,
			 const struct ruleset_sink *sink)
{
	unsigned int every = n_rules / n_packets ? n_rules / n_packets : 1;
	static const uint8_t sites[] = { 10, 172, 192, 41, 130, 198, 203, 64 };

	for (unsigned int i = 0; i < n_rules; i++) {
		unsigned int src_len = pick_length(sh->src), dst_len = pick_length(sh->dst);
		unsigned int kind = below(100), n_ports = 0;
		struct tuple t = { .eth_src = { 2, 0, 0, 0, 0, 1 },
				   .eth_dst = { 2, 0, 0, 0, 0, 2 } };
		char line[300];
		int n;

		t.src = pick_address(sites[below(sizeof(sites))]);
		t.dst = pick_address(sites[below(sizeof(sites))]);
		t.proto = kind < sh->tcp ? P_TCP : kind < sh->tcp + sh->udp ? P_UDP : 0;
		t.sport = ports[below(N_PORTS)];
		t.dport = ports[below(N_PORTS)];
		n = snprintf(line, sizeof(line), "table=0,%s",
			     t.proto == P_TCP	? "tcp"
			     : t.proto == P_UDP ? "udp"
						: "ip");
		n += print_prefix(line + n, sizeof(line) - (size_t)n, "nw_src",
				  prefix(t.src, src_len), src_len);
		n += print_prefix(line + n, sizeof(line) - (size_t)n, "nw_dst",
				  prefix(t.dst, dst_len), dst_len);
		if (t.proto && below(100) < sh->sport_one) {
			n += snprintf(line + n, sizeof(line) - (size_t)n, ",tp_src=%u", t.sport);
			n_ports++;
		} else {
			t.sport = (uint16_t)(1024 + below(60000));
		}
		if (t.proto && below(100) < sh->dport_one) {
			n += snprintf(line + n, sizeof(line) - (size_t)n, ",tp_dst=%u", t.dport);
			n_ports++;
		}
		/* The more a rule says, the higher it is, as in a list that somebody wrote. */
		snprintf(line + n, sizeof(line) - (size_t)n, ",priority=%u,actions=output:2",
			 1 + (src_len + dst_len) * 600 + n_ports * 5000 + (t.proto ? 2000 : 0) +
				 below(500));
		sink->rule(sink->aux, line);
		if (!t.proto)
			t.proto = P_TCP;
		if (i % every == 0 && i / every < n_packets)
			send_tuple(sink, &t);
	}
}

/* --- As in production --- */

enum { HOPS = 4, TABLES_PER_HOP = 10, N_SEGMENTS = 16 };

static void mac_of(unsigned int vm, uint8_t ret[6])
{
	put(ret, 6, 0x020000000000ULL + vm);
}

static uint32_t ip_of(unsigned int vm)
{
	return 0x0a000000 + (vm % N_SEGMENTS << 16) + vm / N_SEGMENTS + 2;
}

/* Which hop, table of the hop and number a rule is. */
struct at {
	unsigned int hop, vm, n_vms;
	const struct ruleset_sink *sink;
};

__attribute__((format(printf, 3, 4))) static void rule(const struct at *at, unsigned int table,
						       const char *format, ...)
{
	char line[400];
	va_list ap;
	int n = snprintf(line, sizeof(line), "table=%u,", at->hop * TABLES_PER_HOP + table);

	va_start(ap, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, ap);
	va_end(ap);
	at->sink->rule(at->sink->aux, line);
}

#define IP_FORMAT  "%u.%u.%u.%u"
#define IP_ARGS(A) (A) >> 24, (A) >> 16 & 255, (A) >> 8 & 255, (A)&255

/* Where packets are from: logical ports, by what they came with.  Metadata: the hop's logical port,
 * and in bits 16 and up its segment. */
static void classify(const struct at *at, unsigned int next)
{
	unsigned int vm = at->vm, seg = vm % N_SEGMENTS;

	if (at->hop) {
		rule(at, 0, "priority=100,metadata=0x%x,actions=write_metadata:0x%x,goto_table:%u",
		     seg << 16 | vm, seg << 16 | vm, next);
		return;
	}
	rule(at, 0,
	     "priority=100,in_port=1,dl_src=02:00:00:00:%02x:%02x,actions=write_metadata:0x%x,goto_"
	     "table:%u",
	     vm >> 8, vm & 255, seg << 16 | vm, next);
	rule(at, 0,
	     "priority=110,in_port=1,dl_vlan=%u,dl_vlan_pcp=%u,dl_src=02:00:00:00:%02x:%02x,"
	     "actions=write_metadata:0x%x,goto_table:%u",
	     100 + seg, vm % 8, vm >> 8, vm & 255, seg << 16 | vm, next);
	rule(at, 0,
	     "priority=120,in_port=3,tun_id=%u,tun_src=192.168.%u.1,tun_dst=192.168.0.1,actions="
	     "write_metadata:0x%x,goto_table:%u",
	     5000 + vm, vm % 250, seg << 16 | vm, next);
}

/* Nobody sends in another's name. */
static void guard(const struct at *at, unsigned int next)
{
	unsigned int vm = at->vm, md = (vm % N_SEGMENTS) << 16 | vm;
	uint32_t ip = ip_of(vm);

	rule(at, 1, "priority=100,metadata=0x%x,ip,nw_src=" IP_FORMAT ",actions=goto_table:%u", md,
	     IP_ARGS(ip), next);
	rule(at, 1,
	     "priority=100,metadata=0x%x,arp,arp_op=1,arp_spa=" IP_FORMAT
	     ",arp_sha=02:00:00:00:%02x:%02x,actions=goto_table:%u",
	     md, IP_ARGS(ip), vm >> 8, vm & 255, next);
	rule(at, 1, "priority=100,metadata=0x%x,ipv6,ipv6_src=2001:db8::%x,actions=goto_table:%u",
	     md, vm + 2, next);
	rule(at, 1,
	     "priority=110,metadata=0x%x,icmp6,icmp_type=135,icmp_code=0,nd_target=2001:db8::%x,nd_sll=02:00:"
	     "00:00:%02x:%02x,actions=goto_table:%u",
	     md, vm + 2, vm >> 8, vm & 255, next);
}

/* A distributed firewall's rules for this port, in three tables; most of them are about somebody
 * else's packets. */
static void filter(const struct at *at, unsigned int table, unsigned int next)
{
	unsigned int vm = at->vm, md = (vm % N_SEGMENTS) << 16 | vm;
	uint32_t peer = ip_of(below(at->n_vms)), net = peer & 0xffffff00;

	rule(at, table,
	     "priority=%u,metadata=0x%x,tcp,nw_src=" IP_FORMAT ",nw_dst=" IP_FORMAT
	     "/24,tp_dst=%u,actions=goto_table:%u",
	     400 + below(99), md, IP_ARGS(peer), IP_ARGS(net), ports[below(N_PORTS)], next);
	rule(at, table,
	     "priority=%u,metadata=0x%x,udp,nw_dst=" IP_FORMAT
	     ",tp_dst=%u,tp_src=%u,actions=goto_table:%u",
	     300 + below(99), md, IP_ARGS(peer), ports[below(N_PORTS)], ports[below(N_PORTS)],
	     next);
	if (table == 2)
		rule(at, table,
		     "priority=%u,tcp,nw_src=" IP_FORMAT "/20,nw_dst=" IP_FORMAT
		     "/28,tp_dst=%u,actions=drop",
		     200 + below(99), IP_ARGS(prefix(0xc0a80000 + below(65536), 20)),
		     IP_ARGS(prefix(peer, 28)), ports[below(N_PORTS)]);
	else if (table == 3)
		rule(at, table, "priority=%u,sctp,nw_src=" IP_FORMAT "/16,tp_dst=%u,actions=drop",
		     200 + below(99), IP_ARGS(prefix(peer, 16)), 1000 + below(60000));
	else
		rule(at, table,
		     "priority=%u,icmp,nw_src=" IP_FORMAT ",icmp_type=%u,icmp_code=%u,actions=drop",
		     200 + below(99), IP_ARGS(peer), below(18), below(4));
}

static void forward(const struct at *at, unsigned int base)
{
	unsigned int vm = at->vm, seg = vm % N_SEGMENTS, md = seg << 16 | vm;
	uint32_t ip = ip_of(vm);

	/* What the network shall prefer. */
	rule(at, 5, "priority=50,metadata=0x%x,ip,nw_tos=%u,nw_ecn=1,actions=goto_table:%u", md,
	     4 * (1 + vm % 60), base + 6);
	/* Layer 2, by segment. */
	rule(at, 6,
	     "priority=100,metadata=0x%x/"
	     "0xffff0000,dl_dst=02:00:00:00:%02x:%02x,actions=goto_table:%u",
	     seg << 16, vm >> 8, vm & 255, base + 7);
	/* Layer 3. */
	rule(at, 7, "priority=%u,ip,nw_dst=" IP_FORMAT ",actions=goto_table:%u", 320, IP_ARGS(ip),
	     base + 8);
	rule(at, 7, "priority=%u,ip,nw_dst=" IP_FORMAT "/24,actions=goto_table:%u", 240,
	     IP_ARGS(prefix(ip ^ 0x8000, 24)), base + 8);
	rule(at, 7, "priority=%u,ipv6,ipv6_dst=2001:db8::%x,actions=goto_table:%u", 320, vm + 2,
	     base + 8);
	/* Services. */
	rule(at, 8, "priority=100,tcp,nw_dst=172.16.%u.%u,tp_dst=%u,actions=goto_table:%u", vm >> 8,
	     vm & 255, ports[below(N_PORTS)], base + 9);
	rule(at, 8, "priority=100,arp,arp_op=1,arp_tpa=" IP_FORMAT ",actions=drop", IP_ARGS(ip));
	/* On to the next hop, or out. */
	if (at->hop % 2)
		rule(at, 9, "priority=100,metadata=0x%x,actions=output:2", md);
	else
		rule(at, 9, "priority=100,metadata=0x%x,actions=goto_table:%u", md,
		     base + TABLES_PER_HOP);
}

/* What no rule of a table is about goes on. */
static void make_defaults(struct at *at)
{
	for (at->hop = 0; at->hop < HOPS; at->hop++) {
		for (unsigned int table = 2; table < 9; table++)
			rule(at, table, "priority=1,actions=goto_table:%u",
			     at->hop * TABLES_PER_HOP + table + 1);
	}
}

static void make_production(unsigned int n_rules, unsigned int n_packets,
			    const struct ruleset_sink *sink)
{
	/* So many rules are written for a port of a hop. */
	const unsigned int per_vm = 1 + 4 + 3 * 3 + 8;
	unsigned int n_vms = n_rules / (per_vm * HOPS);
	struct at at = { .sink = sink, .n_vms = n_vms ? n_vms : 1 };

	for (at.hop = 0; at.hop < HOPS; at.hop++) {
		unsigned int base = at.hop * TABLES_PER_HOP;

		for (at.vm = 0; at.vm < at.n_vms; at.vm++) {
			classify(&at, base + 1);
			guard(&at, base + 2);
			for (unsigned int table = 2; table < 5; table++)
				filter(&at, table, base + table + 1);
			forward(&at, base);
		}
	}
	make_defaults(&at);
	for (unsigned int i = 0; i < n_packets; i++) {
		unsigned int vm = below(at.n_vms), peer = below(at.n_vms);
		struct tuple t = { .src = ip_of(vm),
				   .dst = ip_of(peer),
				   .proto = below(4) ? P_TCP : P_UDP,
				   .sport = (uint16_t)(1024 + below(60000)),
				   .dport = ports[below(N_PORTS)] };

		mac_of(vm, t.eth_src);
		mac_of(peer, t.eth_dst);
		send_tuple(sink, &t);
	}
}

bool ruleset_make(const char *name, unsigned int n_rules, unsigned int n_packets, uint64_t seed,
		  const struct ruleset_sink *sink)
{
	state = seed * 0x9e3779b97f4a7c15ULL | 1;
	for (int i = 0; i < 8; i++)
		below(2);
	if (!strcmp(name, "production")) {
		make_production(n_rules, n_packets, sink);
		return true;
	}
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (!strcmp(name, shapes[i].name)) {
			make_5tuples(&shapes[i], n_rules, n_packets, sink);
			return true;
		}
	}
	return false;
}
