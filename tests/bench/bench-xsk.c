// SPDX-License-Identifier: Apache-2.0
/*
 * What AF_XDP gives a process on an interface, beside a packet socket: for bench-socket and docs/socket.md.
 *
 *   bench-xsk echo DEV [QUEUE]  sends every packet of DEV's receive queue back with the MAC addresses swapped, by an AF_XDP socket in copy mode
 *   bench-xsk try               tries to bring packets to such a socket from a tc program, and prints what the kernel says
 *
 * libbpf 1.x has no part for AF_XDP, and the few calls it takes are written out here.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/bench/xsk.skel.h"

/* Half of the frames are at the socket's receiving end, or with us; as many rings' places as frames, so that no ring is ever full. */
enum { N_FRAMES = 4096, FRAME_SIZE = 4096, BATCH = 64 };

/* One of the four rings: of addresses (fill, completion) or of struct xdp_desc (rx, tx). */
struct ring {
	uint32_t *producer, *consumer;
	void *entries;
};

struct xsk {
	int fd;
	uint8_t *umem;
	struct ring fill, completion, rx, tx;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-xsk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct ring map_ring(int fd, const struct xdp_ring_offset *ofs, size_t entry, off_t what)
{
	uint8_t *map = mmap(NULL, ofs->desc + N_FRAMES * entry, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, fd, what);

	if (map == MAP_FAILED)
		die("mmap of a ring");
	return (struct ring){
		.producer = (uint32_t *)(void *)(map + ofs->producer),
		.consumer = (uint32_t *)(void *)(map + ofs->consumer),
		.entries = map + ofs->desc,
	};
}

static void map_rings(struct xsk *x)
{
	static const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING };
	struct xdp_mmap_offsets ofs;
	socklen_t len = sizeof(ofs);
	const int n = N_FRAMES;

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (setsockopt(x->fd, SOL_XDP, rings[i], &n, sizeof(n)))
			die("size of a ring");
	if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &ofs, &len))
		die("XDP_MMAP_OFFSETS");
	x->fill = map_ring(x->fd, &ofs.fr, sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_FILL_RING);
	x->completion = map_ring(x->fd, &ofs.cr, sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_COMPLETION_RING);
	x->rx = map_ring(x->fd, &ofs.rx, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
	x->tx = map_ring(x->fd, &ofs.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
}

/* Gives the kernel a frame to receive into. */
static void put_fill(struct xsk *x, uint64_t addr)
{
	uint32_t at = *x->fill.producer;

	((uint64_t *)x->fill.entries)[at % N_FRAMES] = addr;
	__atomic_store_n(x->fill.producer, at + 1, __ATOMIC_RELEASE);
}

static void open_xsk(struct xsk *x, unsigned int ifindex, uint32_t queue)
{
	struct sockaddr_xdp sxdp = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = ifindex,
		.sxdp_queue_id = queue,
		.sxdp_flags = XDP_COPY,
	};
	struct xdp_umem_reg reg = { .len = (uint64_t)N_FRAMES * FRAME_SIZE, .chunk_size = FRAME_SIZE };

	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	x->umem = mmap(NULL, reg.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	reg.addr = (uint64_t)(uintptr_t)x->umem;
	if (x->fd < 0 || x->umem == MAP_FAILED || setsockopt(x->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)))
		die("AF_XDP");
	map_rings(x);
	if (bind(x->fd, (struct sockaddr *)&sxdp, sizeof(sxdp)))
		die("bind");
	for (uint64_t i = 0; i < N_FRAMES; i++)
		put_fill(x, i * FRAME_SIZE);
}

/* What has been sent is free to be received into. */
static void reclaim(struct xsk *x)
{
	uint32_t at = *x->completion.consumer;
	uint32_t end = __atomic_load_n(x->completion.producer, __ATOMIC_ACQUIRE);

	for (; at != end; at++)
		put_fill(x, ((uint64_t *)x->completion.entries)[at % N_FRAMES] / FRAME_SIZE * FRAME_SIZE);
	__atomic_store_n(x->completion.consumer, at, __ATOMIC_RELEASE);
}

