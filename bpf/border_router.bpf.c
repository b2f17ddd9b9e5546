/*
 * Border router of a transit AS (XDP). One loaded instance serves every transit AS of a lab: the device that
 * a frame arrives on says which AS and which link it is.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "router.h"
#include "underlay.h"
#include "transmit.h"

SEC("xdp")
int border_router(struct xdp_md *ctx)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end};
    __u32 index = ctx->ingress_ifindex;
    struct cilion_device *device = bpf_map_lookup_elem(&devices, &index);
    struct cilion_link *link;
    struct cilion_as *as;
    struct step step;
    enum cilion_reason reason;

    if (!device || device->role != CILION_ROLE_EXTERNAL || (void *)(u + 1) > p.end)
        return XDP_PASS;
    index = device->as_slot;
    as = bpf_map_lookup_elem(&ases, &index);
    if (!as)
        return XDP_PASS;
    p.ingress = device->ifid;
    link = find_link(as, p.ingress);
    if (!link)
        return XDP_PASS;
    reason = receive(&p, u, link);
    if (reason == NOT_FOR_US)
        return XDP_PASS;
    count_link(as->link_base + p.ingress, 0, 1, p.end - (void *)u);
    if (reason == CILION_FORWARDED)
        reason = parse_scion(&p);
    if (reason == CILION_FORWARDED)
        reason = route(&p, as, &step);
    if (reason == CILION_FORWARDED)
        return step.egress ? transmit(&p, u, as, step.egress) : refuse(as, CILION_LOCAL_DELIVERY, &p, u);
    return refuse(as, reason, &p, u);
}

char LICENSE[] SEC("license") = "GPL";
