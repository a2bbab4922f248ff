// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the network namespace that it runs in a host of bench-overlay, or the switch of bench-forward: joins a port and a tunnel, or two ports, by
 * programs that do nothing else, by the seed's, or by skep's datapath.
 *
 *   bench-node WAY PORT DEVICE [REMOTE KEY [PEER]]      WAY: see ways[]; PEER: the address of the port's other end
 *
 * PORT is a veth; DEVICE is a collect-metadata VXLAN device, or for the ways "bare*" the interface that the packets leave by.  REMOTE is an IPv4
 * address.  Prints "ready" and stays until its standard input ends; then nothing of it is left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath/datapath.h"
#include "tests/bench/bare.skel.h"
#include "tests/bench/seed.h"
#include "tests/bench/seed.skel.h"

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, which older headers lack */

struct host {
	uint32_t port, device; /* ifindexes */
	struct in_addr remote;
	uint32_t key;
	uint8_t peer[6];
	struct dp *dp; /* open: closing it turns off the way to the peer */
	char bpffs[32];
	char pin_dir[64];
};

static void die(const char *what, int err)
{
	fprintf(stderr, "bench-node: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* As skepd does it: by tcx where the kernel has it.  The attachment ends with the process, or with the namespace. */
static void attach(uint32_t ifindex, const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog), .handle = 1, .priority = 1);
	int err;

	if (bpf_link_create(bpf_program__fd(prog), (int)ifindex, TCX_INGRESS, NULL) >= 0)
		return;
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		die("clsact", err);
	err = bpf_tc_attach(&hook, &opts);
	if (err)
		die("attach", err);
}

static struct bare_bpf *load_bare(uint32_t to)
{
	struct bare_bpf *skel = bare_bpf__open();

	if (!skel)
		die("bare", errno);
	skel->rodata->out_ifindex = to;
	if (bare_bpf__load(skel))
		die("bare", errno);
	return skel;
}

static void start_bare(struct host *h)
{
	attach(h->port, load_bare(h->device)->progs.bare);
	attach(h->device, load_bare(h->port)->progs.bare);
}

static void start_bare_peer(struct host *h)
{
	attach(h->port, load_bare(h->device)->progs.bare_peer);
	attach(h->device, load_bare(h->port)->progs.bare_peer);
}

static void attach_xdp(uint32_t ifindex, const struct bpf_program *prog)
{
	if (bpf_link_create(bpf_program__fd(prog), (int)ifindex, BPF_XDP, NULL) < 0)
		die("attach XDP", errno);
}

static void start_bare_xdp(struct host *h)
{
	attach_xdp(h->port, load_bare(h->device)->progs.bare_xdp);
	attach_xdp(h->device, load_bare(h->port)->progs.bare_xdp);
}

static struct seed_bpf *load_seed(const struct host *h)
{
	struct seed_tunnel tunnel = { .id = h->key, .remote_ipv4 = ntohl(h->remote.s_addr) };
	struct seed_bpf *skel = seed_bpf__open();

	if (!skel)
		die("seed", errno);
	skel->rodata->tunnel_ifindex = h->device;
	if (seed_bpf__load(skel))
		die("seed", errno);
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.tunnel_to_if), &tunnel, &h->port, 0) ||
	    bpf_map_update_elem(bpf_map__fd(skel->maps.if_to_tunnel), &h->port, &tunnel, 0))
		die("seed's maps", errno);
	return skel;
}

static void start_seed_clone(struct host *h)
{
	struct seed_bpf *skel = load_seed(h);

	attach(h->port, skel->progs.from_port_clone);
	attach(h->device, skel->progs.from_tunnel_clone);
}

static void start_seed_redirect(struct host *h)
{
	struct seed_bpf *skel = load_seed(h);

	attach(h->port, skel->progs.from_port_redirect);
	attach(h->device, skel->progs.from_tunnel_redirect);
}

/* A bpffs that nobody else sees. */
static void make_bpffs(struct host *h)
{
	snprintf(h->bpffs, sizeof(h->bpffs), "/tmp/skep-bench.XXXXXX");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("unshare", errno);
	if (!mkdtemp(h->bpffs) || mount("bpf", h->bpffs, "bpf", 0, NULL))
		die(h->bpffs, errno);
	snprintf(h->pin_dir, sizeof(h->pin_dir), "%s/dp", h->bpffs);
}

