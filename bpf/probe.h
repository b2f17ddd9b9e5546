/*
 * Probes of a path's health. A node sends a request over a path, the far node sends it back over the same
 * path reversed, and the answer says that the path works in both directions, and how long that took.
 */
#pragma once

#include "node_maps.h"
#include "transmit.h"

static __always_inline bool swap_infos(struct packet *p)
{
    __u64 *first = p->meta + SCION_META_LEN, *last, kept;
    __u32 distance = (p->infos - 1) & 3;

    /* Else the compiler sees that `last` lies behind `first` and leaves out a check that the verifier wants.
     */
    asm volatile("" : "+r"(distance));
    last = first + (distance & 3);
    if ((void *)(first + 1) > p->end || (void *)(last + 1) > p->end)
        return false;
    kept = *first;
    *first = *last;
    *last = kept;
    for (__u32 i = 0; i < 3; i++) {
        __u8 *flags = (void *)(first + i);

        if (i >= p->infos)
            break;
        if ((void *)(flags + 1) > p->end)
            return false;
        *flags ^= SCION_INFO_CONS_DIR;
    }
    return true;
}

struct hop_bytes {
    __u32 word[3];
};

static __always_inline bool swap_hops(struct packet *p)
{
    void *hops = p->meta + SCION_META_LEN + p->infos * SCION_INFO_LEN;

    for (__u32 i = 0; i < SCION_MAX_HOPS / 2; i++) {
        __u32 j = p->hops - 1 - i;
        struct hop_bytes *a = hops + i * SCION_HOP_LEN, *b = hops + (j & 63) * SCION_HOP_LEN, kept;

        if (i >= p->hops / 2)
            break;
        if ((void *)(a + 1) > p->end || (void *)(b + 1) > p->end)
            return false;
        kept = *a;
        *a = *b;
        *b = kept;
    }
    return true;
}

/* As the path stands now, in the other direction, from the AS where it stands. */
static __always_inline bool reverse_path(struct packet *p)
{
    __u32 last = p->infos - 1, kept = p->segment_len[0];

    if (!swap_infos(p) || !swap_hops(p))
        return false;
    p->segment_len[0] = last == 2 ? p->segment_len[2] : last == 1 ? p->segment_len[1] : kept;
    if (last == 2)
        p->segment_len[2] = kept;
    else if (last == 1)
        p->segment_len[1] = kept;
    /* The masks tell the verifier what parse_scion has made sure of. */
    p->info = (last - p->info) & 3;
    p->hop = (p->hops - 1 - p->hop) & 63;
    write_position(p, p->hop);
    return true;
}

/* Source and destination change places; both hosts are IPv4 addresses. */
static __always_inline bool swap_ends(struct packet *p)
{
    __be64 ia = *dst_ia(p->scion);
    __be32 *hosts = (void *)(p->scion + 1), host;

    if (p->scion->host_types != SCION_HOST_IPV4 || (void *)(hosts + 2) > p->end)
        return false;
    *dst_ia(p->scion) = *src_ia(p->scion);
    *src_ia(p->scion) = ia;
    host = hosts[0];
    hosts[0] = hosts[1];
    hosts[1] = host;
    return true;
}

/* A probe that has been turned round and is to be routed as one of the node's own. */
#define PROBE_ANSWER 16

/* Over a sibling's link it leaves as from any host of the AS; over the node's own it is still to be routed.
 */
static __always_inline int send_back(struct packet *p, struct underlay *u, struct cilion_as *as)
{
    struct cilion_link *link;
    struct hop first;

    if (!load_hop(p, p->info, p->hop, &first))
        return refuse(as, CILION_PROBE_INVALID, p, u);
    count(as->slot, CILION_PROBE_ANSWERED, p->end - (void *)u);
    link = find_link(as, egress_of(&first));
    return link && link->flags & CILION_LINK_SIBLING ? pass_to_sibling(p, u, as, link) : GO_ON;
}

static __always_inline enum cilion_reason hear(const struct cilion_probe *probe)
{
    __u32 id = bpf_ntohl(probe->path);
    struct cilion_path_health *health = bpf_map_lookup_elem(&path_health, &id);
    __u64 now = bpf_ktime_get_ns(), sent = bpf_be64_to_cpu(probe->sent_ns);

    if (!health || health->token != bpf_be64_to_cpu(probe->token) || sent > now)
        return CILION_PROBE_INVALID;
    health->rtt_ns = now - sent;
    health->last_heard_ns = now;
    return CILION_PROBE_HEARD;
}

/* The probe in a packet that is for this node; NULL where there is none. */
static __always_inline struct cilion_probe *find_probe(struct packet *p)
{
    struct cilion_probe *probe = (void *)p->scion + p->header_len;

    if ((void *)(probe + 1) > p->end || p->length < p->header_len + sizeof(*probe) ||
        probe->magic != bpf_htonl(CILION_PROBE_MAGIC))
        return NULL;
    return probe;
}

/* A probe that has arrived: GO_ON for an answer that is to be routed. Not static: see deliver(). */
__noinline int receive_probe(struct xdp_md *ctx, __u32 as_slot, __u32 ingress)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end, .scion = (void *)(u + 1), .ingress = ingress};
    struct cilion_as *as = bpf_map_lookup_elem(&ases, &as_slot);
    struct cilion_probe *probe;

    if (!as || (void *)(u + 1) > p.end)
        return XDP_DROP;
    p.length = bpf_ntohs(udp_of(u)->len) - sizeof(struct udphdr);
    if (parse_scion(&p) != CILION_FORWARDED)
        return refuse(as, CILION_PROBE_INVALID, &p, u);
    probe = find_probe(&p);
    if (!probe)
        return refuse(as, CILION_PROBE_INVALID, &p, u);
    if (probe->kind == bpf_htonl(CILION_PROBE_REPLY)) {
        count(as->slot, hear(probe), p.end - (void *)u);
        return XDP_DROP;
    }
    if (probe->kind != bpf_htonl(CILION_PROBE_REQUEST))
        return refuse(as, CILION_PROBE_INVALID, &p, u);
    probe->kind = bpf_htonl(CILION_PROBE_REPLY);
    if (!settle_seg_id(&p) || !swap_ends(&p) || !reverse_path(&p))
        return refuse(as, CILION_PROBE_INVALID, &p, u);
    return send_back(&p, u, as);
}
