/*
 * What a border router does with a packet on a standard path: the checks of the reference router in its order
 * (router/dataplane.go, process()), without its answers. Nothing is written to the packet before all checks
 * have passed, so that a slow path sees it as it came.
 */
#pragma once

#include "bfd.h"
#include "mac.h"
#include "path.h"

/* What to do with a packet that passed. */
struct step {
    /* NULL: it has arrived in its destination AS. */
    struct cilion_link *egress;
    struct hop current;
    struct hop next;
    bool crossed;
};

static __always_inline bool expired(const struct hop *h)
{
    __u64 created_ns = (__u64)bpf_ntohl(h->info >> 32) * 1000000000ULL;
    __u64 lifetime_ns = ((h->field >> 8 & 0xff) + 1) * SCION_EXPIRY_UNIT_NS;

    /* A coarse clock does: hop fields expire in units of minutes. */
    return created_ns + lifetime_ns < unix_coarse_ns();
}

static __always_inline bool mac_ok(const struct cilion_as *as, const struct hop *h)
{
    /* SegID and timestamp, then ExpTime and interfaces: flags and reserved bytes count as zero. */
    return hop_mac(as, h->info & ~0xffffULL, h->field & 0xffffffffff00ULL) == h->mac;
}

/*
 * Hosts of the AS may send only packets that begin here. A packet that claims to have entered by another
 * router must come from that router.
 */
static __always_inline bool transit_source_ok(const struct packet *p, const struct cilion_as *as,
                                              const struct hop *h, bool peering)
{
    struct hop entered = *h;
    struct cilion_link *link;

    if (p->hop == 0 || p->ingress != 0)
        return true;
    if (!peering && p->info > 0 && p->info != segment_of(p, p->hop - 1) &&
        !load_hop(p, p->info - 1, p->hop - 1, &entered))
        return false;
    link = find_link(as, ingress_of(&entered));
    return link && link->flags & CILION_LINK_SIBLING && link->remote_ip == p->from_ip &&
           link->remote_port == p->from_port;
}

static __always_inline enum cilion_reason check_ases(const struct packet *p, const struct cilion_as *as)
{
    bool from_here = *src_ia(p->scion) == as->ia, to_here = *dst_ia(p->scion) == as->ia;

    if (p->ingress == 0) {
        if (p->hop == 0 && !from_here)
            return CILION_SOURCE_IA;
        return to_here ? CILION_DESTINATION_IA : CILION_FORWARDED;
    }
    if (from_here)
        return CILION_SOURCE_IA;
    return (p->hop + 1 == p->hops) == to_here ? CILION_FORWARDED : CILION_DESTINATION_IA;
}

/* The source must be an IP address, and no IPv4-mapped one (validateSrcHost()). */
static __always_inline bool source_host_ok(const struct packet *p, const struct cilion_as *as)
{
    __u32 type = p->scion->host_types & 15;
    __u64 *host;

    if (*src_ia(p->scion) != as->ia || type == SCION_HOST_IPV4)
        return true;
    if (type != 3)
        return type == 4;
    /* An IPv6 address ends where the path begins. */
    host = p->meta - 16;
    return !(host[0] == 0 && (host[1] & 0xffffffff) == 0xffff0000);
}

/* Which pairs of neighbours may follow one another: nobody carries traffic for free. */
static __always_inline bool pair_ok_in_segment(__u32 from, __u32 to)
{
    switch (from) {
    case CILION_LINK_CORE:
        return to == CILION_LINK_CORE;
    case CILION_LINK_CHILD:
        return to == CILION_LINK_PARENT || to == CILION_LINK_PEER;
    case CILION_LINK_PARENT:
    case CILION_LINK_PEER:
        return to == CILION_LINK_CHILD;
    default:
        return false;
    }
}

static __always_inline bool pair_ok_across_segments(__u32 from, __u32 to)
{
    return (from == CILION_LINK_CORE && to == CILION_LINK_CHILD) ||
           (from == CILION_LINK_CHILD && (to == CILION_LINK_CORE || to == CILION_LINK_CHILD));
}

static __always_inline enum cilion_reason check_pair(const struct packet *p, const struct step *s,
                                                     const struct cilion_link *ingress)
{
    __u32 from = ingress ? ingress->kind : CILION_LINK_NONE;

    if (s->crossed)
        return pair_ok_across_segments(from, s->egress->kind) ? CILION_FORWARDED
                                                              : CILION_INVALID_SEGMENT_CHANGE;
    /* From inside the AS: the router that it entered by has checked. */
    if (p->ingress == 0 || pair_ok_in_segment(from, s->egress->kind))
        return CILION_FORWARDED;
    return CILION_INVALID_PATH;
}

static __always_inline bool has_alert(const struct hop *h, bool at_ingress)
{
    __u32 flag = at_ingress == h->cons_dir ? SCION_HOP_INGRESS_ALERT : SCION_HOP_EGRESS_ALERT;

    return h->field & flag;
}

