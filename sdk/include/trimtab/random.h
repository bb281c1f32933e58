/* SPDX-License-Identifier: MIT
 *
 * trimtab/random.h - random numbers that are a pure function of
 * (seed, log position, stream, k), so that a run can be replayed.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011). It has no state: a counter and a key
 * are hashed. The seed of the run is the key; the counter holds
 *     word 0     k / 2           (k below 2^33: two 64-bit numbers a block)
 *     word 1     stream
 *     words 2, 3 log position    (tt_event.position, tt_ask.position)
 * so that no two (position, stream, k) share a number.
 *
 *     struct tt_random r = tt_random_at(problem->seed, ask->position, 0);
 *     double x = tt_random_unit(&r);
 *
 * Stability  1.0-rc: the numbers of a given (seed, position, stream, k) and of
 *            each function below never change.
 * Language   C11, and C++11 to C++20. Threads [any]: nothing is shared. */
#ifndef TRIMTAB_RANDOM_H
#define TRIMTAB_RANDOM_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Streams below this one belong to helpers (asktell.h gives stream i to the
 * i-th candidate of one `next`); from here on they are the strategy's own. */
#define TT_STREAM_OWN UINT32_C(0x80000000)

/* Philox4x32-10: hash a counter of 128 bits with a key of 64. */
static inline void tt_philox4x32(const uint32_t counter[4],
                                 const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1];
    uint32_t c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    int round;

    for (round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)UINT32_C(0xD2511F53) * c0;
        uint64_t p1 = (uint64_t)UINT32_C(0xCD9E8D57) * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += UINT32_C(0x9E3779B9); /* Weyl keys: golden ratio, sqrt(3)-1 */
        k1 += UINT32_C(0xBB67AE85);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* 64 random bits: number k of a stream at a log position. */
static inline uint64_t tt_random_u64(uint64_t seed, uint64_t position,
                                     uint32_t stream, uint64_t k)
{
    uint32_t counter[4], key[2], out[4];
    unsigned half = (unsigned)(k & 1u) * 2u;

    counter[0] = (uint32_t)(k >> 1);
    counter[1] = stream;
    counter[2] = (uint32_t)position;
    counter[3] = (uint32_t)(position >> 32);
    key[0] = (uint32_t)seed;
    key[1] = (uint32_t)(seed >> 32);
    tt_philox4x32(counter, key, out);
    return (uint64_t)out[half] | (uint64_t)out[half + 1u] << 32;
}

/* --- a cursor over one stream -------------------------------------------- */

/* Where in its stream the next number is. Copy it to draw the same again. */
struct tt_random {
    uint64_t seed, position, k; /* the next number is number k */
    uint32_t stream, reserved;  /* as given to tt_random_at() */
};

/* The start of a stream. */
static inline struct tt_random tt_random_at(uint64_t seed, uint64_t position,
                                            uint32_t stream)
{
    struct tt_random r;

    r.seed = seed;
    r.position = position;
    r.k = 0;
    r.stream = stream;
    r.reserved = 0;
    return r;
}

/* The next 64 bits. */
static inline uint64_t tt_random_next(struct tt_random *r)
{
    return tt_random_u64(r->seed, r->position, r->stream, r->k++);
}

/* Uniform in [0, 1): a multiple of 2^-53. One number of the stream. */
static inline double tt_random_unit(struct tt_random *r)
{
    return (double)(tt_random_next(r) >> 11) * (1.0 / 9007199254740992.0);
}

/* Uniform in 0 .. n-1, without bias; 0 when n is 0. Numbers from the short
 * last run of n are thrown away: one number of the stream, rarely more. */
static inline uint64_t tt_random_below(struct tt_random *r, uint64_t n)
{
    uint64_t x, skip;

    if (n == 0)
        return 0;
    skip = (UINT64_MAX - n + 1u) % n; /* 2^64 mod n */
    do {
        x = tt_random_next(r);
    } while (x < skip);
    return x % n;
}

/* The p-quantile of the standard normal distribution, p in (0, 1), to about
 * 1e-15 (Wichura: algorithm AS 241, Applied Statistics 37, 1988). Monotone, so
 * it also turns quasi-random points into normal ones. Infinite at 0 and 1. */
static inline double tt_normal_quantile(double p)
{
    static const double a[8] = {
        3.3871328727963666080e0, 1.3314166789178437745e+2,
        1.9715909503065514427e+3, 1.3731693765509461125e+4,
        4.5921953931549871457e+4, 6.7265770927008700853e+4,
        3.3430575583588128105e+4, 2.5090809287301226727e+3
    };
    static const double b[8] = {
        1.0, 4.2313330701600911252e+1,
        6.8718700749205790830e+2, 5.3941960214247511077e+3,
        2.1213794301586595867e+4, 3.9307895800092710610e+4,
        2.8729085735721942674e+4, 5.2264952788528545610e+3
    };
    static const double c[8] = {
        1.42343711074968357734e0, 4.63033784615654529590e0,
        5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1,
        2.27238449892691845833e-2, 7.74545014278341407640e-4
    };
    static const double d[8] = {
        1.0, 2.05319162663775882187e0,
        1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2,
        5.47593808499534494600e-4, 1.05075007164441684324e-9
    };
    static const double e[8] = {
        6.65790464350110377720e0, 5.46378491116411436990e0,
        1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3,
        2.71155556874348757815e-5, 2.01033439929228813265e-7
    };
    static const double f[8] = {
        1.0, 5.99832206555887937690e-1,
        1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5,
        1.42151175831644588870e-7, 2.04426310338993978564e-15
    };
    const double *num = a, *den = b;
    double q = p - 0.5, r, top = 0.0, bottom = 0.0, z;
    int i;

    if (!(p > 0.0))
        return -HUGE_VAL;
    if (!(p < 1.0))
        return HUGE_VAL;
    if (fabs(q) <= 0.425) {
        r = 0.180625 - q * q;
    } else {
        r = sqrt(-log(q < 0.0 ? p : 1.0 - p));
        num = r <= 5.0 ? c : e;
        den = r <= 5.0 ? d : f;
        r -= r <= 5.0 ? 1.6 : 5.0;
    }
    for (i = 7; i >= 0; i--) {
        top = top * r + num[i];
        bottom = bottom * r + den[i];
    }
    z = top / bottom;
    if (num == a)
        return q * z;
    return q < 0.0 ? -z : z;
}

/* Standard normal: mean 0, variance 1. One number of the stream. */
static inline double tt_random_normal(struct tt_random *r)
{
    /* the middle of the cell, so that 0 and 1 never come up */
    double p = ((double)(tt_random_next(r) >> 12) + 0.5) *
               (1.0 / 4503599627370496.0);

    return tt_normal_quantile(p);
}

/* Put the n elements of `size` bytes at base into a uniformly random order
 * (Fisher and Yates, from the end). */
static inline void tt_random_shuffle(struct tt_random *r, void *base,
                                     uint64_t n, size_t size)
{
    unsigned char *bytes = (unsigned char *)base;
    uint64_t i, j;
    size_t b;

    for (i = n; i > 1; i--) {
        unsigned char *x, *y;

        j = tt_random_below(r, i);
        x = bytes + (size_t)(i - 1u) * size;
        y = bytes + (size_t)j * size;
        for (b = 0; b < size; b++) {
            unsigned char swap = x[b];

            x[b] = y[b];
            y[b] = swap;
        }
    }
}

#ifdef __cplusplus
}
#endif
#endif
