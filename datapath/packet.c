// SPDX-License-Identifier: Apache-2.0
/*
 * Packets between the datapath and the controllers.
 *
 * Packet-ins come up through a ring buffer that outlives the process.  Packet-outs are executed by the host build of the very
 * pipeline that forwards (bpf/host.h), on the same maps; what it outputs is sent on a packet socket, at the interface's egress, where no
 * program of ours stands.  For tunnel and socket ports that is the I/O device, where one does (bpf/abi.h, SKEP_MARK_INJECT).
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bpf/host.h"
#include "datapath/csum.h"
#include "datapath/private.h"

/* --- Packet-ins --- */

struct ring_aux {
	struct dp *dp;
	unsigned int budget;
	uint8_t frame[SKEP_EVENT_FRAME_MAX];
};

/* Hands on what the program, or its host build, sends to the controllers. */
static void deliver(struct dp *dp, const struct skep_event *ev, const uint8_t *frame)
{
	static uint8_t remarked[SKEP_EVENT_FRAME_MAX];
	const struct dp_callbacks *cb = &dp->config.callbacks;
	struct dp_packet_in pin = {
		.bridge = ev->bridge,
		.in_port = ev->in_port,
		.reason = ev->reason,
		.table_id = ev->table,
		.max_len = ev->max_len,
		.cookie = ev->cookie,
		.metadata = ev->metadata,
		.total_len = ev->total_len,
		.len = ev->len,
		.frame = frame,
	};

	if (ev->remark) {
		memcpy(remarked, frame, ev->len);
		meter_remark(remarked, ev->len, ev->remark);
		pin.frame = remarked;
	}
	memcpy(pin.tunnel.id.b, &ev->tun[0], 8);
	memcpy(pin.tunnel.src.b, &ev->tun[1], 4);
	memcpy(pin.tunnel.dst.b, (const uint8_t *)&ev->tun[1] + 4, 4);
	memcpy(pin.tunnel.ipv6_src.b, &ev->tun[2], 16);
	memcpy(pin.tunnel.ipv6_dst.b, &ev->tun[4], 16);
	for (unsigned int i = 0; i < SKEP_TLVS; i++) {
		if (ev->tun_opts >> i & 1)
			memcpy(pin.tunnel.metadata[i].b, &ev->tun_metadata[i], 8);
	}
	/* A record may be older than the end of its bridge. */
	if (cb->packet_in && dp_bridge_name(dp, ev->bridge))
		cb->packet_in(cb->aux, &pin);
}

/* Returns a negative number to stop reading: this record counts as read all the same. */
static int take_event(void *aux, void *data, size_t size)
{
	const struct skep_event *ev = data;
	struct ring_aux *r = aux;

	if (size < sizeof(*ev) || size - sizeof(*ev) < ev->len || ev->len > sizeof(r->frame))
		return 0;
	memcpy(r->frame, ev + 1, ev->len);
	if (ev->len == ev->total_len)
		csum_finish(r->frame, ev->len);
	deliver(r->dp, ev, r->frame);
	return --r->budget ? 0 : -EAGAIN;
}

static int ring_open(struct dp *dp)
{
	struct epoll_event ev = { .events = EPOLLIN };

	dp->ring_aux = calloc(1, sizeof(*dp->ring_aux));
	if (!dp->ring_aux)
		return -ENOMEM;
	dp->ring_aux->dp = dp;
	dp->ring = ring_buffer__new(dp->set.events_fd, take_event, dp->ring_aux, NULL);
	if (!dp->ring)
		return -errno;
	return epoll_ctl(dp->epoll_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(dp->ring), &ev) ? -errno
											    : 0;
}

int packet_init(struct dp *dp)
{
	if (dp->attach == DP_ATTACH_NONE)
		return 0;
	/* Protocol 0: it only sends. */
	dp->packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (dp->packet_fd < 0)
		return -errno;
	return ring_open(dp);
}

void packet_uninit(struct dp *dp)
{
	ring_buffer__free(dp->ring);
	free(dp->ring_aux);
	if (dp->packet_fd >= 0)
		close(dp->packet_fd);
}

void dp_run(struct dp *dp, unsigned int budget)
{
	reclaim_run(dp, false);
	if (!dp->ring)
		return;
	dp->ring_aux->budget = budget ? budget : 1;
	ring_buffer__consume(dp->ring);
}

/* --- Packet-outs --- */

