/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: what skepd is asked to be, in memory and in STATEDIR/config.json.
 *
 * A struct conf is plain data.  Whoever changes the configuration (the control socket, SIGHUP)
 *makes another struct conf, has the switch apply it (switch.h), and saves it; the one in force is
 *never edited.  So a change that cannot be applied costs nothing, and a different store (an OVSDB
 *server, say) has to give no more than conf_load() and conf_save().
 *
 * The file:
 *
 *	{
 *	  "ssl": { "private_key": "/etc/skep/key.pem", "certificate": "…", "ca_cert": "…" },
 *	  "bridges": {
 *	    "br0": {
 *	      "datapath_id": "00000000000000a1",
 *	      "hwaddr": "02:00:5e:00:53:01",
 *	      "fail_mode": "secure",
 *	      "controllers": ["ssl:192.0.2.1:6653", "ptcp:6654:127.0.0.1"],
 *	      "ports": { "eth1": { "ofport": 1 }, "eth2": { "ofport": 2 } }
 *	    }
 *	  }
 *	}
 *
 * Everything but "ofport" may be absent.  Passive addresses among the controllers are listened on.
 *An unknown key, a wrong type and a value that cannot be are errors, with file, line and column: a
 *file that says what we do not understand is not obeyed in part, and never overwritten.
 */
#ifndef SKEP_VSWITCHD_CONF_H
#define SKEP_VSWITCHD_CONF_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define CONF_NAME_SIZE	     16 /* of an interface, with the NUL: IFNAMSIZ */
#define CONF_CONTROLLERS_MAX 16 /* per bridge */
#define CONF_FILE_MAX	     (16u << 20)

struct conf_port {
	TAILQ_ENTRY(conf_port) node;
	char name[CONF_NAME_SIZE];
	uint32_t ofport; /* 1 to PORT_NO_MAX; no two ports of a bridge have the same */
};

struct conf_bridge {
	TAILQ_ENTRY(conf_bridge) node;
	char name[CONF_NAME_SIZE];
	bool has_datapath_id; /* else it is made from the LOCAL interface's address */
	uint64_t datapath_id;
	bool has_hwaddr; /* the LOCAL interface's; kept so that it and the datapath id outlive a
			    reboot */
	uint8_t hwaddr[6];
	unsigned int n_controllers;
	char *controllers[CONF_CONTROLLERS_MAX]; /* owned; addresses as stream_addr_parse() has them
						  */
	TAILQ_HEAD(, conf_port) ports;
};

/* Which file a configuration was read from or saved to; all zero: there was none. */
struct conf_stamp {
	uint64_t dev, ino, size, mtime_ns;
};

struct conf {
	struct conf_stamp stamp;
	bool has_ssl;
	char *private_key; /* owned; not NULL if has_ssl */
	char *certificate;
	char *ca_cert;
	TAILQ_HEAD(, conf_bridge) bridges;
};

/* Returns an empty configuration, or NULL if memory ran out. */
struct conf *conf_new(void);
/* Accepts NULL. */
void conf_free(struct conf *conf);
/* Returns a copy, or NULL if memory ran out. */
struct conf *conf_clone(const struct conf *conf);

/* Reads 'path'.  A file that does not exist is an empty configuration.  Returns 0 and sets '*ret',
 * which the caller frees, or a negative errno with "FILE:LINE:COLUMN: what is wrong" in 'err'. */
int conf_load(const char *path, struct conf **ret, char *err, size_t err_size);
/* Replaces 'path' in one step: whatever happens, the file is the old or the new one.  Returns 0, or
 * a negative errno with a message in 'err'. */
int conf_save(struct conf *conf, const char *path, char *err, size_t err_size);
/* Whether the file is still the one that 'conf' was read from or saved to.  If somebody has changed it, what they wrote is not to be
 * overwritten, be it right or wrong: -EBUSY with a message in 'err'.  A file that is gone may be made again: 0. */
int conf_check_stamp(const struct conf *conf, const char *path, char *err, size_t err_size);

/* Parses 'len' bytes of 'text', which messages call 'name'; as conf_load(). */
int conf_parse(const char *text, size_t len, const char *name, struct conf **ret, char *err,
	       size_t err_size);
/* The text that conf_save() writes; the caller frees it.  NULL if memory ran out. */
char *conf_format(const struct conf *conf);

/* NULL if there is none. */
struct conf_bridge *conf_find_bridge(const struct conf *conf, const char *name);
struct conf_port *conf_find_port(const struct conf_bridge *br, const char *name);
struct conf_port *conf_find_ofport(const struct conf_bridge *br, uint32_t ofport);
/* The bridge that interface 'name' is a port of, or NULL. */
struct conf_bridge *conf_find_bridge_of_port(const struct conf *conf, const char *name);

/* Add; the name must be valid and new.  NULL if memory ran out. */
struct conf_bridge *conf_add_bridge(struct conf *conf, const char *name);
/* 'ofport' 0: the lowest number that is free. NULL also if there is none. */
struct conf_port *conf_add_port(struct conf_bridge *br, const char *name, uint32_t ofport);
void conf_del_bridge(struct conf *conf, struct conf_bridge *br);
void conf_del_port(struct conf_bridge *br, struct conf_port *port);

/* Add an address; 0 or -ENOMEM, -E2BIG, -EEXIST.  Clear all. */
int conf_add_controller(struct conf_bridge *br, const char *address);
void conf_clear_controllers(struct conf_bridge *br);
/* All three, or NULL for none.  0 or -ENOMEM. */
int conf_set_ssl(struct conf *conf, const char *private_key, const char *certificate,
		 const char *ca_cert);

/* True if the kernel would take 'name' as that of an interface; bridges add that it must not begin
 * with a dot or a dash, since it is a file's name as well. */
bool conf_name_is_valid(const char *name);
/* The name of the hidden end of the LOCAL interface of bridge 'name' (bridge.h). */
void conf_hidden_name(const char *name, char ret[CONF_NAME_SIZE]);
/* Parses 1 to 16 hexadecimal digits with an optional 0x; 0 is refused, as it means "none" to
 * controllers. */
bool conf_parse_datapath_id(const char *s, uint64_t *ret);

#endif
