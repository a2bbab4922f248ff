// SPDX-License-Identifier: Apache-2.0
/*
 * Auxiliary connections (OF1.3.5 §6.3.8); see agent.h.
 *
 * To each controller that we dial we open as many more connections as the bridge is configured to have, once the main one is up, and close them as soon
 * as it is down: a controller takes one with a datapath id that it knows for a conflict otherwise.  What they are for is that packet-ins of different flows need not wait
 * for each other: those are spread over all connections to the controller by a hash of what makes a flow, so that the packets of one stay in order.  Everything else that is
 * not a reply goes by the main connection.
 *
 * Messages are executed on whatever connection they come by, and answered there; a barrier is one for its connection.  The role, the asynchronous
 * configuration and miss_send_len belong to the controller: the main connection's session has them.
 */
#include "vswitchd/agent_private.h"

struct session *session_main(struct session *s)
{
	return s->channel && s->channel->auxiliary_id ? s->channel->controller->main.session : s;
}

void agent_aux_start(struct controller *c)
{
	struct agent *agent = c->agent;

	if (!c->main.session)
		return;
	for (unsigned int i = 0; i < agent->n_aux; i++) {
		c->aux[i].controller = c;
		c->aux[i].auxiliary_id = (uint8_t)(i + 1);
		if (channel_open(&c->aux[i]))
			log_warn("bridge %s: %s: auxiliary connection %u: out of memory",
				 agent->br->name, c->target, i + 1);
	}
}

void agent_aux_stop(struct controller *c)
{
	for (unsigned int i = 0; i < CONF_AUX_MAX; i++)
		channel_close(&c->aux[i]);
}

unsigned int agent_aux_n_up(const struct controller *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < CONF_AUX_MAX; i++)
		n += c->aux[i].session != NULL;
	return n;
}

/* Over addresses of layer 2, and of IPv4 and IPv6 without tags: packets of one flow have the same, which is all that matters. */
static uint32_t flow_hash(const struct dp_packet_in *pin)
{
	uint32_t h = 2166136261u ^ pin->in_port;
	uint32_t len = pin->len < 14 ? pin->len : 14;

	if (pin->len >= 34 && pin->frame[12] == 0x08 && pin->frame[13] == 0x00)
		len = 34;
	else if (pin->len >= 54 && pin->frame[12] == 0x86 && pin->frame[13] == 0xdd)
		len = 54;
	for (uint32_t i = 0; i < len; i++) {
		/* Of the IP headers' beginnings nothing belongs to the flow: length, identification, TTL and checksum change. */
		if (i >= 14 && i < (len == 34 ? 26u : 22u))
			continue;
		h = (h ^ pin->frame[i]) * 16777619u;
	}
	return h;
}

struct session *agent_aux_choose(struct session *s, const struct dp_packet_in *pin)
{
	struct controller *c = s->channel ? s->channel->controller : NULL;
	unsigned int n, i;

	if (!c || !s->agent->n_aux)
		return s;
	n = s->agent->n_aux + 1;
	i = (flow_hash(pin) >> 8) % n;
	return i && c->aux[i - 1].session ? c->aux[i - 1].session : s;
}
