// SPDX-License-Identifier: Apache-2.0
/*
 * skepd, the daemon: its command line, the order of its start and end, and signals.  What it does
 * all day is in switch.h.
 *
 * The start: folders, lock, bpf file system (startup.h, as root); privileges dropped; configuration
 * read, so that a broken one ends it before anything is touched; datapath opened or adopted;
 * bridges; control socket.  Only then is it ready, and with --detach only then does the first
 * process return.
 *
 * The end: connections are closed, the datapath is let go of and forwards on.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "vswitchd/control.h"
#include "vswitchd/device.h"
#include "vswitchd/netns.h"
#include "vswitchd/startup.h"
#include "vswitchd/switch.h"

struct options {
	const char *rundir, *statedir, *bpffs, *pidfile, *user;
	enum log_level level;
	uint32_t min_flows, max_flows; /* 0: not said */
	bool no_flow_cache;
	bool detach, teardown;
};

struct daemon {
	struct options opt;
	char *conf_path, *ctl_path;
	int lock_fd;
	struct event_base *base;
	struct sw *sw;
	struct control *control;
	struct netns *netns;
	struct event *sig_term, *sig_int, *sig_hup;
	bool has_pidfile;
};

static void usage(void)
{
	printf("skepd, an OpenFlow switch whose pipeline runs in the kernel as eBPF\n"
	       "usage: skepd [OPTION]...\n"
	       "  --rundir DIR      sockets and lock (default /run/skep)\n"
	       "  --statedir DIR    config.json (default /var/lib/skep)\n"
	       "  --bpffs DIR       pinned maps and links (default /sys/fs/bpf/skep)\n"
	       "  --detach          go to the background once ready, and log to syslog\n"
	       "  --pidfile FILE    write the process id there\n"
	       "  --log-level L     err, warn, info or debug (default info)\n"
	       "  --max-flows N     flows of all bridges, 1024 to 4000000 (default 4000000)\n"
	       "  --no-flow-cache   search the tables for each packet, whatever they hold\n"
	       "  --min-flows N     so many flows have room without growth (default 131072)\n"
	       "  --user NAME       run as that user after the start\n"
	       "  --teardown        remove the datapath that a skepd left behind, and exit\n"
	       "  --help, --version\n"
	       "Signals: TERM and INT end skepd, and the datapath forwards on; HUP reads the "
	       "configuration "
	       "again.\n");
}

static uint32_t parse_flows(const char *option, const char *s)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (errno || *end || s[0] < '0' || s[0] > '9' || n < SW_MAX_FLOWS_MIN || n > SW_MAX_FLOWS_MAX) {
		fprintf(stderr, "skepd: %s \"%s\" is not a number from %d to %d\n", option, s,
			SW_MAX_FLOWS_MIN, SW_MAX_FLOWS_MAX);
		exit(2);
	}
	return (uint32_t)n;
}

static void parse_options(int argc, char **argv, struct options *opt)
{
	enum {
		RUNDIR = 256,
		STATEDIR,
		BPFFS,
		DETACH,
		PIDFILE,
		LEVEL,
		MAX_FLOWS,
		MIN_FLOWS,
		NO_FLOW_CACHE,
		USER,
		TEARDOWN,
		HELP,
		VERSION
	};
	static const struct option longs[] = {
		{ "rundir", required_argument, NULL, RUNDIR },
		{ "statedir", required_argument, NULL, STATEDIR },
		{ "bpffs", required_argument, NULL, BPFFS },
		{ "detach", no_argument, NULL, DETACH },
		{ "pidfile", required_argument, NULL, PIDFILE },
		{ "log-level", required_argument, NULL, LEVEL },
		{ "max-flows", required_argument, NULL, MAX_FLOWS },
		{ "min-flows", required_argument, NULL, MIN_FLOWS },
		{ "no-flow-cache", no_argument, NULL, NO_FLOW_CACHE },
		{ "user", required_argument, NULL, USER },
		{ "teardown", no_argument, NULL, TEARDOWN },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case RUNDIR:
			opt->rundir = optarg;
			break;
		case STATEDIR:
			opt->statedir = optarg;
			break;
		case BPFFS:
			opt->bpffs = optarg;
			break;
		case DETACH:
			opt->detach = true;
			break;
		case PIDFILE:
			opt->pidfile = optarg;
			break;
		case LEVEL:
			if (!log_level_parse(optarg, &opt->level))
				break;
			fprintf(stderr,
				"skepd: --log-level \"%s\" is not err, warn, info or debug\n",
				optarg);
			exit(2);
		case MAX_FLOWS:
			opt->max_flows = parse_flows("--max-flows", optarg);
			break;
		case MIN_FLOWS:
			opt->min_flows = parse_flows("--min-flows", optarg);
			break;
		case NO_FLOW_CACHE:
			opt->no_flow_cache = true;
			break;
		case USER:
			opt->user = optarg;
			break;
		case TEARDOWN:
			opt->teardown = true;
			break;
		case HELP:
			usage();
			exit(0);
		case VERSION:
			printf("skepd (skep) %s\n", PACKAGE_VERSION);
			exit(0);
		default:
			fprintf(stderr, "try skepd --help\n");
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "skepd: unexpected argument \"%s\"\ntry skepd --help\n",
			argv[optind]);
		exit(2);
	}
	if (opt->max_flows && opt->min_flows > opt->max_flows) {
		fprintf(stderr, "skepd: --min-flows %u is more than --max-flows %u\n", opt->min_flows,
			opt->max_flows);
		exit(2);
	}
}

