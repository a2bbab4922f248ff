// SPDX-License-Identifier: Apache-2.0
/* Hello and error messages of a connection; see conn_hello.h. */
#include "ofchan/conn_hello.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void conn_header_encode(uint8_t *buf, uint8_t version, enum ofp_type type, size_t len, uint32_t xid)
{
	const struct ofp_header header = {
		.version = version,
		.type = (uint8_t)type,
		.length = htons((uint16_t)len),
		.xid = htonl(xid),
	};

	memcpy(buf, &header, sizeof(header));
}

void conn_hello_encode(uint8_t buf[CONN_HELLO_SIZE], uint32_t xid)
{
	const struct ofp_hello_elem_header elem = {
		.type = htons(OFPHET_VERSIONBITMAP),
		.length = htons(sizeof(elem) + 4),
	};
	const uint32_t versions = htonl(CONN_VERSIONS);

	conn_header_encode(buf, CONN_VERSION, OFPT_HELLO, CONN_HELLO_SIZE, xid);
	memcpy(buf + 8, &elem, sizeof(elem));
	memcpy(buf + 12, &versions, sizeof(versions));
}

const char *conn_version_name(uint8_t version, char buf[8])
{
	if (version >= 1 && version <= 6)
		snprintf(buf, 8, "1.%u", version - 1u);
	else
		snprintf(buf, 8, "0x%02x", version);
	return buf;
}

/* Finds the first word of the version bitmap.  Elements that are not known, and what follows a
 * broken one, are ignored (§7.5.1: "implementations must ignore (skip) all elements ... they do not
 * support"). */
static bool find_bitmap(const uint8_t *msg, size_t len, uint32_t *ret)
{
	struct ofp_hello_elem_header elem;
	size_t ofs = sizeof(struct ofp_header);

	while (ofs + sizeof(elem) <= len) {
		size_t elem_len;

		memcpy(&elem, msg + ofs, sizeof(elem));
		elem_len = ntohs(elem.length);
		if (elem_len < sizeof(elem) || elem_len > len - ofs)
			return false;
		if (elem.type == htons(OFPHET_VERSIONBITMAP) && elem_len >= sizeof(elem) + 4) {
			uint32_t word;

			memcpy(&word, msg + ofs + sizeof(elem), sizeof(word));
			*ret = ntohl(word);
			return true;
		}
		ofs += (elem_len + 7) / 8 * 8;
	}
	return false;
}

static void format_bitmap(uint32_t bitmap, char *buf, size_t size)
{
	char name[8];
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int v = 0; v < 32; v++)
		if (bitmap >> v & 1 && n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
					      conn_version_name((uint8_t)v, name));
	if (!n)
		snprintf(buf, size, "none");
}

uint8_t conn_hello_negotiate(const uint8_t *msg, size_t len, char *why, size_t why_size)
{
	uint8_t theirs = conn_header(msg)->version;
	char ours[8], name[8], list[128];
	uint32_t bitmap;

	if (find_bitmap(msg, len, &bitmap)) {
		if (bitmap & CONN_VERSIONS)
			return CONN_VERSION;
		format_bitmap(bitmap, list, sizeof(list));
		snprintf(why, why_size, "no common version: peer speaks OpenFlow %s, skep %s", list,
			 conn_version_name(CONN_VERSION, ours));
		return 0;
	}
	/* Without a bitmap the smaller of the two highest versions is it (§6.3.1), if it is ours.
	 */
	if (theirs >= CONN_VERSION)
		return CONN_VERSION;
	snprintf(why, why_size, "no common version: peer speaks OpenFlow %s at most, skep %s",
		 conn_version_name(theirs, name), conn_version_name(CONN_VERSION, ours));
	return 0;
}

size_t conn_error_encode(uint8_t buf[CONN_ERROR_SIZE], uint8_t version, uint32_t xid,
			 enum ofp_err err, const void *data, size_t len)
{
	const uint16_t type = htons(ofp_err_type(err)), code = htons(ofp_err_code(err));
	size_t n = len < CONN_ERROR_DATA ? len : CONN_ERROR_DATA;

	conn_header_encode(buf, version, OFPT_ERROR, sizeof(struct ofp_error_msg) + n, xid);
	memcpy(buf + 8, &type, sizeof(type));
	memcpy(buf + 10, &code, sizeof(code));
	memcpy(buf + 12, data, n);
	return sizeof(struct ofp_error_msg) + n;
}
