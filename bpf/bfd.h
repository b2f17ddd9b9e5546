/*
 * State of links as BFD has it (RFC 5880, doc/protocols/bfd.rst). The slow path speaks BFD; the router
 * listens to what it hands up, and so knows what the slow path knows, without asking.
 */
#pragma once

#include "maps.h"
#include "path.h"

#define BFD_LEN        24
#define BFD_VERSION    1
#define BFD_STATE_INIT 2

struct bfd_packet {
    __u8 version_diagnostic;
    __u8 state_flags;
    __u8 detect_mult;
    __u8 length;
    __be32 my_discriminator;
    __be32 your_discriminator;
    __be32 desired_min_tx_us;
    __be32 required_min_rx_us;
    __be32 required_min_echo_rx_us;
};

struct cilion_bfd_session {
    /* Set by user space: how often this router wants to hear from the other, nanoseconds. */
    __u64 min_rx_ns;
    /* When the other router was last heard, CLOCK_MONOTONIC, and for how long that counts. */
    __u64 heard_ns;
    __u64 detection_ns;
    /* Whether it said that it hears this one. */
    __u32 up;
};

/* Entry 0 is nobody's. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cilion_bfd_session);
} bfd_sessions SEC(".maps");

/*
 * Takes note of a BFD packet. A neighbour that is in state Init or Up hears this router, whose own session
 * then is up (RFC 5880 section 6.8.6); the detection time is that of section 6.8.4.
 */
static __always_inline void watch_bfd(const struct packet *p, __u32 session)
{
    struct bfd_packet *bfd = (void *)p->scion + p->header_len;
    struct cilion_bfd_session *s;
    __u64 interval;

    if (session == 0 || (void *)(bfd + 1) > p->end || bfd->version_diagnostic >> 5 != BFD_VERSION ||
        bfd->detect_mult == 0)
        return;
    s = bpf_map_lookup_elem(&bfd_sessions, &session);
    if (!s)
        return;
    interval = bpf_ntohl(bfd->desired_min_tx_us) * 1000ULL;
    if (interval < s->min_rx_ns)
        interval = s->min_rx_ns;
    s->detection_ns = interval * bfd->detect_mult;
    s->up = bfd->state_flags >> 6 >= BFD_STATE_INIT;
    s->heard_ns = coarse_ns();
}

/* Without a slow path nobody speaks BFD, and silence says nothing. */
static __always_inline bool bfd_up(const struct cilion_as *as, const struct cilion_link *link)
{
    __u32 session = link->bfd_session;
    struct cilion_bfd_session *s;

    if (session == 0 || !(as->flags & CILION_AS_SLOW_PATH))
        return true;
    s = bpf_map_lookup_elem(&bfd_sessions, &session);
    return s && s->up && coarse_ns() < s->heard_ns + s->detection_ns;
}
