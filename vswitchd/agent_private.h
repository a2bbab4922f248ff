/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the agent share; see agent.h. */
#ifndef SKEP_VSWITCHD_AGENT_PRIVATE_H
#define SKEP_VSWITCHD_AGENT_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "buf.h"
#include "datapath/datapath.h"
#include "log.h"
#include "ofchan/conn.h"
#include "ofchan/listener.h"
#include "ofchan/message.h"
#include "vswitchd/agent.h"
#include "vswitchd/bridge.h"
#include "vswitchd/switch.h"

#define AGENT_PKTIN_BACKLOG (2u << 20)	 /* packet-ins are dropped above this backlog */
#define AGENT_DUMP_BACKLOG  OF_CONN_TX_LOW /* a dump waits above this: drained() says when it is down again */
#define AGENT_DUMP_ENTRIES  2048	 /* entries of a dump in one turn of the event loop */
#define AGENT_LISTEN_TICKS  10		 /* how often a listener that failed is tried again */
#define AGENT_ALONE_MS	    2000	 /* without a controller, until fail mode standalone acts */
#define AGENT_MISS_SEND_LEN 128		 /* OFP_DEFAULT_MISS_SEND_LEN */

struct session;

/* Appends the next entry to s->dump.writer.  False if there is none. */
typedef bool dump_put(struct session *s);

/* A multipart reply under way. */
struct dump {
	bool is_active;
	dump_put *put;
	struct dp_cursor cursor;   /* of flows */
	struct flow_filter filter;
	uint32_t number, last;	   /* of groups and meters: the next one, and the last one that is wanted */
	struct mp_writer writer;
	struct buf out;
};

/* A connection that is up. */
struct session {
	TAILQ_ENTRY(session) node;
	struct agent *agent;
	struct of_conn *conn;	 /* owned if it is passive; else the channel's */
	struct channel *channel; /* of an active one; NULL */
	bool is_service;
	bool is_async_set; /* it sent SET_ASYNC */
	uint32_t role;	   /* enum ofp_controller_role */
	uint16_t miss_send_len;
	struct of_async async;
	struct dump dump;
	struct table_request *table_request; /* owned; under way, or NULL */
	struct log_limit error_limit;
};

/* A connection that we dial. */
struct channel {
	struct controller *controller;
	struct of_conn *conn;	 /* owned */
	struct session *session; /* of 'conn' while it is up */
	uint8_t auxiliary_id;	 /* 0: the main one */
};

/* A configured address: one that we dial, or one that we listen on. */
struct controller {
	TAILQ_ENTRY(controller) node;
	struct agent *agent;
	char *target; /* owned; as configured */
	bool is_passive;
	/* If it is not: the main connection, and the auxiliary ones, which there are only while that is up (agent_aux.c). */
	struct channel main;
	struct channel aux[CONF_AUX_MAX];
	struct of_listener *listener; /* if it is passive; owned; NULL: it failed, and is tried again */
	char error[256];	      /* why there is no listener */
};

/* The tables of the pipeline; see agent_table.c. */
struct agent_tables {
	bool is_there[N_TABLES];
	char name[N_TABLES][32];
};

struct agent {
	struct bridge *br;
	struct sw *sw;
	TAILQ_HEAD(, controller) controllers;
	TAILQ_HEAD(, session) sessions;
	struct of_listener *mgmt; /* owned */
	struct agent_tables tables;
	bool is_silent;		  /* flows are deleted of which nobody is to hear */
	unsigned int n_aux;	  /* auxiliary connections to each controller that we dial */
	bool is_frag_drop;
	bool has_generation_id;
	uint64_t generation_id;	  /* §6.3.6 */
	uint64_t n_pktin_dropped; /* for a backlog */
	unsigned int n_ticks;
	bool is_ending;
	/* agent_fail.c */
	bool is_standalone;	 /* the fail mode; else secure */
	bool has_normal;	 /* it was standalone without controllers: the flow was seen to */
	bool is_fail_known;	 /* 'is_alone' is what the datapath has */
	bool is_alone;		 /* standalone is in force */
	uint64_t alone_since_ms; /* no controller is connected since; 0: one is, or none matters */
	struct log_limit pktin_limit;
};

