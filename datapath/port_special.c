// SPDX-License-Identifier: Apache-2.0
/*
 * Ports that are not an interface of their own: tunnels, patch ports, sockets, and the devices that they share.
 *
 * A device has an element of skep_ports, as the program finds what an interface is there, but is no port of any bridge: its number is PORT_ANY.
 * skep_tunnels is written so that packets under way find a tunnel port's old entry or its new one: an entry is complete before its
 * 'port' is stored, the port then names it, and only then the old one goes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "datapath/attach.h"
#include "datapath/private.h"

enum attach_hook port_hook(const struct skep_port *port)
{
	switch ((enum skep_port_kind)port->kind) {
	case SKEP_PORT_PLAIN:
	case SKEP_PORT_LOCAL:
	case SKEP_PORT_TUNNEL_DEV:
		return ATTACH_INGRESS;
	case SKEP_PORT_IO_DEV:
		return ATTACH_EGRESS;
	default:
		return ATTACH_NOWHERE;
	}
}

/* --- The bits that send packets the slow way --- */

static bool has_patch_port(const struct dp *dp, uint32_t bridge)
{
	for (uint32_t i = BRIDGE(dp, bridge)->first_port; i; i = PORT(dp, i)->next) {
		if (PORT(dp, i)->kind == SKEP_PORT_PATCH)
			return true;
	}
	return false;
}

static uint32_t bits_of_kind(const struct dp *dp, const struct skep_port *port)
{
	switch ((enum skep_port_kind)port->kind) {
	case SKEP_PORT_LOCAL:
		return has_patch_port(dp, port->bridge) ? SKEP_PC_SPECIAL_IN : 0;
	case SKEP_PORT_TUNNEL_DEV:
	case SKEP_PORT_IO_DEV:
		return SKEP_PC_SPECIAL_IN;
	case SKEP_PORT_TUNNEL:
	case SKEP_PORT_PATCH:
	case SKEP_PORT_SOCKET:
		return SKEP_PC_SPECIAL_OUT;
	default:
		return 0;
	}
}

void port_set_special(struct dp *dp, uint32_t idx)
{
	struct skep_port *port = PORT(dp, idx);
	uint32_t bits = bits_of_kind(dp, port);

	if (BRIDGE(dp, port->bridge)->flags & SKEP_BF_STANDALONE)
		bits |= SKEP_PC_SPECIAL_IN;
	if (BRIDGE(dp, port->bridge)->cache)
		bits |= SKEP_PC_CACHED;
	PUBLISH(&port->config, (port->config & ~PORT_OWN_BITS) | bits);
	port_set_direct(dp, idx);
}

/* LOCAL looks for copies to patch ports while there are any. */
static void refresh_local(struct dp *dp, uint32_t bridge)
{
	uint32_t local = port_find(dp, bridge, PORT_LOCAL);

	if (local)
		port_set_special(dp, local);
}

/* --- Devices --- */

static uint32_t device_find(const struct dp *dp, uint32_t ifindex)
{
	uint32_t idx = ifindex ? if_port(dp, ifindex) : 0;

	return idx && PORT(dp, idx)->ofport == PORT_ANY ? idx : 0;
}

static int device_make(struct dp *dp, uint32_t kind, uint32_t ifindex)
{
	struct need need = { .ports = 1 };
	uint32_t idx;
	int err;

	if (reserve(dp, &need))
		return -ENOSPC;
	idx = spans_alloc(&dp->ports, 0);
	*PORT(dp, idx) = (struct skep_port){ .ofport = PORT_ANY, .kind = kind };
	port_set_special(dp, idx);
	err = if_add(dp, ifindex, idx);
	if (err) {
		PORT(dp, idx)->ofport = 0;
		spans_free(&dp->ports, idx, 0);
		return err;
	}
	PUBLISH(&PORT(dp, idx)->ifindex, ifindex);
	if (kind == SKEP_PORT_IO_DEV)
		PUBLISH(&DP_HEAD(dp)->io_ifindex, ifindex);
	return 0;
}

