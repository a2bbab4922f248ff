// SPDX-License-Identifier: Apache-2.0
/*
 * The pipeline's host build on maps filled by hand: what the parser finds, subtables of all sizes,
 * versions, action lists, and that no contents of the maps make it crash or run for ever.  Random
 * rules and packets are the differential test's (diff.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/host.h"

#define N(A) ((uint32_t)(sizeof(A) / sizeof((A)[0])))

enum { N_STRIPES = 2, VERSION = 5 };

static struct {
	struct skep_dp dp;
	struct skep_port ports[8];
	struct skep_bridge bridges[2];
	struct skep_table tables[512];
	struct skep_subtable subtables[64];
	struct skep_bucket_line buckets[64];
	struct skep_rule rules[256];
	struct skep_keyx keyx[64];
	struct skep_cell cells[256];
	struct skep_counter counters[256 * N_STRIPES];
	struct skep_table_counter table_counters[512 * N_STRIPES];
	struct skep_drop_counter drops[SKEP_N_DROPS * N_STRIPES];
	struct skep_tunnel tunnels[8];
} m;

static const struct skep_host_maps maps = {
	.dp = &m.dp,
	.ports = m.ports,
	.n_ports = N(m.ports),
	.bridges = m.bridges,
	.n_bridges = N(m.bridges),
	.tables = m.tables,
	.n_tables = N(m.tables),
	.subtables = m.subtables,
	.n_subtables = N(m.subtables),
	.buckets = m.buckets,
	.n_buckets = N(m.buckets),
	.rules = m.rules,
	.n_rules = N(m.rules),
	.keyx = m.keyx,
	.n_keyx = N(m.keyx),
	.cells = m.cells,
	.n_cells = N(m.cells),
	.counters = m.counters,
	.n_counters = N(m.counters),
	.table_counters = m.table_counters,
	.n_table_counters = N(m.table_counters),
	.drops = m.drops,
	.n_drops = N(m.drops),
	.tunnels = m.tunnels,
	.n_tunnels = N(m.tunnels),
};

/* How much of the maps is in use. */
static uint32_t n_rules, n_cells;

static struct {
	unsigned int n_out, n_events;
	uint32_t ports[64];
	uint8_t frame[2048]; /* the last one sent */
	size_t len;
	struct skep_event ev;
} seen;

static void on_output(void *aux, uint32_t port_idx, const uint8_t *frame, size_t len)
{
	(void)aux;
	seen.ports[seen.n_out++ % N(seen.ports)] = m.ports[port_idx].ofport;
	seen.len = len < sizeof(seen.frame) ? len : sizeof(seen.frame);
	memcpy(seen.frame, frame, seen.len);
}

static void on_controller(void *aux, const struct skep_event *ev, const uint8_t *frame)
{
	(void)aux;
	(void)frame;
	seen.n_events++;
	seen.ev = *ev;
}

static const struct skep_host_ops ops = { .output = on_output, .controller = on_controller };

/* Ports 1 to 3 of bridge 1, and no rules. */
static int setup(void **state)
{
	(void)state;
	memset(&m, 0, sizeof(m));
	memset(&seen, 0, sizeof(seen));
	m.dp = (struct skep_dp){ .abi = SKEP_ABI, .n_stripes = N_STRIPES, .version = VERSION };
	for (uint32_t i = 1; i <= 3; i++)
		m.ports[i] = (struct skep_port){
			.ofport = i, .bridge = 1, .ifindex = 10 + i, .way = 10 + i, .direct = 10 + i, .next = i < 3 ? i + 1 : 0
		};
	m.bridges[1].first_port = 1;
	n_rules = n_cells = 1;
	return 0;
}

static uint32_t add_cells(const struct skep_cell *apply, uint32_t n)
{
	struct skep_head head = { .n_apply = (uint16_t)n, .goto_table = SKEP_NO_GOTO, .cookie = 7 };
	uint32_t first = n_cells;

	memcpy(&m.cells[first], &head, sizeof(head));
	memcpy(&m.cells[first + 1], apply, n * sizeof(*apply));
	n_cells += n + 1;
	return first;
}

/* A rule in a subtable of its own, at the end of table 0's list: add in descending order of
 * priority. */
