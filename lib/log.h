/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging for the daemon and the tools.
 *
 * Library-level functions return errors; the caller that gives up logs, once.  A line says who is at
 * fault (the peer, the system, or a bug of ours), carries the name of the connection, port or file it
 * is about, and goes to stderr, or to syslog once log_to_syslog() was called.  Lines that a peer can
 * cause go through log_limited(), so that no peer can fill a disk.
 *
 * Not thread-safe; only the event loop's thread logs.
 */
#ifndef SKEP_LIB_LOG_H
#define SKEP_LIB_LOG_H 1

#include <stdint.h>

enum log_level { LOG_LVL_ERR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };

/* Lets 'burst' lines through at once and then one per 'interval_ms'.  Zero-initialised fields besides
 * those two are right.  Suppressed lines are counted, and the next line that passes says how many. */
struct log_limit {
	unsigned int burst;
	unsigned int interval_ms;
	unsigned int tokens;
	unsigned int suppressed;
	uint64_t last_ms;
};
#define LOG_LIMIT_INIT(BURST, INTERVAL_MS) { .burst = (BURST), .interval_ms = (INTERVAL_MS) }

/* Lines above 'level' are dropped.  The default is LOG_LVL_INFO. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Parses "err", "warn", "info" or "debug" into '*ret'.  Returns 0 or -EINVAL. */
int log_level_parse(const char *s, enum log_level *ret);

/* Sends further lines to syslog(3) under 'ident', which must stay valid. */
void log_to_syslog(const char *ident);

/* Gives further lines that pass the level and the limits to 'sink' and to nothing else, until it is NULL
 * again: for tests that look for a line, and for tools that print lines their own way. */
void log_set_sink(void (*sink)(enum log_level level, const char *line));

void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_err(...)   log_msg(LOG_LVL_ERR, __VA_ARGS__)
#define log_warn(...)  log_msg(LOG_LVL_WARN, __VA_ARGS__)
#define log_info(...)  log_msg(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_LVL_DEBUG, __VA_ARGS__)

#endif
