// SPDX-License-Identifier: Apache-2.0
/*
 * A process that is a port of a bridge, through a packet socket: an example for authors of such processes (docs/socket.md).
 *
 *   skepctl add-port br0 echo type=socket
 *   skepctl open-port br0 echo -- socket_echo --address 10.0.0.9 [--mac 02:00:00:00:00:09]
 *   skepctl open-port br0 echo -- socket_echo --reflect
 *
 * It answers ARP and pings for one IPv4 address; or it sends everything back with the MAC addresses swapped.  It needs no privilege and no
 * network interface: all it has is descriptor 3, as skepctl (or systemd's socket activation) passes it.
 *
 * Packets are exchanged by two rings in memory that the kernel shares (packet(7), PACKET_RX_RING and PACKET_TX_RING, TPACKET_V2): one system call moves as
 * many packets as are there.  --plain does the same with recv() and send(), one call for each packet.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SOCKET_FD = 3, /* sd_listen_fds(3) */
	FRAME_SIZE = 4096,
	BLOCK_SIZE = 64 * 1024,
	N_FRAMES = 4096, /* in each ring */
	BATCH = 64, /* packets between two system calls */
	VLAN_HLEN = 4,
	ICMP_ECHO_REQUEST = 8,
};

/* ARP for Ethernet and IPv4 (RFC 826). */
struct arp {
	struct arphdr head;
	uint8_t sha[ETH_ALEN];
	uint8_t spa[4];
	uint8_t tha[ETH_ALEN];
	uint8_t tpa[4];
} __attribute__((packed));

struct echo {
	bool is_reflector;
	struct in_addr address;
	uint8_t mac[ETH_ALEN];
};

/* In a ring: a header of the kernel's, and (when sending, at once; when receiving, at tp_mac) the frame. */
_Static_assert(sizeof(struct tpacket2_hdr) % TPACKET_ALIGNMENT == 0, "a frame to be sent follows its header");

struct ring {
	uint8_t *frames;
	unsigned int next;
};

