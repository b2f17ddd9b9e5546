/*
 * The coarse clock, at the price of a memory load: it moves with the kernel's ticks (do_timer(), then
 * update_wall_time()), so a CPU asks for it once a tick and remembers what it was told.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct cilion_clock {
    /* Unix time minus CLOCK_MONOTONIC, nanoseconds. */
    __u64 unix_offset_ns;
};

struct cilion_tick {
    __u64 jiffies;
    /* CLOCK_MONOTONIC_COARSE at that tick. */
    __u64 coarse_ns;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cilion_clock);
} clock SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cilion_tick);
} ticks SEC(".maps");

/* CLOCK_MONOTONIC as of the last tick, at most one tick late. A function of its own, for the sake of the
 * callers' stacks. */
static __noinline __u64 coarse_ns(void)
{
    __u32 zero = 0;
    struct cilion_tick *tick = bpf_map_lookup_elem(&ticks, &zero);
    __u64 jiffies = bpf_jiffies64();

    if (!tick)
        return bpf_ktime_get_coarse_ns();
    if (tick->jiffies != jiffies) {
        tick->coarse_ns = bpf_ktime_get_coarse_ns();
        tick->jiffies = jiffies;
    }
    return tick->coarse_ns;
}

static __always_inline __u64 unix_coarse_ns(void)
{
    __u32 zero = 0;
    struct cilion_clock *c = bpf_map_lookup_elem(&clock, &zero);

    return coarse_ns() + (c ? c->unix_offset_ns : 0);
}
