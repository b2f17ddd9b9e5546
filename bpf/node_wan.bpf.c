/*
 * A node's side of its wires (XDP): border router for its own links, and host of the AS. Attached to every
 * uplink and to the device of the cluster's own network.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "decapsulate.h"
#include "probe.h"

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
    p.length = bpf_ntohs(u->udp.len) - sizeof(struct udphdr);
    p.header_len = p.scion->words * 4;
    host = *destination;
    if (host == node->internal_ip && p.scion->next_header == SCION_NEXT_POD_PACKET)
        return decapsulate(ctx, &p, u, as, node);
    if (host == node->internal_ip && p.scion->next_header == SCION_NEXT_PROBE)
        return receive_probe(ctx, as_slot, ingress);
    sibling = ingress ? bpf_map_lookup_elem(&siblings, &host) : NULL;
    if (sibling && parse_scion(&p) == CILION_FORWARDED && settle_seg_id(&p))
        return transmit(&p, u, as, sibling);
    return refuse(as, CILION_LOCAL_DELIVERY, &p, u);
}

/* As a host: what the AS's routers hand over has had its hop field checked where it came in. */
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
    from = u->ip.saddr;
    if (!bpf_map_lookup_elem(&siblings, &from) || u->udp.source != node->router_port)
        reason = CILION_UNDERLAY_SOURCE;
    if (reason == CILION_FORWARDED)
        reason = parse_scion(&p);
    if (reason == CILION_FORWARDED && bpf_ntohs(p.scion->payload_len) != p.length - p.header_len)
        reason = CILION_PACKET_SIZE;
    if (reason == CILION_FORWARDED && p.scion->dst_ia != as->ia)
        reason = CILION_DESTINATION_IA;
    return reason == CILION_FORWARDED ? deliver(ctx, as_slot, 0) : refuse(as, reason, &p, u);
}

static __always_inline enum cilion_reason receive_as_router(struct packet *p, struct underlay *u)
{
    p->from_ip = u->ip.saddr;
    p->from_port = u->udp.source;
    return open_underlay(p, u);
}

SEC("xdp")
int node_wan(struct xdp_md *ctx)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end};
    __u32 index = ctx->ingress_ifindex;
    struct cilion_device *device = bpf_map_lookup_elem(&devices, &index);
    struct cilion_node *node = own_node();
    struct cilion_link *link;
    struct cilion_as *as;
    struct step step;
    enum cilion_reason reason;

    if (!device || device->role == CILION_ROLE_NONE || !node || (void *)(u + 1) > p.end)
        return XDP_PASS;
    as = own_as(device);
    if (!as)
        return XDP_PASS;
    if (device->role == CILION_ROLE_PROBER)
        return send_probe(ctx, device->as_slot);
    if (device->role == CILION_ROLE_EXTERNAL) {
        p.ingress = device->ifid;
        link = find_link(as, p.ingress);
        reason = link ? receive(&p, u, link) : NOT_FOR_US;
        if (reason == NOT_FOR_US)
            return XDP_PASS;
        count_link(as->link_base + p.ingress, 0, 1, p.end - (void *)u);
    } else {
        if (!is_udp_to(u, node->internal_ip))
            return XDP_PASS;
        if (u->udp.dest == node->host_port)
            return receive_as_host(ctx, device->as_slot);
        if (u->udp.dest != node->router_port)
            return XDP_PASS;
        reason = receive_as_router(&p, u);
    }
    if (reason == CILION_FORWARDED)
        reason = parse_scion(&p);
    if (reason == CILION_FORWARDED)
        reason = route(&p, as, &step);
    if (reason != CILION_FORWARDED)
        return refuse(as, reason, &p, u);
    return step.egress ? transmit(&p, u, as, step.egress) : deliver(ctx, device->as_slot, p.ingress);
}

char LICENSE[] SEC("license") = "GPL";
