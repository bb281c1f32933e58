/* SPDX-License-Identifier: MIT
 *
 * json_number.c - the shortest text of a double, the ECMAScript way
 * (ECMA-262, Number::toString; RFC 8785 3.2.2.3). */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"

/* value = 0.d1d2d3... * 10^point, d1 and the last digit not 0. */
struct decimal {
    char digits[20];
    int n;
    int point;
};

static void strip_zeros(struct decimal *d)
{
    while (d->n > 1 && d->digits[d->n - 1] == '0')
        d->n--;
    d->digits[d->n] = '\0';
}

/* The nearest decimal of `precision` digits. Takes the digits alone, so that
 * the locale's decimal point does not matter. */
static void nearest(double value, int precision, struct decimal *d)
{
    char text[40];
    const char *p;

    (void)snprintf(text, sizeof text, "%.*e", precision - 1, value);
    d->n = 0;
    for (p = text; *p != '\0' && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9' && d->n < 19)
            d->digits[d->n++] = *p;
    d->point = (*p == 'e' ? atoi(p + 1) : 0) + 1;
    strip_zeros(d);
}

static bool is_exact(double value, const struct decimal *d)
{
    char text[40];

    (void)snprintf(text, sizeof text, "%se%d", d->digits, d->point - d->n);
    return strtod(text, NULL) == value;
}

/* One more in digit number `precision`. */
static void next_up(struct decimal *d, int precision)
{
    int i;

    while (d->n < precision)
        d->digits[d->n++] = '0';
    for (i = precision - 1; i >= 0 && d->digits[i] == '9'; i--)
        d->digits[i] = '0';
    if (i >= 0) {
        d->digits[i]++;
    } else { /* 999 became 1000 */
        d->digits[0] = '1';
        d->point++;
    }
    strip_zeros(d);
}

/* The fewest digits that read back as value (> 0, finite). Up to 15 digits a
 * decimal survives the way through a normal double, so 15 finds all of those
 * at once; subnormals have less and are searched from 1. */
static void shortest(double value, struct decimal *d)
{
    int exponent, precision = value < DBL_MIN ? 1 : 15;
    bool power_of_two = frexp(value, &exponent) == 0.5;

    for (; precision <= 17; precision++) {
        nearest(value, precision, d);
        if (is_exact(value, d))
            return;
        if (power_of_two) {
            /* The gap below is half the gap above: the nearest may fall out
             * below where its upper neighbour still reads back (2^-44). */
            struct decimal up = *d;

            next_up(&up, precision);
            if (is_exact(value, &up)) {
                *d = up;
                return;
            }
        }
    }
}

static char *put(char *out, const char *digits, int n)
{
    memcpy(out, digits, (size_t)n);
    return out + n;
}

static char *put_zeros(char *out, int n)
{
    memset(out, '0', (size_t)n);
    return out + n;
}

/* The longest is -0.0000012345678901234567: 25 bytes with its NUL. */
static void lay_out(const struct decimal *d, char *out)
{
    int n = d->n, point = d->point;

    if (n <= point && point <= 21) {
        out = put_zeros(put(out, d->digits, n), point - n);
    } else if (0 < point && point <= 21) {
        out = put(out, d->digits, point);
        *out++ = '.';
        /* n > point here, and n is 17 at most. */
        /* cppcheck-suppress pointerOutOfBoundsCond */
        out = put(out, d->digits + point, n - point);
    } else if (-6 < point && point <= 0) {
        out = put_zeros(put(out, "0.", 2), -point);
        out = put(out, d->digits, n);
    } else {
        *out++ = d->digits[0];
        if (n > 1)
            *out++ = '.';
        out = put(out, d->digits + 1, n - 1);
        out += sprintf(out, "e%+d", point - 1);
    }
    *out = '\0';
}

void json_number(double value, char out[32])
{
    struct decimal d = { .n = 0 };

    TT_ASSERT(isfinite(value));
    if (value == floor(value) && fabs(value) <= 9007199254740992.0) {
        (void)snprintf(out, 32, "%.0f", value == 0 ? 0.0 : value); /* no -0 */
        return;
    }
    if (value < 0)
        *out++ = '-';
    shortest(fabs(value), &d);
    lay_out(&d, out);
}
