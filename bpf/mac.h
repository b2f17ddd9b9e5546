/*
 * Hop-field MAC: AES-CMAC of one full block (RFC 4493 section 2.4, last block complete: XOR with K1),
 * truncated to six bytes. Packets of one flow repeat the same inputs, so each CPU remembers recent ones.
 */
#pragma once

#include "maps.h"
#ifdef CILION_AES_KERNEL
#include "aes_kernel.h"
#else
#include "aes.h"
#endif

#define MAC_MASK 0xffffffffffffULL

/* Encrypts 16 bytes, in memory order, under the AS's key. */
static __always_inline bool encrypt(const struct cilion_as *as, __u64 block[2])
{
#ifdef CILION_AES_KERNEL
    return aes_kernel_encrypt(as->slot, block);
#else
    struct aes_block b = {.column = {block[0], block[0] >> 32, block[1], block[1] >> 32}};

    aes_encrypt(as->round_keys, &b);
    block[0] = (__u64)b.column[1] << 32 | b.column[0];
    block[1] = (__u64)b.column[3] << 32 | b.column[2];
    return true;
#endif
}

/* The part that is left out of line: it is seldom needed, and large. */
static __noinline __u64 compute_mac(const struct cilion_as *as, __u64 first, __u64 second,
                                    struct cilion_mac_entry *entry, __u64 tag)
{
    __u64 block[2] = {first ^ as->subkey[0], second ^ as->subkey[1]};

    if (!encrypt(as, block))
        return ~0ULL;
    block[0] &= MAC_MASK;
    if (entry) {
        entry->input[0] = first;
        entry->input[1] = second;
        entry->mac = block[0];
        entry->tag = tag;
    }
    return block[0];
}

/*
 * The six bytes of the MAC over a 16-byte input, as the lower bytes of a number; all in memory order. A
 * number of more than six bytes, which no hop field holds, where it cannot be computed.
 */
static __always_inline __u64 hop_mac(const struct cilion_as *as, __u64 first, __u64 second)
{
    __u64 hash = (first ^ second * 0x9e3779b97f4a7c15ULL) * 0xd6e8feb86659fd93ULL;
    __u64 tag = ((__u64)as->slot + 1) << 32 | as->key_epoch;
    __u32 slot = hash >> 54;
    struct cilion_mac_entry *entry = bpf_map_lookup_elem(&mac_cache, &slot);

    if (entry && entry->input[0] == first && entry->input[1] == second && entry->tag == tag)
        return entry->mac;
    return compute_mac(as, first, second, entry, tag);
}
