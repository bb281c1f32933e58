/* SPDX-License-Identifier: MIT
 *
 * checks.h - every check, for the table. What each looks at is said there. */
#ifndef TT_CHECKS_H
#define TT_CHECKS_H

#include "core/check/check_in.h"

/* static.c, imports.c, static_hash.c */
void check_s1(struct check_run *c);
void check_s2(struct check_run *c);
void check_s3(struct check_run *c);
void check_s4(struct check_run *c);
void check_s5(struct check_run *c);
void check_s6(struct check_run *c);
void check_s7(struct check_run *c);
void check_s8(struct check_run *c);
void check_s9(struct check_run *c);
void check_s10(struct check_run *c);
void check_s11(struct check_run *c);
void check_s12(struct check_run *c);
void check_s14(struct check_run *c);
/* loading.c, sandboxed.c */
void check_s13(struct check_run *c);
void check_l1(struct check_run *c);
void check_l2(struct check_run *c);
void check_l3(struct check_run *c);
void check_l4(struct check_run *c);
void check_l5(struct check_run *c);
void check_l6(struct check_run *c);
/* behave_*.c, soak.c */
void check_b1(struct check_run *c);
void check_b2(struct check_run *c);
void check_b3(struct check_run *c);
void check_b4(struct check_run *c);
void check_b5(struct check_run *c);
void check_b6(struct check_run *c);
void check_b7(struct check_run *c);
void check_b8(struct check_run *c);
void check_b9(struct check_run *c);
void check_b10(struct check_run *c);
void check_b11(struct check_run *c);
void check_b12(struct check_run *c);
void check_b13(struct check_run *c);
void check_b14(struct check_run *c);
void check_b15(struct check_run *c);
void check_b16(struct check_run *c);
void check_b17(struct check_run *c);
void check_b18(struct check_run *c);
void check_b19(struct check_run *c);
void check_b20(struct check_run *c);
void check_b21(struct check_run *c);
void check_b22(struct check_run *c);
/* behave_upgrade.c, behave_replay.c */
void check_u1(struct check_run *c);
void check_u2(struct check_run *c);
void check_u3(struct check_run *c);
void check_u4(struct check_run *c);
void check_u5(struct check_run *c);
void check_u6(struct check_run *c);
void check_r1(struct check_run *c);
void check_r2(struct check_run *c);
void check_r3(struct check_run *c);
/* sanitized.c: a part of B17, where the source is given */
void check_under_sanitizers(struct check_run *c);

/* Parts: see struct check_part. */
int check_part_transcript(struct check_run *c, const char *argument,
                          struct buf *out, struct err *e);
int check_part_resume(struct check_run *c, const char *argument,
                      struct buf *out, struct err *e);
int check_part_schema(struct check_run *c, const char *argument,
                      struct buf *out, struct err *e);
int check_part_state(struct check_run *c, const char *argument,
                     struct buf *out, struct err *e);
int check_part_results(struct check_run *c, const char *argument,
                       struct buf *out, struct err *e);
int check_part_exercise(struct check_run *c, const char *argument,
                        struct buf *out, struct err *e);

#endif
