/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few messages that a connection exchanges on its own account (OF1.3.5 §6.3.1, §7.5.1): shared
 * by conn.c and client.c.  Messages of the switch proper are message.h's.
 */
#ifndef SKEP_OFCHAN_CONN_HELLO_H
#define SKEP_OFCHAN_CONN_HELLO_H 1

#include <stddef.h>
#include <stdint.h>

#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

/* The version that we speak, and the bitmap of all that we speak. */
#define CONN_VERSION	OFP_VERSION_13
#define CONN_VERSIONS	(1u << OFP_VERSION_13)
#define CONN_HELLO_SIZE 16
/* A header and the first 64 bytes of what was wrong with it (§7.4.4), or as much text. */
#define CONN_ERROR_DATA 128
#define CONN_ERROR_SIZE (sizeof(struct ofp_error_msg) + CONN_ERROR_DATA)

void conn_header_encode(uint8_t *buf, uint8_t version, enum ofp_type type, size_t len,
			uint32_t xid);
static inline const struct ofp_header *conn_header(const uint8_t *msg)
{
	return (const struct ofp_header *)msg;
}

/* A hello with a version bitmap. */
void conn_hello_encode(uint8_t buf[CONN_HELLO_SIZE], uint32_t xid);

/* Negotiates with the peer's hello, 'len' whole bytes at 'msg'.  Returns the version to speak, or 0
 * with the reason in 'why', for people on both sides. */
uint8_t conn_hello_negotiate(const uint8_t *msg, size_t len, char *why, size_t why_size);

/* Encodes an error with at most CONN_ERROR_DATA bytes of 'data'.  Returns its length. */
size_t conn_error_encode(uint8_t buf[CONN_ERROR_SIZE], uint8_t version, uint32_t xid,
			 enum ofp_err err, const void *data, size_t len);

/* "1.3" of 4; "0x63" of what is no version. */
const char *conn_version_name(uint8_t version, char buf[8]);

#endif