static struct skep_rule *add_rule(uint16_t prio, const uint64_t *key, const uint64_t *mask,
				  const struct skep_cell *apply, uint32_t n_apply)
{
	uint32_t idx = n_rules++, n_words = 0, *link = &m.tables[256].first;
	struct skep_subtable *st = &m.subtables[idx];
	struct skep_rule *rule = &m.rules[idx];
	uint64_t w[SKEP_KEY_WORDS] = { 0 }, h;

	*st = (struct skep_subtable){ .region = SKEP_REGION(16 * idx, 4, 0),
				      .max_prio = prio,
				      .seed = 99 };
	for (uint32_t i = 0; i < SKEP_KEY_WORDS; i++) {
		if (!mask[i])
			continue;
		if (n_words < 4) {
			st->ofs[n_words] = (uint8_t)(i * 8);
			st->mask[n_words] = mask[i];
		} else {
			st->ofs_x[n_words - 4] = (uint8_t)(i * 8);
			st->mask_x[n_words - 4] = mask[i];
		}
		w[n_words++] = key[i] & mask[i];
	}
	st->n_words = (uint8_t)n_words;
	*rule = (struct skep_rule){ .added_prio = (uint64_t)VERSION << 16 | prio,
				    .removed = SKEP_VERSION_MAX,
				    .flow = idx,
				    .cells = add_cells(apply, n_apply) };
	memcpy(rule->key, w, sizeof(rule->key));
	if (n_words > 4) {
		rule->key[3] = idx;
		memcpy(m.keyx[idx].w, w + 3, sizeof(m.keyx[idx].w));
	}
	h = st->seed;
	for (uint32_t i = 0; i < (n_words <= 1 ? 1 : n_words <= 4 ? 4 : n_words <= 8 ? 8 : n_words <= 16 ? 16 : n_words <= 24 ? 24 : 32);
	     i++)
		h = skep_hash_add(h, w[i]);
	m.buckets[skep_hash_bucket(h, st->region) / 16]
		.heads[skep_hash_bucket(h, st->region) % 16] = idx;
	while (*link)
		link = &m.subtables[*link].next;
	*link = idx;
	return rule;
}

static const struct skep_cell to_2 = { .op = SKEP_OP_OUTPUT, .arg32 = 2 };
static const struct skep_cell to_3 = { .op = SKEP_OP_OUTPUT, .arg32 = 3 };

static unsigned int run(const void *frame, size_t len)
{
	seen.n_out = seen.n_events = 0;
	assert_int_equal(skep_host_run(&maps, &ops, 1, 1, frame, len), 0);
	return seen.n_out;
}

static uint64_t drops(enum skep_drop reason)
{
	return m.drops[reason * N_STRIPES + N_STRIPES - 1].packets;
}

/* --- Frames --- */

#define ETH(TYPE) 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, (TYPE) >> 8, (TYPE)&0xff
#define IPV4(LEN, PROTO)                                                                           \
	0x45, 0x2e, (LEN) >> 8, (LEN)&0xff, 0, 0, 0, 0, 64, PROTO, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
#define IPV6(LEN, PROTO)                                                                           \
	0x62, 0xe1, 0x23, 0x45, 0, LEN, PROTO, 255, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   \
		0, 0, 1, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2

static const uint8_t tcp[] = { ETH(0x0800), IPV4(40, 6), 0x12, 0x34, 0, 80, 0, 0, 0, 0, 0,
			       0,	    0,		 0,    0x50, 0, 0,  0, 0, 0, 0, 0 };
static const uint8_t tagged[] = { ETH(0x8100), 0x70, 0x05, 0x08, 0, IPV4(28, 17), 0, 1, 0,
				  2,	       0,    8,	   0,	 0 };
static const uint8_t snap[] = { ETH(28), 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0, IPV4(20, 99) };
static const uint8_t llc[] = { ETH(28), 0x42, 0x42, 3, 0, 0, 0, 0x08, 0, IPV4(20, 99) };
static const uint8_t arp[] = { ETH(0x0806), 0, 1, 8, 0, 6, 4, 0, 2, 2, 0,  0, 0, 0, 1,
			       10,	    0, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2 };
