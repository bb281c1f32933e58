/* SPDX-License-Identifier: MIT
 *
 * tap.h - CUnit suites that print TAP. A test's name is a sentence.
 *
 *     static CU_TestInfo tests[] = {
 *         { "an empty buffer has no bytes", empty_buffer_has_no_bytes },
 *         CU_TEST_INFO_NULL,
 *     };
 *     int main(void) { return tap_run("buf", tests); }
 *
 * Do not use CU_ASSERT_*_FATAL: it is a longjmp and skips clean-up. */
#ifndef TT_TESTS_TAP_H
#define TT_TESTS_TAP_H

#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_n;

static void tap_complete(const CU_pTest test, const CU_pSuite suite,
                         const CU_pFailureRecord failure)
{
    CU_pFailureRecord f;

    printf("%sok %d - %s: %s\n", failure == NULL ? "" : "not ", ++tap_n,
           suite->pName, test->pName);
    for (f = failure; f != NULL; f = f->pNext)
        printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber,
               f->strCondition);
    fflush(stdout);
}

static int tap_run(const char *name, CU_TestInfo *tests)
{
    CU_SuiteInfo suites[] = {
        { name, NULL, NULL, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };
    unsigned failed;

    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(suites) != CUE_SUCCESS) {
        printf("Bail out! CUnit: %s\n", CU_get_error_msg());
        return 1;
    }
    CU_set_test_complete_handler(tap_complete);
    CU_run_all_tests();
    failed = CU_get_number_of_tests_failed();
    printf("1..%d\n", tap_n);
    CU_cleanup_registry();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
