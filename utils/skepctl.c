// SPDX-License-Identifier: Apache-2.0
/* skepctl: options, the table of commands, and the way into each; see skepctl.h. */
#include "config.h"

#include "utils/skepctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"
#include "near.h"

#define ANY_NUMBER 1000

static const struct command {
	const char *name;
	const char *arguments;
	const char *help;
	int min_args;
	int max_args;
	command_fn *run;
} commands[] = {
	/* clang-format off */
	{ "show", "[BR]", "print bridges, ports, controllers and the datapath", 0, 1, cmd_show },
	{ "list-br", "", "print the bridges' names", 0, 0, cmd_list_br },
	{ "list-ports", "BR", "print the names of a bridge's ports", 1, 1, cmd_list_ports },
	{ "add-br", "BR [datapath-id=HEX16] [fail-mode=MODE]", "add a bridge; MODE: secure, standalone", 1, 3, cmd_add_br },
	{ "del-br", "BR", "remove a bridge", 1, 1, cmd_del_br },
	{ "set-bridge", "BR mac-ageing=SECONDS|forward-bpdu=BOOL|aux-connections=N...", "change its options", 2, 4, cmd_set_bridge },
	{ "set-fail-mode", "BR MODE", "secure, or standalone: without a controller it is a learning switch", 2, 2, cmd_set_fail_mode },
	{ "add-port", "BR PORT [NAME=VALUE]...", "add a network interface or, with type=..., another port", 2, ANY_NUMBER, cmd_add_port },
	{ "set-port", "BR PORT NAME=VALUE...", "change a port (an empty value: as if never set)", 3, ANY_NUMBER, cmd_set_port },
	{ "del-port", "BR PORT", "remove a port", 2, 2, cmd_del_port },
	{ "add-patch", "BR PORT PEER-BR PEER-PORT", "join two bridges by a pair of patch ports", 4, 4, cmd_add_patch },
	{ "open-port", "BR PORT -- COMMAND...", "run COMMAND with the socket of a socket port", 3, ANY_NUMBER, cmd_open_port },
	{ "fdb", "BR", "print the addresses that the bridge knows (NORMAL)", 1, 1, cmd_fdb },
	{ "fdb-add", "BR MAC PORT [VLAN]", "add a static address", 3, 4, cmd_fdb_add },
	{ "fdb-del", "BR MAC [VLAN]", "forget an address", 2, 3, cmd_fdb_del },
	{ "fdb-flush", "BR [PORT]", "forget what was learned", 1, 2, cmd_fdb_flush },
	{ "set-controller", "BR ADDR...", "set a bridge's controllers", 2, ANY_NUMBER, cmd_set_controller },
	{ "del-controller", "BR", "have none", 1, 1, cmd_del_controller },
	{ "set-ssl", "KEY CERT CACERT", "set the files of TLS connections", 3, 3, cmd_set_ssl },
	{ "del-ssl", "", "have none", 0, 0, cmd_del_ssl },
	{ "topology", "apply FILE [--host NAME] [--dry-run] | show [BR] | remove [BR]", "a bridge that spans hosts", 1, 2, cmd_topology },
	{ "pki", "init [DIR] | issue NAME [DIR] | show FILE", "make and show certificates", 1, 3, cmd_pki },
	{ "add-flow", "BR FLOW", "add a flow", 2, 2, cmd_add_flow },
	{ "add-flows", "BR FILE", "add the flows in a file (-: standard input)", 2, 2, cmd_add_flows },
	{ "mod-flows", "[--strict] BR FLOW", "change the actions of flows", 2, 2, cmd_mod_flows },
	{ "del-flows", "[--strict] BR [MATCH]", "delete flows", 1, 2, cmd_del_flows },
	{ "dump-flows", "BR [MATCH]", "print flows and their counters", 1, 2, cmd_dump_flows },
	{ "dump-aggregate", "BR [MATCH]", "print the sums of flows' counters", 1, 2, cmd_dump_aggregate },
	{ "add-group", "BR GROUP", "add a group", 2, 2, cmd_add_group },
	{ "add-groups", "BR FILE", "add the groups in a file (-: standard input)", 2, 2, cmd_add_groups },
	{ "mod-group", "BR GROUP", "change a group", 2, 2, cmd_mod_group },
	{ "del-groups", "BR [GROUP]", "delete a group, or all", 1, 2, cmd_del_groups },
	{ "dump-groups", "BR [GROUP]", "print groups", 1, 2, cmd_dump_groups },
	{ "dump-group-stats", "BR [GROUP]", "print groups' counters", 1, 2, cmd_dump_group_stats },
	{ "dump-group-features", "BR", "print what groups can do", 1, 1, cmd_dump_group_features },
	{ "add-meter", "BR METER", "add a meter", 2, 2, cmd_add_meter },
	{ "add-meters", "BR FILE", "add the meters in a file (-: standard input)", 2, 2, cmd_add_meters },
	{ "mod-meter", "BR METER", "change a meter", 2, 2, cmd_mod_meter },
	{ "del-meters", "BR [METER]", "delete a meter, or all", 1, 2, cmd_del_meters },
	{ "del-meter", "BR METER", "the same", 2, 2, cmd_del_meters },
	{ "dump-meters", "BR [METER]", "print meters", 1, 2, cmd_dump_meters },
	{ "dump-meter", "BR METER", "the same", 2, 2, cmd_dump_meters },
	{ "meter-stats", "BR [METER]", "print meters' counters", 1, 2, cmd_meter_stats },
	{ "meter-features", "BR", "print what meters can do", 1, 1, cmd_meter_features },
	{ "add-tlv-map", "BR MAP", "have a field be a Geneve option: {class=C,type=T,len=L}->tun_metadataN", 2, 2, cmd_add_tlv_map },
	{ "del-tlv-map", "BR [MAP]", "no more, for one or all", 1, 2, cmd_del_tlv_map },
	{ "dump-tlv-map", "BR", "print which Geneve options the fields are", 1, 1, cmd_dump_tlv_map },
	{ "queue-stats", "BR [PORT [QUEUE]]", "print queues' counters", 1, 3, cmd_queue_stats },
	{ "queue-get-config", "BR [PORT]", "print queues and their rates", 1, 2, cmd_queue_get_config },
	{ "dump-tables", "BR", "print tables' counters", 1, 1, cmd_dump_tables },
	{ "dump-ports", "BR [PORT]", "print ports' counters", 1, 2, cmd_dump_ports },
	{ "dump-ports-desc", "BR", "print ports", 1, 1, cmd_dump_ports_desc },
	{ "mod-port", "BR PORT CHANGE", "up, down, no-receive, no-forward, no-packet-in, ...", 3, 3, cmd_mod_port },
	{ "dump-desc", "BR", "print what the switch says it is", 1, 1, cmd_dump_desc },
	{ "features", "BR", "print features, ports and settings (ovs-ofctl show)", 1, 1, cmd_features },
	{ "packet-out", "BR SPEC", "send a packet: 'in_port=P packet=HEX actions=...'", 2, 4, cmd_packet_out },
	{ "monitor", "BR", "print packets, removed flows and port changes", 1, 1, cmd_monitor },
	{ "log-level", "LEVEL", "err, warn, info or debug", 1, 1, cmd_log_level },
	{ "version", "", "print skepd's version", 0, 0, cmd_version },
	{ "shutdown", "", "end skepd; the datapath forwards on", 0, 0, cmd_shutdown },
	{ "teardown", "", "remove the datapath and end skepd", 0, 0, cmd_teardown },
	/* clang-format on */
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("skepctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_ERROR;
}

int fail_usage(const struct skepctl *ctl, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "skepctl: %s%s", ctl->command ? ctl->command : "",
		ctl->command ? ": " : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" (skepctl --help lists the commands)\n", stderr);
	return EXIT_USAGE;
}

