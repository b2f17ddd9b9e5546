/* border_router.bpf.c for devices whose frames span several buffers (kernel 6.3; on veth, MTUs above 3506).
 */
#define SECTION                       "xdp.frags"
#define bytes_beyond(ctx, frame, end) (bpf_xdp_get_buff_len(ctx) - ((end) - (void *)(frame)))
#include "border_router.bpf.c"