int dp_device_add(struct dp *dp, enum dp_device device, uint32_t ifindex, char *err_buf,
		  size_t err_size)
{
	uint32_t kind = device == DP_DEVICE_IO ? SKEP_PORT_IO_DEV : SKEP_PORT_TUNNEL_DEV, idx;
	bool is_new;
	int err = 0;

	idx = device_find(dp, ifindex);
	is_new = !idx;
	if (!ifindex || (is_new && if_port(dp, ifindex)) || (idx && PORT(dp, idx)->kind != kind) ||
	    (is_new && kind == SKEP_PORT_IO_DEV && DP_HEAD(dp)->io_ifindex)) {
		snprintf(err_buf, err_size, "interface %u is a port, or there is another I/O device",
			 ifindex);
		return -EBUSY;
	}
	if (is_new)
		err = device_make(dp, kind, ifindex);
	if (!err) {
		idx = device_find(dp, ifindex);
		err = attach_set(dp->attach, port_hook(PORT(dp, idx)), dp->links_dir, ifindex,
				 dp->set.prog_fd);
		if (err && is_new)
			dp_device_del(dp, ifindex);
	}
	if (err)
		snprintf(err_buf, err_size, "cannot attach to interface %u: %s", ifindex,
			 strerror(-err));
	return err;
}

void dp_device_del(struct dp *dp, uint32_t ifindex)
{
	uint32_t idx = device_find(dp, ifindex);

	if (!idx)
		return;
	for (uint32_t i = 1; i < dp->ports.bump; i++) {
		const struct skep_port *port = PORT(dp, i);

		if (port->ifindex == ifindex && port->ofport && i != idx)
			dp_port_del(dp, port->bridge, port->ofport);
	}
	attach_drop(dp->attach, port_hook(PORT(dp, idx)), dp->links_dir, ifindex);
	if (PORT(dp, idx)->kind == SKEP_PORT_IO_DEV)
		PUBLISH(&DP_HEAD(dp)->io_ifindex, 0);
	if_del(dp, ifindex);
	PUBLISH(&PORT(dp, idx)->ifindex, 0);
	PORT(dp, idx)->ofport = 0;
	garbage_put(dp, GARBAGE_PORT, idx, 0);
}

bool dp_device_next(const struct dp *dp, uint32_t ifindex, enum dp_device *ret_kind,
		    uint32_t *ret_ifindex)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < dp->ports.bump; i++) {
		const struct skep_port *port = PORT(dp, i);

		if (port->ofport == PORT_ANY && port->ifindex && port->ifindex >= ifindex &&
		    (!best || port->ifindex < PORT(dp, best)->ifindex))
			best = i;
	}
	if (!best)
		return false;
	*ret_kind = PORT(dp, best)->kind == SKEP_PORT_IO_DEV ? DP_DEVICE_IO : DP_DEVICE_TUNNEL;
	*ret_ifindex = PORT(dp, best)->ifindex;
	return true;
}

/* --- Tunnels --- */

/* Whether this kernel can send a GRE packet without a key: asks a program that does. */
static bool can_omit_key(void)
{
	enum { KEY_SIZE = sizeof(struct bpf_tunnel_key), NO_TUNNEL_KEY = 1 << 4 };
	const struct bpf_insn insns[] = {
		/* bpf_skb_set_tunnel_key(ctx, a key on the stack, its size, flags) */
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -48 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -40 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -32 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -24 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -16 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -48 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = KEY_SIZE },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 4, .imm = NO_TUNNEL_KEY },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_set_tunnel_key },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	uint8_t frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame));
	int fd, err;

	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "skep_probe", "GPL", insns,
			   sizeof(insns) / sizeof(insns[0]), NULL);
	if (fd < 0)
		return false;
	err = bpf_prog_test_run_opts(fd, &run);
	close(fd);
	return !err && !run.retval;
}

static uint32_t tunnel_flags(const struct dp_tunnel *t)
{
	return (t->has_key || t->is_out_key_flow || t->out_key ? SKEP_TF_KEY : 0) |
	       (t->is_key_flow ? SKEP_TF_KEY_FLOW : 0) |
	       (t->is_out_key_flow ? SKEP_TF_OUT_KEY_FLOW : 0) |
	       (t->is_remote_flow ? SKEP_TF_REMOTE_FLOW : 0) |
	       (t->is_local_any || t->is_local_flow ? SKEP_TF_LOCAL_ANY : 0) |
	       (t->is_local_flow ? SKEP_TF_LOCAL_FLOW : 0) | (t->is_ipv6 ? SKEP_TF_IPV6 : 0) |
	       (t->has_options ? SKEP_TF_OPTIONS : 0) | (t->has_csum ? SKEP_TF_CSUM : 0) |
	       (t->is_df ? SKEP_TF_DF : 0) | (t->is_tos_inherit ? SKEP_TF_TOS_INHERIT : 0) |
	       (t->is_ttl_inherit ? SKEP_TF_TTL_INHERIT : 0);
}

