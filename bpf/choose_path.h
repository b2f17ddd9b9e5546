/* Which path a pod's packet takes. Failover is here: a path that has expired, fallen silent or been put down
 * is skipped. */
#pragma once

#include "node_maps.h"

/* Bits, so that they are put together without a branch: the verifier would walk each combination of eight. */
enum path_state {
    PATH_GONE = 0,
    /* Its probes are not answered. */
    PATH_SILENT = 1,
    PATH_USABLE = 2,
};

static __always_inline enum path_state state_of(__u32 id, __u64 unix_now)
{
    struct cilion_path *path = bpf_map_lookup_elem(&paths, &id);
    struct cilion_path_health *health = bpf_map_lookup_elem(&path_health, &id);

    if (!path || !health || path->header_len == 0 || health->down)
        return PATH_GONE;
    if (path->expiry_ns <= unix_now)
        return PATH_GONE;
    if (health->lapse_ns == 0 || bpf_ktime_get_ns() < health->last_heard_ns + health->lapse_ns)
        return PATH_USABLE;
    return PATH_SILENT;
}

/* Not static, so that the verifier takes any answer for possible, and goes on but once. */
__noinline __u32 state_of_any(__u32 id, __u64 unix_now)
{
    return state_of(id, unix_now);
}

/*
 * Paths that may be used, a bit each; only the first where the order decides. When every path has fallen
 * silent at once, whoever sends the probes is the likelier culprit: then silence says nothing.
 */
static __always_inline __u32 candidates(const struct cilion_path_set *set, __u64 unix_now)
{
    __u32 usable = 0, silent = 0, i;

    for (i = 0; i < CILION_MAX_PATHS_OF_SET; i++) {
        __u32 state;

        if (i >= set->count)
            break;
        state = state_of_any(set->path[i], unix_now);
        usable |= (state >> 1 & 1) << i;
        silent |= (state & PATH_SILENT) << i;
        if (usable && set->strategy == CILION_STRATEGY_ORDERED)
            break;
    }
    if (!usable)
        usable = silent;
    return set->strategy == CILION_STRATEGY_ORDERED ? usable & -usable : usable;
}

/*
 * Id of the path for a flow, + 1; 0 where none is usable. A function of its own (not static), so that the
 * verifier walks its loops once and not for every way that leads here.
 */
__noinline __u32 choose_path(__u32 policy, __u32 remote, __u32 flow_hash)
{
    struct cilion_route_key key = {.policy = policy, .remote = remote};
    struct cilion_path_set *set = bpf_map_lookup_elem(&scion_path_cache, &key);
    __u32 usable, total = 0, target, i;
    __u64 unix_now = unix_coarse_ns();

    if (!set)
        return 0;
    /* As good as every packet ends here. */
    if (set->strategy == CILION_STRATEGY_ORDERED && set->count > 0 &&
        state_of(set->path[0], unix_now) == PATH_USABLE)
        return set->path[0] + 1;
    usable = candidates(set, unix_now);
    for (i = 0; i < CILION_MAX_PATHS_OF_SET; i++) {
        if (usable & 1U << i)
            total += set->weight[i];
    }
    if (total == 0)
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
