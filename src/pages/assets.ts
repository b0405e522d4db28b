import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The same folder from `src/pages` and from `dist/pages`: style sheets are not compiled. */
const folder = new URL('../../src/pages/assets/', import.meta.url);

const types = {
  'style.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml; charset=utf-8',
} as const;
export type AssetName = keyof typeof types;

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** Part of its address: another content has another address, so it can be kept for ever. */
  readonly hash: string;
}

const assets: ReadonlyMap<string, Asset> = new Map(
  Object.entries(types).map(([name, type]) => {
    const body = readFileSync(new URL(name, folder));
    const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16);
    return [name, { type, body, hash }];
  }),
);

/** The address of a file that pages load. */
export function assetHref(name: AssetName): string {
  return `/assets/${assets.get(name)?.hash ?? ''}/${name}`;
}

/** The file at such an address; null: there is none, or it is of another version. */
export function findAsset(hash: string, name: string): Asset | null {
  const asset = assets.get(name);
  return asset?.hash === hash ? asset : null;
}
