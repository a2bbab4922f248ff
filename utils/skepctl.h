/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skepctl: what its commands share.
 *
 * skepctl.c has main and the table of commands; each cmd_*.c holds the commands about one thing. A
 * command prints what it was asked for to standard output and what went wrong to standard error,
 * and returns the exit status. session.h speaks OpenFlow to a bridge, control.h the control
 * socket's JSON to skepd.
 */
#ifndef SKEP_UTILS_SKEPCTL_H
#define SKEP_UTILS_SKEPCTL_H 1

#include <stdbool.h>

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_USAGE = 2 };

struct skepctl {
	const char *rundir;
	int timeout_ms; /* of each wait for an answer; -1: for ever */
	bool is_json;
	bool is_strict;
	bool has_names; /* ports are printed with their names */
	bool is_dry_run;
	const char *host; /* NULL: not given */
	const char *command;
};

/* Commands get what follows their name.  The table in skepctl.c says how many arguments they take.
 */
typedef int command_fn(const struct skepctl *ctl, int argc, char **argv);

command_fn cmd_add_flow, cmd_add_flows, cmd_mod_flows, cmd_del_flows, cmd_dump_flows,
	cmd_dump_aggregate;
command_fn cmd_add_group, cmd_add_groups, cmd_mod_group, cmd_del_groups, cmd_dump_groups, cmd_dump_group_stats,
	cmd_dump_group_features;
command_fn cmd_add_meter, cmd_add_meters, cmd_mod_meter, cmd_del_meters, cmd_dump_meters, cmd_meter_stats,
	cmd_meter_features;
command_fn cmd_add_tlv_map, cmd_del_tlv_map, cmd_dump_tlv_map;
command_fn cmd_queue_stats, cmd_queue_get_config;
command_fn cmd_features, cmd_dump_ports, cmd_dump_ports_desc, cmd_mod_port, cmd_dump_tables,
	cmd_dump_desc;
command_fn cmd_packet_out, cmd_monitor;
command_fn cmd_add_br, cmd_del_br, cmd_set_fail_mode, cmd_set_bridge, cmd_set_controller,
	cmd_del_controller, cmd_set_ssl, cmd_del_ssl, cmd_show, cmd_list_br, cmd_list_ports,
	cmd_log_level, cmd_shutdown, cmd_teardown, cmd_version;
command_fn cmd_add_port, cmd_set_port, cmd_del_port, cmd_add_patch, cmd_open_port;
command_fn cmd_fdb, cmd_fdb_add, cmd_fdb_del, cmd_fdb_flush;
command_fn cmd_pki, cmd_topology;

/* Prints "skepctl: ...\n" to standard error and returns EXIT_ERROR. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, for a wrong command line; returns EXIT_USAGE. */
int fail_usage(const struct skepctl *ctl, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
