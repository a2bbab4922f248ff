// SPDX-License-Identifier: Apache-2.0
/* RCU grace periods; see grace.h. */
#include "datapath/grace.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

enum state { IDLE, RUNNING, DONE, QUIT };

struct grace {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum state state; /* under 'lock' */
	int event_fd;
	int outer_fd, inner_fd; /* of the map of maps, or -1: membarrier works */
};

static int membarrier(int cmd)
{
	return (int)syscall(__NR_membarrier, cmd, 0, 0);
}

static void wait_for_readers(const struct grace *g)
{
	uint32_t key = 0;

	if (g->outer_fd >= 0)
		bpf_map_update_elem(g->outer_fd, &key, &g->inner_fd, BPF_ANY);
	else
		membarrier(MEMBARRIER_CMD_GLOBAL);
}

static void *run(void *arg)
{
	struct grace *g = arg;
	uint64_t one = 1;

	pthread_mutex_lock(&g->lock);
	for (;;) {
		while (g->state != RUNNING && g->state != QUIT)
			pthread_cond_wait(&g->changed, &g->lock);
		if (g->state == QUIT)
			break;
		pthread_mutex_unlock(&g->lock);
		wait_for_readers(g);
		pthread_mutex_lock(&g->lock);
		if (g->state == QUIT)
			break;
		g->state = DONE;
		pthread_cond_broadcast(&g->changed);
		if (write(g->event_fd, &one, sizeof(one)) < 0)
			continue; /* only when it is readable already */
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

static int make_map_of_maps(struct grace *g)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	g->inner_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "skep_inner", 4, 8, 1, NULL);
	if (g->inner_fd < 0)
		return -errno;
	opts.inner_map_fd = (uint32_t)g->inner_fd;
	g->outer_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "skep_outer", 4, 4, 1, &opts);
	return g->outer_fd < 0 ? -errno : 0;
}

/* The thread takes no signals: they are the event loop's. */
static int start_thread(struct grace *g)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&g->thread, NULL, run, g);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

int grace_new(struct grace **ret)
{
	struct grace *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	g->outer_fd = g->inner_fd = -1;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
	g->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->event_fd < 0) {
		err = -errno;
		goto free_g;
	}
	if (membarrier(MEMBARRIER_CMD_GLOBAL)) {
		err = make_map_of_maps(g);
		if (err)
			goto close_fds;
	}
	err = start_thread(g);
	if (err)
		goto close_fds;
	*ret = g;
	return 0;

close_fds:
	if (g->outer_fd >= 0)
		close(g->outer_fd);
	if (g->inner_fd >= 0)
		close(g->inner_fd);
	close(g->event_fd);
free_g:
	free(g);
	return err;
}

void grace_free(struct grace *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->state = QUIT;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	if (g->outer_fd >= 0)
		close(g->outer_fd);
	if (g->inner_fd >= 0)
		close(g->inner_fd);
	close(g->event_fd);
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

int grace_fd(const struct grace *g)
{
	return g->event_fd;
}

static void set_state(struct grace *g, enum state state)
{
	pthread_mutex_lock(&g->lock);
	g->state = state;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

void grace_start(struct grace *g)
{
	set_state(g, RUNNING);
}

static enum state get_state(const struct grace *g)
{
	struct grace *mutable = (struct grace *)(uintptr_t)g;
	enum state state;

	pthread_mutex_lock(&mutable->lock);
	state = g->state;
	pthread_mutex_unlock(&mutable->lock);
	return state;
}

bool grace_is_idle(const struct grace *g)
{
	return get_state(g) == IDLE;
}

bool grace_finish(struct grace *g, bool wait)
{
	bool is_done;
	uint64_t n;

	pthread_mutex_lock(&g->lock);
	while (wait && g->state == RUNNING)
		pthread_cond_wait(&g->changed, &g->lock);
	is_done = g->state == DONE;
	if (is_done) {
		g->state = IDLE;
		if (read(g->event_fd, &n, sizeof(n)) < 0)
			n = 0; /* another call took it */
	}
	pthread_mutex_unlock(&g->lock);
	return is_done;
}
