// SPDX-License-Identifier: Apache-2.0
/*
 * Makes packets at one end of a network and counts them at the other: for bench-overlay.
 *
 *   bench-load --from NETNS:DEV --to NETNS:DEV [--seconds S] [--flows N] [--addresses N]
 *              [--order turn|random|zipf] [--strangers one|random] [--size BYTES] [--cpu N] [--fifo]
 *
 * UDP packets from the MAC and to the MAC of the two interfaces leave through the first one, as if
 * its host had sent them, until the time is up. They are "live frames" of BPF_PROG_TEST_RUN: an XDP
 * program redirects each into the interface, whose other end (of a veth pair, with GRO on and so
 * with NAPI) receives it.  That costs some tens of nanoseconds a packet.  The whole way of a batch
 * happens before the next is made, on the same CPU, unless interfaces on the way have threaded
 * NAPI.
 *
 * Flow I comes from address 10.0.0.1 + I % addresses, port 1024 + I / addresses. The flows' packets
 * come by turns, at random, or at random by Zipf's law (of exponent 1: the K-th flow has 1/K of the
 * first one's packets).
 *
 * --strangers: each second packet is of none of the flows, but of one other, or has a random source
 * address and random ports, as those have that are to explode the tuple space of a switch whose
 * flow cache has wildcards.  They are to be dropped, and do not count as received.
 *
 * Prints one line: packets received, seconds, packets sent, and the kernel's cycles and
 * instructions for all of them (0: not to be had), which a neighbour on the machine changes less
 * than the time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/perf_event.h>
#include <linux/udp.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/bench/load.skel.h"

enum { BATCH = 64, WARM_UP = 8192, FRAME_MAX = 1514 };

struct end {
	char netns[64];
	char dev[IFNAMSIZ];
	int ns_fd;
	unsigned int ifindex;
	unsigned char mac[ETH_ALEN];
};

struct options {
	struct end from, to;
	double seconds;
	unsigned int n_flows;
	unsigned int n_addresses;
	const char *order;
	unsigned int size;
	int cpu; /* -1: any */
	bool is_fifo;
	const char *strangers; /* NULL: none */
};

static void die(const char *what, int err)
{
	fprintf(stderr, "bench-load: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static void enter(const struct end *end)
{
	if (setns(end->ns_fd, CLONE_NEWNET))
		die(end->netns, errno);
}

static void parse_end(const char *text, struct end *end)
{
	char path[96];
	struct ifreq ifr = { 0 };
	int fd;

	if (sscanf(text, "%63[^:]:%15s", end->netns, end->dev) != 2) {
		fprintf(stderr, "bench-load: %s: expected NETNS:DEV\n", text);
		exit(2);
	}
	snprintf(path, sizeof(path), "/run/netns/%s", end->netns);
	end->ns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (end->ns_fd < 0)
		die(path, errno);
	enter(end);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(ifr.ifr_name, end->dev, sizeof(end->dev));
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr))
		die(end->dev, errno);
	close(fd);
	memcpy(end->mac, ifr.ifr_hwaddr.sa_data, sizeof(end->mac));
	end->ifindex = if_nametoindex(end->dev);
}

enum { FIRST_ADDRESS = 0x0a000001 };

static uint32_t ip_sum(const struct iphdr *ip)
{
	const uint16_t *word = (const uint16_t *)ip;
	uint32_t sum = 0;

	for (unsigned int i = 0; i < sizeof(*ip) / 2; i++)
		sum += word[i];
	return sum;
}

static uint16_t ip_csum(const struct iphdr *ip)
{
	uint32_t sum = ip_sum(ip);

	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void make_frame(const struct options *o, unsigned char *frame)
{
	struct ethhdr *eth = (struct ethhdr *)frame;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	memset(frame, 0, FRAME_MAX);
	memcpy(eth->h_dest, o->to.mac, ETH_ALEN);
	memcpy(eth->h_source, o->from.mac, ETH_ALEN);
	eth->h_proto = htons(ETH_P_IP);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)(o->size - ETH_HLEN)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(FIRST_ADDRESS),
		.daddr = htonl(0x0a000002),
	};
	ip->check = ip_csum(ip);
	udp->dest = htons(9);
	udp->len = htons((uint16_t)(o->size - ETH_HLEN - sizeof(*ip)));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Flows by Zipf's law: a random number is looked up in the sum of 1/K. */
