import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { deflateRawSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deflatePart, gzipOfParts } from '../../src/publish/gzip-parts.js';

const joined = async (texts: readonly string[]) =>
  gzipOfParts(await Promise.all(texts.map((text) => deflatePart(Buffer.from(text)))));

describe('a gzip stream of parts', () => {
  it('is what the parts are, one after the other', async () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 100 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(texts, async (parts) => {
        expect(gunzipSync(await joined(parts)).toString()).toBe(parts.join(''));
      }),
      { numRuns: 25 },
    );
  });

  it.each<[string, readonly string[]]>([
    ['no part', []],
    ['an empty part', ['']],
    ['many parts', Array.from({ length: 40 }, (_, at) => `sample ${at}\n`.repeat(100))],
  ])('is of one member that gzip itself finds sound: %s', async (_, parts) => {
    const stream = await joined(parts);
    const { status, stdout } = spawnSync('gzip', ['--decompress', '--stdout'], { input: stream });
    expect([status, stdout.toString()]).toEqual([0, parts.join('')]);
    // A browser and curl read the first member only. The end of the deflate stream is the last two
    // bytes before the checksum and the length.
    expect([...stream.subarray(-10, -8)]).toEqual([3, 0]);
    expect(gunzipSync(stream).length).toBe(stream.readUInt32LE(stream.length - 4));
  });

  it('is told apart from one with a changed byte', async () => {
    const stream = await joined(['one\n', 'two\n']);
    stream.writeUInt32LE((stream.readUInt32LE(stream.length - 8) ^ 1) >>> 0, stream.length - 8);
    expect(() => gunzipSync(stream)).toThrow('incorrect data check');
  });

  it('is smaller than with the whole window where lines are alike and ids are not', async () => {
    const lines = Array.from({ length: 1_000 }, (_, at) => {
      const id = createHash('md5').update(String(at)).digest('hex');
      return `oauth_token_expiration_timestamp_seconds{provider="fathom",token_id="${id}"} 1764460800`;
    });
    const plain = Buffer.from(lines.join('\n'));
    const { deflated } = await deflatePart(plain);
    expect(deflated.length).toBeLessThan(0.95 * deflateRawSync(plain, { level: 1 }).length);
  });

  it('shares a part with another stream', async () => {
    const shared = await deflatePart(Buffer.from('shared\n'));
    const head = await deflatePart(Buffer.from('head\n'));
    expect(gunzipSync(await gzipOfParts([head, shared])).toString()).toBe('head\nshared\n');
    expect(gunzipSync(await gzipOfParts([shared, head])).toString()).toBe('shared\nhead\n');
  });
});
