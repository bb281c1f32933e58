/* SPDX-License-Identifier: MIT
 *
 * store_memory_test.c - the contract, kept by the memory backend. */
#include "config.h"

#include "tests/unit/store_contract.h"
#include "tests/unit/store_helper.h"

struct store *contract_open(void)
{
    return open_memory();
}

int main(void)
{
    return contract_run("store_memory");
}
