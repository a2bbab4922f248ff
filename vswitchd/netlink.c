// SPDX-License-Identifier: Apache-2.0
/* The table of interfaces and rtnetlink's notifications; see netlink.h.  ethtool.c asks drivers for
 * speeds. */
#include "vswitchd/netlink_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "vswitchd/ethtool.h"

/* linux/if.h, which net/if.h cannot stand beside. */
#define NL_IFF_LOWER_UP 0x10000
#define IF_OPER_DORMANT 5

static struct nl_bucket *bucket_of(const struct nl *nl, uint32_t ifindex)
{
	return (struct nl_bucket *)(uintptr_t)&nl->buckets[ifindex % NL_BUCKETS];
}

const struct nl_link *nl_find_ifindex(const struct nl *nl, uint32_t ifindex)
{
	const struct nl_link *link;

	LIST_FOREACH (link, bucket_of(nl, ifindex), node)
		if (link->ifindex == ifindex)
			return link;
	return NULL;
}

const struct nl_link *nl_find(const struct nl *nl, const char *name)
{
	const struct nl_link *link;

	for (unsigned int i = 0; i < NL_BUCKETS; i++)
		LIST_FOREACH (link, &nl->buckets[i], node)
			if (!strcmp(link->name, name))
				return link;
	return NULL;
}

/* The attributes of tunnel devices that matter here, by kind; 0: it has no such. */
static const struct tunnel_kind tunnel_kinds[] = {
	{ "vxlan", IFLA_VXLAN_COLLECT_METADATA, false, IFLA_VXLAN_PORT,
	  IFLA_VXLAN_UDP_ZERO_CSUM6_RX, IFLA_VXLAN_LEARNING },
	{ "geneve", IFLA_GENEVE_COLLECT_METADATA, true, IFLA_GENEVE_PORT,
	  IFLA_GENEVE_UDP_ZERO_CSUM6_RX, 0 },
	{ "gretap", IFLA_GRE_COLLECT_METADATA, true, 0, 0, 0 },
	{ "ip6gretap", IFLA_GRE_COLLECT_METADATA, true, 0, 0, 0 },
};

const struct tunnel_kind *nl_find_tunnel_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(tunnel_kinds) / sizeof(tunnel_kinds[0]); i++)
		if (!strcmp(tunnel_kinds[i].name, name))
			return &tunnel_kinds[i];
	return NULL;
}

static void read_tunnel(struct nl_link *link, const struct tunnel_kind *kind,
			const struct nlattr *data)
{
	const struct nlattr *attr = mnl_attr_get_payload(data);
	const char *end = (const char *)mnl_attr_get_payload(data) + mnl_attr_get_payload_len(data);

	for (; mnl_attr_ok(attr, (int)(end - (const char *)attr)); attr = mnl_attr_next(attr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == kind->external)
			link->is_external = kind->is_flag || mnl_attr_get_u8(attr);
		else if (kind->port && type == kind->port)
			link->tunnel_port = ntohs(mnl_attr_get_u16(attr));
	}
}

static int on_info_attr(const struct nlattr *attr, void *data)
{
	struct nl_link *link = data;
	const struct tunnel_kind *tunnel;

	/* The kind stands before the data. */
	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0) {
		strncpy(link->kind, mnl_attr_get_str(attr), sizeof(link->kind) - 1);
	} else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA) {
		tunnel = nl_find_tunnel_kind(link->kind);
		if (tunnel)
			read_tunnel(link, tunnel, attr);
	}
	return MNL_CB_OK;
}

static int on_link_attr(const struct nlattr *attr, void *data)
{
	struct nl_link *link = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			strncpy(link->name, mnl_attr_get_str(attr), sizeof(link->name) - 1);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(link->mac))
			memcpy(link->mac, mnl_attr_get_payload(attr), sizeof(link->mac));
		break;
	case IFLA_LINK:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			link->peer_ifindex = mnl_attr_get_u32(attr);
		break;
	case IFLA_MTU:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			link->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_IFALIAS:
		link->is_taken = mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 &&
				 !strcmp(mnl_attr_get_str(attr), TAKEN_ALIAS);
		break;
	case IFLA_OPERSTATE:
		link->is_blocked |= mnl_attr_validate(attr, MNL_TYPE_U8) >= 0 &&
				    mnl_attr_get_u8(attr) == IF_OPER_DORMANT;
		break;
	case IFLA_PROTO_DOWN:
		link->is_blocked |= mnl_attr_validate(attr, MNL_TYPE_U8) >= 0 && mnl_attr_get_u8(attr);
		break;
	case IFLA_LINK_NETNSID:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0) {
			link->is_peer_elsewhere = true;
			link->peer_nsid = (int32_t)mnl_attr_get_u32(attr);
		}
		break;
	case IFLA_QDISC:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			strncpy(link->qdisc, mnl_attr_get_str(attr), sizeof(link->qdisc) - 1);
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, on_info_attr, link);
		break;
	}
	return MNL_CB_OK;
}

