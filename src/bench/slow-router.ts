/** border_router with a known slow-down compiled in (bpf/bench_slow_router.bpf.c). */
import { u32 } from '../dataplane/layout.ts';
import { BorderRouterDataplane, type RouterVariant } from '../dataplane/router.ts';
import type { RouterLoader } from './router-under-test.ts';

/** @param rounds Multiplications on every frame, each waiting for the one before it. */
export function slowRouterLoader(rounds: number): RouterLoader {
  const variant: RouterVariant = {
    object: 'bench_slow_router',
    prepare: (object) => object.setGlobal('slow_rounds', u32(rounds)),
  };
  return { load: (sizes) => BorderRouterDataplane.load(sizes, variant) };
}
