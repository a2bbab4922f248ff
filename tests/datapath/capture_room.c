// SPDX-License-Identifier: Apache-2.0
/* Where the kernel's program is tested; see capture_room.h. */
#include "tests/datapath/capture_room.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/datapath/capture.skel.h"

static int make_namespaces(struct capture_room *room)
{
	snprintf(room->bpffs, sizeof(room->bpffs), "/tmp/skep-test.XXXXXX");
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) || !mkdtemp(room->bpffs))
		return -errno;
	snprintf(room->pin_dir, sizeof(room->pin_dir), "%s/dp", room->bpffs);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", room->bpffs, "bpf", 0, NULL))
		return -errno;
	return 0;
}

static int open_capture(struct capture_room *room)
{
	size_t size = sizeof(struct capture_frame) * CAPTURE_MAX;

	room->capture = capture_bpf__open_and_load();
	if (!room->capture)
		return -errno;
	room->head = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			  bpf_map__fd(room->capture->maps.cap_head), 0);
	room->frames = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(room->capture->maps.cap_frames), 0);
	return room->head == MAP_FAILED || room->frames == MAP_FAILED ? -errno : 0;
}

int capture_room_open(struct capture_room *room)
{
	int err = make_namespaces(room);

	if (err)
		return err;
	room->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return room->socket < 0 ? -errno : open_capture(room);
}

void capture_room_close(struct capture_room *room)
{
	capture_bpf__destroy(room->capture);
	if (!room->bpffs[0])
		return;
	umount2(room->bpffs, MNT_DETACH);
	rmdir(room->bpffs);
}

int capture_room_watch(const struct capture_room *room, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts,
		    .prog_fd = bpf_program__fd(room->capture->progs.capture));
	int err = bpf_tc_hook_create(&hook);

	return err ? err : bpf_tc_attach(&hook, &opts);
}
