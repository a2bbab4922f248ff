// SPDX-License-Identifier: Apache-2.0
/* The switch; see switch.h. */
#include "vswitchd/switch.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "ofchan/tls.h"
#include "vswitchd/agent.h"
#include "vswitchd/bridge.h"
#include "vswitchd/device.h"

void sw_problem(struct sw_problems *problems, const char *fmt, ...)
{
	char text[sizeof(problems->first)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_err("%s", text);
	if (!problems->n++)
		snprintf(problems->first, sizeof(problems->first), "%s", text);
}

void sw_commit(struct sw *sw)
{
	if (sw->is_dirty) {
		sw->is_dirty = false;
		dp_commit(sw->dp);
	}
}

struct bridge *sw_find_bridge(const struct sw *sw, const char *name)
{
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		if (sw->bridges[i] && !strcmp(sw->bridges[i]->name, name))
			return sw->bridges[i];
	return NULL;
}

static void on_packet_in(void *aux, const struct dp_packet_in *pin)
{
	struct sw *sw = aux;

	if (pin->bridge < DP_BRIDGES_MAX && sw->bridges[pin->bridge])
		agent_packet_in(sw->bridges[pin->bridge]->agent, pin);
}

static void on_flow_removed(void *aux, uint32_t bridge, const struct flow_desc *desc,
			    enum flow_removed_reason reason)
{
	struct sw *sw = aux;

	if (bridge < DP_BRIDGES_MAX && sw->bridges[bridge])
		agent_flow_removed(sw->bridges[bridge]->agent, desc, reason);
}

static void on_link(void *aux, const struct nl_link *link)
{
	struct sw *sw = aux;

	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		if (sw->bridges[i])
			bridge_link_changed(sw->bridges[i], link);
}

static void on_dp(evutil_socket_t fd, short what, void *arg)
{
	struct sw *sw = arg;

	(void)fd;
	(void)what;
	dp_run(sw->dp, SW_PKTINS_PER_TURN);
}

static void on_expire(evutil_socket_t fd, short what, void *arg)
{
	struct sw *sw = arg;

	(void)fd;
	(void)what;
	dp_expire(sw->dp);
	dp_guard(sw->dp, SW_GUARDED_AT_ONCE);
	certs_tick(sw);
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		if (sw->bridges[i]) {
			bridge_tick(sw->bridges[i]);
			agent_tick(sw->bridges[i]->agent);
		}
}

static int open_events(struct sw *sw)
{
	const struct timeval every = { SW_EXPIRE_MS / 1000, SW_EXPIRE_MS % 1000 * 1000 };

	sw->dp_ev = event_new(sw->base, dp_fd(sw->dp), EV_READ | EV_PERSIST, on_dp, sw);
	sw->expire_ev = event_new(sw->base, -1, EV_PERSIST, on_expire, sw);
	if (!sw->dp_ev || !sw->expire_ev || event_add(sw->dp_ev, NULL) ||
	    event_add(sw->expire_ev, &every))
		return -ENOMEM;
	return 0;
}

int sw_open(struct event_base *base, const struct sw_paths *paths, struct sw **ret, char *err,
	    size_t err_size)
{
	struct sw *sw = calloc(1, sizeof(*sw));
	const struct nl_callbacks links = { .changed = on_link, .gone = on_link, .aux = sw };
	const struct dp_config config = {
		.pin_dir = paths->pin_dir,
		/* Some that were removed wait for their grace period. */
		.n_rules = paths->min_flows + paths->min_flows / 16,
		.max_rules = paths->max_flows,
		.flow_cache = paths->no_flow_cache ? DP_CACHE_OFF : DP_CACHE_AUTO,
		.callbacks = {
			.packet_in = on_packet_in,
			.flow_removed = on_flow_removed,
			.aux = sw,
		},
	};
	bool is_adopted = false;
	int error = -ENOMEM;

	err[0] = '\0';
	if (!sw)
		goto fail;
	sw->base = base;
	sw->paths = *paths;
	sw->conf = conf_new();
	sw->tls = tls_new();
	if (!sw->conf || !sw->tls)
		goto fail;
	error = nl_open(base, &links, &sw->nl);
	if (error) {
		snprintf(err, err_size, "netlink: %s", strerror(-error));
		goto fail;
	}
	error = dp_open(&config, &sw->dp, &is_adopted, err, err_size);
	if (error)
		goto fail;
	error = open_events(sw);
	if (error)
		goto fail;
	log_info("datapath %s: %s, attached by %s", paths->pin_dir,
		 is_adopted ? "taken over as it runs" : "made", dp_attach_name(sw->dp));
	*ret = sw;
	return 0;
fail:
	if (!err[0])
		snprintf(err, err_size, "%s", strerror(-error));
	sw_close(sw);
	return error;
}

static void close_events(struct sw *sw)
{
	if (sw->dp_ev)
		event_free(sw->dp_ev);
	if (sw->expire_ev)
		event_free(sw->expire_ev);
	sw->dp_ev = sw->expire_ev = NULL;
}

void sw_close(struct sw *sw)
{
	if (!sw)
		return;
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		bridge_free(sw->bridges[i]);
	close_events(sw);
	if (sw->dp)
		dp_close(sw->dp);
	nl_close(sw->nl);
	tls_free(sw->tls);
	conf_free(sw->conf);
	buf_uninit(&sw->out);
	free(sw);
}

int sw_teardown(struct sw *sw, char *err, size_t err_size)
{
	close_events(sw);
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		if (sw->bridges[i]) {
			bridge_del(sw->bridges[i]);
			sw->bridges[i] = NULL;
		}
	device_prune(sw, NULL);
	dp_close(sw->dp);
	sw->dp = NULL;
	return dp_teardown(sw->paths.pin_dir, err, err_size);
}

static void apply_tls(struct sw *sw, const struct conf *conf, struct sw_problems *problems)
{
	const struct conf *old = sw->conf;

	if (!conf->has_ssl) {
		tls_unload(sw->tls);
		return;
	}
	if (tls_is_loaded(sw->tls) && conf_same_text(conf->private_key, old->private_key) &&
	    conf_same_text(conf->certificate, old->certificate) &&
	    conf_same_text(conf->ca_cert, old->ca_cert))
		return;
	if (certs_load(sw, conf))
		sw_problem(problems, "%s", sw->certs.error);
}

void sw_reload_tls(struct sw *sw, struct sw_problems *problems)
{
	if (tls_is_loaded(sw->tls) && certs_load(sw, sw->conf))
		sw_problem(problems, "%s", sw->certs.error);
}

/* Bridges that the datapath has and the configuration has not. */
static void remove_strangers(struct sw *sw, const struct conf *conf)
{
	for (uint32_t i = 0; i < DP_BRIDGES_MAX; i++) {
		const char *name = dp_bridge_name(sw->dp, i);

		if (!name || conf_find_bridge(conf, name))
			continue;
		log_info("bridge %s: removed: it is not in the configuration", name);
		if (sw->bridges[i])
			bridge_del(sw->bridges[i]);
		else
			dp_bridge_del(sw->dp, i);
		sw->bridges[i] = NULL;
	}
}

void sw_apply(struct sw *sw, struct conf *conf, struct sw_problems *problems)
{
	struct conf_bridge *cb;

	apply_tls(sw, conf, problems);
	remove_strangers(sw, conf);
	/* All that goes goes first, so that an interface may change its bridge, and ports their
	 * numbers. */
	TAILQ_FOREACH (cb, &conf->bridges, node) {
		struct bridge *br = sw_find_bridge(sw, cb->name);

		if (!br)
			br = bridge_new(sw, cb, problems);
		if (br) {
			sw->bridges[br->number] = br;
			bridge_prune(br, cb);
		}
	}
	TAILQ_FOREACH (cb, &conf->bridges, node) {
		struct bridge *br = sw_find_bridge(sw, cb->name);

		if (!br)
			continue;
		bridge_apply(br, cb, problems);
		/* The LOCAL interface has an address of its own from now on, over reboots. */
		if (!cb->has_hwaddr && br->hwaddr[0] | br->hwaddr[5]) {
			memcpy(cb->hwaddr, br->hwaddr, sizeof(cb->hwaddr));
			cb->has_hwaddr = true;
		}
	}
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		if (sw->bridges[i])
			bridge_join_patches(sw->bridges[i]);
	device_prune(sw, conf);
	conf_free(sw->conf);
	sw->conf = conf;
}

int sw_change(struct sw *sw, struct conf *conf, char *err, size_t err_size)
{
	struct conf *old = conf_clone(sw->conf);
	struct sw_problems problems = { .n = 0 }, undoing = { .n = 0 };
	int error;

	if (!old) {
		conf_free(conf);
		snprintf(err, err_size, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	error = conf_check_stamp(old, sw->paths.conf_path, err, err_size);
	if (error) {
		conf_free(conf);
		conf_free(old);
		return error;
	}
	sw_apply(sw, conf, &problems);
	if (problems.n) {
		snprintf(err, err_size, "%s", problems.first);
		error = -EINVAL;
	} else {
		error = conf_save(sw->conf, sw->paths.conf_path, err, err_size);
	}
	if (error)
		sw_apply(sw, old, &undoing);
	else
		conf_free(old);
	return error;
}
