/* SPDX-License-Identifier: MIT
 *
 * log.h - structured lines on stderr: "<6>run.done run=r-1 took_ms=4".
 * event is a literal "noun.verb"; the rest key=value. Never a secret, a
 * body or a parameter value. Lines of one event are rate limited (20 in a
 * row, then 1 a second, with `suppressed=N`). Threads [any]. */
#ifndef TT_BASE_LOG_H
#define TT_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6,
                 LOG_LEVEL_DEBUG = 7 };

void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
