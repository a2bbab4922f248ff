// SPDX-License-Identifier: Apache-2.0
/* Logging; see log.h. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "mono.h"

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LVL_ERR] = { "err", LOG_ERR },
	[LOG_LVL_WARN] = { "warn", LOG_WARNING },
	[LOG_LVL_INFO] = { "info", LOG_INFO },
	[LOG_LVL_DEBUG] = { "debug", LOG_DEBUG },
};
#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))

static enum log_level max_level = LOG_LVL_INFO;
static bool use_syslog;
static void (*line_sink)(enum log_level level, const char *line);

void log_set_level(enum log_level level)
{
	max_level = level;
}

enum log_level log_get_level(void)
{
	return max_level;
}

int log_level_parse(const char *s, enum log_level *ret)
{
	for (size_t i = 0; i < N_LEVELS; i++) {
		if (!strcmp(s, levels[i].name)) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_to_syslog(const char *ident)
{
	openlog(ident, LOG_PID, LOG_DAEMON);
	use_syslog = true;
}

void log_set_sink(void (*sink)(enum log_level level, const char *line))
{
	line_sink = sink;
}

static void log_line(enum log_level level, const char *line)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (line_sink) {
		line_sink(level, line);
		return;
	}
	if (use_syslog) {
		syslog(levels[level].priority, "%s", line);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ldZ|%s|%s\n", stamp, now.tv_nsec / 1000000, levels[level].name,
		line);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line(level, line);
}

static bool limit_passes(struct log_limit *limit)
{
	uint64_t ms = mono_clock_ms(), earned;

	if (!limit->last_ms) {
		limit->tokens = limit->burst;
		limit->last_ms = ms;
	}
	earned = limit->interval_ms ? (ms - limit->last_ms) / limit->interval_ms : limit->burst;
	if (earned) {
		limit->last_ms = ms;
		limit->tokens = earned > limit->burst - limit->tokens
					? limit->burst
					: limit->tokens + (unsigned int)earned;
	}
	if (!limit->tokens) {
		limit->suppressed++;
		return false;
	}
	limit->tokens--;
	return true;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
	char line[2048], tail[64];
	unsigned int suppressed;
	va_list ap;

	if (level > max_level || !limit_passes(limit))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	suppressed = limit->suppressed;
	limit->suppressed = 0;
	if (suppressed) {
		snprintf(tail, sizeof(tail), " (%u similar lines suppressed)", suppressed);
		strncat(line, tail, sizeof(line) - strlen(line) - 1);
	}
	log_line(level, line);
}
