/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a decoded message back to bytes: what golden bytes and fuzzing compare.
 */
#ifndef SKEP_TESTS_WIRE_REENCODE_H
#define SKEP_TESTS_WIRE_REENCODE_H 1

#include <stdbool.h>

#include "buf.h"
#include "ofchan/message.h"

/* Appends 'm', which was decoded without error, with the codec's encoders; the entries of a
 * multipart reply are decoded and encoded one by one.  False if the bytes of this kind of message
 * are not kept when it is decoded (group and meter mods: their buckets and bands are only counted),
 * or if an entry of a reply is malformed. */
bool reencode(struct buf *out, const struct ofmsg *m);

#endif
