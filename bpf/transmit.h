/* How a router takes a frame from a device and lets it go. */
#pragma once

#include "router.h"
#include "underlay.h"

/* Not SCION to this router: the kernel's business, and no drop. */
#define NOT_FOR_US CILION_REASON_MAX
/* In place of an XDP action: nothing has been decided yet. */
#define GO_ON 16

/* UDP over IPv4 to this address? Options and later fragments are the kernel's: a port cannot be read there.
 */
static __always_inline bool is_udp_to(const struct underlay *u, __be32 ip)
{
    return u->ethernet.h_proto == bpf_htons(ETHERTYPE_IPV4) && u->ip.protocol == IPPROTO_UDP &&
           u->ip.ihl == 5 && u->ip.version == 4 && u->ip.daddr == ip &&
           !(u->ip.frag_off & bpf_htons(IP_OFFSET_MASK));
}

/* Says where the SCION packet lies in a frame that is for this router. */
static __always_inline enum cilion_reason open_underlay(struct packet *p, struct underlay *u)
{
    int length = underlay_payload(u, p->end - (void *)u);

    if (u->ip.frag_off & bpf_htons(IP_MORE_FRAGMENTS))
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
    if (!is_udp_to(u, link->own_ip) || u->udp.dest != link->own_port)
        return NOT_FOR_US;
    if (u->ip.saddr != link->remote_ip || u->udp.source != link->remote_port)
        return CILION_UNDERLAY_SOURCE;
    return open_underlay(p, u);
}

static __always_inline int refuse(const struct cilion_as *as, enum cilion_reason reason,
                                  const struct packet *p, const void *frame)
{
    count(as->slot, reason, p->end - frame);
    return reason >= CILION_FIRST_SLOW && as->flags & CILION_AS_SLOW_PATH ? XDP_PASS : XDP_DROP;
}

/* Addresses the frame to the far end of the link and sends it there. */
static __always_inline int transmit(struct packet *p, struct underlay *u, const struct cilion_as *as,
                                    const struct cilion_link *link)
{
    __u32 bytes = p->end - (void *)u;
    int action;

    address_to_link(u, link);
    action = bpf_redirect_map(&tx_ports, link->ifindex, XDP_DROP);
    if (action != XDP_REDIRECT) {
        count(as->slot, CILION_NO_DEVICE, bytes);
        return XDP_DROP;
    }
    if (link->flags & CILION_LINK_SIBLING) {
        count(as->slot, CILION_TO_SIBLING, bytes);
    } else {
        count(as->slot, CILION_FORWARDED, bytes);
        count_link(as->link_base + link->ifid, 1, 1, bytes);
    }
    return XDP_REDIRECT;
}
