/* border_router.bpf.c for devices whose frames span several buffers (kernel 6.3; on veth, MTUs above 3506).
 */
#define SECTION "xdp.frags"
#include "border_router.bpf.c"