static const uint8_t nd[] = { ETH(0x86dd), IPV6(32, 58),
			      135,	   0,
			      0,	   0,
			      0,	   0,
			      0,	   0,
			      0xfe,	   0x80,
			      0,	   0,
			      0,	   0,
			      0,	   0,
			      0,	   0,
			      0,	   0,
			      0,	   0,
			      0,	   9,
			      1,	   1,
			      2,	   0,
			      0,	   0,
			      0,	   0x77 };
static const uint8_t ext[] = {
	ETH(0x86dd), IPV6(16, 60), 17, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 8, 0, 8, 0, 0
};
/* An IPv4 header that claims 18 bytes, and padding that looks like UDP. */
static const uint8_t padded[] = { ETH(0x0800), IPV4(20, 17), 0, 1, 0, 2, 0, 8, 0, 0, 0, 0, 0, 0 };

/* Label 0x12345, TC 5, BoS, TTL 64: with IPv4 beneath, which is nobody's business; and one that is cut off. */
static const uint8_t mpls[] = { ETH(0x8100), 0x20, 9, 0x88, 0x47, 0x12, 0x34, 0x5b, 64, IPV4(20, 99) };
static const uint8_t mcast[] = { ETH(0x8848), 0, 0, 0x10, 64 };
static const uint8_t cut_label[] = { ETH(0x8847), 0x12, 0x34, 0x5b };
static const uint8_t pbb[] = { ETH(0x88a8), 0x20, 9, 0x88, 0xe7, 0x60, 0xab, 0xcd, 0xef, 2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 3, 8, 0 };
static const uint8_t cut_itag[] = { ETH(0x88e7), 0x60, 0xab, 0xcd, 0xef, 2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 3, 8 };

/* Extension headers of 8 bytes. */
#define EXT(NEXT)  NEXT, 0, 0, 0, 0, 0, 0, 0
#define AUTH(NEXT) NEXT, 0, 0, 0, 0, 0, 0, 0
#define E6(PROTO)  ETH(0x86dd), IPV6(0, PROTO)
static const uint8_t x_none[] = { E6(59) };
static const uint8_t x_esp[] = { E6(0), EXT(60), EXT(50), 1, 2, 3, 4 };
/* All, in RFC 2460's order. */
static const uint8_t x_order[] = { E6(0), EXT(60), EXT(43), EXT(44), EXT(51), AUTH(60), EXT(59) };
static const uint8_t x_dest_last[] = { E6(43), EXT(60), EXT(6) };
static const uint8_t x_dests[] = { E6(60), EXT(60), EXT(60), EXT(6) };
static const uint8_t x_late_hop[] = { E6(51), AUTH(0), EXT(6) };
static const uint8_t x_hops[] = { E6(0), EXT(0), EXT(6) };
static const uint8_t x_auths[] = { E6(51), AUTH(51), AUTH(60), EXT(60), EXT(6) };
static const uint8_t x_back[] = { E6(44), EXT(43), EXT(6) };
static const uint8_t x_cut[] = { E6(0), EXT(43), 6, 0, 0 };
/* What a later fragment's header names is not there. */
static const uint8_t x_fragment[] = { E6(44), 60, 0, 0x10, 0, 0, 0, 0, 0, EXT(6) };
static const uint8_t x_nine[] = { E6(43), EXT(43), EXT(43), EXT(43), EXT(43), EXT(43), EXT(43), EXT(43), EXT(51), EXT(6) };

#define FRAME(F)      #F, F, sizeof(F)
#define FIELD(MEMBER) offsetof(struct skep_key, MEMBER), sizeof(((struct skep_key *)0)->MEMBER)

