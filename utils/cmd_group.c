// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands about groups. */
#include <stdio.h>
#include <string.h>

#include "utils/batch.h"
#include "utils/json.h"

static int encode_group(struct session *s, const char *text, int command, uint32_t xid, struct buf *out,
			struct text_error *ret_error)
{
	struct group_mod gm;
	int error = text_parse_group_mod(text, (enum group_command)command, &s->port_names, &gm, ret_error);

	if (error)
		return error;
	of_group_mod_encode(out, xid, &gm);
	group_mod_uninit(&gm);
	return 0;
}

static const struct batch_kind groups = { "group", encode_group };

int cmd_add_group(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_text(ctl, argv[0], &groups, GROUP_ADD, argv[1]);
}

int cmd_add_groups(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_file(ctl, argv[0], &groups, GROUP_ADD, argv[1]);
}

int cmd_mod_group(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_text(ctl, argv[0], &groups, GROUP_MODIFY, argv[1]);
}

int cmd_del_groups(const struct skepctl *ctl, int argc, char **argv)
{
	return batch_text(ctl, argv[0], &groups, GROUP_DELETE, argc > 1 ? argv[1] : "");
}

/*
 * Dumps.
 */
struct group_dump {
	uint16_t type;     /* OFPMP_GROUP or OFPMP_GROUP_DESC */
	uint32_t group_id; /* or GROUP_ALL */
	const struct text_ports *ports;
	json_t *array; /* with --json */
	bool has_header;
};

static json_t *json_buckets(const struct group_desc *g, const struct text_ports *ports)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < g->n_buckets; i++) {
		const struct bucket *b = &g->buckets[i];
		json_t *object = json_object();

		if (g->type == GROUP_TYPE_SELECT)
			json_object_set_new(object, "weight", json_integer(b->weight));
		if (b->watch_port != PORT_ANY)
			json_object_set_new(object, "watch_port", json_port_number(b->watch_port));
		if (b->watch_group != GROUP_ANY)
			json_object_set_new(object, "watch_group", json_integer(b->watch_group));
		json_object_set_new(object, "actions", json_actions(b->actions, b->n_actions, ports));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_group_stats(const struct group_desc *g)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < g->n_buckets; i++)
		json_array_append_new(array, json_pack("{s:o,s:o}", "n_packets", json_counter(g->bucket_stats[i].n_packets), "n_bytes",
						       json_counter(g->bucket_stats[i].n_bytes)));
	return json_pack("{s:I,s:f,s:I,s:o,s:o,s:o}", "group_id", (json_int_t)g->group_id, "duration_s", (double)g->duration_ns / 1e9,
			 "ref_count", (json_int_t)g->ref_count, "n_packets", json_counter(g->n_packets), "n_bytes",
			 json_counter(g->n_bytes), "buckets", array);
}

static void print_group(const struct group_dump *dump, const struct group_desc *g, struct buf *out)
{
	bool is_desc = dump->type == OFPMP_GROUP_DESC;

	if (dump->group_id != GROUP_ALL && dump->group_id != g->group_id)
		return; /* 1.3 has no request for the description of one */
	if (dump->array) {
		json_array_append_new(dump->array, is_desc ? json_pack("{s:I,s:s,s:o}", "group_id", (json_int_t)g->group_id, "type",
								       text_group_type_name(g->type), "buckets",
								       json_buckets(g, dump->ports)) :
							     json_group_stats(g));
		return;
	}
	if (is_desc)
		text_format_group_desc(g, dump->ports, out);
	else
		text_format_group_stats(g, out);
	buf_put_u8(out, '\n');
}

static int print_groups(struct session *s, void *aux)
{
	struct group_dump *dump = aux;
	bool is_desc = dump->type == OFPMP_GROUP_DESC;
	struct of_group_read group;
	struct buf out = BUF_INIT;
	struct mp_iter it;

	if (!dump->array && !dump->has_header)
		buf_printf(&out, "%s reply (OF1.3) (xid=0x%x):\n", is_desc ? "OFPST_GROUP_DESC" : "OFPST_GROUP", s->msg->xid);
	dump->has_header = true;
	mp_iter_init(&it, &s->msg->mp);
	while (is_desc ? of_group_desc_next(&it, &group) : of_group_stats_next(&it, &group)) {
		print_group(dump, &group.desc, &out);
		of_group_read_uninit(&group);
	}
	if (out.len)
		fwrite(out.data, 1, out.len, stdout);
	buf_uninit(&out);
	return it.err ? fail("%s: a group cannot be understood (%s)", s->name, ofp_err_name(it.err)) : EXIT_OK;
}

