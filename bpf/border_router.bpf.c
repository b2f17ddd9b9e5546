/*
 * Border router (XDP). One loaded instance serves every transit AS of a lab: the device that a frame arrives
 * on says which AS and which link it is. `cilion router` serves one AS with it, also the AS's own network.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "inside.h"

#ifndef SECTION
#define SECTION "xdp"
#endif
/* No frame of several buffers gets to a program that does not ask for such. */
#ifndef bytes_beyond
#define bytes_beyond(ctx, frame, end) 0
#endif

/* Is the frame SCION for this AS, and where did it come in? */
static __always_inline enum cilion_reason admit(struct xdp_md *ctx, struct packet *p, struct underlay *u,
                                                const struct cilion_device *device,
                                                const struct cilion_as *as, __u32 *bfd_session)
{
    enum cilion_reason reason;
    struct cilion_link *link;

    if (device->role != CILION_ROLE_EXTERNAL)
        return device->role == CILION_ROLE_ACCESS ? receive_routed(ctx, p, u, as)
                                                  : receive_shared(p, u, as, bfd_session);
    p->ingress = device->ifid;
    link = find_link(as, p->ingress);
    if (!link)
        return NOT_FOR_US;
    reason = receive(p, u, link);
    if (reason == NOT_FOR_US)
        return receive_routed(ctx, p, u, as);
    *bfd_session = link->bfd_session;
    return reason;
}

SEC(SECTION)
int border_router(struct xdp_md *ctx)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end};
    __u32 index = ctx->ingress_ifindex, bfd_session = 0;
    struct cilion_device *device = bpf_map_lookup_elem(&devices, &index);
    struct cilion_as *as;
    struct step step;
    enum cilion_reason reason;

    if (!device || device->role == CILION_ROLE_NONE || (void *)(u + 1) > p.end)
        return XDP_PASS;
    index = device->as_slot;
    as = bpf_map_lookup_elem(&ases, &index);
    if (!as)
        return XDP_PASS;
    p.beyond = bytes_beyond(ctx, u, p.end);
    reason = admit(ctx, &p, u, device, as, &bfd_session);
    if (reason == NOT_FOR_US)
        return XDP_PASS;
    if (p.ingress)
        count_link(as->link_base + p.ingress, 0, 1, frame_len(&p, u));
    if (reason == CILION_FORWARDED)
        reason = parse_scion(&p);
    if (reason == CILION_BFD)
        watch_bfd(&p, bfd_session);
    if (reason == CILION_FORWARDED)
        reason = route(&p, as, &step);
    if (reason != CILION_FORWARDED)
        return refuse(as, reason, &p, u);
    return step.egress ? transmit(ctx, &p, u, as, step.egress) : deliver_to_host(ctx, &p, u, as);
}

char LICENSE[] SEC("license") = "GPL";