static const struct {
	const char *name;
	const uint8_t *frame;
	size_t len, ofs, n;
	uint8_t value[16];
} fields[] = {
	{ FRAME(tcp), FIELD(eth_dst), { 2, 0, 0, 0, 0, 2 } },
	{ FRAME(tcp), FIELD(eth_src), { 2, 0, 0, 0, 0, 1 } },
	{ FRAME(tcp), FIELD(eth_type), { 8, 0 } },
	{ FRAME(tcp), FIELD(vlan_tci), { 0, 0 } },
	{ FRAME(tcp), FIELD(ipv4_src), { 10, 0, 0, 1 } },
	{ FRAME(tcp), FIELD(ipv4_dst), { 10, 0, 0, 2 } },
	{ FRAME(tcp), FIELD(ip_proto), { 6 } },
	{ FRAME(tcp), FIELD(ip_tos), { 0x2e } },
	{ FRAME(tcp), FIELD(tp_src), { 0x12, 0x34 } },
	{ FRAME(tcp), FIELD(tp_dst), { 0, 80 } },
	{ FRAME(tcp), FIELD(present), { SKEP_HAS_IP | SKEP_HAS_L4 } },
	{ FRAME(tagged), FIELD(vlan_tci), { 0x70, 0x05 } },
	{ FRAME(tagged), FIELD(eth_type), { 8, 0 } },
	{ FRAME(tagged), FIELD(tp_dst), { 0, 2 } },
	{ FRAME(snap), FIELD(eth_type), { 8, 0 } },
	{ FRAME(snap), FIELD(ip_proto), { 99 } },
	{ FRAME(llc), FIELD(eth_type), { 0x05, 0xff } },
	{ FRAME(llc), FIELD(present), { 0 } },
	{ FRAME(arp), FIELD(tp_src), { 0, 2 } },
	{ FRAME(arp), FIELD(present), { SKEP_HAS_ARP } },
	{ FRAME(arp), FIELD(ipv4_dst), { 10, 0, 0, 2 } },
	{ FRAME(arp), FIELD(nd_sll), { 2, 0, 0, 0, 0, 1 } },
	{ FRAME(arp), FIELD(nd_tll), { 2, 0, 0, 0, 0, 2 } },
	{ FRAME(nd), FIELD(ipv6_flabel), { 0, 1, 0x23, 0x45 } },
	{ FRAME(nd), FIELD(ip_tos), { 0x2e } },
	{ FRAME(nd), FIELD(ipv6_dst), { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 } },
	{ FRAME(nd), FIELD(nd_target), { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 } },
	{ FRAME(nd), FIELD(nd_sll), { 2, 0, 0, 0, 0, 0x77 } },
	{ FRAME(nd), FIELD(tp_src), { 0, 135 } },
	{ FRAME(nd), FIELD(present), { SKEP_HAS_IP | SKEP_HAS_L4 | SKEP_HAS_ND | SKEP_HAS_SLL } },
	{ FRAME(ext), FIELD(ip_proto), { 17 } },
	{ FRAME(ext), FIELD(tp_src), { 0, 7 } },
	{ FRAME(tcp), FIELD(in_phy_port), { 1 } },
	{ FRAME(nd), FIELD(in_phy_port), { 1 } },
	{ FRAME(mpls), FIELD(eth_type), { 0x88, 0x47 } },
	{ FRAME(mpls), FIELD(vlan_tci), { 0x30, 9 } },
	{ FRAME(mpls), FIELD(mpls_lse), { 0x12, 0x34, 0x5b, 0 } },
	{ FRAME(mpls), FIELD(present), { SKEP_HAS_MPLS } },
	{ FRAME(mpls), FIELD(ipv4_src), { 0 } },
	{ FRAME(mcast), FIELD(mpls_lse), { 0, 0, 0x10, 0 } },
	{ FRAME(cut_label), FIELD(mpls_lse), { 0 } },
	{ FRAME(cut_label), FIELD(present), { 0 } },
	{ FRAME(pbb), FIELD(eth_type), { 0x88, 0xe7 } },
	{ FRAME(pbb), FIELD(eth_dst), { 2, 0, 0, 0, 0, 2 } },
	{ FRAME(pbb), FIELD(vlan_tci), { 0x30, 9 } },
	{ FRAME(pbb), FIELD(pbb_isid), { 0xab, 0xcd, 0xef } },
	{ FRAME(pbb), FIELD(present), { SKEP_HAS_PBB } },
	{ FRAME(cut_itag), FIELD(pbb_isid), { 0 } },
	{ FRAME(cut_itag), FIELD(present), { 0 } },
	{ FRAME(nd), FIELD(ipv6_exthdr), { 0, 0 } },
	{ FRAME(ext), FIELD(ipv6_exthdr), { 0, 0x08 } },
	{ FRAME(x_none), FIELD(ipv6_exthdr), { 0, 0x01 } },
	{ FRAME(x_esp), FIELD(ipv6_exthdr), { 0, 0x4a } },
	{ FRAME(x_order), FIELD(ipv6_exthdr), { 0, 0x7d } },
	{ FRAME(x_dest_last), FIELD(ipv6_exthdr), { 0, 0x28 } },
	{ FRAME(x_dests), FIELD(ipv6_exthdr), { 0, 0x88 } },
	{ FRAME(x_late_hop), FIELD(ipv6_exthdr), { 1, 0x04 } },
	{ FRAME(x_hops), FIELD(ipv6_exthdr), { 0, 0xc0 } },
	{ FRAME(x_auths), FIELD(ipv6_exthdr), { 0, 0x8c } },
	{ FRAME(x_back), FIELD(ipv6_exthdr), { 1, 0x30 } },
	{ FRAME(x_cut), FIELD(ipv6_exthdr), { 0, 0x60 } },
	{ FRAME(x_cut), FIELD(ip_proto), { 43 } },
	{ FRAME(x_fragment), FIELD(ipv6_exthdr), { 0, 0x10 } },
	{ FRAME(x_fragment), FIELD(ip_proto), { 60 } },
	{ FRAME(x_nine), FIELD(ipv6_exthdr), { 0, 0xa4 } },
	{ FRAME(x_nine), FIELD(ip_proto), { 51 } },
	{ FRAME(padded), FIELD(ip_proto), { 17 } },
	{ FRAME(padded), FIELD(present), { SKEP_HAS_IP } },
};