static void fill_order(struct load_bpf *skel, uint32_t n_flows)
{
	size_t n = sizeof(skel->bss->order) / sizeof(skel->bss->order[0]);
	double *sums = calloc(n_flows, sizeof(*sums)), *picks = calloc(n, sizeof(*picks));
	size_t flow = 0;

	if (!sums || !picks)
		die("memory", ENOMEM);
	for (uint32_t k = 0; k < n_flows; k++)
		sums[k] = (k ? sums[k - 1] : 0) + 1. / (k + 1);
	srand48(1);
	for (size_t i = 0; i < n; i++)
		picks[i] = drand48() * sums[n_flows - 1];
	qsort(picks, n, sizeof(*picks), compare);
	for (size_t i = 0; i < n; i++) {
		while (flow < n_flows - 1 && sums[flow] < picks[i])
			flow++;
		skel->bss->order[i] = (uint32_t)flow;
	}
	for (size_t i = n - 1; i; i--) { /* they are sorted: shuffle them */
		size_t j = (size_t)(drand48() * (double)(i + 1));
		uint32_t other = skel->bss->order[j];

		skel->bss->order[j] = skel->bss->order[i];
		skel->bss->order[i] = other;
	}
	free(sums);
	free(picks);
}

static void configure(struct load_bpf *skel, const struct options *o, const unsigned char *frame)
{
	struct iphdr ip;

	memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
	ip.saddr = 0;
	ip.check = 0;
	skel->rodata->out_ifindex = o->from.ifindex;
	skel->rodata->n_flows = o->n_flows;
	skel->rodata->n_addresses = o->n_addresses;
	skel->rodata->first_address = FIRST_ADDRESS;
	skel->rodata->head_sum = ip_sum(&ip);
	skel->rodata->is_random = strcmp(o->order, "random") == 0;
	skel->rodata->has_strangers = o->strangers;
	skel->rodata->strangers_differ = o->strangers && strcmp(o->strangers, "random") == 0;
	if (strcmp(o->order, "zipf") == 0) {
		skel->rodata->n_order = 1;
		fill_order(skel, o->n_flows);
	}
}

static uint64_t count(const struct load_bpf *skel)
{
	static uint64_t per_cpu[1024];
	uint64_t sum = 0;
	int n = libbpf_num_possible_cpus();
	uint32_t zero = 0;

	if (n < 1 || n > 1024 || bpf_map_lookup_elem(bpf_map__fd(skel->maps.received), &zero, per_cpu))
		die("counter", errno);
	for (int i = 0; i < n; i++)
		sum += per_cpu[i];
	return sum;
}

static void attach_sink(const struct options *o, const struct load_bpf *skel)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)o->to.ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(skel->progs.sink), .handle = 1,
		    .priority = 1, .flags = BPF_TC_F_REPLACE);
	int err;

	enter(&o->to);
	libbpf_set_print(NULL); /* it complains of a hook that is there already */
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		die("clsact", err);
	err = bpf_tc_attach(&hook, &opts);
	if (err)
		die("sink", err);
}

static void detach_sink(const struct options *o)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)o->to.ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1);

	enter(&o->to);
	bpf_tc_detach(&hook, &opts);
}

/* Sends 'n' packets in one go, and returns the seconds that it took.  The kernel's measure leaves out what it needs before the first packet
 * and after the last (it waits for a grace period), and while another task has the CPU. */
static double send_packets(uint32_t n, const struct options *o, const struct load_bpf *skel,
			   const unsigned char *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = o->size,
		    .repeat = (int)n, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.make), &run))
		die("live frames", errno);
	return run.duration * 1e-9 * n;
}