static void print_help(void)
{
	printf("skepctl: configure skepd and work with its flow tables\n"
	       "usage: skepctl [OPTION]... COMMAND [ARGUMENT]...\n\nCommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		char left[80];

		snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].arguments);
		if (strlen(left) > 40)
			printf("  %s\n  %-40s %s\n", left, "", commands[i].help);
		else
			printf("  %-40s %s\n", left, commands[i].help);
	}
	printf("\nBR is a bridge's name, or for OpenFlow commands also an address (unix:PATH, "
	       "tcp:HOST:PORT).\n"
	       "FLOW, MATCH, GROUP and METER are written as for ovs-ofctl.\n"
	       "NAME=VALUE of ports: ofport, type (system, vxlan, geneve, gre, patch, socket), options:NAME, "
	       "netns, vlan_mode,\ntag, trunks, isolated, redirect_peer.\n\nOptions:\n"
	       "  --rundir DIR       skepd's run folder (default /run/skep)\n"
	       "  --timeout SECONDS  wait so long for an answer (default 10; 0: for ever)\n"
	       "  --json             print JSON\n"
	       "  --names            print ports' names instead of their numbers\n"
	       "  --strict           mod-flows, del-flows: the very match and priority\n"
	       "  --host NAME        topology: who this host is (default: the host name)\n"
	       "  --dry-run          topology apply: only print what would change\n"
	       "  --help, --version\n");
}

