/*
 * A node's side of its wires (XDP): border router for its own links, and host of the AS. Attached to every
 * uplink and to the device of the cluster's own network.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "decapsulate.h"
#include "probe.h"
#include "scmp.h"

/* The AS and the node behind a frame; NULL where the device is none of ours. */
static __always_inline struct cilion_as *own_as(const struct cilion_device *device)
{
    __u32 slot = device->as_slot;

    return bpf_map_lookup_elem(&ases, &slot);
}

/*
 * A packet that has arrived in its AS and passed all checks: for this node, or for another. It is read again
 * from its start, and the function is not static, so that the verifier sees it once.
 */
__noinline int deliver(struct xdp_md *ctx, __u32 as_slot, __u32 ingress)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end, .scion = (void *)(u + 1), .ingress = ingress};
    struct cilion_as *as = bpf_map_lookup_elem(&ases, &as_slot);
    __be32 *destination = (void *)(p.scion + 1), host;
    struct cilion_node *node = own_node();
    struct cilion_link *sibling;

    if (!as || !node || (void *)(destination + 1) > p.end)
        return XDP_DROP;
    if (p.scion->host_types >> 4 != SCION_HOST_IPV4)
        return refuse(as, CILION_LOCAL_DELIVERY, &p, u);
    p.length = bpf_ntohs(udp_of(u)->len) - sizeof(struct udphdr);
    p.header_len = p.scion->words * 4;
    host = *destination;
    if (host == node->internal_ip && p.scion->next_header == SCION_NEXT_POD_PACKET)
        return decapsulate(ctx, &p, u, as, node);
    if (host == node->internal_ip && p.scion->next_header == SCION_NEXT_PROBE)
        return receive_probe(ctx, as_slot, ingress);
    if (host == node->internal_ip && p.scion->next_header == SCION_NEXT_SCMP)
        return receive_scmp(ctx, as_slot);
    sibling = ingress ? bpf_map_lookup_elem(&siblings, &host) : NULL;
    if (sibling && parse_scion(&p) == CILION_FORWARDED && settle_seg_id(&p))
        return pass_to_sibling(&p, u, as, sibling);
    return refuse(as, CILION_LOCAL_DELIVERY, &p, u);
}

/* As a host: what the AS's routers hand over has had its hop field checked where it came in. GO_ON: it may be
 * delivered. */
__noinline int receive_as_host(struct xdp_md *ctx, __u32 as_slot)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end};
    struct cilion_as *as = bpf_map_lookup_elem(&ases, &as_slot);
    struct cilion_node *node = own_node();
    enum cilion_reason reason;
    __be32 from;

    if (!as || !node || (void *)(u + 1) > p.end)
        return XDP_DROP;
    reason = open_underlay(&p, u);
    from = ip_of(u)->saddr;
    if (!bpf_map_lookup_elem(&siblings, &from) || udp_of(u)->source != node->router_port)
        reason = CILION_UNDERLAY_SOURCE;
    if (reason == CILION_FORWARDED)
        reason = parse_scion(&p);
    if (reason == CILION_FORWARDED && bpf_ntohs(p.scion->payload_len) != p.length - p.header_len)
        reason = CILION_PACKET_SIZE;
    if (reason == CILION_FORWARDED &&
        (*dst_ia(p.scion) != as->ia || p.hop + 1 != p.hops || p.info + 1 != p.infos))
        reason = CILION_DESTINATION_IA;
    return reason == CILION_FORWARDED ? GO_ON : refuse(as, reason, &p, u);
}

/* Is the frame SCION for this node, and from whom it should be? Sets `arrived` where it needs no more than
 * delivery. */
static __always_inline int admit(struct xdp_md *ctx, struct packet *p, const struct cilion_device *device,
                                 const struct cilion_as *as, const struct cilion_node *node, bool *arrived)
{
    struct underlay *u = (void *)(long)ctx->data;
    enum cilion_reason reason = NOT_FOR_US;
    struct cilion_link *link;

    p->end = (void *)(long)ctx->data_end;
    if ((void *)(u + 1) > p->end)
        return XDP_PASS;
    if (device->role == CILION_ROLE_EXTERNAL) {
        p->ingress = device->ifid;
        link = find_link(as, p->ingress);
        if (link)
            reason = receive(p, u, link);
    } else if (device->role == CILION_ROLE_INTERNAL && is_udp_to(u, node->internal_ip)) {
        if (udp_of(u)->dest == node->host_port) {
            *arrived = true;
            return receive_as_host(ctx, as->slot);
        }
        p->from_ip = ip_of(u)->saddr;
        p->from_port = udp_of(u)->source;
        if (udp_of(u)->dest == node->router_port)
            return GO_ON;
    }
    if (reason == NOT_FOR_US)
        reason = receive_routed(ctx, p, u, as);
    if (reason == NOT_FOR_US)
        return XDP_PASS;
    count_link(as->link_base + p->ingress, 0, 1, p->end - (void *)u);
    return reason == CILION_FORWARDED ? GO_ON : refuse(as, reason, p, u);
}

SEC("xdp")
int node_wan(struct xdp_md *ctx)
{
    __u32 index = ctx->ingress_ifindex;
    struct cilion_device *device = bpf_map_lookup_elem(&devices, &index);
    struct cilion_node *node = own_node();
    struct packet p = {};
    struct step step = {};
    enum cilion_reason reason;
    struct underlay *u;
    bool arrived = false;
    struct cilion_as *as;
    int action;

    if (!device || device->role == CILION_ROLE_NONE || !node)
        return XDP_PASS;
    as = own_as(device);
    if (!as)
        return XDP_PASS;
    action = admit(ctx, &p, device, as, node, &arrived);
    if (action != GO_ON)
        return action;
    /* An answer to a probe goes round once more, as a packet of the node's own. */
    for (int pass = 0; pass < 2; pass++) {
        if (!arrived) {
            u = (void *)(long)ctx->data;
            p.end = (void *)(long)ctx->data_end;
            if ((void *)(u + 1) > p.end)
                return XDP_DROP;
            reason = open_underlay(&p, u);
            if (reason == CILION_FORWARDED)
                reason = parse_scion(&p);
            if (reason == CILION_FORWARDED)
                reason = route(&p, as, &step);
            if (reason != CILION_FORWARDED)
                return refuse(as, reason, &p, u);
            if (step.egress)
                return transmit(ctx, &p, u, as, step.egress);
        }
        action = deliver(ctx, as->slot, p.ingress);
        if (action != GO_ON)
            return action;
        p.ingress = 0;
        arrived = false;
    }
    return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
