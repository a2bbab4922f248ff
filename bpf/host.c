// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The host build of the pipeline; see host.h. */
#include "bpf/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/home_host.h"

#include "bpf/pipeline.h"

static uint8_t packet_buf[2][HOST_HEADROOM + HOST_FRAME_MAX];

/* Puts a copy of 'frame' into buffer 'i'. */
static void packet_init(struct host_packet *p, unsigned int i, const struct skep_host_ops *ops,
			const uint8_t *frame, uint32_t len)
{
	*p = (struct host_packet){
		.ops = ops,
		.data = packet_buf[i] + HOST_HEADROOM,
		.len = len,
		.buf = packet_buf[i],
	};
	memcpy(p->data, frame, len);
}

/* Index of the bridge's port number 'ofport', or 0. */
static uint32_t find_port(const struct skep_bridge *br, uint32_t ofport)
{
	uint32_t idx = br->first_port;

	for (int i = 0; i < SKEP_PORTS_MAX && idx; i++) {
		const struct skep_port *port = home_port(idx);

		if (!port)
			return 0;
		if (port->ofport == ofport)
			return idx;
		idx = port->next;
	}
	return 0;
}

/* Checks the arguments and prepares the run. */
static int begin(struct skep_state *s, const struct skep_host_maps *maps, uint32_t bridge,
		 uint32_t in_port, size_t len)
{
	const struct skep_port *port;

	if (!maps->dp || !maps->dp->n_stripes || bridge >= maps->n_bridges)
		return -EINVAL;
	if (len > HOST_FRAME_MAX)
		return -EMSGSIZE;
	host.maps = maps;
	host.list = NULL;
	host.n_list = 0;
	host.n_forks = 0;
	memset(s, 0, sizeof(*s));
	s->stripe = maps->dp->n_stripes - 1;
	s->in_port_idx = find_port(&maps->bridges[bridge], in_port);
	port = s->in_port_idx ? home_port(s->in_port_idx) : NULL;
	s->in_config = port ? port->config : 0;
	skep_begin(s, SKEP_ONCE(maps->dp->version), bridge, in_port);
	return 0;
}

static int home_finish(SKEP_CTX *ctx, struct skep_state *s)
{
	(void)ctx;
	if (!s->sent)
		skep_drop(s, SKEP_DROP_NO_OUTPUT);
	return 0;
}

static int home_send_now(SKEP_CTX *ctx, struct skep_state *s, uint32_t idx,
			 const struct skep_port *port, uint32_t way)
{
	(void)port;
	s->pending = idx;
	s->pending_if = way;
	skep_flush(ctx, s);
	return 0;
}

/* --- Copies to patch ports --- */

/* A copy that waits to be received by port 'port_idx'. */
struct copy {
	struct copy *next;
	uint32_t port_idx;
	uint16_t hops;
	uint32_t len;
	uint8_t frame[];
};

static struct {
	struct copy *first, **last;
	unsigned int n_made; /* in this call */
} copies = { .last = &copies.first };

static int host_copy_patch(SKEP_CTX *ctx, const struct skep_state *s, uint32_t idx)
{
	const struct skep_port *port = home_port(idx);
	struct copy *c;

	if (s->hops >= SKEP_HOPS_MAX || copies.n_made >= SKEP_HOST_COPIES_MAX ||
	    ctx->len > HOST_FRAME_MAX || !port)
		return -1;
	c = malloc(sizeof(*c) + ctx->len);
	if (!c)
		return -1;
	*c = (struct copy){ .port_idx = port->aux, .hops = s->hops + 1, .len = ctx->len };
	memcpy(c->frame, ctx->data, ctx->len);
	*copies.last = c;
	copies.last = &c->next;
	copies.n_made++;
	return 0;
}

/* As skep_hop() does with the packet itself. */
static void receive_copy(struct skep_state *s, const struct skep_host_ops *ops,
			 const struct copy *c)
{
	__u64 version = s->version;
	uint32_t stripe = s->stripe;
	struct host_packet p;

	memset(s, 0, sizeof(*s));
	s->stripe = stripe;
	skep_begin(s, version, 0, 0);
	s->hops = c->hops;
	packet_init(&p, 0, ops, c->frame, c->len);
	if (skep_enter_port(&p, s, c->port_idx, SKEP_PORT_PATCH)) {
		skep_drop(s, SKEP_DROP_PORT_FWD);
		return;
	}
	skep_receive(&p, s);
}

/* Lets the copies that were made go their way, and those that they make. */
static void receive_copies(struct skep_state *s, const struct skep_host_ops *ops)
{
	struct copy *c;

	while ((c = copies.first)) {
		copies.first = c->next;
		if (!c->next)
			copies.last = &copies.first;
		receive_copy(s, ops, c);
		free(c);
	}
	copies.n_made = 0;
}