/* The entry for 't' but its port. */
static struct skep_tunnel tunnel_entry(const struct dp_tunnel *t, uint32_t ifindex)
{
	struct skep_tunnel e = {
		.ifindex = ifindex, .flags = tunnel_flags(t), .tos = t->tos, .ttl = t->ttl
	};
	size_t size = t->is_ipv6 ? 16 : 4;

	if (!(e.flags & SKEP_TF_KEY_FLOW))
		e.id = htobe64(t->key);
	if (!(e.flags & SKEP_TF_OUT_KEY_FLOW))
		e.out_id = htobe64(t->out_key);
	if (!(e.flags & SKEP_TF_REMOTE_FLOW))
		memcpy(e.remote, t->remote, size);
	if (!(e.flags & SKEP_TF_LOCAL_ANY))
		memcpy(e.local, t->local, size);
	return e;
}

static uint32_t first_slot(const struct skep_tunnel *e)
{
	__u64 remote[2], local[2];

	memcpy(remote, e->remote, sizeof(remote));
	memcpy(local, e->local, sizeof(local));
	return skep_tunnel_slot(e->ifindex, e->id, remote, local);
}

/* Whether the two receive the same packets. */
static bool is_same_tunnel(const struct skep_tunnel *a, const struct skep_tunnel *b)
{
	return a->ifindex == b->ifindex && a->id == b->id &&
	       SKEP_TUNNEL_MODE(a->flags) == SKEP_TUNNEL_MODE(b->flags) &&
	       !((a->flags ^ b->flags) & SKEP_TF_IPV6) &&
	       !memcmp(a->remote, b->remote, sizeof(a->remote)) &&
	       !memcmp(a->local, b->local, sizeof(a->local));
}

/* The slot of an entry that receives the same packets, else a free one.  -ENOSPC. */
static int tunnel_slot(const struct dp *dp, const struct skep_tunnel *e)
{
	uint32_t first = first_slot(e);
	int free_slot = -ENOSPC;

	for (uint32_t i = 0; i < SKEP_TUNNEL_PROBES; i++) {
		uint32_t slot = (first + i) & (SKEP_TUNNELS - 1);

		if (TUNNEL(dp, slot)->port && is_same_tunnel(TUNNEL(dp, slot), e))
			return (int)slot;
		if (!TUNNEL(dp, slot)->port && free_slot < 0)
			free_slot = (int)slot;
	}
	return free_slot;
}

static void count_mode(struct dp *dp, uint32_t flags, bool is_more)
{
	uint32_t mode = SKEP_TUNNEL_MODE(flags), modes = DP_HEAD(dp)->tunnel_modes;

	dp->n_tunnels[mode] += is_more ? 1 : (uint32_t)-1;
	modes = dp->n_tunnels[mode] ? modes | 1u << mode : modes & ~(1u << mode);
	PUBLISH(&DP_HEAD(dp)->tunnel_modes, modes);
}

static void tunnel_put(struct dp *dp, uint32_t slot, const struct skep_tunnel *e, uint32_t idx)
{
	struct skep_tunnel *t = TUNNEL(dp, slot);

	if (t->port)
		count_mode(dp, t->flags, false);
	*t = *e;
	PUBLISH(&t->port, idx);
	count_mode(dp, e->flags, true);
}

static void tunnel_clear(struct dp *dp, uint32_t slot, uint32_t idx)
{
	if (TUNNEL(dp, slot)->port != idx)
		return;
	PUBLISH(&TUNNEL(dp, slot)->port, 0);
	count_mode(dp, TUNNEL(dp, slot)->flags, false);
}