static void the_parser_finds_the_fields(void **state)
{
	for (size_t i = 0; i < N(fields); i++) {
		uint64_t key[SKEP_KEY_WORDS] = { 0 }, mask[SKEP_KEY_WORDS] = { 0 };

		memset((uint8_t *)mask + fields[i].ofs, 0xff, fields[i].n);
		memcpy((uint8_t *)key + fields[i].ofs, fields[i].value, fields[i].n);
		for (int flip = 0; flip < 2; flip++) {
			setup(state);
			((uint8_t *)key)[fields[i].ofs + fields[i].n - 1] ^= (uint8_t)(flip << 3);
			add_rule(1, key, mask, &to_2, 1);
			if (run(fields[i].frame, fields[i].len) != !flip)
				fail_msg("%s, key offset %zu, flip %d", fields[i].name,
					 fields[i].ofs, flip);
		}
	}
}

static void subtables_of_all_sizes_match(void **state)
{
	/* The key of 'tcp': in_port, metadata 0, and as above. */
	static const struct skep_key tcp_key = {
		.in_port = 1,
		.in_phy_port = 1,
		.eth_dst = { 2, 0, 0, 0, 0, 2 },
		.eth_src = { 2, 0, 0, 0, 0, 1 },
	};
	uint64_t key[SKEP_KEY_WORDS], mask[SKEP_KEY_WORDS] = { 0 };

	memcpy(key, &tcp_key, sizeof(key));
	for (int n = 0; n <= SKEP_KEY_WORDS; n++) {
		setup(state);
		if (n)
			mask[n - 1] = ~0ULL;
		/* Words of which we do not know the value by heart: not all of them. */
		mask[2] &= 0xffffffff;
		mask[3] &= 0xffffffff;
		mask[4] &= 0;
		mask[5] &= 0;
		add_rule(1, key, mask, &to_2, 1);
		assert_int_equal(run(tcp, sizeof(tcp)), 1);
		if (n > 8)
			assert_true(m.subtables[1].n_words == n - 2);
		key[n ? n - 1 : 0] ^= n ? mask[n - 1] & 1 : 0;
		setup(state);
		add_rule(1, key, mask, &to_2, 1);
		if (n && mask[n - 1])
			assert_int_equal(run(tcp, sizeof(tcp)), 0);
		key[n ? n - 1 : 0] ^= n ? mask[n - 1] & 1 : 0;
	}
}

static void a_rule_is_seen_in_its_versions_only(void **state)
{
	const uint64_t any[SKEP_KEY_WORDS] = { 0 };
	struct skep_rule *rule = add_rule(1, any, any, &to_2, 1);

	(void)state;
	assert_int_equal(run(tcp, sizeof(tcp)), 1);
	rule->added_prio += 1 << 16;
	assert_int_equal(run(tcp, sizeof(tcp)), 0);
	assert_int_equal(drops(SKEP_DROP_MISS), 1);
	m.dp.version++;
	assert_int_equal(run(tcp, sizeof(tcp)), 1);
	rule->removed = VERSION + 1;
	assert_int_equal(run(tcp, sizeof(tcp)), 0);
}

