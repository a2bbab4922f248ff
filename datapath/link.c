// SPDX-License-Identifier: Apache-2.0
/* Where the kernel keeps a link's state; see link.h. */
#include "datapath/link.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "log.h"

#define FRAME_LEN 64

/* --- Offsets --- */

/* The offset in bytes of member 'name' of the structure, also within those without a name; -1: there is none, or it is a bit field. */
static int member_offset(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *m = btf_members(type);

	for (unsigned int i = 0; i < btf_vlen(type); i++) {
		const char *its = btf__name_by_offset(btf, m[i].name_off);
		uint32_t bits = btf_member_bit_offset(type, i);
		int id, inner;

		if (its && !strcmp(its, name))
			return bits % 8 || btf_member_bitfield_size(type, i) ? -1 : (int)(bits / 8);
		if (its && its[0])
			continue;
		id = btf__resolve_type(btf, m[i].type);
		if (id < 0 || !btf_is_composite(btf__type_by_id(btf, (uint32_t)id)))
			continue;
		inner = member_offset(btf, btf__type_by_id(btf, (uint32_t)id), name);
		if (inner >= 0)
			return inner + (int)(bits / 8);
	}
	return -1;
}

static int struct_offset(const struct btf *btf, const char *of, const char *name)
{
	int id = btf__find_by_name_kind(btf, of, BTF_KIND_STRUCT);

	return id < 0 ? -1 : member_offset(btf, btf__type_by_id(btf, (uint32_t)id), name);
}

/* --- Addresses --- */

static int address_fd = -1;

/* Loads the program that leaves the address of the packet's device in skb->cb. */
static int load_program(int skb_dev)
{
	const struct bpf_insn insns[] = {
#define CB(I) (short)(offsetof(struct __sk_buff, cb) + (I) * sizeof(__u32))
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0 },
		{ BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_1, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, skb_dev },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -8 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 8 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel },
		{ BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_10, -8, 0 },
		{ BPF_STX | BPF_MEM | BPF_W, BPF_REG_6, BPF_REG_1, CB(0), 0 },
		{ BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_10, -4, 0 },
		{ BPF_STX | BPF_MEM | BPF_W, BPF_REG_6, BPF_REG_1, CB(1), 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
#undef CB
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "skep_link", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
}

const struct link_layout *link_layout(void)
{
	static struct link_layout layout;
	static bool is_known;
	int flags, state, ifindex, skb_dev;
	struct btf *btf;

	if (is_known)
		return &layout;
	is_known = true;
	btf = btf__load_vmlinux_btf();
	if (!btf || libbpf_get_error(btf)) {
		log_info("the kernel's BTF cannot be read: links' states are heard of by netlink");
		return &layout;
	}
	flags = struct_offset(btf, "net_device", "flags");
	state = struct_offset(btf, "net_device", "state");
	ifindex = struct_offset(btf, "net_device", "ifindex");
	skb_dev = struct_offset(btf, "sk_buff", "dev");
	btf__free(btf);
	if (flags < 0 || state < 0 || ifindex < 0 || skb_dev < 0) {
		log_info("this kernel's struct net_device is not as expected: links' states are "
			 "heard of by netlink");
		return &layout;
	}
	address_fd = load_program(skb_dev);
	if (address_fd < 0) {
		log_info("links' states are heard of by netlink: the kernel lets no program read "
			 "them: %s",
			 strerror(errno));
		return &layout;
	}
	layout = (struct link_layout){ true, (uint32_t)flags, (uint32_t)state, (uint32_t)ifindex };
	return &layout;
}

uint64_t link_address(uint32_t ifindex)
{
	uint8_t frame[FRAME_LEN] = { 0 };
	struct __sk_buff skb = { .ifindex = ifindex }, out = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &skb, .ctx_size_in = sizeof(skb), .ctx_out = &out,
		    .ctx_size_out = sizeof(out));

	/* The kernel takes interface 1 for a packet of no interface in particular. */
	if (ifindex <= 1 || !link_layout()->can_read || bpf_prog_test_run_opts(address_fd, &opts))
		return 0;
	return (uint64_t)out.cb[1] << 32 | out.cb[0];
}