/* Checks what can be known before anything is changed, and fills the entry and its slot. */
static int tunnel_plan(const struct dp *dp, uint32_t idx, uint32_t ifindex,
		       const struct dp_tunnel *t, struct skep_tunnel *ret, char *err_buf,
		       size_t err_size)
{
	uint32_t device = device_find(dp, ifindex);
	int slot;

	if (!device || PORT(dp, device)->kind != SKEP_PORT_TUNNEL_DEV) {
		snprintf(err_buf, err_size, "interface %u is no tunnel device", ifindex);
		return -ENODEV;
	}
	if (t->key > UINT32_MAX || t->out_key > UINT32_MAX) {
		snprintf(err_buf, err_size, "a key has 32 bits at most (VXLAN, Geneve: 24)");
		return -EINVAL;
	}
	*ret = tunnel_entry(t, ifindex);
	if (!(ret->flags & SKEP_TF_KEY) && dp->attach != DP_ATTACH_NONE && !can_omit_key()) {
		snprintf(err_buf, err_size,
			 "this kernel cannot send without a key (6.3 is the first): set one");
		return -EOPNOTSUPP;
	}
	slot = tunnel_slot(dp, ret);
	if (slot < 0) {
		snprintf(err_buf, err_size, "no room for another tunnel");
		return slot;
	}
	if (TUNNEL(dp, slot)->port && TUNNEL(dp, slot)->port != idx) {
		snprintf(err_buf, err_size, "port %u has the same remote, local and key",
			 PORT(dp, TUNNEL(dp, slot)->port)->ofport);
		return -EEXIST;
	}
	return slot;
}

/* Makes a port of a kind, with nothing but that; or finds it (then '*ret_is_new' is false).  Returns its index. */
static int special_slot(struct dp *dp, uint32_t bridge, uint32_t ofport, uint32_t kind,
			bool *ret_is_new, char *err_buf, size_t err_size)
{
	uint32_t idx = port_find(dp, bridge, ofport);
	int err;

	*ret_is_new = false;
	if (idx && PORT(dp, idx)->kind == kind)
		return (int)idx;
	err = port_check_new(dp, bridge, ofport, err_buf, err_size);
	if (err)
		return err;
	err = port_slot(dp, bridge, ofport);
	if (err < 0) {
		snprintf(err_buf, err_size, "no room for another port: %s", strerror(-err));
		return err;
	}
	port_vlan_reset(dp, (uint32_t)err);
	*ret_is_new = true;
	return err;
}

/* Puts a new port of a kind in force. */
static void special_start(struct dp *dp, uint32_t idx, uint32_t kind, uint32_t aux, uint32_t ifindex)
{
	struct skep_port *port = PORT(dp, idx);

	port->config = 0;
	port->kind = kind;
	port->aux = aux;
	port_reset_counters(dp, idx);
	port_set_special(dp, idx);
	port_publish(dp, idx, ifindex);
}

int dp_port_add_tunnel(struct dp *dp, uint32_t bridge, uint32_t ofport, uint32_t ifindex,
		       const struct dp_tunnel *tunnel, char *err_buf, size_t err_size)
{
	struct skep_tunnel entry;
	uint32_t idx, old;
	bool is_new;
	int slot, err;

	err = special_slot(dp, bridge, ofport, SKEP_PORT_TUNNEL, &is_new, err_buf, err_size);
	if (err < 0)
		return err;
	idx = (uint32_t)err;
	slot = tunnel_plan(dp, idx, ifindex, tunnel, &entry, err_buf, err_size);
	if (slot < 0)
		return slot;
	old = PORT(dp, idx)->aux;
	tunnel_put(dp, (uint32_t)slot, &entry, idx);
	if (is_new) {
		PORT(dp, idx)->flags |= SKEP_PF_ISOLATED;
		special_start(dp, idx, SKEP_PORT_TUNNEL, (uint32_t)slot, ifindex);
		return 0;
	}
	PUBLISH(&PORT(dp, idx)->aux, (uint32_t)slot);
	port_publish(dp, idx, ifindex);
	if (old != (uint32_t)slot)
		tunnel_clear(dp, old, idx);
	return 0;
}

/* --- Patch ports --- */

