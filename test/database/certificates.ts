import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, made for one test and worth nothing. */
export interface Certificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface Authority {
  readonly certificatePem: string;
  /** Signs a certificate for these host names and IPv4 addresses. */
  issue(hosts: readonly string[], validity?: Validity): Certificate;
}

/** First and last day, as `YYMMDD`. */
export type Validity = readonly [from: string, to: string];

const generously: Validity = ['200101', '491231'];

/**
 * Creates a private certificate authority, as a hosted database has its own. In plain DER, because
 * Node can read certificates and not write them, and not every machine has the openssl program.
 */
export function createAuthority(name: string): Authority {
  const authority = newKeyPair();
  return {
    certificatePem: pem(
      'CERTIFICATE',
      signedCertificate(authority.privateKey, {
        issuer: name,
        subject: name,
        publicKey: authority.publicKey,
        validity: generously,
        // basicConstraints, critical: this one may sign others.
        extension: sequence(
          oid('551d13'),
          tlv(0x01, bytes('ff')),
          octets(sequence(tlv(0x01, bytes('ff')))),
        ),
      }),
    ),
    issue(hosts, validity = generously) {
      const { publicKey, privateKey } = newKeyPair();
      const names = hosts.map((host) =>
        isIP(host) === 4
          ? tlv(0x87, Buffer.from(host.split('.').map(Number)))
          : tlv(0x82, Buffer.from(host)),
      );
      const certificate = signedCertificate(authority.privateKey, {
        issuer: name,
        subject: 'database',
        publicKey,
        validity,
        // subjectAltName.
        extension: sequence(oid('551d11'), octets(sequence(...names))),
      });
      return {
        certificatePem: pem('CERTIFICATE', certificate),
        keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}

interface CertificateBody {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  readonly extension: Buffer;
}

/** RFC 5280 section 4.1, signed with ecdsa-with-SHA256. */
function signedCertificate(signer: KeyObject, body: CertificateBody): Buffer {
  const algorithm = sequence(oid('2a8648ce3d040302'));
  const [from, to] = body.validity.map((day) => tlv(0x17, Buffer.from(`${day}000000Z`)));
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, bytes('02'))),
    tlv(0x02, bytes('01')),
    algorithm,
    commonName(body.issuer),
    sequence(from!, to!),
    commonName(body.subject),
    body.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(body.extension)),
  );
  const signature = sign('sha256', toBeSigned, signer);
  return sequence(toBeSigned, algorithm, tlv(0x03, Buffer.concat([bytes('00'), signature])));
}

function newKeyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function commonName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(name)))));
}

/** Tag, length, value: all that DER is. */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

function sequence(...values: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(values));
}

function octets(value: Buffer): Buffer {
  return tlv(0x04, value);
}

function oid(hex: string): Buffer {
  return tlv(0x06, bytes(hex));
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
