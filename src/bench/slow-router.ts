/** border_router with a known slow-down compiled in (bpf/bench_slow_router.bpf.c). */
import { bpfObject } from '../dataplane/build.ts';
import { u32 } from '../dataplane/layout.ts';
import { type NativeObject, native } from '../dataplane/native.ts';
import { kernelAes, loadedMaps, type RouterSizes, sizeRouterMaps } from '../dataplane/router.ts';
import { RouterMaps } from '../dataplane/router-maps.ts';
import type { RouterLoader, RouterUnderTest } from './router-under-test.ts';

class SlowRouter extends RouterMaps {
  readonly #object: NativeObject;
  readonly program;

  constructor(object: NativeObject) {
    super(loadedMaps(object), kernelAes(object));
    this.#object = object;
    this.program = object.program('border_router');
    this.setClock();
  }

  attach(device: {
    readonly ifindex: number;
    readonly netns: string;
    readonly slot: number;
    readonly ifid: number;
  }): void {
    this.configureDevice(device.ifindex, device.slot, device.ifid, device.netns);
    this.program.attachXdp(device.ifindex, device.netns);
  }

  detach(ifindex: number, netns: string): void {
    native().detachXdp(ifindex, netns);
    this.forgetDevice(ifindex);
  }

  close(): void {
    this.#object.close();
  }
}

/** @param rounds Multiplications on every frame, each waiting for the one before it. */
export function slowRouterLoader(rounds: number): RouterLoader {
  return {
    load(sizes: RouterSizes): RouterUnderTest {
      const object = native().openObject(bpfObject('bench_slow_router'));
      sizeRouterMaps(object, sizes);
      object.setMaxEntries('neighbours', 1);
      object.setMaxEntries('bfd_sessions', 1);
      object.setGlobal('slow_rounds', u32(rounds));
      object.load();
      return new SlowRouter(object);
    },
  };
}