/* Everything after the path's position is known, up to where the packet leaves or has arrived. */
static __always_inline enum cilion_reason check_hop(struct packet *p, const struct cilion_as *as,
                                                    struct step *s)
{
    struct hop *h = &s->current;
    bool peering = is_peering_hop(p, h);
    enum cilion_reason reason;

    if (expired(h))
        return CILION_EXPIRED_HOP;
    if (p->ingress != 0 && p->ingress != ingress_of(h))
        return CILION_WRONG_INGRESS;
    if (bpf_ntohs(p->scion->payload_len) != p->length - p->header_len)
        return CILION_PACKET_SIZE;
    if (!transit_source_ok(p, as, h, peering))
        return CILION_TRANSIT_SOURCE;
    reason = check_ases(p, as);
    if (reason != CILION_FORWARDED)
        return reason;
    if (!source_host_ok(p, as))
        return CILION_SOURCE_HOST;
    if (!h->cons_dir && p->ingress != 0 && !peering)
        chain_seg_id(h);
    if (!mac_ok(as, h))
        return CILION_BAD_MAC;
    if (p->ingress != 0 && has_alert(h, true))
        return CILION_INGRESS_ALERT;
    if (*dst_ia(p->scion) == as->ia)
        return CILION_FORWARDED;
    if (p->hop + 1 < p->hops && segment_of(p, p->hop + 1) != p->info && !peering) {
        s->crossed = true;
        if (!load_hop(p, segment_of(p, p->hop + 1), p->hop + 1, &s->next))
            return CILION_MALFORMED_PATH;
        if (expired(&s->next))
            return CILION_EXPIRED_HOP;
        if (!mac_ok(as, &s->next))
            return CILION_BAD_MAC;
    }
    return CILION_FORWARDED;
}

/* Chooses the way out, checks it, and only then changes the packet. */
static __always_inline enum cilion_reason leave(struct packet *p, const struct cilion_as *as, struct step *s)
{
    struct cilion_link *ingress = p->ingress ? find_link(as, p->ingress) : NULL;
    struct hop *last = s->crossed ? &s->next : &s->current;
    /* Peering is a matter of the hop field that the packet came with (reference: not asked again after a
     * cross-over). */
    bool peering = !s->crossed && is_peering_hop(p, last);
    __u32 hop = p->hop + s->crossed;
    enum cilion_reason reason;

    /* The reference takes interface 0 for its own network, where a packet from inside has no address to go to
     * (v0.15 ends with a panic). So this is not for a slow path. */
    if (p->ingress == 0 && egress_of(last) == 0)
        return CILION_PATH_END;
    s->egress = find_link(as, egress_of(last));
    if (!s->egress || (p->ingress == 0 && s->egress->flags & CILION_LINK_SIBLING))
        return CILION_UNKNOWN_EGRESS;
    reason = check_pair(p, s, ingress);
    if (reason != CILION_FORWARDED)
        return reason;
    if (!(s->egress->flags & CILION_LINK_SIBLING) && has_alert(last, false))
        return CILION_EGRESS_ALERT;
    if (!(s->egress->flags & CILION_LINK_UP) || !bfd_up(as, s->egress))
        return CILION_EGRESS_DOWN;
    if (p->length + 28 > s->egress->mtu)
        return CILION_TOO_BIG;
    if (!(s->egress->flags & CILION_LINK_SIBLING)) {
        if (last->cons_dir && !peering)
            chain_seg_id(last);
        hop++;
        if (hop >= p->hops)
            return CILION_PATH_END;
    }
    /* Towards a sibling the packet often stays where it is, reserved bits and all. */
    if (hop != p->hop)
        write_position(p, hop);
    write_seg_id(&s->current);
    if (s->crossed)
        write_seg_id(&s->next);
    return CILION_FORWARDED;
}

/*
 * A packet that has arrived is unchanged, but the SegID has to stand as whoever answers needs it: what the
 * ingress router took out (see check_hop) is written now.
 */
static __always_inline bool settle_seg_id(struct packet *p)
{
    struct hop h;

    if (!load_hop(p, p->info, p->hop, &h))
        return false;
    if (p->ingress != 0 && !h.cons_dir && !is_peering_hop(p, &h)) {
        chain_seg_id(&h);
        write_seg_id(&h);
    }
    return true;
}

/*
 * The whole of it: CILION_FORWARDED means that the packet is as it must leave by step.egress, or, where that
 * is NULL, that it has arrived (and is unchanged).
 */
static __always_inline enum cilion_reason route(struct packet *p, const struct cilion_as *as, struct step *s)
{
    enum cilion_reason reason;

    s->egress = NULL;
    s->crossed = false;
    if (!(p->hop < p->hops && p->info < p->infos) || !load_hop(p, p->info, p->hop, &s->current) ||
        !path_position_ok(p, &s->current))
        return CILION_MALFORMED_PATH;
    reason = check_hop(p, as, s);
    if (reason != CILION_FORWARDED || *dst_ia(p->scion) == as->ia)
        return reason;
    return leave(p, as, s);
}
