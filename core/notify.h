/* SPDX-License-Identifier: MIT
 *
 * notify.h - tell systemd (sd_notify's protocol: one datagram to the socket
 * named by NOTIFY_SOCKET). The protocol is stable and 30 lines; libsystemd
 * would bring four compression libraries into the daemon. */
#ifndef TT_CORE_NOTIFY_H
#define TT_CORE_NOTIFY_H

/* "READY=1", "STOPPING=1"; nothing happens without a supervisor. [main] */
void notify_supervisor(const char *state);

#endif
