import { describe, expect, it } from 'vitest';
import { readDocuments, root } from './markdown.js';

/** Folders at the root of a file system that mean the same on every machine. */
const everywhere = ['bin', 'dev', 'etc', 'usr', 'var'];

/** What stands first in a path of our own HTTP interface. */
const ownRoutes = ['api'];

/** Hosts that the documents may name with http; a placeholder, or a place for everybody. */
const publicHosts = /^(localhost|127\.0\.0\.1|github\.com|nodejs\.org|your-project\.supabase\.co)$/;

const invented = /@(?:[\w-]+\.)*example\.(?:com|org)$/;

/** What belongs to one machine or one person and so not into a document. */
function privateText(text: string): string[] {
  const paths = [...text.matchAll(/(?<![^\s`'"(=])\/([a-z][\w.-]*)\/[\w./-]+/gi)]
    .filter(([, folder = '']) => ![...everywhere, ...ownRoutes].includes(folder))
    .map(([path]) => path);
  const hosts = [...text.matchAll(/https?:\/\/([\w.-]+)/g)]
    .map(([, host = '']) => host)
    .filter((host) => !publicHosts.test(host) && !/(^|\.)example\.(com|org)$/.test(host));
  const addresses = [...text.matchAll(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g)]
    .map(([address]) => address)
    .filter((address) => !invented.test(address));
  return [...paths, ...hosts, ...addresses, ...(text.includes(root) ? [root] : [])];
}

describe('the documents', () => {
  it.each(readDocuments())('name no path, host or person of ours: $path', ({ text }) => {
    expect(privateText(text)).toEqual([]);
  });

  it('would be caught naming them', () => {
    const text = `See /home/someone/notes.txt, \`/opt/tools/x\`, http://packages.internal:4873/npm and
someone@mail.internal.net, but not /etc/hosts, /metrics, /-/ready, src/app.ts, http://localhost:3000,
ravi.menon@example.org or postgresql://user:password@db.example.org/app.`;
    expect(privateText(text)).toEqual([
      '/home/someone/notes.txt',
      '/opt/tools/x',
      'packages.internal',
      'someone@mail.internal.net',
    ]);
  });
});
