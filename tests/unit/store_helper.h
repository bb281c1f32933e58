/* SPDX-License-Identifier: MIT
 *
 * store_helper.h - what the store's tests share. */
#ifndef TT_TESTS_STORE_HELPER_H
#define TT_TESTS_STORE_HELPER_H

#include <stdbool.h>

#include "store/store.h"

/* --- keys ---------------------------------------------------------------- */

struct store_key key_meta(const char *name);
struct store_key key_run(const char *run);
struct store_key key_candidate(const char *run, uint64_t number);
struct store_key key_log(const char *run, uint64_t position);
struct store_key key_version(uint64_t number); /* of w/n */
struct store_key key_pointer(void);            /* of w/n in production */
struct store_key key_audit(uint64_t sequence);

/* --- short forms; each expects to succeed unless it returns a code ------- */

/* A scratch folder under the working directory, in a static buffer; removed
 * by scratch_remove(). */
const char *scratch_make(void);
void scratch_remove(void);
char *scratch_path(const char *name); /* caller frees */

struct store *open_memory(void);
struct store *open_rocksdb(const char *path);
int put_text(struct store *s, struct store_key key, const char *text);
int put_run(struct store *s, const char *run);
/* "" when there is none; a static buffer. */
const char *get_text(struct store *s, struct store_key key);
int get_code(struct store *s, struct store_key key);

/* Add a version {"parameters":{"x":x}} of w/n; returns its number or 0. */
uint64_t add_version(struct store *s, int x);
/* Move w/n in production; rollback when to is negative: to -to, and with
 * INT64_MIN to the predecessor. */
int move_to(struct store *s, int64_t to, struct store_moved *moved);
#define MOVE_BACK INT64_MIN

/* How many problems store_check() finds; a problem that has `text` in it. */
int problems(struct store *s);
bool has_problem(struct store *s, const char *text);

#endif
