/* SPDX-License-Identifier: MIT
 *
 * zoo_early.c - its constructor tries what it must not, tells how much of that
 * worked, and ends the process before anybody called the plugin. */
#include "zoo.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((constructor)) static void begin(void)
{
    unsigned worked = 0;

    worked += open("/etc/passwd", O_RDONLY) >= 0;
    worked += open("/tmp/zoo-was-here", O_WRONLY | O_CREAT, 0600) >= 0;
    worked += socket(AF_INET, SOCK_STREAM, 0) >= 0;
    worked += fork() >= 0;
    worked += setuid(0) == 0 && getuid() == 0;
    (void)fprintf(stderr, "early: %u things worked\n", worked);
    _exit(9);
}

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)ask;
    (void)e;
    return zoo_done(sink, "early: I should not be here");
}

ZOO_DECLARE("zoo-early");