/* 'in_port' 0: any. */
static int add_rule(struct dp *dp, uint32_t bridge, uint32_t in_port, uint32_t out_port)
{
	static struct flow_mod fm;

	fm = (struct flow_mod){ .out_port = PORT_ANY, .out_group = GROUP_ANY, .priority = 10 };
	if (in_port)
		match_set_u64(&fm.match, FIELD_IN_PORT, in_port);
	instructions_init(&fm.instructions);
	fm.instructions.has_apply = true;
	fm.instructions.apply.n = 1;
	fm.instructions.apply.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = out_port };
	return dp_flow_mod(dp, bridge, &fm);
}

/* Port 1 is the port, 2 the tunnel. */
static void start_skep_as(struct host *h, bool is_clone, bool is_normal, bool is_peer)
{
	struct dp_tunnel tunnel = { .is_local_any = true, .key = h->key, .out_key = h->key };
	struct dp_config config = { .clone_last = is_clone };
	char err_buf[2048] = "datapath";
	uint32_t bridge;
	struct dp *dp;
	bool adopted;
	int err;

	make_bpffs(h);
	config.pin_dir = h->pin_dir;
	memcpy(tunnel.remote, &h->remote, sizeof(h->remote));
	err = dp_open(&config, &dp, &adopted, err_buf, sizeof(err_buf));
	if (!err)
		err = dp_bridge_add(dp, "bench", &bridge);
	if (!err)
		err = dp_device_add(dp, DP_DEVICE_TUNNEL, h->device, err_buf, sizeof(err_buf));
	if (!err)
		err = dp_port_add(dp, bridge, 1, h->port, err_buf, sizeof(err_buf));
	if (!err)
		err = dp_port_add_tunnel(dp, bridge, 2, h->device, &tunnel, err_buf, sizeof(err_buf));
	if (!err && is_normal)
		err = add_rule(dp, bridge, 0, PORT_NORMAL);
	if (!err && !is_normal)
		err = add_rule(dp, bridge, 1, 2);
	if (!err && !is_normal)
		err = add_rule(dp, bridge, 2, 1);
	if (!err && is_peer)
		err = dp_port_set_peer(dp, bridge, 1, h->peer);
	if (err)
		die(err_buf, err);
	dp_commit(dp);
	h->dp = dp;
}

static void start_skep(struct host *h)
{
	start_skep_as(h, false, false, true);
}

static void start_skep_clone(struct host *h)
{
	start_skep_as(h, true, false, false);
}

static void start_skep_normal(struct host *h)
{
	start_skep_as(h, false, true, true);
}

static void start_skep_veth(struct host *h)
{
	start_skep_as(h, false, false, false);
}

static const struct {
	const char *name;
	void (*start)(struct host *h);
} ways[] = {
	{ "bare", start_bare },
	{ "bare-redirect", start_bare },
	{ "bare-peer", start_bare_peer },
	{ "bare-xdp", start_bare_xdp },
	{ "seed-clone", start_seed_clone },
	{ "seed-redirect", start_seed_redirect },
	{ "skep-clone", start_skep_clone },
	{ "skep", start_skep },
	{ "skep-normal", start_skep_normal },
	{ "skep-veth", start_skep_veth },
};

static void stay(const char *way)
{
	char c;

	printf("ready %s\n", way);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

static void clean_up(const struct host *h)
{
	char err_buf[256];

	if (!h->bpffs[0])
		return;
	dp_close(h->dp);
	dp_teardown(h->pin_dir, err_buf, sizeof(err_buf));
	umount2(h->bpffs, MNT_DETACH);
	rmdir(h->bpffs);
}

int main(int argc, char *argv[])
{
	struct host h = { 0 };

	if (argc < 4) {
		fprintf(stderr, "bench-node: usage: bench-node WAY PORT DEVICE [REMOTE KEY [PEER]]\n");
		return 2;
	}
	h.port = if_nametoindex(argv[2]);
	h.device = if_nametoindex(argv[3]);
	if (!h.port || !h.device)
		die("interface", errno);
	if (argc > 6)
		sscanf(argv[6], "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &h.peer[0], &h.peer[1],
		       &h.peer[2], &h.peer[3], &h.peer[4], &h.peer[5]);
	if (argc > 5 && inet_pton(AF_INET, argv[4], &h.remote) == 1)
		h.key = (uint32_t)atoi(argv[5]);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, argv[1]) == 0) {
			ways[i].start(&h);
			stay(argv[1]);
			clean_up(&h);
			return 0;
		}
	}
	fprintf(stderr, "bench-node: %s: no such way\n", argv[1]);
	return 2;
}
