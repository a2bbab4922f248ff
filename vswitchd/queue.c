// SPDX-License-Identifier: Apache-2.0
/* Queues by rtnetlink's traffic classes; see queue.h. */
#include "vswitchd/queue.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BUF_SIZE 32768
/* Open vSwitch's root class, which is no queue. */
#define ROOT_MINOR 0xfffe

struct reader {
	struct queue *q;
	unsigned int n, cap;
	bool failed;
	uint8_t is_inner[65536 / 8]; /* bit MINOR: other classes share it, so it has no packets of its own */
};

/* Qdiscs whose classes skb->priority chooses. */
static bool takes_priority(const char *kind)
{
	static const char *const kinds[] = { "htb", "hfsc", "drr", "qfq", "prio", "ets" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

/* The attributes of a nest, by number; others are left out. */
struct attrs {
	const struct nlattr **by_type;
	unsigned int n;
};

static int on_attr(const struct nlattr *attr, void *data)
{
	const struct attrs *a = data;

	if (mnl_attr_get_type(attr) < a->n)
		a->by_type[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* Copies as much of an attribute as there is: the kernel's structures grow. */
static void copy_attr(void *to, size_t size, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(to, mnl_attr_get_payload(attr), len < size ? len : size);
}

static void read_rates(const struct nlattr *options, struct queue *q)
{
	const struct nlattr *by_type[TCA_HTB_MAX + 1] = { NULL };
	struct attrs attrs = { by_type, TCA_HTB_MAX + 1 };
	struct tc_htb_opt opt;
	uint64_t rate, ceil;

	mnl_attr_parse_nested(options, on_attr, &attrs);
	if (!by_type[TCA_HTB_PARMS])
		return;
	memset(&opt, 0, sizeof(opt));
	copy_attr(&opt, sizeof(opt), by_type[TCA_HTB_PARMS]);
	rate = opt.rate.rate;
	ceil = opt.ceil.rate;
	if (by_type[TCA_HTB_RATE64])
		copy_attr(&rate, sizeof(rate), by_type[TCA_HTB_RATE64]);
	if (by_type[TCA_HTB_CEIL64])
		copy_attr(&ceil, sizeof(ceil), by_type[TCA_HTB_CEIL64]);
	q->min_rate = rate * 8;
	q->max_rate = ceil * 8;
}

static void read_stats(const struct nlattr *stats, struct queue *q)
{
	const struct nlattr *by_type[TCA_STATS_MAX + 1] = { NULL };
	struct attrs attrs = { by_type, TCA_STATS_MAX + 1 };
	struct gnet_stats_basic basic;
	struct gnet_stats_queue queue;

	mnl_attr_parse_nested(stats, on_attr, &attrs);
	memset(&basic, 0, sizeof(basic));
	memset(&queue, 0, sizeof(queue));
	if (by_type[TCA_STATS_BASIC])
		copy_attr(&basic, sizeof(basic), by_type[TCA_STATS_BASIC]);
	q->tx_bytes = basic.bytes;
	q->tx_packets = basic.packets;
	if (by_type[TCA_STATS_PKT64])
		copy_attr(&q->tx_packets, sizeof(q->tx_packets), by_type[TCA_STATS_PKT64]);
	if (by_type[TCA_STATS_QUEUE])
		copy_attr(&queue, sizeof(queue), by_type[TCA_STATS_QUEUE]);
	q->tx_errors = queue.drops;
}

static struct queue *queue_new(struct reader *r)
{
	if (r->n == r->cap) {
		unsigned int cap = r->cap ? r->cap * 2 : 16;
		struct queue *p = realloc(r->q, cap * sizeof(*p));

		if (!p) {
			r->failed = true;
			return NULL;
		}
		r->q = p;
		r->cap = cap;
	}
	memset(&r->q[r->n], 0, sizeof(r->q[0]));
	return &r->q[r->n++];
}

static int on_class(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *by_type[TCA_MAX + 1] = { NULL };
	struct attrs attrs = { by_type, TCA_MAX + 1 };
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);
	struct reader *r = data;
	struct queue *q;

	if (nlh->nlmsg_type != RTM_NEWTCLASS || mnl_nlmsg_get_payload_len(nlh) < sizeof(*tc) ||
	    TC_H_MAJ(tc->tcm_handle) != 1u << 16 || !TC_H_MIN(tc->tcm_handle))
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(*tc), on_attr, &attrs);
	if (!by_type[TCA_KIND] || mnl_attr_validate(by_type[TCA_KIND], MNL_TYPE_NUL_STRING) < 0 ||
	    !takes_priority(mnl_attr_get_str(by_type[TCA_KIND])))
		return MNL_CB_OK;
	q = queue_new(r);
	if (!q)
		return MNL_CB_ERROR;
	if (TC_H_MAJ(tc->tcm_parent) == 1u << 16)
		r->is_inner[TC_H_MIN(tc->tcm_parent) / 8] |= (uint8_t)(1 << TC_H_MIN(tc->tcm_parent) % 8);
	q->queue_id = TC_H_MIN(tc->tcm_handle) - 1;
	if (by_type[TCA_OPTIONS] && !strcmp(mnl_attr_get_str(by_type[TCA_KIND]), "htb"))
		read_rates(by_type[TCA_OPTIONS], q);
	if (by_type[TCA_STATS2])
		read_stats(by_type[TCA_STATS2], q);
	return MNL_CB_OK;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct queue *)a)->queue_id, y = ((const struct queue *)b)->queue_id;

	return x < y ? -1 : x > y;
}

/* What was read becomes '*ret'. */
static void keep_queues(struct reader *r, struct queue_list *ret)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->n; i++) {
		uint32_t minor = r->q[i].queue_id + 1;

		if (minor != ROOT_MINOR && !(r->is_inner[minor / 8] >> minor % 8 & 1))
			r->q[n++] = r->q[i];
	}
	if (n)
		qsort(r->q, n, sizeof(*r->q), by_id);
	*ret = (struct queue_list){ r->q, n };
	r->q = NULL;
}

static int dump_classes(struct mnl_socket *sock, uint32_t ifindex, struct reader *r)
{
	char buf[BUF_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc;
	ssize_t n;
	int ret;

	nlh->nlmsg_type = RTM_GETTCLASS;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = (int)ifindex;
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(sock), on_class, r);
	} while (ret > MNL_CB_STOP);
	if (r->failed)
		return -ENOMEM;
	return ret < 0 ? -errno : 0;
}

static int read_classes(uint32_t ifindex, struct reader *r)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int error = 0;

	if (!sock)
		return -errno;
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0)
		error = -errno;
	if (!error)
		error = dump_classes(sock, ifindex, r);
	mnl_socket_close(sock);
	return error;
}

int queue_list_read(uint32_t ifindex, struct queue_list *ret)
{
	struct reader *r;
	int error = -EINTR;

	*ret = (struct queue_list){ .q = NULL };
	if (!ifindex)
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	/* Classes that come or go meanwhile can make the kernel say so (-EINTR): then once more. */
	for (int i = 0; i < 10 && error == -EINTR; i++) {
		r->n = 0;
		memset(r->is_inner, 0, sizeof(r->is_inner));
		error = read_classes(ifindex, r);
	}
	if (!error)
		keep_queues(r, ret);
	free(r->q);
	free(r);
	return error;
}

void queue_list_uninit(struct queue_list *list)
{
	free(list->q);
	*list = (struct queue_list){ .q = NULL };
}
