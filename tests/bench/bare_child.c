/* SPDX-License-Identifier: MIT
 *
 * bare_child.c - the least that a worker could be: on fd 3 it says one byte,
 * then gives back whatever it is sent. The reference of worker.c. */
#include <unistd.h>

int main(void)
{
    static char bytes[1 << 16];
    ssize_t n = write(3, "x", 1);

    while (n > 0) {
        n = read(3, bytes, sizeof bytes);
        if (n > 0 && write(3, bytes, (size_t)n) != n)
            break;
    }
    return 0;
}
