/* SPDX-License-Identifier: MIT
 *
 * zoo_constructor.c - does its worst while it is loaded, before anybody called
 * it; its first candidate tells how much of that worked (0 = nothing). */
#include "zoo.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned worked;

__attribute__((constructor)) static void begin(void)
{
    worked += open("/etc/passwd", O_RDONLY) >= 0;
    worked += open("zoo-was-here", O_WRONLY | O_CREAT, 0600) >= 0;
    worked += socket(AF_INET, SOCK_STREAM, 0) >= 0;
    worked += fork() >= 0;
    worked += setuid(0) == 0 && getuid() == 0;
}

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)ask;
    if (worked > 0)
        return tt_fail(e, TT_EINTERNAL, "constructor: %u things worked",
                       worked);
    return zoo_done(sink, "constructor: nothing worked");
}

ZOO_DECLARE("zoo-constructor");