/* Sends by the I/O device, whose program sees 'mark' and does the rest.  It has done it when this returns. */
static void send_by_io(struct dp *dp, uint32_t mark, const uint8_t *frame, size_t len)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)DP_HEAD(dp)->io_ifindex,
		.sll_protocol = htobe16(ETH_P_ALL),
	};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(mark))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SO_MARK,
				  .cmsg_len = CMSG_LEN(sizeof(mark)) } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)frame, .iov_len = len };
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &mark, sizeof(mark));
	if (to.sll_ifindex)
		(void)!sendmsg(dp->packet_fd, &msg, MSG_DONTWAIT);
}

/* To a tunnel port: only the program can attach the outer header's fields. */
static void send_to_tunnel(void *aux, const struct skep_inject *how, const uint8_t *frame,
			   size_t len)
{
	struct dp *dp = aux;
	uint32_t i = dp->next_inject++ % SKEP_INJECTS;

	if (dp->config.callbacks.output) {
		dp->config.callbacks.output(dp->config.callbacks.aux, PORT(dp, how->port)->ofport,
					    frame, len);
		return;
	}
	*MAP_ELEM(&dp->set, MAP_INJECTS, struct skep_inject, i) = *how;
	send_by_io(dp, SKEP_MARK_INJECT | i, frame, len);
}

/* An output that fails (the interface is down, or its queue full) is a lost packet, as on any wire; the interface counts it. */
static void send_frame(void *aux, uint32_t port_idx, const uint8_t *frame, size_t len)
{
	struct dp *dp = aux;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)PORT(dp, port_idx)->ifindex,
		.sll_protocol = htobe16(ETH_P_ALL),
	};

	if (dp->config.callbacks.output) {
		dp->config.callbacks.output(dp->config.callbacks.aux, PORT(dp, port_idx)->ofport,
					    frame, len);
		return;
	}
	if (PORT(dp, port_idx)->kind == SKEP_PORT_SOCKET) {
		send_by_io(dp, SKEP_MARK_SOCKET | port_idx, frame, len);
		return;
	}
	(void)!sendto(dp->packet_fd, frame, len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
}

static void send_to_controller(void *aux, const struct skep_event *ev, const uint8_t *frame)
{
	deliver(aux, ev, frame);
}

static struct skep_host_maps host_maps(const struct dp *dp)
{
	const struct map *m = dp->set.map;

	return (struct skep_host_maps){
#define MAP(MEMBER, ID) .MEMBER = m[MAP_##ID].base, .n_##MEMBER = m[MAP_##ID].n
		.dp = m[MAP_DP].base,
		.cache = dp->host_cache,
		MAP(ports, PORTS),
		MAP(bridges, BRIDGES),
		MAP(tables, TABLES),
		MAP(subtables, SUBTABLES),
		MAP(prunes, PRUNES),
		MAP(buckets, BUCKETS),
		MAP(rules, RULES),
		MAP(keyx, KEYX),
		MAP(cells, CELLS),
		MAP(counters, COUNTERS),
		MAP(table_counters, TABLE_COUNTERS),
		MAP(port_counters, PORT_COUNTERS),
		MAP(drops, DROPS),
		MAP(tunnels, TUNNELS),
		MAP(vlan_sets, VLAN_SETS),
		MAP(fdb, FDB),
		MAP(groups, GROUPS),
		MAP(group_counters, GROUP_CTRS),
		MAP(meters, METERS),
		MAP(meter_confs, METER_CONFS),
#undef MAP
	};
}

int dp_packet_out(struct dp *dp, uint32_t bridge, uint32_t in_port,
		  const struct action_list *actions, const uint8_t *frame, size_t len)
{
	struct skep_host_ops ops = { send_frame, send_to_controller, dp, send_to_tunnel };
	struct port_scope scope = { dp, bridge };
	struct cell_ports ports = cell_ports(&scope);
	struct skep_cell cells[SKEP_CELLS_MAX];
	struct skep_host_maps maps;
	int n;

	if (!dp_bridge_name(dp, bridge) || len > DP_FRAME_MAX)
		return -EINVAL;
	n = cells_have_normal(actions) ? fdb_make(dp, bridge) : 0;
	if (!n)
		n = cells_from_actions(actions, &ports, cells);
	if (n < 0)
		return n;
	dp_commit(dp);
	maps = host_maps(dp);
	return skep_host_packet_out(&maps, &ops, bridge, in_port, cells, (uint32_t)n, frame, len);
}

int dp_inject(struct dp *dp, uint32_t bridge, uint32_t in_port, const uint8_t *frame, size_t len)
{
	struct skep_host_ops ops = { send_frame, send_to_controller, dp, send_to_tunnel };
	struct skep_host_maps maps = host_maps(dp);

	if (!dp_bridge_name(dp, bridge) || len > DP_FRAME_MAX)
		return -EINVAL;
	dp_commit(dp);
	return skep_host_run(&maps, &ops, bridge, in_port, frame, len);
}
