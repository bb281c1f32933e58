/* SPDX-License-Identifier: MIT
 *
 * anchor.c - a file of two slots, each one line of text padded to a sector. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/anchor.h"

#define SLOT_BYTES 512   /* a sector: written whole or not at all */
#define SLOT_STRIDE 4096 /* a page each */
#define FILE_BYTES (SLOT_STRIDE + SLOT_BYTES)
#define CHECK_BYTES 16

struct anchor {
    int fd;
    char *path;
    uint64_t turn; /* counts moves; its parity picks the slot */
    struct anchor_state state;
};

/* The check goes over the text before it. */
static void check_text(const char *text, size_t n, char hex[CRYPT_HEX_BYTES])
{
    unsigned char hash[CRYPT_HASH_BYTES];
    struct crypt_part part = { text, n };

    crypt_blake2b(&part, 1, hash);
    crypt_hex(hash, CHECK_BYTES, hex);
}

static void write_slot(char slot[SLOT_BYTES], uint64_t turn,
                       const struct anchor_state *state)
{
    char head[CRYPT_HEX_BYTES], check[CRYPT_HEX_BYTES];
    size_t n;

    crypt_hex(state->head.hash, sizeof state->head.hash, head);
    memset(slot, ' ', SLOT_BYTES);
    n = (size_t)snprintf(slot, SLOT_BYTES,
                         "trimtab-anchor 1 turn=%" PRIu64 " sequence=%" PRIu64
                         " audit=%" PRIu64 " head=%s check=", turn,
                         state->sequence, state->head.sequence, head);
    check_text(slot, n, check);
    n += (size_t)snprintf(slot + n, SLOT_BYTES - n, "%s", check);
    slot[n] = ' ';
    slot[SLOT_BYTES - 1] = '\n';
}

static int read_slot(const char *slot, uint64_t *turn,
                     struct anchor_state *state)
{
    char text[SLOT_BYTES + 1], head[CRYPT_HEX_BYTES], check[CRYPT_HEX_BYTES];
    char again[CRYPT_HEX_BYTES];
    int n = 0;

    memcpy(text, slot, SLOT_BYTES);
    text[SLOT_BYTES] = 0;
    if (sscanf(text, "trimtab-anchor 1 turn=%" SCNu64 " sequence=%" SCNu64
               " audit=%" SCNu64 " head=%64s check=%n", turn, &state->sequence,
               &state->head.sequence, head, &n) != 4 || n == 0)
        return -1;
    if (sscanf(text + n, "%32s", check) != 1)
        return -1;
    check_text(text, (size_t)n, again);
    if (strcmp(check, again) != 0)
        return -1;
    return crypt_unhex(head, state->head.hash, sizeof state->head.hash);
}

int anchor_create(const char *path, const struct anchor_state *state,
                  struct err *e)
{
    char *bytes = xcalloc(1, FILE_BYTES);
    int rc;

    write_slot(bytes, 0, state);
    write_slot(bytes + SLOT_STRIDE, 1, state);
    rc = fs_write(path, bytes, FILE_BYTES, 0600, e);
    free(bytes);
    return rc;
}

/* Take the newer of the slots that are whole. */
static int load(struct anchor *a, const char *bytes, struct err *e)
{
    struct anchor_state states[2];
    uint64_t turns[2];
    int ok[2], i;

    for (i = 0; i < 2; i++)
        ok[i] = read_slot(bytes + i * SLOT_STRIDE, &turns[i], &states[i]) == 0;
    if (!ok[0] && !ok[1])
        return err_set(e, TT_ECORRUPT, "%s: neither of its slots is whole",
                       a->path);
    i = !ok[0] || (ok[1] && turns[1] > turns[0]);
    a->turn = turns[i];
    a->state = states[i];
    return 0;
}

struct anchor *anchor_open(const char *path, bool read_only, struct err *e)
{
    struct anchor *a = xcalloc(1, sizeof *a);
    char *bytes = xcalloc(1, FILE_BYTES);
    ssize_t n;
    int rc = 0;

    a->path = xstrdup(path);
    a->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (a->fd < 0)
        rc = err_errno(e, errno == ENOENT ? TT_ENOENT : TT_EIO, "%s", path);
    if (rc == 0) {
        n = pread(a->fd, bytes, FILE_BYTES, 0);
        if (n < 0)
            rc = err_errno(e, TT_EIO, "%s: cannot read", path);
        else
            rc = load(a, bytes, e); /* what is missing reads as zeros */
    }
    free(bytes);
    if (rc == 0)
        return a;
    anchor_close(a);
    return NULL;
}

void anchor_close(struct anchor *a)
{
    if (a == NULL)
        return;
    if (a->fd >= 0)
        close(a->fd);
    free(a->path);
    free(a);
}

struct anchor_state anchor_state(const struct anchor *a)
{
    return a->state;
}

int anchor_move(struct anchor *a, const struct anchor_state *state, bool sync,
                struct err *e)
{
    char slot[SLOT_BYTES];
    uint64_t turn = a->turn + 1;

    write_slot(slot, turn, state);
    if (pwrite(a->fd, slot, SLOT_BYTES, (off_t)(turn % 2) * SLOT_STRIDE) !=
        SLOT_BYTES)
        return err_errno(e, TT_EIO, "%s: cannot write", a->path);
    if (sync && fdatasync(a->fd) != 0)
        return err_errno(e, TT_EIO, "%s: cannot sync", a->path);
    a->turn = turn;
    a->state = *state;
    return 0;
}

int anchor_check(const struct anchor *a, struct kv *kv, struct err *e)
{
    const struct anchor_state *state = &a->state;
    uint64_t sequence = kv->methods->sequence(kv);
    struct audit_head head;
    int rc;

    if (sequence < state->sequence)
        return err_set(e, TT_ECORRUPT, "is older than its anchor: it holds "
                       "%" PRIu64 " writes of %" PRIu64, sequence,
                       state->sequence);
    if (state->head.sequence == 0)
        return 0;
    rc = audit_read(kv, NULL, state->head.sequence, &head, e);
    if (rc == TT_ENOENT)
        return err_set(e, TT_ECORRUPT, "is older than its anchor: it lacks "
                       "audit event %" PRIu64, state->head.sequence);
    if (rc == 0 && memcmp(head.hash, state->head.hash, sizeof head.hash) != 0)
        return err_set(e, TT_ECORRUPT, "has another history than its "
                       "anchor: audit event %" PRIu64 " differs",
                       head.sequence);
    return rc;
}
