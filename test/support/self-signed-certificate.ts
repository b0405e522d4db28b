import { createSign, generateKeyPairSync } from 'node:crypto';

/** In PEM, as `https.createServer` takes them. */
export interface SelfSignedCertificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * Makes a certificate that is its own authority (RFC 5280), so that tests need neither openssl
 * nor a private key in the repository. It is good for one IPv4 address.
 */
export function selfSignedCertificate({
  address = '127.0.0.1',
  validFrom = new Date(Date.now() - 86_400_000),
  validUntil = new Date(Date.now() + 86_400_000),
} = {}): SelfSignedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const name = sequence(
    set(sequence(objectId(0x55, 0x04, 0x03), der(0x0c, Buffer.from('test authority')))),
  );
  const addressBytes = Buffer.from(address.split('.').map(Number));
  const altName = sequence(
    objectId(0x55, 0x1d, 0x11),
    der(0x04, sequence(der(0x87, addressBytes))),
  );
  const isAuthority = sequence(
    objectId(0x55, 0x1d, 0x13),
    der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
  );
  const toBeSigned = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(utcTime(validFrom), utcTime(validUntil)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(altName, isAuthority)),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(privateKey);
  const bits = der(0x03, Buffer.concat([Buffer.from([0]), signature]));
  const certificate = sequence(toBeSigned, ecdsaWithSha256, bits).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

/** One element of DER: tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts));
const set = (...parts: Buffer[]) => der(0x31, Buffer.concat(parts));
const integer = (value: number) => der(0x02, Buffer.from([value]));
const objectId = (...bytes: number[]) => der(0x06, Buffer.from(bytes));
/** `YYMMDDhhmmssZ`. */
const utcTime = (at: Date) => {
  const digits = at.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
};
