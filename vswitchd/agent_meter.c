// SPDX-License-Identifier: Apache-2.0
/* Meters: modifications, statistics, configurations and features; see agent.h. */
#include <errno.h>
#include <string.h>

#include "vswitchd/agent_private.h"

/* A change is in force when it is answered: nothing of it is staged. */
enum ofp_err agent_meter_mod(struct session *s, const struct ofmsg *msg)
{
	int error = dp_meter_mod(s->agent->sw->dp, s->agent->br->number, &msg->meter_mod);

	switch (error) {
	case 0:
		return OFP_OK;
	case -EEXIST:
		return OFPMMFC_METER_EXISTS;
	case -ENOENT:
		return OFPMMFC_UNKNOWN_METER;
	case -ENOSPC:
		return OFPMMFC_OUT_OF_METERS;
	default:
		log_limited(&s->error_limit, LOG_LVL_ERR, "bridge %s: %s: meter-mod: %s",
			    s->agent->br->name, of_conn_name(s->conn), strerror(-error));
		return OFPMMFC_UNKNOWN;
	}
}

/* The next meter that is wanted. */
static bool next_meter(struct session *s, struct meter_desc *ret)
{
	struct dump *d = &s->dump;

	if (d->number > d->last ||
	    !dp_meter_next(s->agent->sw->dp, s->agent->br->number, d->number, ret) ||
	    ret->meter_id > d->last)
		return false;
	d->number = ret->meter_id + 1;
	return true;
}

static bool put_stats(struct session *s)
{
	struct meter_desc desc;

	if (!next_meter(s, &desc))
		return false;
	of_meter_stats_put(&s->dump.writer, &desc);
	return true;
}

static bool put_config(struct session *s)
{
	struct meter_desc desc;

	if (!next_meter(s, &desc))
		return false;
	of_meter_config_put(&s->dump.writer, &desc);
	return true;
}

/* §7.3.5.12, §7.3.5.13: of one meter, which must be there, or of all. */
static enum ofp_err dump(struct session *s, const struct ofmsg *msg, dump_put *put)
{
	uint32_t id = msg->mp.meter_id;
	struct meter_desc desc;
	struct dump *d;

	if (id != METER_ALL && (!dp_meter_next(s->agent->sw->dp, s->agent->br->number, id, &desc) ||
				desc.meter_id != id))
		return OFPMMFC_UNKNOWN_METER;
	d = agent_dump_new(s);
	d->number = id == METER_ALL ? 0 : id;
	d->last = id == METER_ALL ? METER_CONTROLLER : id;
	agent_dump_start(s, msg, put);
	return OFP_OK;
}

enum ofp_err agent_mp_meter(struct session *s, const struct ofmsg *msg)
{
	return dump(s, msg, put_stats);
}

enum ofp_err agent_mp_meter_config(struct session *s, const struct ofmsg *msg)
{
	return dump(s, msg, put_config);
}

enum ofp_err agent_mp_meter_features(struct session *s, const struct ofmsg *msg)
{
	struct of_meter_features f;

	of_meter_features_init(&f, DP_METERS_MAX);
	of_meter_features_encode(&s->agent->sw->out, msg->xid, &f);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}
