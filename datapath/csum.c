// SPDX-License-Identifier: Apache-2.0
/* Unfinished checksums; see csum.h. */
#include "datapath/csum.h"

#include <stdbool.h>
#include <string.h>

enum {
	TYPE_VLAN = 0x8100,
	TYPE_SVLAN = 0x88a8,
	TYPE_ITAG = 0x88e7,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MC = 0x8848,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd
};
enum { PROTO_TCP = 6, PROTO_UDP = 17 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t sum_bytes(const uint8_t *p, size_t n, uint32_t sum)
{
	for (; n > 1; p += 2, n -= 2)
		sum += get16(p);
	if (n)
		sum += (uint32_t)*p << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The layer-4 part of a packet. */
struct l4 {
	uint8_t *data;
	size_t len;
	uint8_t proto;
	uint32_t pseudo; /* sum of the addresses, protocol and length */
};

static bool find_ipv4(uint8_t *ip, size_t len, struct l4 *ret)
{
	size_t ihl, total;

	if (len < 20 || ip[0] >> 4 != 4)
		return false;
	ihl = (ip[0] & 15u) * 4;
	total = get16(ip + 2);
	if (ihl < 20 || total < ihl || total > len || get16(ip + 6) & 0x3fff)
		return false;
	*ret = (struct l4){ ip + ihl, total - ihl, ip[9], sum_bytes(ip + 12, 8, 0) };
	return true;
}

static bool find_ipv6(uint8_t *ip, size_t len, struct l4 *ret)
{
	size_t payload;

	if (len < 40 || ip[0] >> 4 != 6)
		return false;
	payload = get16(ip + 4);
	if (!payload || payload > len - 40)
		return false;
	*ret = (struct l4){ ip + 40, payload, ip[6], sum_bytes(ip + 8, 32, 0) };
	return true;
}

/* How many bytes of tags stand behind 'type' until the next type; 0: it is no tag's. */
static size_t tag_len(uint16_t type)
{
	switch (type) {
	case TYPE_VLAN:
	case TYPE_SVLAN:
		return 2;
	case TYPE_ITAG:
		return 4 + 12; /* and the addresses of the packet inside */
	default:
		return 0;
	}
}

/* What labels do not say is told by the first bits, which both versions of IP have for that (RFC
 * 4928 §3). */
static bool find_l4_of_labels(uint8_t *label, size_t len, struct l4 *ret)
{
	bool is_bottom = false;

	for (; !is_bottom; label += 4, len -= 4) {
		if (len < 4)
			return false;
		is_bottom = label[2] & 1;
	}
	return find_ipv4(label, len, ret) || find_ipv6(label, len, ret);
}

static bool find_l4(uint8_t *frame, size_t len, struct l4 *ret)
{
	size_t ofs = 12;
	uint16_t type;

	do {
		if (len < ofs + 2)
			return false;
		type = get16(frame + ofs);
		ofs += 2 + tag_len(type);
	} while (tag_len(type));
	if (type == TYPE_MPLS || type == TYPE_MPLS_MC)
		return find_l4_of_labels(frame + ofs, len - ofs, ret);
	if (type == TYPE_IPV4)
		return find_ipv4(frame + ofs, len - ofs, ret);
	return type == TYPE_IPV6 && find_ipv6(frame + ofs, len - ofs, ret);
}

void csum_finish(uint8_t *frame, size_t len)
{
	uint8_t *field;
	uint16_t csum;
	struct l4 l4;

	if (!find_l4(frame, len, &l4))
		return;
	if (l4.proto == PROTO_TCP && l4.len >= 20)
		field = l4.data + 16;
	else if (l4.proto == PROTO_UDP && l4.len >= 8)
		field = l4.data + 6;
	else
		return;
	l4.pseudo += l4.proto + (uint32_t)l4.len;
	if (get16(field) != fold(l4.pseudo))
		return;
	memset(field, 0, 2);
	csum = (uint16_t)~fold(sum_bytes(l4.data, l4.len, l4.pseudo));
	if (!csum && l4.proto == PROTO_UDP)
		csum = 0xffff;
	field[0] = (uint8_t)(csum >> 8);
	field[1] = (uint8_t)csum;
}
