/*
 * A SCION packet on a standard path as the programs hold it: where its parts lie, and the hop field that it
 * stands at (doc/protocols/scion-header.rst, "Path Type: SCION").
 */
#pragma once

#include "reasons.h"
#include "scion.h"

struct packet {
    void *end;
    /* Bytes of the frame behind `end`, in further buffers, where the program takes such frames. */
    __u32 beyond;
    struct scion_header *scion;
    /* Bytes that the underlay carries, from the SCION header on. */
    __u32 length;
    __u32 header_len;
    void *meta;
    /* Of the path: info fields, hop fields, and where it stands. */
    __u32 infos;
    __u32 hops;
    __u32 segment_len[3];
    __u32 info;
    __u32 hop;
    /* Interface that the packet came in by; 0 from inside the AS. */
    __u32 ingress;
    /* Underlay source, for packets from inside the AS. */
    __be32 from_ip;
    __be16 from_port;
};

struct hop {
    void *info_field;
    /* Both fields as loaded; the SegID in `info` is kept up to date. */
    __u64 info;
    __u64 field;
    __u64 mac;
    bool cons_dir;
};

static __always_inline __u32 cons_ingress(const struct hop *h)
{
    return bpf_ntohs((__u16)(h->field >> 16));
}

static __always_inline __u32 cons_egress(const struct hop *h)
{
    return bpf_ntohs((__u16)(h->field >> 32));
}

static __always_inline __u32 ingress_of(const struct hop *h)
{
    return h->cons_dir ? cons_ingress(h) : cons_egress(h);
}

static __always_inline __u32 egress_of(const struct hop *h)
{
    return h->cons_dir ? cons_egress(h) : cons_ingress(h);
}

static __always_inline bool is_peering_segment(const struct hop *h)
{
    return h->info & SCION_INFO_PEERING;
}

/* SegID ^= first two bytes of the MAC; all in memory order. Whoever changes an info field clears its reserved
 * bits. */
static __always_inline void chain_seg_id(struct hop *h)
{
    h->info &= ~0xffffULL | SCION_INFO_CONS_DIR | SCION_INFO_PEERING;
    h->info ^= (h->mac & 0xffff) << 16;
}

static __always_inline bool load_hop(const struct packet *p, __u32 info, __u32 hop, struct hop *h)
{
    void *info_field = p->meta + SCION_META_LEN + info * SCION_INFO_LEN;
    void *field = p->meta + SCION_META_LEN + p->infos * SCION_INFO_LEN + hop * SCION_HOP_LEN;

    if (info_field + SCION_INFO_LEN > p->end || field + SCION_HOP_LEN > p->end)
        return false;
    h->info_field = info_field;
    h->info = *(__u64 *)info_field;
    h->field = *(__u64 *)field;
    h->mac = *(__u64 *)(field + 4) >> 16;
    h->cons_dir = h->info & SCION_INFO_CONS_DIR;
    return true;
}

static __always_inline __u32 segment_of(const struct packet *p, __u32 hop)
{
    /* Without branches, each of which would double the verifier's work from here on: 1 where hop ≥ the
     * length. */
    return (~(hop - p->segment_len[0]) >> 31) + (~(hop - p->segment_len[0] - p->segment_len[1]) >> 31);
}

/* Next header after any extensions must be there (extension-header.rst: at most one of each, in this order).
 */
static __always_inline bool extensions_ok(const struct packet *p)
{
    __u32 next = p->scion->next_header, at = p->header_len;
    void *extension;

    if (next == SCION_NEXT_HOP_BY_HOP) {
        extension = (void *)p->scion + at;
        if (extension + 2 > p->end)
            return false;
        next = *(__u8 *)extension;
        at += (*(__u8 *)(extension + 1) + 1) * 4;
        if (at > p->length || next == SCION_NEXT_HOP_BY_HOP)
            return false;
    }
    if (next == SCION_NEXT_END_TO_END) {
        extension = (void *)p->scion + at;
        if (extension + 2 > p->end)
            return false;
        next = *(__u8 *)extension;
        at += (*(__u8 *)(extension + 1) + 1) * 4;
        if (at > p->length || next == SCION_NEXT_HOP_BY_HOP || next == SCION_NEXT_END_TO_END)
            return false;
    }
    return true;
}