/* A counter of what this task does in the kernel, work of the softirqs that it runs included; or -1. */
static int open_counter(uint64_t config)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = config,
		.exclude_user = 1,
	};

	return (int)syscall(__NR_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static uint64_t read_counter(int fd)
{
	uint64_t value;

	return fd >= 0 && read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

static void settle_on_cpu(const struct options *o)
{
	struct sched_param param = { .sched_priority = 1 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	if (o->cpu >= 0) {
		CPU_SET((size_t)o->cpu, &cpus);
		if (sched_setaffinity(0, sizeof(cpus), &cpus))
			die("--cpu", errno);
	}
	if (o->is_fifo && sched_setscheduler(0, SCHED_FIFO, &param))
		die("--fifo", errno);
}

static void parse(int argc, char *argv[], struct options *o)
{
	static const struct option longopts[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "seconds", required_argument, NULL, 's' },
		{ "flows", required_argument, NULL, 'n' },
		{ "addresses", required_argument, NULL, 'a' },
		{ "order", required_argument, NULL, 'o' },
		{ "size", required_argument, NULL, 'z' },
		{ "cpu", required_argument, NULL, 'c' },
		{ "fifo", no_argument, NULL, 'F' },
		{ "strangers", required_argument, NULL, 'S' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'f':
			parse_end(optarg, &o->from);
			break;
		case 't':
			parse_end(optarg, &o->to);
			break;
		case 's':
			o->seconds = atof(optarg);
			break;
		case 'n':
			o->n_flows = (unsigned int)atoi(optarg);
			break;
		case 'a':
			o->n_addresses = (unsigned int)atoi(optarg);
			break;
		case 'o':
			o->order = optarg;
			break;
		case 'z':
			o->size = (unsigned int)atoi(optarg);
			break;
		case 'c':
			o->cpu = atoi(optarg);
			break;
		case 'F':
			o->is_fifo = true;
			break;
		case 'S':
			o->strangers = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (!o->from.ifindex || !o->to.ifindex || o->size < 60 || o->size > FRAME_MAX || !o->n_flows ||
	    !o->n_addresses || o->n_flows / o->n_addresses > 60000 ||
	    (strcmp(o->order, "turn") && strcmp(o->order, "random") && strcmp(o->order, "zipf"))) {
		fprintf(stderr, "bench-load: --from and --to are needed; --size is 60 to 1514, --flows 1 to 60000 from each of --addresses, "
				"--order turn, random or zipf\n");
		exit(2);
	}
}

int main(int argc, char *argv[])
{
	static unsigned char frame[FRAME_MAX];
	struct options o = { .seconds = 1, .n_flows = 64, .n_addresses = 1, .order = "turn", .size = 64, .cpu = -1 };
	struct load_bpf *skel;
	uint64_t before;
	int cycles, instructions;
	uint32_t n;
	double took;

	parse(argc, argv, &o);
	make_frame(&o, frame);
	skel = load_bpf__open();
	if (!skel)
		die("load", errno);
	configure(skel, &o, frame);
	if (load_bpf__load(skel))
		die("load (root is needed)", errno);
	attach_sink(&o, skel);
	enter(&o.from);
	settle_on_cpu(&o);
	n = (uint32_t)(WARM_UP * o.seconds / send_packets(WARM_UP, &o, skel, frame));
	before = count(skel);
	cycles = open_counter(PERF_COUNT_HW_CPU_CYCLES);
	instructions = open_counter(PERF_COUNT_HW_INSTRUCTIONS);
	took = send_packets(n, &o, skel, frame);
	printf("%llu %.6f %u", (unsigned long long)(count(skel) - before), took, n);
	printf(" %llu %llu\n", (unsigned long long)read_counter(cycles),
	       (unsigned long long)read_counter(instructions));
	detach_sink(&o);
	load_bpf__destroy(skel);
	return 0;
}