static void link_from_msg(const struct nlmsghdr *nlh, struct nl_link *link)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	memset(link, 0, sizeof(*link));
	link->ifindex = (uint32_t)ifi->ifi_index;
	link->is_ethernet = ifi->ifi_type == ARPHRD_ETHER;
	link->is_up = ifi->ifi_flags & IFF_UP;
	link->has_carrier = ifi->ifi_flags & NL_IFF_LOWER_UP;
	mnl_attr_parse(nlh, sizeof(*ifi), on_link_attr, link);
}

static bool is_same(const struct nl_link *a, const struct nl_link *b)
{
	return !strcmp(a->name, b->name) && !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       a->is_ethernet == b->is_ethernet && a->is_up == b->is_up &&
	       a->has_carrier == b->has_carrier && a->is_blocked == b->is_blocked &&
	       !strcmp(a->kind, b->kind) &&
	       a->is_external == b->is_external && a->tunnel_port == b->tunnel_port &&
	       a->mtu == b->mtu && a->is_taken == b->is_taken &&
	       a->is_peer_elsewhere == b->is_peer_elsewhere && a->peer_nsid == b->peer_nsid &&
	       a->peer_ifindex == b->peer_ifindex && !strcmp(a->qdisc, b->qdisc);
}

static void add_news(struct nl *nl, const struct nl_link *link, bool is_gone)
{
	struct news *news;

	if (nl->is_quiet)
		return;
	news = malloc(sizeof(*news));
	if (!news) {
		log_err("netlink: out of memory: a change of %s is not seen", link->name);
		return;
	}
	news->is_gone = is_gone;
	news->link = *link;
	STAILQ_INSERT_TAIL(&nl->news, news, node);
	event_active(nl->tell_ev, 0, 0);
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct nl *nl = arg;
	struct news *news;

	(void)fd;
	(void)what;
	while ((news = STAILQ_FIRST(&nl->news))) {
		STAILQ_REMOVE_HEAD(&nl->news, node);
		(news->is_gone ? nl->cb.gone : nl->cb.changed)(nl->cb.aux, &news->link);
		free(news);
	}
}

static void remove_link(struct nl *nl, struct nl_link *link)
{
	LIST_REMOVE(link, node);
	add_news(nl, link, true);
	free(link);
}

/* Enters what the kernel says of a link into the table. */
static void update_link(struct nl *nl, const struct nl_link *now)
{
	struct nl_link *link = (struct nl_link *)(uintptr_t)nl_find_ifindex(nl, now->ifindex);

	if (link && strcmp(link->name, now->name)) {
		remove_link(nl, link);
		link = NULL;
	}
	if (link && is_same(link, now)) {
		link->seen = nl->dump;
		if (nl->is_event && link->is_peer_elsewhere)
			add_news(nl, link, false);
		return;
	}
	if (link) {
		LIST_REMOVE(link, node);
	} else {
		link = malloc(sizeof(*link));
		if (!link) {
			log_err("netlink: out of memory: interface %s is not seen", now->name);
			return;
		}
	}
	*link = *now;
	link->seen = nl->dump;
	LIST_INSERT_HEAD(bucket_of(nl, link->ifindex), link, node);
	add_news(nl, now, false);
}

static int on_msg(const struct nlmsghdr *nlh, void *data)
{
	struct nl *nl = data;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct nl_link now, *old;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi) || ifi->ifi_family != AF_UNSPEC)
		return MNL_CB_OK; /* AF_BRIDGE: a bridge's view of its port, not the port */
	if (nlh->nlmsg_type == RTM_NEWLINK) {
		link_from_msg(nlh, &now);
		update_link(nl, &now);
	} else if (nlh->nlmsg_type == RTM_DELLINK) {
		old = (struct nl_link *)(uintptr_t)nl_find_ifindex(nl, (uint32_t)ifi->ifi_index);
		if (old)
			remove_link(nl, old);
	}
	return MNL_CB_OK;
}

/* Whether the 'n' bytes at 'buf' answer an earlier request, the rest of whose answers was not read:
 * a dump that a change interrupted. */
static bool is_stale(const struct nl *nl, const char *buf, ssize_t n)
{
	struct nlmsghdr h;

	if (n < (ssize_t)sizeof(h))
		return false;
	memcpy(&h, buf, sizeof(h));
	return h.nlmsg_seq != nl->seq;
}