static __always_inline enum cilion_reason other_path_type(const struct packet *p, __u32 path_len)
{
    switch (p->scion->path_type) {
    case SCION_PATH_EMPTY:
        return p->scion->next_header == SCION_NEXT_BFD && path_len == 0 ? CILION_BFD
                                                                        : CILION_UNSUPPORTED_PATH;
    case SCION_PATH_ONE_HOP:
        return p->scion->next_header == SCION_NEXT_BFD ? CILION_BFD : CILION_ONE_HOP_PATH;
    case SCION_PATH_EPIC:
        return CILION_EPIC_PATH;
    default:
        return CILION_UNSUPPORTED_PATH;
    }
}

/* Common header, address header and path meta header. CILION_FORWARDED where all is well. */
static __always_inline enum cilion_reason parse_scion(struct packet *p)
{
    void *start = p->scion;
    __u32 hosts, meta;

    if (start + SCION_FIXED_LEN + SCION_MIN_HOSTS_LEN > p->end ||
        p->length < SCION_FIXED_LEN + SCION_MIN_HOSTS_LEN)
        return CILION_TRUNCATED;
    if (bpf_ntohl(p->scion->version_class_flow) >> 28 != 0)
        return CILION_UNKNOWN_VERSION;
    p->header_len = p->scion->words * 4;
    hosts =
        SCION_FIXED_LEN + scion_host_len(p->scion->host_types >> 4) + scion_host_len(p->scion->host_types);
    if (p->header_len > p->length)
        return CILION_TRUNCATED;
    if (hosts > p->header_len)
        return CILION_MALFORMED_PATH;
    if (p->scion->path_type != SCION_PATH_STANDARD)
        return other_path_type(p, p->header_len - hosts);
    p->meta = start + hosts;
    if (p->meta + SCION_META_LEN > p->end || hosts + SCION_META_LEN > p->header_len)
        return CILION_MALFORMED_PATH;

    meta = bpf_ntohl(*(__be32 *)p->meta);
    p->info = meta >> 30;
    p->hop = meta >> 24 & 63;
    p->segment_len[0] = meta >> 12 & 63;
    p->segment_len[1] = meta >> 6 & 63;
    p->segment_len[2] = meta & 63;
    if ((p->segment_len[2] && !p->segment_len[1]) || (p->segment_len[1] && !p->segment_len[0]))
        return CILION_MALFORMED_PATH;
    p->infos = (p->segment_len[0] + 63) / 64 + (p->segment_len[1] + 63) / 64 + (p->segment_len[2] + 63) / 64;
    p->hops = p->segment_len[0] + p->segment_len[1] + p->segment_len[2];
    if (p->hops == 0 || p->hops > SCION_MAX_HOPS ||
        hosts + SCION_META_LEN + p->infos * SCION_INFO_LEN + p->hops * SCION_HOP_LEN > p->header_len)
        return CILION_MALFORMED_PATH;
    return extensions_ok(p) ? CILION_FORWARDED : CILION_BAD_EXTENSION;
}

/* parsePath() and determinePeer() of the reference. */
static __always_inline bool path_position_ok(const struct packet *p, const struct hop *h)
{
    if (p->info != segment_of(p, p->hop))
        return false;
    if (is_peering_segment(h))
        return p->segment_len[0] && p->segment_len[1] && !p->segment_len[2];
    return p->segment_len[0] != 1 && p->segment_len[1] != 1 && p->segment_len[2] != 1;
}

/* The two hop fields on either side of a peering link chain to the same parent: their SegID does not change.
 */
static __always_inline bool is_peering_hop(const struct packet *p, const struct hop *h)
{
    return is_peering_segment(h) && (p->hop + 1 == p->segment_len[0] || p->hop == p->segment_len[0]);
}

static __always_inline void write_position(struct packet *p, __u32 hop)
{
    __u32 meta = segment_of(p, hop) << 30 | hop << 24 | p->segment_len[0] << 12 | p->segment_len[1] << 6 |
                 p->segment_len[2];

    *(__be32 *)p->meta = bpf_htonl(meta);
}

/* Flags and SegID; the timestamp behind them never changes. */
static __always_inline void write_seg_id(struct hop *h)
{
    *(__u32 *)h->info_field = h->info;
}
