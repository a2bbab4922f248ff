// SPDX-License-Identifier: Apache-2.0
/* Making, taking and changing links by rtnetlink; see netlink.h. */
#include "vswitchd/netlink_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_tunnel.h>
#include <linux/pkt_sched.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

#include "vswitchd/ethtool.h"

int nl_add_veth(struct nl *nl, const char *name, const uint8_t mac[6], const char *peer)
{
	char req[REQUEST_SIZE];
	struct nlattr *info, *data, *peer_attr;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, &ifi);
	int error;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	if (mac)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer_attr = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_nest_end(nlh, peer_attr);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	error = nl_transact(nl, nlh, NULL, NULL);
	if (error)
		return error;
	error = nl_read_link(nl, 0, name);
	return error ? error : nl_read_link(nl, 0, peer);
}

/* What every device of ours has: no limit to the size of packets, no IPv6 address. */
static void put_own_device(struct nlmsghdr *nlh, const char *name)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_MTU, DEVICE_MTU);
}

/* Lets nothing wait in front of the interface: a packet's tunnel metadata is of its CPU, and good until the next packet's is set there. */
static int set_no_queue(struct nl *nl, uint32_t ifindex)
{
	char req[REQUEST_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req);
	struct tcmsg *tc;

	nlh->nlmsg_type = RTM_NEWQDISC;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = (int)ifindex;
	tc->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, "noqueue");
	return nl_transact(nl, nlh, NULL, NULL);
}

int nl_add_tunnel(struct nl *nl, const char *name, const char *kind, uint16_t port)
{
	const struct tunnel_kind *tunnel = nl_find_tunnel_kind(kind);
	char req[REQUEST_SIZE];
	struct nlattr *info, *data;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, &ifi);
	int error;

	put_own_device(nlh, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (tunnel->is_flag)
		mnl_attr_put(nlh, tunnel->external, 0, NULL);
	else
		mnl_attr_put_u8(nlh, tunnel->external, 1);
	if (tunnel->port)
		mnl_attr_put_u16(nlh, tunnel->port, htons(port));
	if (tunnel->zero_csum6_rx)
		mnl_attr_put_u8(nlh, tunnel->zero_csum6_rx, 1);
	if (tunnel->learning)
		mnl_attr_put_u8(nlh, tunnel->learning, 0);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	error = nl_transact(nl, nlh, NULL, NULL);
	if (!error)
		error = nl_read_link(nl, 0, name);
	return error ? error : set_no_queue(nl, nl_find(nl, name)->ifindex);
}

static int add_plain(struct nl *nl, const char *name, const char *kind)
{
	char req[REQUEST_SIZE];
	struct nlattr *info;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, &ifi);
	int error;

	put_own_device(nlh, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(nlh, info);
	error = nl_transact(nl, nlh, NULL, NULL);
	return error ? error : nl_read_link(nl, 0, name);
}

int nl_add_sink(struct nl *nl, const char *name)
{
	int error = add_plain(nl, name, "dummy");

	if (error == -EOPNOTSUPP)
		error = add_plain(nl, name, "bridge");
	if (!error)
		error = nl->ethtool_fd < 0 ? -EBADF
					   : ethtool_set_no_offloads(nl->ethtool_fd, name);
	return error;
}

int nl_take_link(struct nl *nl, int socket, const char *name)
{
	struct mnl_socket *sock = mnl_socket_fdopen(socket);
	const struct nl_link *link;
	char req[REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_SETLINK, 0, 0, &ifi);
	int error;

	if (!sock) {
		close(socket);
		return -ENOMEM;
	}
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_PID, (uint32_t)getpid());
	mnl_attr_put_str(nlh, IFLA_IFALIAS, TAKEN_ALIAS);
	error = mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID)
			? -errno
			: nl_transact_on(nl, sock, nlh, NULL, NULL);
	mnl_socket_close(sock);
	if (!error)
		error = nl_read_link(nl, 0, name);
	link = error ? NULL : nl_find(nl, name);
	return link ? nl_set_up(nl, link->ifindex, true) : error;
}

int nl_give_link(struct nl *nl, uint32_t ifindex, int ns)
{
	char req[REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_SETLINK, 0, ifindex, &ifi);
	int error;

	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)ns);
	mnl_attr_put_str(nlh, IFLA_IFALIAS, "");
	error = nl_transact(nl, nlh, NULL, NULL);
	return error ? error : nl_refresh(nl);
}

int nl_del_link(struct nl *nl, uint32_t ifindex)
{
	char req[REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_DELLINK, 0, ifindex, &ifi);
	int error = nl_transact(nl, nlh, NULL, NULL);

	return error ? error : nl_refresh(nl);
}

static int set_flags(struct nl *nl, uint32_t ifindex, unsigned int flags, unsigned int change)
{
	char req[REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_SETLINK, 0, ifindex, &ifi);
	int error;

	ifi->ifi_flags = flags;
	ifi->ifi_change = change;
	error = nl_transact(nl, nlh, NULL, NULL);
	return error ? error : nl_read_link(nl, ifindex, NULL);
}

int nl_set_up(struct nl *nl, uint32_t ifindex, bool up)
{
	return set_flags(nl, ifindex, up ? IFF_UP : 0, IFF_UP);
}

int nl_set_promisc(struct nl *nl, uint32_t ifindex, bool on)
{
	return set_flags(nl, ifindex, on ? IFF_PROMISC : 0, IFF_PROMISC);
}

int nl_set_no_address(struct nl *nl, uint32_t ifindex)
{
	char req[REQUEST_SIZE];
	struct nlattr *spec, *inet6;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_link_request(req, RTM_SETLINK, 0, ifindex, &ifi);

	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	return nl_transact(nl, nlh, NULL, NULL);
}
