/* SPDX-License-Identifier: MIT
 *
 * json_number_test.c - the text of a double is ECMAScript's. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "tests/unit/tap.h"

/* RFC 8785, appendix B, and what is known to trip implementations. */
static const struct {
    uint64_t bits;
    const char *text;
} numbers[] = {
    { 0x0000000000000000, "0" },
    { 0x8000000000000000, "0" },
    { 0x0000000000000001, "5e-324" },
    { 0x8000000000000001, "-5e-324" },
    { 0x7fefffffffffffff, "1.7976931348623157e+308" },
    { 0xffefffffffffffff, "-1.7976931348623157e+308" },
    { 0x4340000000000000, "9007199254740992" },
    { 0xc340000000000000, "-9007199254740992" },
    { 0x4430000000000000, "295147905179352830000" },
    { 0x44b52d02c7e14af5, "9.999999999999997e+22" },
    { 0x44b52d02c7e14af6, "1e+23" },
    { 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
    { 0x444b1ae4d6e2ef4e, "999999999999999700000" },
    { 0x444b1ae4d6e2ef4f, "999999999999999900000" },
    { 0x444b1ae4d6e2ef50, "1e+21" },
    { 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
    { 0x3eb0c6f7a0b5ed8d, "0.000001" },
    { 0x41b3de4355555553, "333333333.3333332" },
    { 0x41b3de4355555554, "333333333.33333325" },
    { 0x41b3de4355555555, "333333333.3333333" },
    { 0x41b3de4355555556, "333333333.3333334" },
    { 0x41b3de4355555557, "333333333.33333343" },
    { 0xbecbf647612f3696, "-0.0000033333333333333333" },
    { 0x43143ff3c1cb0959, "1424953923781206.2" },
    { 0x3d30000000000000, "5.684341886080802e-14" }, /* 2^-44 */
    { 0x3fb999999999999a, "0.1" },
    { 0x3ff0000000000001, "1.0000000000000002" },
    { 0x0010000000000000, "2.2250738585072014e-308" },
    { 0x000fffffffffffff, "2.225073858507201e-308" },
    { 0xbff8000000000000, "-1.5" },
};

static void numbers_are_ecmascripts(void)
{
    char out[32];
    double value;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(numbers); i++) {
        memcpy(&value, &numbers[i].bits, sizeof value);
        json_number(value, out);
        CU_ASSERT_STRING_EQUAL(out, numbers[i].text);
        if (strcmp(out, numbers[i].text) != 0)
            printf("# %s, not %s\n", out, numbers[i].text);
    }
}

static int significant(const char *text)
{
    int n = 0, zeros = 0;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

static void random_numbers_read_back_and_are_shortest(void)
{
    uint64_t state = 88172645463325252u;
    char out[32], plain[40];
    double value;
    int i, p, wrong = 0, longer = 0;

    for (i = 0; i < 5000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value))
            continue;
        json_number(value, out);
        wrong += strtod(out, NULL) != value;
        for (p = 1; p < 17; p++) {
            snprintf(plain, sizeof plain, "%.*e", p - 1, value);
            if (strtod(plain, NULL) == value)
                break;
        }
        longer += significant(out) > p;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(longer, 0);
}

static CU_TestInfo tests[] = {
    { "numbers are ECMAScript's", numbers_are_ecmascripts },
    { "random numbers read back and are shortest",
      random_numbers_read_back_and_are_shortest },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("json_number", tests);
}
