/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place for tests of the kernel's program: a network namespace and a bpffs that go with the process, the capturing program (capture.h),
 * and a packet socket.
 */
#ifndef SKEP_TEST_CAPTURE_ROOM_H
#define SKEP_TEST_CAPTURE_ROOM_H 1

#include <stdint.h>

#include "tests/datapath/capture.h"

struct capture_bpf;

struct capture_room {
	struct capture_bpf *capture;
	struct capture_head *head;
	struct capture_frame *frames;
	char bpffs[64];
	char pin_dir[80]; /* for a datapath; not made yet */
	int socket;	  /* AF_PACKET */
};

/* Moves the process there.  0 or a negative errno; capture_room_close() is to be called in either case. */
int capture_room_open(struct capture_room *room);
void capture_room_close(struct capture_room *room);
/* Captures what leaves through the interface. */
int capture_room_watch(const struct capture_room *room, uint32_t ifindex);

#endif
