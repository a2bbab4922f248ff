// SPDX-License-Identifier: Apache-2.0
/* Programs on interfaces; see attach.h. */
#include "datapath/attach.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, which older headers lack */
#define TCX_EGRESS  47

/* How long a program that was dropped may take to go. */
#define DROP_WAIT_MS 1000

/* The filter's place.  Priority 1: the port belongs to the switch. */
enum { TC_HANDLE = 0x5ce9, TC_PRIORITY = 1 };

static void link_path(const char *links_dir, uint32_t ifindex, char *path, size_t size)
{
	snprintf(path, size, "%s/%u", links_dir, ifindex);
}

enum dp_attach attach_probe(enum dp_attach wanted, int prog_fd)
{
	int fd;

	if (wanted != DP_ATTACH_AUTO)
		return wanted;
	/* BPF_LINK_CREATE on an interface that cannot be: a kernel with tcx looks for it, another knows no such attach type. */
	fd = bpf_link_create(prog_fd, INT_MAX, TCX_INGRESS, NULL);
	if (fd >= 0) {
		close(fd);
		return DP_ATTACH_TCX;
	}
	return errno == ENODEV ? DP_ATTACH_TCX : DP_ATTACH_CLSACT;
}

/* Makes a link.  If the interface was a port until just now, the program may still be on its way off (attach_drop()): that is a matter of
 * milliseconds. */
static int create_link(enum attach_hook hook, uint32_t ifindex, int prog_fd)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int fd = -1;

	for (int i = 0; i < DROP_WAIT_MS && fd < 0; i++) {
		if (i)
			nanosleep(&pause, NULL);
		fd = bpf_link_create(prog_fd, (int)ifindex,
				     hook == ATTACH_EGRESS ? TCX_EGRESS : TCX_INGRESS, NULL);
		if (fd < 0 && errno != EEXIST)
			return -errno;
	}
	return fd < 0 ? -EEXIST : fd;
}

static int set_tcx(enum attach_hook hook, const char *links_dir, uint32_t ifindex, int prog_fd)
{
	char path[PATH_MAX];
	int fd, err = 0;

	link_path(links_dir, ifindex, path, sizeof(path));
	fd = bpf_obj_get(path);
	if (fd >= 0) {
		err = bpf_link_update(fd, prog_fd, NULL) ? -errno : 0;
		close(fd);
		if (!err)
			return 0;
		unlink(path); /* the interface it was for has gone; this is another with its number */
	}
	fd = create_link(hook, ifindex, prog_fd);
	if (fd < 0)
		return fd;
	err = bpf_obj_pin(fd, path) ? -errno : 0;
	close(fd);
	return err;
}

static enum bpf_tc_attach_point clsact_point(enum attach_hook hook)
{
	return hook == ATTACH_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

static int set_clsact(enum attach_hook where, uint32_t ifindex, int prog_fd)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = clsact_point(where));
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .handle = TC_HANDLE,
		    .priority = TC_PRIORITY, .flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	return bpf_tc_attach(&hook, &opts);
}

int attach_set(enum dp_attach mode, enum attach_hook hook, const char *links_dir, uint32_t ifindex,
	       int prog_fd)
{
	if (mode == DP_ATTACH_NONE || hook == ATTACH_NOWHERE)
		return 0;
	if (mode == DP_ATTACH_TCX)
		return set_tcx(hook, links_dir, ifindex, prog_fd);
	return set_clsact(hook, ifindex, prog_fd);
}

int attach_prog_info(int prog_fd, uint32_t *ret_id, uint32_t *ret_verified)
{
	struct bpf_prog_info info = { .id = 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return -errno;
	if (ret_id)
		*ret_id = info.id;
	if (ret_verified)
		*ret_verified = info.verified_insns;
	return 0;
}

void attach_move(const char *old_dir, const char *links_dir, uint32_t ifindex)
{
	char path[PATH_MAX];
	int fd;

	link_path(old_dir, ifindex, path, sizeof(path));
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	link_path(links_dir, ifindex, path, sizeof(path));
	bpf_obj_pin(fd, path);
	close(fd);
}

/* Programs of an interface that are looked at. */
#define QUERY_MAX 64

static enum attach_state check_tcx(enum attach_hook hook, uint32_t ifindex, uint32_t prog_id)
{
	uint32_t ids[QUERY_MAX], n = QUERY_MAX;

	if (bpf_prog_query((int)ifindex, hook == ATTACH_EGRESS ? TCX_EGRESS : TCX_INGRESS, 0, NULL, ids, &n))
		return errno == ENOENT ? ATTACH_GONE : ATTACH_THERE;
	for (uint32_t i = 0; i < n && i < QUERY_MAX; i++) {
		if (ids[i] == prog_id)
			return i ? ATTACH_SHADOWED : ATTACH_THERE;
	}
	return ATTACH_GONE;
}

static enum attach_state check_clsact(enum attach_hook where, uint32_t ifindex, uint32_t prog_id)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = clsact_point(where));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = TC_HANDLE, .priority = TC_PRIORITY);
	int err = bpf_tc_query(&hook, &opts);

	if (err) /* EINVAL: there is no clsact; ENODEV: nor an interface */
		return err == -ENOENT || err == -EINVAL ? ATTACH_GONE : ATTACH_THERE;
	return opts.prog_id == prog_id ? ATTACH_THERE : ATTACH_GONE;
}

enum attach_state attach_check(enum dp_attach mode, enum attach_hook hook, uint32_t ifindex,
			       uint32_t prog_id)
{
	if (mode == DP_ATTACH_NONE || hook == ATTACH_NOWHERE)
		return ATTACH_THERE;
	return mode == DP_ATTACH_TCX ? check_tcx(hook, ifindex, prog_id) :
				       check_clsact(hook, ifindex, prog_id);
}

void attach_drop(enum dp_attach mode, enum attach_hook where, const char *links_dir,
		 uint32_t ifindex)
{
	char path[PATH_MAX];

	link_path(links_dir, ifindex, path, sizeof(path));
	if (mode == DP_ATTACH_NONE || where == ATTACH_NOWHERE || !unlink(path))
		return;
	attach_clear(mode, where, links_dir, ifindex);
}

void attach_clear(enum dp_attach mode, enum attach_hook where, const char *links_dir,
		  uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = clsact_point(where));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = TC_HANDLE, .priority = TC_PRIORITY);
	char path[PATH_MAX];
	int fd;

	if (mode == DP_ATTACH_NONE || where == ATTACH_NOWHERE)
		return;
	link_path(links_dir, ifindex, path, sizeof(path));
	fd = bpf_obj_get(path);
	if (fd >= 0) {
		bpf_link_detach(fd);
		close(fd);
		unlink(path);
	} else {
		bpf_tc_detach(&hook, &opts);
	}
}
