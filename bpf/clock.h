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
    /* The same as Unix time. */
    __u64 unix_ns;
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

/* Without a clock nothing is valid any more. */
#define NEVER_NS (~0ULL)

/* A function of its own: it is seldom called, and its callers are short of stack. */
static __noinline void begin_tick(struct cilion_tick *tick, __u64 jiffies)
{
    __u32 zero = 0;
    struct cilion_clock *c = bpf_map_lookup_elem(&clock, &zero);

    tick->coarse_ns = bpf_ktime_get_coarse_ns();
    tick->unix_ns = tick->coarse_ns + (c ? c->unix_offset_ns : 0);
    tick->jiffies = jiffies;
}

static __always_inline struct cilion_tick *this_tick(void)
{
    __u32 zero = 0;
    struct cilion_tick *tick = bpf_map_lookup_elem(&ticks, &zero);
    __u64 jiffies = bpf_jiffies64();

    if (tick && tick->jiffies != jiffies)
        begin_tick(tick, jiffies);
    return tick;
}

/* CLOCK_MONOTONIC as of the last tick, at most one tick late. */
static __always_inline __u64 coarse_ns(void)
{
    struct cilion_tick *tick = this_tick();

    return tick ? tick->coarse_ns : NEVER_NS;
}

/* Likewise Unix time. */
static __always_inline __u64 unix_coarse_ns(void)
{
    struct cilion_tick *tick = this_tick();

    return tick ? tick->unix_ns : NEVER_NS;
}
