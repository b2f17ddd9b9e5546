/**
 * The report's colours. One accent a transport, everywhere. Orange, purple and cyan stay apart for every common kind of
 * colour blindness, by hue and by lightness; line dashes and symbols repeat the difference, and tell olive from orange.
 */
import type { TransportName } from '../scenario/model.ts';

export type Theme = 'light' | 'dark';

export interface Palette {
  readonly page: string;
  readonly surface: string;
  readonly ink: string;
  readonly muted: string;
  readonly faint: string;
  readonly line: string;
  readonly attack: string;
  /** Fill of the attack's window, over the surface. */
  readonly attackWash: string;
  readonly holds: string;
  readonly fails: string;
  readonly transports: Readonly<Record<TransportName, string>>;
}

export const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    page: '#f6f5f1',
    surface: '#ffffff',
    ink: '#1d2129',
    muted: '#5c6370',
    faint: '#8a909c',
    line: '#e3e1da',
    attack: '#b3123f',
    attackWash: 'rgba(179, 18, 63, 0.07)',
    holds: '#16703c',
    fails: '#b3123f',
    transports: { ip: '#c76a00', vxlan: '#7a4cc0', wireguard: '#716f0c', sig: '#7d5340', cilion: '#007f9e' },
  },
  dark: {
    page: '#12151a',
    surface: '#1a1e25',
    ink: '#e8e9ec',
    muted: '#a3a9b5',
    faint: '#7a818e',
    line: '#2d333d',
    attack: '#ff7095',
    attackWash: 'rgba(255, 112, 149, 0.10)',
    holds: '#57c98a',
    fails: '#ff7095',
    transports: { ip: '#f5a13d', vxlan: '#b797f2', wireguard: '#cccb5c', sig: '#d3a58c', cilion: '#45c4e0' },
  },
};

/** Dash pattern of a transport's lines, canvas and SVG units. */
export const DASHES: Readonly<Record<TransportName, readonly number[]>> = {
  ip: [],
  vxlan: [6, 3],
  wireguard: [2, 3],
  sig: [9, 3, 2, 3],
  cilion: [],
};

/** How a transport is called in sentences. */
export const TRANSPORT_TITLES: Readonly<Record<TransportName, string>> = {
  ip: 'Plain IP',
  vxlan: 'VXLAN',
  wireguard: 'WireGuard',
  sig: 'SCION-IP gateway',
  cilion: 'CilION',
};

/** The transport's colour, and ink for one that a bundle names and this version does not know. */
export function accent(palette: Palette, transport: string): string {
  return (palette.transports as Readonly<Record<string, string>>)[transport] ?? palette.ink;
}

export function transportTitle(transport: string): string {
  return (TRANSPORT_TITLES as Readonly<Record<string, string>>)[transport] ?? transport;
}
