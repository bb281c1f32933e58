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

#endif