/* Folders are named from the root, since the working folder does not stay. */
static const char *absolute(const char *path)
{
	char *cwd, *ret;

	if (!path || path[0] == '/')
		return path;
	cwd = getcwd(NULL, 0);
	if (!cwd || asprintf(&ret, "%s/%s", cwd, path) < 0) {
		log_err("%s: %s", path, strerror(errno));
		exit(1);
	}
	free(cwd);
	return ret;
}

/* --detach: the child goes on; the parent waits until it is ready, and ends with its verdict.
 * Returns the descriptor for that. */
static int detach(void)
{
	int fds[2], status;
	char byte;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) || (pid = fork()) < 0) {
		log_err("cannot go to the background: %s", strerror(errno));
		exit(1);
	}
	if (!pid) {
		close(fds[0]);
		setsid();
		return fds[1];
	}
	close(fds[1]);
	while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
		;
	/* End of file: it ended. A byte: it is ready. */
	if (waitpid(pid, &status, WNOHANG) == 0)
		_exit(0);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

static void tell_ready(int fd)
{
	int null;

	if (fd < 0)
		return;
	log_to_syslog("skepd");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	if (chdir("/") || write(fd, "", 1) != 1)
		log_warn("the starting process cannot be told that skepd is ready");
	close(fd);
}

static void on_end(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	log_info("ending on signal %d; the datapath forwards on", (int)sig);
	event_base_loopbreak(d->base);
}

static void on_hup(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;
	struct sw_problems problems = { .n = 0 };
	struct conf *conf;
	char err[512];

	(void)sig;
	(void)what;
	if (conf_load(d->conf_path, &conf, err, sizeof(err))) {
		log_err("%s; the configuration stays as it was", err);
		return;
	}
	sw_reload_tls(d->sw, &problems);
	sw_apply(d->sw, conf, &problems);
	log_info("read %s again: %u problems", d->conf_path, problems.n);
}

static int add_signals(struct daemon *d)
{
	d->sig_term = evsignal_new(d->base, SIGTERM, on_end, d);
	d->sig_int = evsignal_new(d->base, SIGINT, on_end, d);
	d->sig_hup = evsignal_new(d->base, SIGHUP, on_hup, d);
	if (!d->sig_term || !d->sig_int || !d->sig_hup || evsignal_add(d->sig_term, NULL) ||
	    evsignal_add(d->sig_int, NULL) || evsignal_add(d->sig_hup, NULL))
		return -ENOMEM;
	return 0;
}

static int write_pidfile(struct daemon *d, char *err, size_t err_size)
{
	FILE *f;

	if (!d->opt.pidfile)
		return 0;
	f = fopen(d->opt.pidfile, "we");
	if (!f || fprintf(f, "%d\n", (int)getpid()) < 0 || fclose(f)) {
		snprintf(err, err_size, "%s: %s", d->opt.pidfile, strerror(errno));
		return -errno;
	}
	d->has_pidfile = true;
	return 0;
}

/* What needs root, and giving up what does not. */
static int prepare(struct daemon *d, char *err, size_t err_size)
{
	const char *dirs[] = { d->opt.rundir, d->opt.statedir, d->opt.bpffs, NULL };
	int error = startup_check_caps(err, err_size);

	/* First, while there is nothing that the helper must not keep. */
	if (!error)
		error = netns_start(&d->netns);
	if (!error)
		error = startup_make_dir(d->opt.rundir, 0755, err, err_size);
	if (!error)
		error = startup_make_dir(d->opt.statedir, 0755, err, err_size);
	if (!error)
		error = startup_lock(d->opt.rundir, &d->lock_fd, err, err_size);
	if (!error)
		error = startup_write_pid(d->lock_fd);
	if (!error)
		error = startup_bpffs(d->opt.bpffs, err, err_size);
	if (!error && d->opt.user) /* made here, since that user may not */
		error = startup_make_dir(d->opt.bpffs, 0700, err, err_size);
	if (!error)
		error = write_pidfile(d, err, err_size);
	if (!error)
		error = startup_drop_privileges(d->opt.user, dirs, err, err_size);
	return error;
}

