/* The last step of a pod's packet through SCION: from the node's link to the kernel, which hands it to the
 * pod. */
#pragma once

#include "mss.h"
#include "node_maps.h"
#include "transmit.h"

/* RFC 1624 section 3: ~(~check + ~old + new). */
static __always_inline void lower_mss(struct tcphdr *tcp, const void *end, __u32 inner_mtu)
{
    __u32 at = find_mss(tcp, end);
    __be16 *value = (void *)tcp + at, old;
    __be16 wanted = bpf_htons(inner_mtu - IP_AND_TCP_LEN);

    if (at == 0 || at > 58 || (void *)(value + 1) > end || inner_mtu <= IP_AND_TCP_LEN)
        return;
    old = *value;
    if (bpf_ntohs(old) <= bpf_ntohs(wanted))
        return;
    *value = wanted;
    tcp->check = ~fold((__u16)~tcp->check + (__u16)~as_summed(old, at) + as_summed(wanted, at));
}

static __always_inline enum cilion_reason check_inner(const struct packet *p, struct iphdr *inner,
                                                      const struct cilion_node *node)
{
    struct cilion_remote *remote;

    if ((void *)(inner + 1) > p->end || inner->version != 4 || inner->ihl < 5 ||
        bpf_ntohs(inner->tot_len) != p->length - p->header_len || bpf_ntohs(inner->tot_len) < inner->ihl * 4)
        return CILION_INNER_MALFORMED;
    remote = find_remote(inner->saddr);
    if (!remote || remote->ia != *src_ia(p->scion))
        return CILION_INNER_SPOOFED;
    if ((inner->daddr ^ node->pod_net) & node->pod_mask)
        return CILION_INNER_DESTINATION;
    if (inner->protocol == IPPROTO_TCP && inner->ihl == 5 && !(inner->frag_off & bpf_htons(IP_OFFSET_MASK)))
        lower_mss((void *)(inner + 1), p->end, remote->inner_mtu);
    return CILION_FORWARDED;
}

/* Takes everything between the Ethernet header and the inner packet away. */
static __always_inline int decapsulate(struct xdp_md *ctx, struct packet *p, struct underlay *u,
                                       const struct cilion_as *as, const struct cilion_node *node)
{
    struct iphdr *inner = (void *)p->scion + p->header_len;
    enum cilion_reason reason = check_inner(p, inner, node);
    __u32 bytes = p->length - p->header_len;
    struct ethhdr ethernet = u->ethernet, *moved;

    if (reason != CILION_FORWARDED)
        return refuse(as, reason, p, u);
    if (bpf_xdp_adjust_head(ctx, (void *)inner - (void *)u - sizeof(ethernet))) {
        count(as->slot, CILION_NO_ROOM, bytes);
        return XDP_DROP;
    }
    moved = (void *)(long)ctx->data;
    if ((void *)(moved + 1) > (void *)(long)ctx->data_end)
        return XDP_DROP;
    *moved = ethernet;
    count(as->slot, CILION_DECAPSULATED, bytes);
    return XDP_PASS;
}