/* Enough for a chain of groups; what a BPF program has of them is less. */
#define HOST_FORKS_MAX SKEP_GROUP_DEPTH

static int home_fork(SKEP_CTX *ctx, struct skep_state *s)
{
	struct host_packet copy = { .ops = ctx->ops, .len = ctx->len };
	struct skep_state copy_state;

	if (ctx->len > HOST_FRAME_MAX || host.n_forks == HOST_FORKS_MAX)
		return -1;
	copy.buf = malloc(HOST_HEADROOM + HOST_FRAME_MAX);
	if (!copy.buf)
		return -1;
	copy.data = copy.buf + HOST_HEADROOM;
	memcpy(copy.data, ctx->data, ctx->len);
	memcpy(&copy_state, s, sizeof(copy_state));
	copy_state.list_next = s->fork_next;
	copy_state.list_left = s->fork_left;
	copy_state.cookie = SKEP_NO_COOKIE;
	copy_state.reason = SKEP_R_ACTION;
	copy_state.more = 0;
	copy_state.has_set = 0;
	host.n_forks++;
	skep_go_on(&copy, &copy_state, skep_exec_fork(&copy, &copy_state));
	host.n_forks--;
	free(copy.buf);
	return 0;
}

static int home_run_tables(SKEP_CTX *ctx, struct skep_state *s)
{
	const struct skep_cell *list = host.list;
	uint32_t n_list = host.n_list;
	struct skep_state copy_state;
	struct host_packet copy;

	/* In a rule it is refused, and in a bucket too. */
	if (s->list_next < HOST_LIST)
		return SKEP_GO;
	if (ctx->len > HOST_FRAME_MAX) {
		skep_drop(s, SKEP_DROP_ACTION_FAILED);
		return SKEP_GO;
	}
	packet_init(&copy, 1, ctx->ops, ctx->data, ctx->len);
	memcpy(&copy_state, s, sizeof(copy_state));
	skep_begin(&copy_state, s->version, s->bridge, s->key.in_port);
	host.list = NULL;
	host.n_list = 0;
	/* The tunnel fields that the actions before have set stay set. */
	memcpy(&copy_state.w[15], &s->w[15], 6 * sizeof(s->w[0]));
	memcpy(&copy_state.w[SKEP_OPTION_WORD], &s->w[SKEP_OPTION_WORD],
	       (SKEP_TLVS + 1) * sizeof(s->w[0]));
	copy_state.w[0] = s->w[0];
	copy_state.dirty = s->dirty;
	copy_state.frame_len = copy.len;
	if (!skep_parse(&copy, &copy_state))
		skep_go_on(&copy, &copy_state, SKEP_GO); /* from table 0, or NORMAL where the bridge is standalone */
	home_finish(&copy, &copy_state);
	host.list = list;
	host.n_list = n_list;
	s->sent |= copy_state.sent;
	return SKEP_GO;
}

int skep_host_run(const struct skep_host_maps *maps, const struct skep_host_ops *ops,
		  uint32_t bridge, uint32_t in_port, const uint8_t *frame, size_t len)
{
	struct host_packet p;
	struct skep_state s;
	int err;

	err = begin(&s, maps, bridge, in_port, len);
	if (err)
		return err;
	if (!s.in_port_idx) {
		skep_drop(&s, SKEP_DROP_PORT_RECV);
		return 0;
	}
	packet_init(&p, 0, ops, frame, (uint32_t)len);
	skep_receive(&p, &s);
	receive_copies(&s, ops);
	return 0;
}

int skep_host_packet_out(const struct skep_host_maps *maps, const struct skep_host_ops *ops,
			 uint32_t bridge, uint32_t in_port, const struct skep_cell *cells,
			 uint32_t n_cells, const uint8_t *frame, size_t len)
{
	struct host_packet p;
	struct skep_state s;
	int err;

	err = begin(&s, maps, bridge, in_port, len);
	if (err)
		return err;
	packet_init(&p, 0, ops, frame, (uint32_t)len);
	if (skep_parse(&p, &s)) {
		skep_drop(&s, SKEP_DROP_SHORT);
		return 0;
	}
	if (maps->bridges[bridge].slow_meter &&
	    skep_police(&p, &s, maps->bridges[bridge].slow_meter) == SKEP_ABORT)
		return 0;
	if (s.stale != SKEP_FRESH && skep_parse(&p, &s))
		return 0;
	s.cookie = SKEP_NO_COOKIE;
	s.reason = SKEP_R_ACTION;
	host.list = cells;
	host.n_list = n_cells;
	skep_exec_list(&p, &s, HOST_LIST, n_cells);
	home_finish(&p, &s);
	receive_copies(&s, ops);
	return 0;
}
