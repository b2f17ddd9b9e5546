/* Which path a pod's packet takes. Failover is here: a path that has expired, fallen silent or been put down
 * is skipped. */
#pragma once

#include "node_maps.h"

static __always_inline bool path_usable(__u32 id)
{
    struct cilion_path *path = bpf_map_lookup_elem(&paths, &id);
    struct cilion_path_health *health = bpf_map_lookup_elem(&path_health, &id);

    if (!path || !health || path->header_len == 0 || health->down)
        return false;
    if (path->expiry_ns <= bpf_ktime_get_coarse_ns() + unix_offset_ns())
        return false;
    return health->lapse_ns == 0 || bpf_ktime_get_ns() < health->last_heard_ns + health->lapse_ns;
}

/*
 * Id of the path for a flow, + 1; 0 where none is usable. A function of its own (not static), so that the
 * verifier walks its loops once and not for every way that leads here.
 */
__noinline __u32 choose_path(__u32 policy, __u32 remote, __u32 flow_hash)
{
    struct cilion_route_key key = {.policy = policy, .remote = remote};
    struct cilion_path_set *set = bpf_map_lookup_elem(&scion_path_cache, &key);
    __u32 usable = 0, total = 0, target, i;

    if (!set)
        return 0;
    for (i = 0; i < CILION_MAX_PATHS_OF_SET; i++) {
        if (i >= set->count)
            break;
        if (!path_usable(set->path[i]))
            continue;
        usable |= 1U << i;
        total += set->weight[i];
        if (set->strategy == CILION_STRATEGY_ORDERED)
            break;
    }
    if (usable == 0 || total == 0)
        return 0;
    target = flow_hash % total;
    for (i = 0; i < CILION_MAX_PATHS_OF_SET; i++) {
        if (!(usable & 1U << i))
            continue;
        if (target < set->weight[i])
            return set->path[i] + 1;
        target -= set->weight[i];
    }
    return 0;
}
