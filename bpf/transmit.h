/* How a router takes a frame from a device and lets it go. */
#pragma once

#include "next_hop.h"
#include "router.h"

/* Not SCION to this router: the kernel's business, and no drop. */
#define NOT_FOR_US CILION_REASON_MAX
/* In place of an XDP action: nothing has been decided yet. */
#define GO_ON 16

/* UDP over IPv4 to this address? Options and later fragments are the kernel's: a port cannot be read there.
 */
static __always_inline bool is_udp_to(const struct underlay *u, __be32 ip)
{
    return u->ethernet.h_proto == bpf_htons(ETHERTYPE_IPV4) && ip_of(u)->protocol == IPPROTO_UDP &&
           ip_of(u)->ihl == 5 && ip_of(u)->version == 4 && ip_of(u)->daddr == ip &&
           !(ip_of(u)->frag_off & bpf_htons(IP_OFFSET_MASK));
}

static __always_inline __u32 frame_len(const struct packet *p, const void *frame)
{
    return p->end - frame + p->beyond;
}

/* Says where the SCION packet lies in a frame that is for this router. */
static __always_inline enum cilion_reason open_underlay(struct packet *p, struct underlay *u)
{
    int length = underlay_payload(u, frame_len(p, u));

    if (ip_of(u)->frag_off & bpf_htons(IP_MORE_FRAGMENTS))
        return CILION_UNDERLAY_FRAGMENT;
    if (length < 0)
        return CILION_UNDERLAY_LENGTH;
    p->scion = (void *)(u + 1);
    p->length = length;
    return CILION_FORWARDED;
}

/* From the far end of the link, to the near one. */
static __always_inline enum cilion_reason receive(struct packet *p, struct underlay *u,
                                                  const struct cilion_link *link)
{
    if (!is_udp_to(u, link->own_ip) || udp_of(u)->dest != link->own_port)
        return NOT_FOR_US;
    if (ip_of(u)->saddr != link->remote_ip || udp_of(u)->source != link->remote_port)
        return CILION_UNDERLAY_SOURCE;
    return open_underlay(p, u);
}

/*
 * Interface of the link whose underlay BGP routes to where the frame is sent; 0: none. Not static, so that
 * the verifier sees it once, on a stack of its own.
 */
__noinline __u32 find_routed_link(struct xdp_md *ctx, __u32 as_slot)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct cilion_routed_end end = {.as_slot = as_slot};
    __u32 *ifid;

    if ((void *)(u + 1) > (void *)(long)ctx->data_end || !is_udp_to(u, ip_of(u)->daddr))
        return 0;
    end.ip = ip_of(u)->daddr;
    end.port = udp_of(u)->dest;
    ifid = bpf_map_lookup_elem(&routed_links, &end);
    return ifid ? *ifid : 0;
}

/* Over such a link, by whatever device of the AS. Sets the ingress. */
static __always_inline enum cilion_reason receive_routed(struct xdp_md *ctx, struct packet *p,
                                                         struct underlay *u, const struct cilion_as *as)
{
    struct cilion_link *link;

    if (!(as->flags & CILION_AS_ROUTED))
        return NOT_FOR_US;
    p->ingress = find_routed_link(ctx, as->slot);
    link = find_link(as, p->ingress);
    return link ? receive(p, u, link) : NOT_FOR_US;
}

/*
 * A host of this AS that calls itself a service: as a source that is nonsense, and the reference asks such an
 * address for its IP before it looks at a hop field's MAC (v0.15, validateSrcHost(): it ends with a panic).
 */
static __always_inline bool unfit_for_slow_path(const struct packet *p, const void *frame,
                                                const struct cilion_as *as)
{
    const struct scion_header *scion = frame + UNDERLAY_LEN;

    return p->ingress == 0 && (void *)(scion + 1) <= p->end &&
           (scion->host_types & 15) == SCION_HOST_SERVICE && *src_ia(scion) == as->ia;
}

static __always_inline int refuse(const struct cilion_as *as, enum cilion_reason reason,
                                  const struct packet *p, const void *frame)
{
    bool slow = reason >= CILION_FIRST_SLOW && as->flags & CILION_AS_SLOW_PATH;

    if (slow && unfit_for_slow_path(p, frame, as)) {
        slow = false;
        reason = CILION_SERVICE_SOURCE;
    }
    count(as->slot, reason, frame_len(p, frame));
    return slow ? XDP_PASS : XDP_DROP;
}

/* Sends the frame on a device, counted under `reason` if it can be. */
static __always_inline int send_by(const struct packet *p, const struct underlay *u,
                                   const struct cilion_as *as, __u32 ifindex, enum cilion_reason reason)
{
    int action = bpf_redirect_map(&tx_ports, ifindex, XDP_DROP);

    count(as->slot, action == XDP_REDIRECT ? reason : CILION_NO_DEVICE, frame_len(p, u));
    return action;
}

static __always_inline int pass_to_sibling(struct packet *p, struct underlay *u, const struct cilion_as *as,
                                           const struct cilion_link *link)
{
    address_to_link(u, link);
    return send_by(p, u, as, link->ifindex, CILION_TO_SIBLING);
}

/* As address_to_next_hop(); not static: see find_routed_link(). */
__noinline __u32 find_next_hop(struct xdp_md *ctx)
{
    struct underlay *u = (void *)(long)ctx->data;

    return (void *)(u + 1) <= (void *)(long)ctx->data_end ? address_to_next_hop(ctx, u, ctx->ingress_ifindex)
                                                          : 0;
}

/* Addresses the frame to the far end of the link and sends it there. */
static __always_inline int transmit(struct xdp_md *ctx, struct packet *p, struct underlay *u,
                                    const struct cilion_as *as, const struct cilion_link *link)
{
    bool sibling = link->flags & CILION_LINK_SIBLING;
    __u32 ifindex = link->ifindex;
    int action;

    address_to_link(u, link);
    if (link->flags & CILION_LINK_ROUTED) {
        ifindex = find_next_hop(ctx);
        if (ifindex == 0)
            return refuse(as, CILION_NO_ROUTE, p, u);
    }
    action = send_by(p, u, as, ifindex, sibling ? CILION_TO_SIBLING : CILION_FORWARDED);
    if (action == XDP_REDIRECT && !sibling)
        count_link(as->link_base + link->ifid, 1, 1, frame_len(p, u));
    return action;
}
