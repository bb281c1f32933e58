/* SPDX-License-Identifier: MIT
 *
 * trimtab/errors.h - the result codes, once, for plugins, daemon and CLI.
 *
 * Stability  1.0-rc: codes are never renumbered or reused.
 * A function that can fail returns 0 or one of these negative numbers. */
#ifndef TRIMTAB_ERRORS_H
#define TRIMTAB_ERRORS_H

/* X(name, number, HTTP status, stable text used as `code` in the API). What
 * each means:
 *
 * TT_EINVAL        a value, a request or a configuration makes no sense; the
 *                  same again would fail again
 * TT_ENOMEM        out of memory
 * TT_EIO           a file or the store cannot be read or written
 * TT_ENOENT        there is no such thing
 * TT_EEXIST        it is there already
 * TT_ECONFLICT     what is there does not allow it; look again and decide
 * TT_EAUTH         the other side wants to know who asks, or does not know them
 * TT_EPERM         whoever asks may not: not granted, not allow-listed
 * TT_EUNSUPPORTED  this host, plugin or problem has no such thing
 * TT_ETRANSIENT    it did not happen, and may work later
 * TT_ETIMEOUT      no answer in time; it may have happened
 * TT_ECANCELLED    given up because it is not wanted any more
 * TT_EBUDGET       the budget does not allow it
 * TT_EPROTOCOL     the other side speaks another language
 * TT_EPLUGIN       a plugin did what its contract forbids
 * TT_EABI          built for another ABI
 * TT_ESTATE        a snapshot that this version cannot read
 * TT_ECORRUPT      stored bytes are not what was written
 * TT_ENOSPC        no space left on the disk
 * TT_ELIMIT        too many at once or too fast; retry later
 * TT_EUNAVAILABLE  the other side is down or stopping
 * TT_ECRASH        a worker died
 * TT_ETOOBIG       larger than the limit for it
 * TT_EJSON         not JSON, or not the JSON that is wanted
 * TT_EPRECONDITION what the caller took for granted does not hold
 * TT_EINTERNAL     a fault of the program itself; to be reported */
#define TT_ERROR_TABLE(X)                                                      \
    X(TT_EINVAL, -1, 422, "invalid")                                           \
    X(TT_ENOMEM, -2, 503, "out_of_memory")                                     \
    X(TT_EIO, -3, 500, "io")                                                   \
    X(TT_ENOENT, -4, 404, "not_found")                                         \
    X(TT_EEXIST, -5, 409, "exists")                                            \
    X(TT_ECONFLICT, -6, 409, "conflict")                                       \
    X(TT_EAUTH, -7, 401, "unauthorized")                                       \
    X(TT_EPERM, -8, 403, "forbidden")                                          \
    X(TT_EUNSUPPORTED, -9, 422, "unsupported")                                 \
    X(TT_ETRANSIENT, -10, 503, "transient")                                    \
    X(TT_ETIMEOUT, -11, 504, "timeout")                                        \
    X(TT_ECANCELLED, -12, 409, "cancelled")                                    \
    X(TT_EBUDGET, -13, 422, "budget")                                          \
    X(TT_EPROTOCOL, -14, 502, "protocol")                                      \
    X(TT_EPLUGIN, -15, 502, "plugin")                                          \
    X(TT_EABI, -16, 422, "abi")                                                \
    X(TT_ESTATE, -17, 422, "state_schema")                                     \
    X(TT_ECORRUPT, -18, 500, "corrupt")                                        \
    X(TT_ENOSPC, -19, 507, "no_space")                                         \
    X(TT_ELIMIT, -20, 429, "rate_limited")                                     \
    X(TT_EUNAVAILABLE, -21, 503, "unavailable")                                \
    X(TT_ECRASH, -22, 502, "crash")                                            \
    X(TT_ETOOBIG, -23, 413, "too_large")                                       \
    X(TT_EJSON, -24, 400, "malformed")                                         \
    X(TT_EPRECONDITION, -25, 412, "precondition_failed")                       \
    X(TT_EINTERNAL, -26, 500, "internal")

/* What every function here returns when all is well. */
#define TT_OK 0
/* Never renumbered, never reused. */
enum tt_code {
#define TT_ERROR_ENUM(name, number, status, text) name = number,
    TT_ERROR_TABLE(TT_ERROR_ENUM)
#undef TT_ERROR_ENUM
};

#endif