/* Moves up to BATCH packets from the receiving ring to the sending one, without copying.  Returns how many. */
static unsigned int reflect(struct xsk *x)
{
	uint32_t from = *x->rx.consumer, to = *x->tx.producer;
	uint32_t n = __atomic_load_n(x->rx.producer, __ATOMIC_ACQUIRE) - from;

	if (n > BATCH)
		n = BATCH;
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = &((struct xdp_desc *)x->rx.entries)[(from + i) % N_FRAMES];
		uint8_t *frame = x->umem + desc->addr, mac[ETH_ALEN];

		memcpy(mac, frame, ETH_ALEN);
		memcpy(frame, frame + ETH_ALEN, ETH_ALEN);
		memcpy(frame + ETH_ALEN, mac, ETH_ALEN);
		((struct xdp_desc *)x->tx.entries)[(to + i) % N_FRAMES] = *desc;
	}
	__atomic_store_n(x->rx.consumer, from + n, __ATOMIC_RELEASE);
	__atomic_store_n(x->tx.producer, to + n, __ATOMIC_RELEASE);
	return n;
}

static _Noreturn void echo(const char *dev, uint32_t queue)
{
	struct pollfd pfd = { .events = POLLIN };
	struct xsk_bpf *skel = xsk_bpf__open_and_load();
	unsigned int ifindex = if_nametoindex(dev);
	struct xsk x = { 0 };

	if (!skel || !ifindex)
		die(dev);
	open_xsk(&x, ifindex, queue);
	pfd.fd = x.fd;
	/* A link: it goes with the process. */
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.sockets), &queue, &x.fd, 0) ||
	    !bpf_program__attach_xdp(skel->progs.xdp_to_socket, (int)ifindex))
		die("XDP program");
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		if (reflect(&x)) {
			/* In copy mode the kernel sends during the call, up to 32 packets of it; busy: call again. */
			while (*x.tx.producer != __atomic_load_n(x.tx.consumer, __ATOMIC_ACQUIRE))
				if (sendto(x.fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
				    errno != EBUSY && errno != ENOBUFS)
					die("sendto");
			reclaim(&x);
		} else if (poll(&pfd, 1, -1) < 0 && errno != EINTR) {
			die("poll");
		}
	}
}

/* --- What the kernel says --- */

static int print_all(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stdout, format, args) : 0;
}

static void try_load(const char *name)
{
	struct xsk_bpf *skel = xsk_bpf__open();
	struct bpf_program *prog;
	int err;

	if (!skel)
		die("open");
	bpf_object__for_each_program (prog, skel->obj)
		bpf_program__set_autoload(prog, strcmp(bpf_program__name(prog), name) == 0);
	printf("== %s\n", name);
	err = xsk_bpf__load(skel);
	printf("-> %s\n", err ? strerror(-err) : "accepted");
	xsk_bpf__destroy(skel);
}

/* A UDP socket, bound, is what a sockmap is for: it shows that the trial is right. */
static void try_sockmap(const char *name, int domain, int type)
{
	int map = bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "sockmap", 4, 4, 1, NULL);
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(domain, type, 0);
	uint32_t zero = 0;

	printf("== sockmap takes a socket: %s\n", name);
	if (map < 0 || fd < 0 || (domain == AF_INET && bind(fd, (struct sockaddr *)&any, sizeof(any))))
		die("sockmap");
	printf("-> %s\n", bpf_map_update_elem(map, &zero, &fd, 0) ? strerror(errno) : "accepted");
	close(map);
	close(fd);
}

int main(int argc, char *argv[])
{
	if (argc >= 3 && strcmp(argv[1], "echo") == 0)
		echo(argv[2], argc > 3 ? (uint32_t)atoi(argv[3]) : 0);
	if (argc == 2 && strcmp(argv[1], "try") == 0) {
		libbpf_set_print(print_all);
		try_load("xdp_to_socket");
		try_load("tc_redirect_map");
		try_load("tc_assign");
		try_sockmap("AF_XDP", AF_XDP, SOCK_RAW);
		try_sockmap("AF_PACKET", AF_PACKET, SOCK_RAW);
		try_sockmap("UDP", AF_INET, SOCK_DGRAM);
		return 0;
	}
	fprintf(stderr, "usage: bench-xsk {echo DEV [QUEUE] | try}\n");
	return 2;
}
