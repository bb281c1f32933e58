/* SPDX-License-Identifier: MIT
 *
 * admin_target.c - what a target says to the adapter that serves it. */
#include "core/engine/admin.h"

void admin_of_target(struct admin_call *call, const char *node,
                     json_object *target, json_object **nodes)
{
    json_object *adapter = json_child(target, "adapter");

    *nodes = json_object_new_object();
    json_set(*nodes, node, json_object_get(json_child(target, "parameters")));
    call->plugin = json_str(adapter, "plugin");
    call->config = json_child(adapter, "config");
    call->evaluation = json_child(target, "evaluation");
    call->nodes = *nodes;
}