static void the_highest_priority_wins(void **state)
{
	const uint64_t any[SKEP_KEY_WORDS] = { 0 }, in_port[SKEP_KEY_WORDS] = { ~0ULL };
	const struct skep_key k = { .in_port = 1 };
	uint64_t key[SKEP_KEY_WORDS];

	(void)state;
	memcpy(key, &k, sizeof(key));
	add_rule(20, key, in_port, &to_3, 1);
	add_rule(10, any, any, &to_2, 1);
	run(tcp, sizeof(tcp));
	assert_int_equal(seen.ports[0], 3);
	/* The first subtable may have a rule of lower priority than its max_prio. */
	m.rules[1].added_prio = (uint64_t)VERSION << 16 | 5;
	run(tcp, sizeof(tcp));
	assert_int_equal(seen.ports[0], 2);
	assert_int_equal(m.counters[1 * N_STRIPES + 1].packets, 1);
	assert_int_equal(m.counters[2 * N_STRIPES + 1].bytes, sizeof(tcp));
	assert_int_equal(m.table_counters[256 * N_STRIPES + 1].lookups, 2);
	assert_int_equal(m.table_counters[256 * N_STRIPES + 1].matches, 2);
}

static void a_packet_out_to_table_leaves_its_packet_alone(void **state)
{
	const uint64_t any[SKEP_KEY_WORDS] = { 0 };
	const struct skep_cell rule[] = { { .op = SKEP_OP_PUSH_VLAN, .arg = 0x88a8 }, to_2 };
	const struct skep_cell list[] = { { .op = SKEP_OP_TABLE }, to_3 };

	(void)state;
	add_rule(1, any, any, rule, 2);
	assert_int_equal(
		skep_host_packet_out(&maps, &ops, 1, 0xfffffffd, list, 2, tcp, sizeof(tcp)), 0);
	assert_int_equal(seen.n_out, 2);
	assert_int_equal(seen.ports[0], 2);
	assert_int_equal(seen.ports[1], 3);
	assert_int_equal(seen.len, sizeof(tcp));
	assert_memory_equal(seen.frame, tcp, sizeof(tcp));
}

static void table_in_a_rule_does_nothing(void **state)
{
	const uint64_t any[SKEP_KEY_WORDS] = { 0 };
	const struct skep_cell rule[] = { { .op = SKEP_OP_TABLE }, to_2 };

	(void)state;
	add_rule(1, any, any, rule, 2);
	assert_int_equal(run(tcp, sizeof(tcp)), 1);
}

static void flood_leaves_out_the_in_port_and_those_that_may_not_send(void **state)
{
	const uint64_t any[SKEP_KEY_WORDS] = { 0 };
	const struct skep_cell flood = { .op = SKEP_OP_FLOOD };

	(void)state;
	add_rule(1, any, any, &flood, 1);
	assert_int_equal(run(tcp, sizeof(tcp)), 2);
	m.ports[2].config = SKEP_PC_NO_FWD;
	assert_int_equal(run(tcp, sizeof(tcp)), 1);
	assert_int_equal(seen.ports[0], 3);
	m.ports[1].config = SKEP_PC_NO_RECV;
	assert_int_equal(run(tcp, sizeof(tcp)), 0);
	assert_int_equal(drops(SKEP_DROP_PORT_RECV), 1);
}

static void short_frames_are_dropped(void **state)
{
	(void)state;
	assert_int_equal(run(tcp, 13), 0);
	assert_int_equal(drops(SKEP_DROP_SHORT), 1);
	assert_int_equal(skep_host_run(&maps, &ops, 1, 1, tcp, 65536), -90 /* EMSGSIZE */);
	assert_int_equal(skep_host_run(&maps, &ops, 2, 1, tcp, 60), -22 /* EINVAL */);
}