static int dump_groups(const struct skepctl *ctl, int argc, char **argv, uint16_t type)
{
	struct group_dump dump = { .type = type, .array = ctl->is_json ? json_array() : NULL };
	struct text_error e;
	struct session s;
	uint32_t xid;
	int status = session_open(&s, ctl, argv[0]);

	if (!status && text_parse_group_id(argc > 1 ? argv[1] : "", &dump.group_id, &e))
		status = fail("group, column %u: %s", e.column, e.message);
	if (!status) {
		dump.ports = session_print_ports(&s);
		xid = session_xid(&s);
		if (type == OFPMP_GROUP)
			of_group_stats_request_encode(&s.out, xid, dump.group_id);
		else
			of_multipart_request_encode(&s.out, xid, type);
		status = session_multipart(&s, xid, print_groups, &dump);
	}
	json_end_dump(dump.array, NULL, status);
	session_close(&s);
	return status;
}

int cmd_dump_groups(const struct skepctl *ctl, int argc, char **argv)
{
	return dump_groups(ctl, argc, argv, OFPMP_GROUP_DESC);
}

int cmd_dump_group_stats(const struct skepctl *ctl, int argc, char **argv)
{
	return dump_groups(ctl, argc, argv, OFPMP_GROUP);
}

/*
 * Features.
 */
static const char *const feature_groups[N_GROUP_TYPES] = { "all", "select", "indirect", "fast failover" };

/* In ovs-ofctl's order, with its names. */
static const struct {
	unsigned int type; /* OFPAT_* */
	const char *name;
} action_names[] = {
	{ OFPAT_OUTPUT, "output" },	    { OFPAT_GROUP, "group" },		    { OFPAT_SET_FIELD, "set_field" },
	{ OFPAT_POP_VLAN, "strip_vlan" },   { OFPAT_PUSH_VLAN, "push_vlan" },	    { OFPAT_SET_NW_TTL, "mod_nw_ttl" },
	{ OFPAT_DEC_NW_TTL, "dec_ttl" },    { OFPAT_SET_MPLS_TTL, "set_mpls_ttl" }, { OFPAT_DEC_MPLS_TTL, "dec_mpls_ttl" },
	{ OFPAT_PUSH_MPLS, "push_mpls" },   { OFPAT_POP_MPLS, "pop_mpls" },	    { OFPAT_SET_QUEUE, "set_queue" },
	{ OFPAT_COPY_TTL_OUT, "copy_ttl_out" }, { OFPAT_COPY_TTL_IN, "copy_ttl_in" }, { OFPAT_PUSH_PBB, "push_pbb" },
	{ OFPAT_POP_PBB, "pop_pbb" },
};

static void print_features_text(const struct of_group_features *f)
{
	printf(" Group table:\n    Types:  0x%x\n    Capabilities:  0x%x\n", f->types, f->capabilities);
	for (unsigned int i = 0; i < N_GROUP_TYPES; i++) {
		if (!(f->types & 1u << i))
			continue;
		printf("    %s group:\n       max_groups=%#x\n       actions:", feature_groups[i], f->max_groups[i]);
		for (size_t k = 0; k < sizeof(action_names) / sizeof(action_names[0]); k++) {
			if (f->actions[i] & 1u << action_names[k].type)
				printf(" %s", action_names[k].name);
		}
		putchar('\n');
	}
}

static json_t *json_features(const struct of_group_features *f)
{
	json_t *object = json_pack("{s:I}", "capabilities", (json_int_t)f->capabilities);

	for (unsigned int i = 0; i < N_GROUP_TYPES; i++) {
		json_t *actions;

		if (!(f->types & 1u << i))
			continue;
		actions = json_array();
		for (size_t k = 0; k < sizeof(action_names) / sizeof(action_names[0]); k++) {
			if (f->actions[i] & 1u << action_names[k].type)
				json_array_append_new(actions, json_string(action_names[k].name));
		}
		json_object_set_new(object, text_group_type_name((enum group_type)i),
				    json_pack("{s:I,s:o}", "max_groups", (json_int_t)f->max_groups[i], "actions", actions));
	}
	return object;
}

static int print_features(struct session *s, void *aux)
{
	struct of_group_features f;

	(void)aux;
	if (of_group_features_decode(&f, &s->msg->mp))
		return fail("%s: the reply cannot be understood", s->name);
	if (s->ctl->is_json) {
		json_print(json_features(&f), JSON_INDENT(2));
		return EXIT_OK;
	}
	printf("OFPST_GROUP_FEATURES reply (OF1.3) (xid=0x%x):\n", s->msg->xid);
	print_features_text(&f);
	return EXIT_OK;
}

int cmd_dump_group_features(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return session_ask(ctl, argv[0], OFPMP_GROUP_FEATURES, print_features);
}
