// SPDX-License-Identifier: Apache-2.0
/* Groups (OF1.3.5 §6.5, §7.3.4.2, §7.3.5.9 to §7.3.5.11); see agent.h. */
#include <errno.h>
#include <string.h>

#include "ofchan/action.h"
#include "vswitchd/agent_private.h"
#include "vswitchd/device.h"

static bool group_exists(const struct session *s, uint32_t group_id)
{
	struct group_desc desc;

	return dp_group_next(s->agent->sw->dp, s->agent->br->number, group_id, &desc) &&
	       desc.group_id == group_id;
}

static bool leads_nowhere(const struct session *s, const struct bucket *b)
{
	for (unsigned int i = 0; i < b->n_actions; i++)
		if (b->actions[i].type == ACTION_GROUP &&
		    !group_exists(s, b->actions[i].group_id))
			return true;
	return false;
}

/* Which group is the unknown one: that which is to be modified, one that an action names (§6.4 says what that is), or one that is to be watched. */
static enum ofp_err unknown_group(const struct session *s, const struct group_mod *gm)
{
	if (gm->command == GROUP_MODIFY && !group_exists(s, gm->group_id))
		return OFPGMFC_UNKNOWN_GROUP;
	for (unsigned int i = 0; i < gm->n_buckets; i++)
		if (leads_nowhere(s, &gm->buckets[i]))
			return OFPBAC_BAD_OUT_GROUP;
	return OFPGMFC_BAD_WATCH;
}

static enum ofp_err group_error(const struct session *s, const struct group_mod *gm,
				enum dp_group_error error)
{
	switch (error) {
	case DP_GROUP_EXISTS:
		return OFPGMFC_GROUP_EXISTS;
	case DP_GROUP_UNKNOWN:
		return unknown_group(s, gm);
	case DP_GROUP_LOOP:
		return OFPGMFC_LOOP;
	case DP_GROUP_CHAINED:
		return gm->command == GROUP_DELETE ? OFPGMFC_CHAINED_GROUP :
						     OFPGMFC_CHAINING_UNSUPPORTED;
	case DP_GROUP_OUT_OF_BUCKETS:
		return OFPGMFC_OUT_OF_BUCKETS;
	default: /* of memory, too */
		return OFPGMFC_OUT_OF_GROUPS;
	}
}

/* Whether a bucket changes its packet: then others need a copy, which is worked on at the I/O device. */
static bool changes_packets(const struct group_mod *gm)
{
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		for (unsigned int k = 0; k < gm->buckets[i].n_actions; k++) {
			enum action_type type = gm->buckets[i].actions[k].type;

			if (type != ACTION_OUTPUT && type != ACTION_GROUP)
				return true;
		}
	}
	return false;
}

/* Without the device the copies are lost, and counted; the group is not refused, since it may never need one. */
static void provide_device(struct session *s, const struct group_mod *gm)
{
	char why[256];
	uint32_t ifindex;

	if (gm->command != GROUP_DELETE && changes_packets(gm) &&
	    device_sync_io(s->agent->sw, &ifindex, why, sizeof(why)))
		log_limited(&s->error_limit, LOG_LVL_ERR,
			    "bridge %s: buckets of group %u that change packets cannot have copies: %s",
			    s->agent->br->name, gm->group_id, why);
}

static enum ofp_err check_buckets(const struct session *s, const struct group_mod *gm)
{
	enum ofp_err err = OFP_OK;

	for (unsigned int i = 0; i < gm->n_buckets && !err; i++)
		err = agent_check_actions(s, gm->buckets[i].actions, gm->buckets[i].n_actions);
	return err;
}

enum ofp_err agent_group_mod(struct session *s, const struct ofmsg *msg)
{
	struct sw *sw = s->agent->sw;
	enum dp_group_error why = DP_GROUP_OUT_OF_GROUPS;
	enum ofp_err err = OFP_OK;
	struct group_mod gm;
	int error = of_group_mod_load(&msg->group_mod, &gm);

	if (!error) {
		err = check_buckets(s, &gm);
		if (!err) {
			provide_device(s, &gm);
			error = dp_group_mod(sw->dp, s->agent->br->number, &gm, &why);
			if (error)
				err = group_error(s, &gm, why);
		}
		group_mod_uninit(&gm);
	}
	if (error == -ENOMEM)
		log_limited(&s->error_limit, LOG_LVL_ERR, "bridge %s: %s: group-mod: %s",
			    s->agent->br->name, of_conn_name(s->conn), strerror(-error));
	return error && !err ? OFPGMFC_OUT_OF_GROUPS : err;
}

/* The next group of the dump. */
static bool dump_next(struct session *s, struct group_desc *desc)
{
	struct dump *d = &s->dump;

	if (d->number > d->last ||
	    !dp_group_next(s->agent->sw->dp, s->agent->br->number, d->number, desc) ||
	    desc->group_id > d->last)
		return false;
	d->number = desc->group_id + 1; /* does not wrap: GROUP_MAX is far below */
	return true;
}

static bool put_stats(struct session *s)
{
	struct group_desc desc;

	if (!dump_next(s, &desc))
		return false;
	of_group_stats_put(&s->dump.writer, &desc);
	return true;
}

static bool put_desc(struct session *s)
{
	struct group_desc desc;

	if (!dump_next(s, &desc))
		return false;
	of_group_desc_put(&s->dump.writer, &desc);
	return true;
}

/* §7.3.5.9: the statistics of a group that does not exist are an empty reply. */
enum ofp_err agent_mp_group(struct session *s, const struct ofmsg *msg)
{
	struct dump *d = agent_dump_new(s);
	uint32_t group_id = msg->mp.group_id;

	d->number = group_id == GROUP_ALL ? 0 : group_id;
	d->last = group_id == GROUP_ALL ? GROUP_MAX : group_id;
	agent_dump_start(s, msg, put_stats);
	return OFP_OK;
}

enum ofp_err agent_mp_group_desc(struct session *s, const struct ofmsg *msg)
{
	agent_dump_new(s)->last = GROUP_MAX;
	agent_dump_start(s, msg, put_desc);
	return OFP_OK;
}

enum ofp_err agent_mp_group_features(struct session *s, const struct ofmsg *msg)
{
	struct of_group_features f = {
		.types = (1u << N_GROUP_TYPES) - 1,
		.capabilities = OFPGFC_SELECT_WEIGHT | OFPGFC_SELECT_LIVENESS | OFPGFC_CHAINING |
				OFPGFC_CHAINING_CHECKS,
	};

	for (unsigned int i = 0; i < N_GROUP_TYPES; i++) {
		f.max_groups[i] = DP_GROUPS_MAX;
		f.actions[i] = of_actions_supported();
	}
	of_group_features_encode(&s->agent->sw->out, msg->xid, &f);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}
