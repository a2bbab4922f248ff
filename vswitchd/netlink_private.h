/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of netlink share: netlink.c (the table and the notifications), netlink_change.c (requests that change links). */
#ifndef SKEP_VSWITCHD_NETLINK_PRIVATE_H
#define SKEP_VSWITCHD_NETLINK_PRIVATE_H 1

/* First, since it has net/if.h, which cannot follow linux/if.h. */
#include "vswitchd/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define NL_BUCKETS   256
#define NL_RCVBUF    (1 << 20)
#define NL_READS_MAX 64	   /* datagrams in one turn of the event loop */
#define NL_BUF_SIZE  32768 /* a dump's datagrams are not larger */
#define TAKEN_ALIAS  "skep: taken from another network namespace"
#define DEVICE_MTU   65000 /* what Geneve and GRE allow at most differs, and none allows less */
#define REQUEST_SIZE (sizeof(struct nlmsghdr) + sizeof(struct ifinfomsg) + 1024)

LIST_HEAD(nl_bucket, nl_link);

/* What the owner is still to be told. */
struct news {
	STAILQ_ENTRY(news) node;
	bool is_gone;
	struct nl_link link;
};

struct nl {
	struct nl_callbacks cb;
	struct mnl_socket *monitor;
	struct mnl_socket *request;
	struct event *ev;
	struct event *tell_ev;
	uint32_t seq;
	uint32_t dump; /* the number of the current or last dump */
	bool is_quiet; /* while opening */
	bool is_event; /* what is being read is a notification */
	int ethtool_fd;
	struct nl_bucket buckets[NL_BUCKETS];
	STAILQ_HEAD(, news) news;
};

struct tunnel_kind {
	const char *name;
	uint16_t external; /* attribute: keys come with the packets */
	bool is_flag;	   /* which is there or not; else a u8 */
	uint16_t port;	   /* attribute: the UDP port */
	uint16_t zero_csum6_rx; /* attribute: outer UDP checksums may be missing with IPv6 */
	uint16_t learning;	/* attribute: it has a forwarding table of its own */
};
const struct tunnel_kind *nl_find_tunnel_kind(const char *name);

/* Begins a request about 'ifindex' (0: a new one) in 'req', of REQUEST_SIZE bytes. */
struct nlmsghdr *nl_link_request(char *req, uint16_t type, uint16_t flags, uint32_t ifindex,
				 struct ifinfomsg **ret_ifi);
/* Sends 'nlh' and handles its answers until the last.  0 or a negative errno. */
int nl_transact_on(struct nl *nl, const struct mnl_socket *sock, struct nlmsghdr *nlh, mnl_cb_t cb,
		   void *data);
int nl_transact(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data);
/* Reads one link back into the table, by its number or (0) its name; or all. */
int nl_read_link(struct nl *nl, uint32_t ifindex, const char *name);
int nl_refresh(struct nl *nl);

#endif
