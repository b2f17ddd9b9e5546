/* By which device a packet over a path leaves its node. */
#pragma once

#include "next_hop.h"
#include "node_maps.h"

/*
 * Device to send the frame on, which begins with the path's headers; where BGP routes the underlay it is
 * addressed to the next hop. 0: the underlay's far end cannot be reached.
 */
static __always_inline __u32 device_of(struct __sk_buff *skb, const struct cilion_path *path)
{
    struct underlay *u = (void *)(long)skb->data;

    if (!(path->flags & CILION_PATH_ROUTED))
        return path->ifindex;
    return (void *)(u + 1) <= (void *)(long)skb->data_end ? address_to_next_hop(skb, u, skb->ifindex) : 0;
}