int dp_port_add_patch(struct dp *dp, uint32_t bridge, uint32_t ofport, char *err_buf,
		      size_t err_size)
{
	bool is_new;
	int idx = special_slot(dp, bridge, ofport, SKEP_PORT_PATCH, &is_new, err_buf, err_size);

	if (idx < 0)
		return idx;
	if (is_new) {
		special_start(dp, (uint32_t)idx, SKEP_PORT_PATCH, 0, NO_IFINDEX);
		refresh_local(dp, bridge);
	}
	return 0;
}

static uint32_t patch_find(const struct dp *dp, uint32_t bridge, uint32_t ofport)
{
	uint32_t idx = port_find(dp, bridge, ofport);

	return idx && PORT(dp, idx)->kind == SKEP_PORT_PATCH ? idx : 0;
}

static void patch_part(struct dp *dp, uint32_t idx)
{
	uint32_t peer = PORT(dp, idx)->aux;

	PUBLISH(&PORT(dp, idx)->aux, 0);
	if (peer && PORT(dp, peer)->aux == idx)
		PUBLISH(&PORT(dp, peer)->aux, 0);
}

int dp_patch_join(struct dp *dp, uint32_t bridge_a, uint32_t ofport_a, uint32_t bridge_b,
		  uint32_t ofport_b)
{
	uint32_t a = patch_find(dp, bridge_a, ofport_a), b = patch_find(dp, bridge_b, ofport_b);

	if (!a || !b)
		return -ENOENT;
	if (bridge_a == bridge_b)
		return -EINVAL;
	if (PORT(dp, a)->aux == b && PORT(dp, b)->aux == a)
		return 0;
	patch_part(dp, a);
	patch_part(dp, b);
	PUBLISH(&PORT(dp, a)->aux, b);
	PUBLISH(&PORT(dp, b)->aux, a);
	return 0;
}

void dp_patch_part(struct dp *dp, uint32_t bridge, uint32_t ofport)
{
	uint32_t idx = patch_find(dp, bridge, ofport);

	if (idx)
		patch_part(dp, idx);
}

/* --- Sockets --- */

int dp_port_add_socket(struct dp *dp, uint32_t bridge, uint32_t ofport, char *err_buf,
		       size_t err_size)
{
	uint32_t ifindex = DP_HEAD(dp)->io_ifindex;
	bool is_new;
	int idx;

	if (!ifindex) {
		snprintf(err_buf, err_size, "there is no I/O device for socket ports");
		return -ENODEV;
	}
	idx = special_slot(dp, bridge, ofport, SKEP_PORT_SOCKET, &is_new, err_buf, err_size);
	if (idx < 0)
		return idx;
	if ((uint32_t)idx > ~SKEP_MARK_MASK) {
		snprintf(err_buf, err_size, "too many ports for their marks");
		return -ENOSPC;
	}
	if (is_new)
		special_start(dp, (uint32_t)idx, SKEP_PORT_SOCKET, 0, ifindex);
	return 0;
}

/* --- All of them --- */

void special_release(struct dp *dp, uint32_t idx)
{
	struct skep_port *port = PORT(dp, idx);
	uint32_t kind = port->kind;

	if (kind == SKEP_PORT_TUNNEL)
		tunnel_clear(dp, port->aux, idx);
	else if (kind == SKEP_PORT_PATCH)
		patch_part(dp, idx);
	port->kind = SKEP_PORT_PLAIN;
	port->aux = 0;
	if (kind == SKEP_PORT_PATCH)
		refresh_local(dp, port->bridge);
}

void special_recall(struct dp *dp)
{
	for (uint32_t i = 1; i < dp->ports.bump; i++) {
		if (PORT(dp, i)->kind == SKEP_PORT_IO_DEV && PORT(dp, i)->ofport)
			DP_HEAD(dp)->io_ifindex = PORT(dp, i)->ifindex;
	}
	for (uint32_t i = 0; i < SKEP_TUNNELS; i++) {
		uint32_t idx = TUNNEL(dp, i)->port;

		if (!idx)
			continue;
		/* One that a process was killed over is in no port's hands. */
		if (idx < dp->ports.bump && PORT(dp, idx)->ifindex && PORT(dp, idx)->aux == i &&
		    PORT(dp, idx)->kind == SKEP_PORT_TUNNEL)
			count_mode(dp, TUNNEL(dp, i)->flags, true);
		else
			TUNNEL(dp, i)->port = 0;
	}
}