static void die(const char *what)
{
	fprintf(stderr, "socket_echo: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- What is answered --- */

/* Adds up 16-bit words, as the Internet checksum does. */
static uint16_t fold_csum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	if (len & 1)
		sum += (uint32_t)data[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static bool answer_arp(const struct echo *e, uint8_t *frame, size_t len)
{
	struct arp arp;

	if (len < ETH_HLEN + sizeof(arp))
		return false;
	memcpy(&arp, frame + ETH_HLEN, sizeof(arp));
	if (arp.head.ar_op != htons(ARPOP_REQUEST) || memcmp(arp.tpa, &e->address, 4))
		return false;
	arp.head.ar_op = htons(ARPOP_REPLY);
	memcpy(arp.tha, arp.sha, ETH_ALEN);
	memcpy(arp.tpa, arp.spa, 4);
	memcpy(arp.sha, e->mac, ETH_ALEN);
	memcpy(arp.spa, &e->address, 4);
	memcpy(frame + ETH_HLEN, &arp, sizeof(arp));
	return true;
}

static bool answer_ping(const struct echo *e, uint8_t *frame, size_t len)
{
	uint8_t *icmp;
	struct iphdr ip;
	size_t ip_len;
	uint16_t csum;

	if (len < ETH_HLEN + sizeof(ip))
		return false;
	memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
	ip_len = ntohs(ip.tot_len);
	if (ip.version != 4 || ip.ihl < 5 || ip_len < ip.ihl * 4u + 8 || len < ETH_HLEN + ip_len ||
	    ip.protocol != IPPROTO_ICMP || ip.frag_off & htons(0x3fff) || ip.daddr != e->address.s_addr)
		return false;
	icmp = frame + ETH_HLEN + ip.ihl * 4;
	if (icmp[0] != ICMP_ECHO_REQUEST || fold_csum(icmp, ip_len - ip.ihl * 4u) != 0xffff)
		return false;
	/* Two addresses change places, which leaves the header's checksum as it is. */
	ip.daddr = ip.saddr;
	ip.saddr = e->address.s_addr;
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	icmp[0] = 0;
	icmp[2] = icmp[3] = 0;
	csum = (uint16_t)~fold_csum(icmp, ip_len - ip.ihl * 4u);
	icmp[2] = (uint8_t)(csum >> 8);
	icmp[3] = (uint8_t)csum;
	return true;
}

/* Makes the answer out of the frame; false: there is none. */
static bool answer(const struct echo *e, uint8_t *frame, size_t len)
{
	uint8_t mac[ETH_ALEN];
	bool is_answered;
	uint16_t type;

	if (len < ETH_HLEN)
		return false;
	if (e->is_reflector) {
		memcpy(mac, frame, ETH_ALEN);
		memcpy(frame, frame + ETH_ALEN, ETH_ALEN);
		memcpy(frame + ETH_ALEN, mac, ETH_ALEN);
		return true;
	}
	type = (uint16_t)(frame[12] << 8 | frame[13]);
	is_answered = (type == ETH_P_ARP && answer_arp(e, frame, len)) ||
		      (type == ETH_P_IP && answer_ping(e, frame, len));
	if (is_answered) {
		memcpy(frame, frame + ETH_ALEN, ETH_ALEN);
		memcpy(frame + ETH_ALEN, e->mac, ETH_ALEN);
	}
	return is_answered;
}

/* --- By rings --- */

static struct tpacket2_hdr *frame_at(const struct ring *ring)
{
	return (struct tpacket2_hdr *)(void *)(ring->frames + (size_t)ring->next * FRAME_SIZE);
}

static void advance(struct ring *ring)
{
	ring->next = (ring->next + 1) % N_FRAMES;
}

/* The kernel changes it behind our back. */
static uint32_t status_of(const struct tpacket2_hdr *hdr)
{
	return __atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE);
}

static void set_status(struct tpacket2_hdr *hdr, uint32_t status)
{
	__atomic_store_n(&hdr->tp_status, status, __ATOMIC_RELEASE);
}

/* Both rings are one mapping: first what is received, then what is sent. */
static void open_rings(struct ring *rx, struct ring *tx)
{
	struct tpacket_req req = {
		.tp_block_size = BLOCK_SIZE,
		.tp_block_nr = N_FRAMES / (BLOCK_SIZE / FRAME_SIZE),
		.tp_frame_size = FRAME_SIZE,
		.tp_frame_nr = N_FRAMES,
	};
	const size_t size = (size_t)N_FRAMES * FRAME_SIZE;
	int version = TPACKET_V2;
	void *map;

	if (setsockopt(SOCKET_FD, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(SOCKET_FD, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) ||
	    setsockopt(SOCKET_FD, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)))
		die("no rings on descriptor 3 (is it a packet socket?)");
	map = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_SHARED, SOCKET_FD, 0);
	if (map == MAP_FAILED)
		die("mmap");
	rx->frames = map;
	tx->frames = rx->frames + size;
}

/* Copies a received frame to 'to', with the VLAN tag that the kernel keeps beside it.  Returns its length; 0: it did not fit into the ring. */
static size_t copy_frame(const struct tpacket2_hdr *hdr, uint8_t *to)
{
	const uint8_t *from = (const uint8_t *)hdr + hdr->tp_mac;
	uint16_t tag[2];

	if (hdr->tp_snaplen != hdr->tp_len)
		return 0;
	if (!(hdr->tp_status & TP_STATUS_VLAN_VALID)) {
		memcpy(to, from, hdr->tp_len);
		return hdr->tp_len;
	}
	tag[0] = htons(hdr->tp_status & TP_STATUS_VLAN_TPID_VALID ? hdr->tp_vlan_tpid : ETH_P_8021Q);
	tag[1] = htons(hdr->tp_vlan_tci);
	memcpy(to, from, 2 * ETH_ALEN);
	memcpy(to + 2 * ETH_ALEN, tag, sizeof(tag));
	memcpy(to + 2 * ETH_ALEN + VLAN_HLEN, from + 2 * ETH_ALEN, hdr->tp_len - 2 * ETH_ALEN);
	return hdr->tp_len + VLAN_HLEN;
}

/* Has the kernel send what stands in the ring. */
static void kick(int flags)
{
	if (send(SOCKET_FD, NULL, 0, flags) < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ENETDOWN)
		die("send");
}

/* Answers what has been received, up to BATCH packets.  Returns how many there were. */
static unsigned int answer_batch(const struct echo *e, struct ring *rx, struct ring *tx)
{
	unsigned int n;

	for (n = 0; n < BATCH; n++) {
		struct tpacket2_hdr *in = frame_at(rx), *out = frame_at(tx);
		uint8_t *data = (uint8_t *)(out + 1);
		size_t len;

		if (!(status_of(in) & TP_STATUS_USER))
			break;
		while (status_of(out) == TP_STATUS_SEND_REQUEST || status_of(out) == TP_STATUS_SENDING)
			kick(0); /* the ring is full: wait until it has been sent */
		len = copy_frame(in, data);
		if (len && answer(e, data, len)) {
			out->tp_len = (uint32_t)len;
			set_status(out, TP_STATUS_SEND_REQUEST);
			advance(tx);
		}
		set_status(in, TP_STATUS_KERNEL);
		advance(rx);
	}
	return n;
}

static void run_rings(const struct echo *e)
{
	struct pollfd pfd = { .fd = SOCKET_FD, .events = POLLIN };
	struct ring rx = { 0 }, tx = { 0 };

	open_rings(&rx, &tx);
	for (;;) {
		if (answer_batch(e, &rx, &tx))
			kick(MSG_DONTWAIT);
		else if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			die("poll");
	}
}

/* --- By calls --- */

static void run_plain(const struct echo *e)
{
	static uint8_t frame[65536];

	for (;;) {
		ssize_t n = recv(SOCKET_FD, frame, sizeof(frame), 0);

		if (n < 0 && errno != EINTR && errno != ENETDOWN)
			die("recv");
		if (n > 0 && answer(e, frame, (size_t)n) &&
		    send(SOCKET_FD, frame, (size_t)n, 0) < 0 && errno != ENOBUFS && errno != ENETDOWN)
			die("send");
	}
}

static bool parse_mac(const char *text, uint8_t mac[ETH_ALEN])
{
	char rest;

	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%c", &mac[0], &mac[1], &mac[2], &mac[3],
		      &mac[4], &mac[5], &rest) == 6;
}

static void fail_usage(void)
{
	fprintf(stderr, "usage: skepctl open-port BR PORT -- socket_echo {--address IPV4 [--mac MAC] | --reflect} "
			"[--plain]\n");
	exit(2);
}

int main(int argc, char *argv[])
{
	static const struct option longopts[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "mac", required_argument, NULL, 'm' },
		{ "reflect", no_argument, NULL, 'r' },
		{ "plain", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct echo e = { .mac = { 2, 0, 0, 0, 0, 9 } };
	bool is_plain = false;
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (c == 'r')
			e.is_reflector = true;
		else if (c == 'p')
			is_plain = true;
		else if ((c != 'a' || inet_pton(AF_INET, optarg, &e.address) != 1) &&
			 (c != 'm' || !parse_mac(optarg, e.mac)))
			fail_usage();
	}
	if (optind != argc || (!e.is_reflector && !e.address.s_addr))
		fail_usage();
	if (is_plain)
		run_plain(&e);
	run_rings(&e);
	return 0;
}