static int start(struct daemon *d, char *err, size_t err_size)
{
	struct sw_paths paths = { .rundir = d->opt.rundir,
				  .conf_path = d->conf_path,
				  .pin_dir = d->opt.bpffs };
	struct sw_problems problems = { .n = 0 };
	struct conf *conf = NULL;
	int error = prepare(d, err, err_size);

	if (error)
		return error;
	paths.max_flows = d->opt.max_flows;
	paths.min_flows = d->opt.min_flows;
	paths.no_flow_cache = d->opt.no_flow_cache;
	paths.netns = d->netns;
	error = conf_load(d->conf_path, &conf, err, err_size);
	if (error)
		return error;
	d->base = event_base_new();
	error = d->base ? add_signals(d) : -ENOMEM;
	if (!error)
		error = sw_open(d->base, &paths, &d->sw, err, err_size);
	if (error) {
		conf_free(conf);
		return error;
	}
	sw_apply(d->sw, conf, &problems);
	return control_open(d->sw, d->ctl_path, &d->control, err, err_size);
}

static void end(struct daemon *d)
{
	control_close(d->control);
	sw_close(d->sw);
	netns_stop(d->netns);
	if (d->sig_term)
		event_free(d->sig_term);
	if (d->sig_int)
		event_free(d->sig_int);
	if (d->sig_hup)
		event_free(d->sig_hup);
	if (d->base)
		event_base_free(d->base);
	if (d->has_pidfile)
		unlink(d->opt.pidfile);
	free(d->conf_path);
	free(d->ctl_path);
}

/* What skepd made of interfaces: LOCAL pairs are deleted, ports hear their own frames only. */
static void undo_links(struct nl *nl, struct netns *netns, const struct conf_bridge *br)
{
	const struct nl_link *link;
	const struct conf_port *port;
	char hidden[CONF_NAME_SIZE];
	int ns, socket;

	TAILQ_FOREACH (port, &br->ports, node) {
		link = port->type == CONF_SYSTEM ? nl_find(nl, port->name) : NULL;
		if (!link)
			continue;
		nl_set_promisc(nl, link->ifindex, false);
		if (port->netns && link->is_taken && !netns_open(netns, port->netns, &ns, &socket)) {
			nl_give_link(nl, link->ifindex, ns);
			close(ns);
			close(socket);
		}
	}
	conf_hidden_name(br->name, hidden);
	link = nl_find(nl, hidden);
	if (link && !strcmp(link->kind, "veth"))
		nl_del_link(nl, link->ifindex);
}

/* --teardown: the datapath that is pinned, and the interfaces of the bridges in the configuration.
 */
static int teardown(struct daemon *d, char *err, size_t err_size)
{
	const struct nl_callbacks none = { .aux = NULL };
	struct conf *conf = NULL;
	const struct conf_bridge *br;
	struct nl *nl = NULL;
	int error, dp_error;

	error = startup_check_caps(err, err_size);
	if (!error)
		error = netns_start(&d->netns);
	if (!error && !access(d->opt.rundir, F_OK))
		error = startup_lock(d->opt.rundir, &d->lock_fd, err, err_size);
	if (error)
		return error;
	dp_error = dp_teardown(d->opt.bpffs, err, err_size);
	if (dp_error == -EWOULDBLOCK)
		return dp_error;
	if (dp_error)
		log_err("%s", err);
	error = conf_load(d->conf_path, &conf, err, err_size);
	if (error)
		return error;
	d->base = event_base_new();
	error = d->base ? nl_open(d->base, &none, &nl) : -ENOMEM;
	if (error) {
		snprintf(err, err_size, "netlink: %s", strerror(-error));
		conf_free(conf);
		return error;
	}
	TAILQ_FOREACH (br, &conf->bridges, node)
		undo_links(nl, d->netns, br);
	device_del_all(nl, conf);
	nl_close(nl);
	conf_free(conf);
	snprintf(err, err_size, "the datapath %s could not be removed", d->opt.bpffs);
	return dp_error;
}

int main(int argc, char **argv)
{
	struct daemon d = {
		.opt = {
			.rundir = "/run/skep",
			.statedir = "/var/lib/skep",
			.bpffs = "/sys/fs/bpf/skep",
			.level = LOG_LVL_INFO,
		},
		.lock_fd = -1,
	};
	int ready_fd = -1, error;
	char err[4096] = "";

	parse_options(argc, argv, &d.opt);
	d.opt.rundir = absolute(d.opt.rundir);
	d.opt.statedir = absolute(d.opt.statedir);
	d.opt.bpffs = absolute(d.opt.bpffs);
	d.opt.pidfile = absolute(d.opt.pidfile);
	log_set_level(d.opt.level);
	signal(SIGPIPE, SIG_IGN);
	if (asprintf(&d.conf_path, "%s/config.json", d.opt.statedir) < 0 ||
	    asprintf(&d.ctl_path, "%s/skepd.ctl", d.opt.rundir) < 0)
		return 1;
	if (d.opt.detach && !d.opt.teardown)
		ready_fd = detach();
	error = d.opt.teardown ? teardown(&d, err, sizeof(err)) : start(&d, err, sizeof(err));
	if (error) {
		log_err("%s", err[0] ? err : strerror(-error));
	} else if (!d.opt.teardown) {
		log_info("ready, process %d, %s", (int)getpid(), d.ctl_path);
		tell_ready(ready_fd);
		event_base_dispatch(d.base);
	}
	end(&d);
	return error ? 1 : 0;
}