/* Sends 'nlh' and handles its answers until the last. */
int nl_transact_on(struct nl *nl, const struct mnl_socket *sock, struct nlmsghdr *nlh,
		       mnl_cb_t cb, void *data)
{
	unsigned int portid = mnl_socket_get_portid(sock);
	char buf[NL_BUF_SIZE];
	ssize_t n;
	int ret;

	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		if ((n < 0 && errno == EINTR) || is_stale(nl, buf, n)) {
			ret = MNL_CB_OK;
			continue;
		}
		ret = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, (size_t)n, nl->seq, portid, cb, data);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

int nl_transact(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	return nl_transact_on(nl, nl->request, nlh, cb, data);
}

static int dump_links(struct nl *nl)
{
	char req[REQUEST_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req);
	struct ifinfomsg *ifi;
	int error;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	nl->dump++;
	error = nl_transact(nl, nlh, on_msg, nl);
	if (error)
		return error;
	for (unsigned int i = 0; i < NL_BUCKETS; i++) {
		struct nl_link *link, *next;

		for (link = LIST_FIRST(&nl->buckets[i]); link; link = next) {
			next = LIST_NEXT(link, node);
			if (link->seen != nl->dump)
				remove_link(nl, link);
		}
	}
	return 0;
}

/* Interfaces that come or go while a dump is under way can make the kernel say so (-EINTR): then
 * once more. */
int nl_refresh(struct nl *nl)
{
	int error = -EINTR;

	for (int i = 0; i < 10 && error == -EINTR; i++)
		error = dump_links(nl);
	return error;
}

/* A queueing discipline came or went.  The interface says which is at its root, and is not heard of itself. */
static void on_qdisc(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*tc) && tc->tcm_parent == TC_H_ROOT &&
	    nl_find_ifindex(nl, (uint32_t)tc->tcm_ifindex))
		(void)nl_read_link(nl, (uint32_t)tc->tcm_ifindex, NULL);
}

static int on_event(const struct nlmsghdr *nlh, void *data)
{
	struct nl *nl = data;
	int ret;

	if (nlh->nlmsg_type == RTM_NEWQDISC || nlh->nlmsg_type == RTM_DELQDISC) {
		on_qdisc(nl, nlh);
		return MNL_CB_OK;
	}
	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
		return MNL_CB_OK; /* filters, classes */
	nl->is_event = true;
	ret = on_msg(nlh, data);
	nl->is_event = false;
	return ret;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct nl *nl = arg;
	char buf[NL_BUF_SIZE];
	bool lost = false;

	(void)what;
	for (int i = 0; i < NL_READS_MAX; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (n <= 0)
			break;
		mnl_cb_run(buf, (size_t)n, 0, 0, on_event, nl);
	}
	if (lost) {
		int error = nl_refresh(nl);

		log_info("netlink: notifications were lost, reading all interfaces again%s%s",
			 error ? ": " : "", error ? strerror(-error) : "");
	}
}

static int open_sockets(struct nl *nl)
{
	int size = NL_RCVBUF;

	nl->monitor = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!nl->monitor)
		return -errno;
	setsockopt(mnl_socket_get_fd(nl->monitor), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (mnl_socket_bind(nl->monitor, RTMGRP_LINK | RTMGRP_TC, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	nl->request = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->request || mnl_socket_bind(nl->request, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	nl->ethtool_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return 0;
}

int nl_open(struct event_base *base, const struct nl_callbacks *callbacks, struct nl **ret)
{
	struct nl *nl = calloc(1, sizeof(*nl));
	int error;

	if (!nl)
		return -ENOMEM;
	nl->cb = *callbacks;
	STAILQ_INIT(&nl->news);
	nl->seq = (uint32_t)time(NULL);
	nl->ethtool_fd = -1;
	error = open_sockets(nl);
	if (error)
		goto fail;
	nl->is_quiet = true;
	error = nl_refresh(nl);
	nl->is_quiet = false;
	if (error)
		goto fail;
	nl->ev = event_new(base, mnl_socket_get_fd(nl->monitor), EV_READ | EV_PERSIST, on_readable,
			   nl);
	nl->tell_ev = event_new(base, -1, 0, on_tell, nl);
	if (!nl->ev || !nl->tell_ev || event_add(nl->ev, NULL)) {
		error = -ENOMEM;
		goto fail;
	}
	*ret = nl;
	return 0;
fail:
	nl_close(nl);
	return error;
}

void nl_close(struct nl *nl)
{
	struct news *news;

	if (!nl)
		return;
	if (nl->tell_ev)
		event_free(nl->tell_ev);
	if (nl->ev)
		event_free(nl->ev);
	while ((news = STAILQ_FIRST(&nl->news))) {
		STAILQ_REMOVE_HEAD(&nl->news, node);
		free(news);
	}
	for (unsigned int i = 0; i < NL_BUCKETS; i++) {
		struct nl_link *link;

		while ((link = LIST_FIRST(&nl->buckets[i]))) {
			LIST_REMOVE(link, node);
			free(link);
		}
	}
	if (nl->ethtool_fd >= 0)
		close(nl->ethtool_fd);
	if (nl->request)
		mnl_socket_close(nl->request);
	if (nl->monitor)
		mnl_socket_close(nl->monitor);
	free(nl);
}

/* Begins a request about 'ifindex' (0: a new one) in 'req', of REQUEST_SIZE bytes. */
struct nlmsghdr *nl_link_request(char *req, uint16_t type, uint16_t flags, uint32_t ifindex,
				     struct ifinfomsg **ret_ifi)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	*ret_ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(**ret_ifi));
	(*ret_ifi)->ifi_family = AF_UNSPEC;
	(*ret_ifi)->ifi_index = (int)ifindex;
	return nlh;
}

/* Reads one link back into the table. */
int nl_read_link(struct nl *nl, uint32_t ifindex, const char *name)
{
	char req[REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_GETLINK, 0, ifindex, &ifi);

	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nl_transact(nl, nlh, on_msg, nl);
}

static int on_stats_attr(const struct nlattr *attr, void *data)
{
	struct rtnl_link_stats64 *s = data;
	size_t len = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == IFLA_STATS64)
		memcpy(s, mnl_attr_get_payload(attr), len < sizeof(*s) ? len : sizeof(*s));
	return MNL_CB_OK;
}