static int fail_unknown(const struct skepctl *ctl, const char *name)
{
	const char *names[N_COMMANDS];
	char hint[NEAR_HINT_SIZE];

	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	return fail_usage(ctl, "unknown command \"%s\"%s", name,
			  near_hint(name, names, N_COMMANDS, hint));
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static int run_command(struct skepctl *ctl, int argc, char **argv)
{
	const struct command *command = argc ? find_command(argv[0]) : NULL;
	int n_args = argc - 1, status;

	if (!argc)
		return fail_usage(ctl, "what is to be done?");
	if (!command)
		return fail_unknown(ctl, argv[0]);
	if (n_args < command->min_args || n_args > command->max_args)
		return fail_usage(ctl, "usage: skepctl %s %s", command->name, command->arguments);
	ctl->command = command->name;
	status = command->run(ctl, n_args, argv + 1);
	if (fflush(stdout) || ferror(stdout))
		return fail("standard output: %s", strerror(errno));
	return status;
}

static int parse_timeout(struct skepctl *ctl, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0) || seconds > 86400)
		return fail_usage(ctl, "--timeout \"%s\" is not a number of seconds", text);
	ctl->timeout_ms = seconds > 0 ? (int)(seconds * 1000) : -1;
	return EXIT_OK;
}

enum option_key { OPTION_RUNDIR = 256, OPTION_TIMEOUT, OPTION_JSON, OPTION_NAMES, OPTION_STRICT, OPTION_HOST, OPTION_DRY_RUN };

/* Returns -1 to go on, or the exit status. */
static int take_option(struct skepctl *ctl, int key)
{
	switch (key) {
	case OPTION_RUNDIR:
		ctl->rundir = optarg;
		return -1;
	case OPTION_TIMEOUT:
		return parse_timeout(ctl, optarg) ? EXIT_USAGE : -1;
	case OPTION_JSON:
		ctl->is_json = true;
		return -1;
	case OPTION_NAMES:
		ctl->has_names = true;
		return -1;
	case OPTION_STRICT:
		ctl->is_strict = true;
		return -1;
	case OPTION_HOST:
		ctl->host = optarg;
		return -1;
	case OPTION_DRY_RUN:
		ctl->is_dry_run = true;
		return -1;
	case 'h':
		print_help();
		return EXIT_OK;
	case 'V':
		printf("skepctl (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return EXIT_OK;
	default:
		return EXIT_USAGE;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rundir", required_argument, NULL, OPTION_RUNDIR },
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "names", no_argument, NULL, OPTION_NAMES },
		{ "strict", no_argument, NULL, OPTION_STRICT },
		{ "host", required_argument, NULL, OPTION_HOST },
		{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct skepctl ctl = { .rundir = "/run/skep", .timeout_ms = 10000 };
	int key;

	while ((key = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		int status = take_option(&ctl, key);

		if (status >= 0)
			return status;
	}
	return run_command(&ctl, argc - optind, argv + optind);
}
