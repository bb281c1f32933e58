/* SPDX-License-Identifier: MIT
 *
 * store_rocksdb_test.c - the contract, kept by the RocksDB backend. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/store_contract.h"
#include "tests/unit/store_helper.h"

struct store *contract_open(void)
{
    static int n;
    char name[16];
    char *path;
    struct store *s;

    snprintf(name, sizeof name, "s%d", n++);
    path = scratch_path(name);
    s = open_rocksdb(path);
    free(path);
    return s;
}

int main(void)
{
    int rc;

    scratch_make();
    rc = contract_run("store_rocksdb");
    scratch_remove();
    return rc;
}