static int on_stats_msg(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct ifinfomsg), on_stats_attr, data);
}

int nl_get_stats(struct nl *nl, uint32_t ifindex, struct nl_stats *ret)
{
	char req[REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_GETLINK, 0, ifindex, &ifi);
	struct rtnl_link_stats64 s;
	int error;

	memset(&s, 0, sizeof(s));
	error = nl_transact(nl, nlh, on_stats_msg, &s);
	if (error)
		return error;
	*ret = (struct nl_stats){
		.rx_packets = s.rx_packets,
		.tx_packets = s.tx_packets,
		.rx_bytes = s.rx_bytes,
		.tx_bytes = s.tx_bytes,
		.rx_dropped = s.rx_dropped,
		.tx_dropped = s.tx_dropped,
		.rx_errors = s.rx_errors,
		.tx_errors = s.tx_errors,
		.rx_frame_err = s.rx_frame_errors,
		.rx_over_err = s.rx_over_errors,
		.rx_crc_err = s.rx_crc_errors,
		.collisions = s.collisions,
	};
	return 0;
}

static int on_xdp_attr(const struct nlattr *attr, void *data)
{
	struct nl_peer *peer = data;
	uint8_t how;

	if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED &&
	    mnl_attr_validate(attr, MNL_TYPE_U8) >= 0) {
		how = mnl_attr_get_u8(attr);
		peer->has_driver_xdp = how != XDP_ATTACHED_NONE && how != XDP_ATTACHED_SKB;
	}
	return MNL_CB_OK;
}

static int on_peer_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == IFLA_XDP)
		mnl_attr_parse_nested(attr, on_xdp_attr, data);
	return MNL_CB_OK;
}

/* What is read of the peer. */
struct peer_query {
	struct nl_link link;
	struct nl_peer peer;
};

static int on_peer_msg(const struct nlmsghdr *nlh, void *data)
{
	struct peer_query *query = data;

	link_from_msg(nlh, &query->link);
	return mnl_attr_parse(nlh, sizeof(struct ifinfomsg), on_peer_attr, &query->peer);
}

int nl_get_peer(struct nl *nl, const struct nl_link *link, struct nl_peer *ret)
{
	static const uint8_t no_mac[6];
	struct peer_query query = { .link = { .ifindex = 0 } };
	char req[REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_GETLINK, 0, link->peer_ifindex, &ifi);
	int error;

	mnl_attr_put_u32(nlh, IFLA_TARGET_NETNSID, (uint32_t)link->peer_nsid);
	error = nl_transact(nl, nlh, on_peer_msg, &query);
	if (error)
		return error;
	/* The number may be another interface's by now. */
	if (query.link.peer_ifindex != link->ifindex || strcmp(query.link.kind, "veth") != 0)
		return -ENODEV;
	memcpy(query.peer.mac, query.link.mac, sizeof(query.peer.mac));
	*ret = query.peer;
	return memcmp(ret->mac, no_mac, sizeof(no_mac)) ? 0 : -EADDRNOTAVAIL;
}

void nl_get_features(struct nl *nl, const char *name, struct nl_features *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (nl->ethtool_fd >= 0)
		ethtool_get_features(nl->ethtool_fd, name, ret);
}

int nl_set_advertised(struct nl *nl, const char *name, uint32_t features)
{
	return nl->ethtool_fd >= 0 ? ethtool_set_advertised(nl->ethtool_fd, name, features) : -EBADF;
}
