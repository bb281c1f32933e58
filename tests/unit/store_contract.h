/* SPDX-License-Identifier: MIT
 *
 * store_contract.h - what every backend must do. A backend's test program
 * brings contract_open(), and calls contract_run(). */
#ifndef TT_TESTS_STORE_CONTRACT_H
#define TT_TESTS_STORE_CONTRACT_H

#include <CUnit/CUnit.h>

#include "store/store.h"

struct store *contract_open(void); /* empty, at every call */

extern CU_TestInfo contract_domain_tests[]; /* of store_contract_domain.c */

int contract_run(const char *name);

#endif
