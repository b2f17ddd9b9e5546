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

/* What was received by `ingress`, or from inside the AS: up to where it leaves. */
static __always_inline int handle(struct xdp_md *ctx, struct packet *p, struct underlay *u,
                                  const struct cilion_as *as, const struct cilion_link *ingress,
                                  __u32 bfd_session, enum cilion_reason reason)
{
    struct step step;

    if (p->ingress)
        count_link(as->link_base + p->ingress, 0, 1, frame_len(p, u));
    if (reason == CILION_FORWARDED)
        reason = parse_scion(p);
    if (reason == CILION_BFD)
        watch_bfd(p, bfd_session);
    if (reason == CILION_FORWARDED)
        reason = route(p, as, ingress, &step);
    if (reason != CILION_FORWARDED)
        return refuse(as, reason, p, u);
    return step.egress ? transmit(ctx, p, u, as, step.egress) : deliver_to_host(ctx, p, u, as);
}

/* By a device that several neighbours share, or by way of the internet. */
static __always_inline int handle_other(struct xdp_md *ctx, struct packet *p, struct underlay *u,
                                        const struct cilion_as *as, bool shared)
{
    __u32 bfd_session = 0;
    enum cilion_reason reason =
        shared ? receive_shared(p, u, as, &bfd_session) : receive_routed(ctx, p, u, as);

    if (reason == NOT_FOR_US)
        return XDP_PASS;
    return handle(ctx, p, u, as, p->ingress ? find_link(as, p->ingress) : NULL, bfd_session, reason);
}

SEC(SECTION)
int border_router(struct xdp_md *ctx)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end};
    __u32 index = ctx->ingress_ifindex;
    struct cilion_device *device = bpf_map_lookup_elem(&devices, &index);
    struct cilion_link *link;
    struct cilion_as *as;
    enum cilion_reason reason;

    if (!device || device->role == CILION_ROLE_NONE || (void *)(u + 1) > p.end)
        return XDP_PASS;
    index = device->as_slot;
    as = bpf_map_lookup_elem(&ases, &index);
    if (!as)
        return XDP_PASS;
    p.beyond = bytes_beyond(ctx, u, p.end);
    /* The way of nearly every packet has the code to itself: it is shorter where nothing else comes along. */
    link = device->role == CILION_ROLE_EXTERNAL ? find_link(as, device->ifid) : NULL;
    reason = link ? receive(&p, u, link) : NOT_FOR_US;
    if (link && reason != NOT_FOR_US) {
        p.ingress = device->ifid;
        return handle(ctx, &p, u, as, link, link->bfd_session, reason);
    }
    return handle_other(ctx, &p, u, as, device->role == CILION_ROLE_INTERNAL);
}

char LICENSE[] SEC("license") = "GPL";
