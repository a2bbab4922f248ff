/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces: what there are, what becomes of them, and the few changes that skepd makes to
 * them.
 *
 * A struct nl keeps a table of all interfaces of its network namespace.  It is filled by one dump
 * and kept by the kernel's notifications; when those overflow the socket (-ENOBUFS) the dump is
 * made again and compared, so the owner is told of every difference in the end, though perhaps not
 * of each state in between.
 *
 * Two sockets: one for notifications, read from the event loop, and one for requests, each of which
 * is answered at once by the kernel.  A request that changes an interface reads it back, so the
 * table is never older than our own last change.
 *
 * The owner is called from the event loop alone, in the order of the changes: what it hears of may
 * have changed again, nl_find() tells.
 */
#ifndef SKEP_VSWITCHD_NETLINK_H
#define SKEP_VSWITCHD_NETLINK_H 1

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct event_base;
struct nl;

struct nl_link {
	LIST_ENTRY(nl_link) node;
	uint32_t ifindex;
	char name[IFNAMSIZ];
	uint8_t mac[6];	  /* zeros if it has none of this length */
	bool is_ethernet; /* ARPHRD_ETHER: what a port must be */
	bool is_up;	  /* IFF_UP: as it is meant to be */
	bool has_carrier; /* IFF_LOWER_UP */
	bool is_blocked;  /* another protocol keeps it from being used: dormant (802.1X), or protodown */
	char kind[16];	  /* as "ip link" has it: "veth", "vxlan"; "": none */
	bool is_external; /* a tunnel device that takes and gives its keys packet by packet */
	uint16_t tunnel_port; /* of VXLAN and Geneve */
	uint32_t mtu;
	bool is_taken;	  /* nl_take_link() took it from another namespace */
	bool is_peer_elsewhere; /* the peer is in another network namespace */
	int32_t peer_nsid;	/* which, if so */
	uint32_t peer_ifindex;	/* veth: in the peer's namespace; 0: none */
	char qdisc[16];		/* the one at its root: "noqueue"; "": none */
	uint32_t seen;		/* the dump that saw it last */
};

struct nl_callbacks {
	/* 'link' is new or changed, or something of it or its peer may have changed that is not here, if it is a veth with a peer elsewhere.  The pointer is valid during the call, in which all functions
	 * below may be called. */
	void (*changed)(void *aux, const struct nl_link *link);
	/* It is gone, or has another name now ('changed' with that follows). */
	void (*gone)(void *aux, const struct nl_link *link);
	void *aux;
};

/* The other end of a veth. */
struct nl_peer {
	uint8_t mac[6];
	bool has_driver_xdp; /* a program of its driver wants to see what it receives */
};

/* Counters of an interface; UINT64_MAX: not kept. */
struct nl_stats {
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped, rx_errors,
		tx_errors, rx_frame_err, rx_over_err, rx_crc_err, collisions;
};

/* OFPPF_* bits and kb/s; 0: not known. */
struct nl_features {
	uint32_t curr, advertised, supported, peer;
	uint32_t curr_speed, max_speed;
};

/* Opens the sockets and fills the table.  Returns 0 or a negative errno. */
int nl_open(struct event_base *base, const struct nl_callbacks *callbacks, struct nl **ret);
/* Accepts NULL. */
void nl_close(struct nl *nl);

/* NULL if there is none.  Valid until the loop runs or a function below is called. */
const struct nl_link *nl_find(const struct nl *nl, const char *name);
const struct nl_link *nl_find_ifindex(const struct nl *nl, uint32_t ifindex);

/* Makes a veth pair; 'mac' (of 'name'; may be NULL: the kernel chooses).  Returns 0 or a negative
 * errno. */
int nl_add_veth(struct nl *nl, const char *name, const uint8_t mac[6], const char *peer);
/* Makes a tunnel device of kind "vxlan", "geneve", "gretap" or "ip6gretap" that takes and gives its keys packet by packet ("external"), and does not limit the
 * size of packets.  'port' is the UDP port of the first two. */
int nl_add_tunnel(struct nl *nl, const char *name, const char *kind, uint16_t port);
/* Makes a device that forgets what is sent there: a dummy or, in a kernel without, a Linux bridge that has no ports.  It segments nothing, finishes no
 * checksum and adds no VLAN tag, so the kernel has done that before. */
int nl_add_sink(struct nl *nl, const char *name);
/* Takes interface 'name' out of the namespace in which 'socket' (which it closes) was opened, into ours, and sets it up.  It is marked by its alias, so that
 * a later skepd knows. */
int nl_take_link(struct nl *nl, int socket, const char *name);
/* Puts an interface into the namespace of descriptor 'ns', without the mark. */
int nl_give_link(struct nl *nl, uint32_t ifindex, int ns);
/* Deletes an interface (of a veth pair both). */
int nl_del_link(struct nl *nl, uint32_t ifindex);
/* Sets it up or down. */
int nl_set_up(struct nl *nl, uint32_t ifindex, bool up);
int nl_set_promisc(struct nl *nl, uint32_t ifindex, bool on);
/* No IPv6 address of its own: for the hidden end of a LOCAL pair. */
int nl_set_no_address(struct nl *nl, uint32_t ifindex);

/* Asks the kernel.  0 or a negative errno. */
int nl_get_stats(struct nl *nl, uint32_t ifindex, struct nl_stats *ret);
/* Asks for the peer, in another namespace, of 'link'.  0; or a negative errno: it is not there any more, has no address, or is none of our business. */
int nl_get_peer(struct nl *nl, const struct nl_link *link, struct nl_peer *ret);
/* Asks the driver for speed and duplex; all 0 if it does not say. */
void nl_get_features(struct nl *nl, const char *name, struct nl_features *ret);
/* Has it offer its peer what 'features' says.  0 or a negative errno. */
int nl_set_advertised(struct nl *nl, const char *name, uint32_t features);

#endif