/* Acts on s->agent->sw->msg, which was decoded from 'len' bytes at 'data'. */
typedef enum ofp_err agent_handler(struct session *s, const struct ofmsg *msg);

extern const struct of_conn_config agent_conn_config;

/* Makes the session of 'conn', which is up.  'channel': the one that it is of, or NULL if we did not dial.  NULL if memory ran out. */
struct session *session_new(struct agent *agent, struct of_conn *conn, struct channel *channel,
			    bool is_service);
/* Frees 'conn' too, unless it is a channel's. */
void session_free(struct session *s);
/* Begins to dial.  'c' must have been filled in but for 'conn'.  0 or a negative errno. */
int channel_open(struct channel *c);
/* Accepts a channel that is not open. */
void channel_close(struct channel *c);

/* agent_aux.c.  The session of the main connection to the same peer: roles, asynchronous configuration and miss_send_len are those of the
 * controller, whatever connection it sends them by. */
struct session *session_main(struct session *s);
/* By which connection the peer of the main session 's' gets a packet-in: the same one for all packets of a flow. */
struct session *agent_aux_choose(struct session *s, const struct dp_packet_in *pin);
/* After the main connection came up; before or after it went down; after a change of agent->n_aux. */
void agent_aux_start(struct controller *c);
void agent_aux_stop(struct controller *c);
unsigned int agent_aux_n_up(const struct controller *c);

/* Sends what is in 'out', and empties it. */
void session_send(struct session *s, struct buf *out);

/* agent_flow.c */
enum ofp_err agent_flow_mod(struct session *s, const struct ofmsg *msg);
dump_put agent_put_flow;
/* agent_group.c */
enum ofp_err agent_group_mod(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_group(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_group_desc(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_group_features(struct session *s, const struct ofmsg *msg);
/* agent_dump.c: a dump with its cursors at the beginning, for the caller to say of what; the reply to 'msg', of as many entries as 'put' has;
 * more of it, if there is one; no more. */
struct dump *agent_dump_new(struct session *s);
void agent_dump_start(struct session *s, const struct ofmsg *msg, dump_put *put);
void agent_dump_continue(struct session *s);
void agent_dump_stop(struct session *s);
/* agent_meter.c */
enum ofp_err agent_meter_mod(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_meter(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_meter_config(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_meter_features(struct session *s, const struct ofmsg *msg);
/* agent_packet.c */
enum ofp_err agent_packet_out(struct session *s, const struct ofmsg *msg);
/* agent_port.c, agent_queue.c */
enum ofp_err agent_port_mod(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_queue_get_config(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_port_desc(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_port_stats(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_queue(struct session *s, const struct ofmsg *msg);
/* agent_table.c */
void agent_tables_init(struct agent_tables *t);
bool agent_has_table(const struct agent *agent, uint8_t table_id);
uint8_t agent_n_tables(const struct agent *agent);
enum ofp_err agent_table_mod(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_table(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_mp_table_features(struct session *s, const struct ofmsg *msg);
void agent_table_request_drop(struct session *s);
/* agent_tlv.c.  The last two check what names Geneve options: those must be in the table, and be long enough for their values. */
enum ofp_err agent_experimenter(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_check_match(const struct session *s, const struct match *m);
enum ofp_err agent_check_actions(const struct session *s, const struct action *actions, unsigned int n);
/* agent_stats.c */
enum ofp_err agent_multipart(struct session *s, const struct ofmsg *msg);
/* agent_role.c */
enum ofp_err agent_features(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_get_config(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_set_config(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_role(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_get_async(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_set_async(struct session *s, const struct ofmsg *msg);
enum ofp_err agent_barrier(struct session *s, const struct ofmsg *msg);
void session_set_role(struct session *s, uint32_t role);

/* agent_fail.c: after a change of the configuration; and when controllers came or went, and from time to time. */
void agent_fail_apply(struct agent *agent, const struct conf_bridge *conf);
void agent_fail_update(struct agent *agent);

/* True if the peer of 's' wants asynchronous messages for which it has 'masks' and 'reason'. */
bool session_wants(const struct session *s, const uint32_t masks[2], unsigned int reason);

#endif
