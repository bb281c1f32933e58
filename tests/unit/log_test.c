/* SPDX-License-Identifier: MIT
 *
 * log_test.c - what reaches stderr. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "tests/unit/tap.h"

static int pipe_fds[2], real_stderr;
static char seen[65536];

static void capture(void)
{
    CU_ASSERT_EQUAL(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
    real_stderr = dup(STDERR_FILENO);
    dup2(pipe_fds[1], STDERR_FILENO);
}

static const char *release(void)
{
    ssize_t n = read(pipe_fds[0], seen, sizeof seen - 1);

    seen[n > 0 ? n : 0] = '\0';
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return seen;
}

static void a_line_has_priority_event_and_pairs(void)
{
    capture();
    log_info("study.done", "study=%s evals=%d", "lr", 51);
    CU_ASSERT_STRING_EQUAL(release(), "<6>study.done study=lr evals=51\n");
}

static void levels_below_the_threshold_are_silent(void)
{
    capture();
    log_debug("a.debug", "x=1");
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("a.warn", "x=1");
    log_error("a.error", "x=1");
    log_set_level(LOG_LEVEL_INFO);
    CU_ASSERT_STRING_EQUAL(release(), "<3>a.error x=1\n");
}

static void a_quoted_newline_stays_on_the_line(void)
{
    capture();
    log_info("a.quote", "text=%s", "x\n<3>forged.event y=1");
    CU_ASSERT_STRING_EQUAL(release(), "<6>a.quote text=x <3>forged.event y=1\n");
}

static void a_long_line_is_cut_and_ends(void)
{
    static char big[9000];
    const char *out;

    memset(big, 'x', sizeof big - 1);
    capture();
    log_info("a.long", "text=%s", big);
    out = release();
    CU_ASSERT(strlen(out) <= 4096);
    CU_ASSERT_EQUAL(out[strlen(out) - 1], '\n');
}

static void a_flood_is_counted_not_printed(void)
{
    const char *out;
    int i, lines = 0;

    capture();
    for (i = 0; i < 50; i++)
        log_info("a.flood", "i=%d", i);
    clock_shift(1000, 0);
    log_info("a.flood", "i=last");
    clock_shift(-1000, 0);
    out = release();
    for (i = 0; out[i] != '\0'; i++)
        lines += out[i] == '\n';
    CU_ASSERT(lines >= 21 && lines < 51);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "i=last suppressed="));
}

static CU_TestInfo tests[] = {
    { "a line has priority, event and pairs",
      a_line_has_priority_event_and_pairs },
    { "levels below the threshold are silent",
      levels_below_the_threshold_are_silent },
    { "a quoted newline stays on the line", a_quoted_newline_stays_on_the_line },
    { "a long line is cut and ends", a_long_line_is_cut_and_ends },
    { "a flood is counted, not printed", a_flood_is_counted_not_printed },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("log", tests);
}