static uint32_t crc32c(const uint8_t *p, size_t n)
{
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

static void put_crc(uint8_t *sctp, size_t n)
{
	uint32_t crc;

	memset(sctp + 8, 0, 4);
	crc = crc32c(sctp, n);
	for (int i = 0; i < 4; i++)
		sctp[8 + i] = (uint8_t)(crc >> i * 8);
}

static void sctp_checksums_follow_ports(void **state)
{
	static const size_t lengths[] = { 12, 13, 100, 1400 };
	const uint64_t any[SKEP_KEY_WORDS] = { 0 };
	const struct skep_cell rule[] = {
		{ .op = SKEP_OP_SET_FIELD, .arg = 18, .arg64 = 0x3930 }, /* either byte order */
		to_2,
	};
	uint8_t frame[34 + 1400 + 6] = { ETH(0x0800), IPV4(0, 132) };

	(void)state;
	add_rule(1, any, any, rule, 2);
	for (size_t i = 0; i < N(lengths); i++) {
		size_t n = lengths[i];

		for (size_t k = 0; k < n; k++)
			frame[34 + k] = (uint8_t)(k * 7 + i);
		frame[16] = (uint8_t)((20 + n) >> 8);
		frame[17] = (uint8_t)(20 + n);
		put_crc(frame + 34, n);
		assert_int_equal(run(frame, 34 + n + 6), 1); /* 6 bytes of padding */
		memcpy(frame + 36, &rule[0].arg64, 2);
		put_crc(frame + 34, n);
		assert_memory_equal(seen.frame, frame, 34 + n);
	}
}

/* --- Garbage --- */

static void fill_randomly(void *p, size_t n, uint32_t and)
{
	uint32_t *w = p;

	for (size_t i = 0; i < n / 4; i++)
		w[i] = ((uint32_t)rand() << 16 ^ (uint32_t)rand()) & and;
}

static void no_contents_of_the_maps_are_fatal(void **state)
{
	static const uint32_t masks[] = { ~0u, 0x0000003f, 0x3f3f3f3f, 0x00030007 };
	static const uint8_t *const frames[] = { tcp, tagged, nd, arp };
	static const size_t lengths[] = { sizeof(tcp), sizeof(tagged), sizeof(nd), sizeof(arp) };

	(void)state;
	srand(1);
	for (int i = 0; i < 400; i++) {
		fill_randomly(&m, sizeof(m), masks[i % 4]);
		m.dp.n_stripes = N_STRIPES;
		for (uint32_t k = 0; k < N(m.ports) && i % 2; k++) {
			/* Ports of all kinds, that name each other and tunnels. */
			m.ports[k].config = SKEP_PC_SPECIAL_OUT;
			m.ports[k].kind %= SKEP_PORT_IO_DEV + 1;
			m.ports[k].aux %= 2 * N(m.ports);
			m.tunnels[k].port = k;
		}
		for (uint32_t k = 1; k < N(m.subtables) && i % 8 >= 4; k++) {
			/* Deeper in: rules that everything hits. */
			memset(m.subtables[k].mask, 0, sizeof(m.subtables[k].mask));
			memset(m.subtables[k].mask_x, 0, sizeof(m.subtables[k].mask_x));
			memset(m.rules[k].key, 0, sizeof(m.rules[k].key));
			m.rules[k].added_prio &= 0xffff;
			m.rules[k].removed = SKEP_VERSION_MAX;
			m.dp.version = 1;
		}
		for (uint32_t k = 0; k < N(frames); k++) {
			skep_host_run(&maps, &ops, 1, m.ports[1].ofport, frames[k], lengths[k]);
			skep_host_packet_out(&maps, &ops, 0, 1, m.cells, 64, frames[k], lengths[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_parser_finds_the_fields, setup),
		cmocka_unit_test_setup(subtables_of_all_sizes_match, setup),
		cmocka_unit_test_setup(a_rule_is_seen_in_its_versions_only, setup),
		cmocka_unit_test_setup(the_highest_priority_wins, setup),
		cmocka_unit_test_setup(a_packet_out_to_table_leaves_its_packet_alone, setup),
		cmocka_unit_test_setup(table_in_a_rule_does_nothing, setup),
		cmocka_unit_test_setup(flood_leaves_out_the_in_port_and_those_that_may_not_send,
				       setup),
		cmocka_unit_test_setup(short_frames_are_dropped, setup),
		cmocka_unit_test_setup(sctp_checksums_follow_ports, setup),
		cmocka_unit_test_setup(no_contents_of_the_maps_are_fatal, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
