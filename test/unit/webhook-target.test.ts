// Protects: webhooks reach nothing that only this server can reach, in whatever notation it is named, also when a name
// changes what it stands for between the check and the connection.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { checkUrl } from '../../src/adapters/webhook/address.ts';
import type { ResolvedAddress } from '../../src/adapters/webhook/send.ts';
import { makeWebhookSender } from '../../src/adapters/webhook/send.ts';

const OUTSIDE = { privateTargets: false, ports: [443] };
const INSIDE = { privateTargets: true, ports: [443] };
const system = makeSystem();

const LOOPBACK = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://127.255.255.254/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://127.0.0.1./',
  'https://①②⑦.0.0.1/',
  'https://%31%32%37.0.0.1/',
  'https://[::1]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::127.0.0.1]/',
  'https://[::ffff:0:127.0.0.1]/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://[2002:7f00:1::]/',
];
const PRIVATE = [
  'https://10.0.0.1/',
  'https://10.255.255.255/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://0xc0a80101/',
  'https://100.64.0.1/',
  'https://100.127.255.255/',
  'https://[fc00::1]/',
  'https://[fd12:3456::1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[64:ff9b::a00:1]/',
  'https://[2002:c0a8:101::]/',
];
const NEVER = [
  'https://0.0.0.0/',
  'https://0/',
  'https://169.254.169.254/latest/meta-data',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://[::ffff:169.254.169.254]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://100.100.100.200/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[::]/',
  'https://224.0.0.1/',
  'https://[ff02::1]/',
  'https://255.255.255.255/',
  'https://240.0.0.1/',
  'https://192.0.2.1/',
  'https://[2001:db8::1]/',
];
const WRONG = [
  '',
  'shop.example',
  '/hook',
  'file:///etc/passwd',
  'ftp://shop.example/',
  'gopher://shop.example/',
  'javascript:alert(1)',
  'data:text/plain,x',
  'http://shop.example/',
  'https://user@shop.example/',
  'https://user:secret@shop.example/',
  'https://shop.example/#part',
  'https://shop.example:22/',
  'https://shop.example:8443/',
  'https://localhost/',
  'https://LOCALHOST/',
  'https://a.localhost/',
  'https://localhost./',
  'https://metadata.google.internal/',
  'https://printer.local/',
  'https://shop.example:99999/',
  `https://shop.example/${'a'.repeat(2100)}`,
];
const RIGHT = [
  'https://shop.example/',
  'https://shop.example/hook?a=1',
  'https://shop.example:443/',
  'https://9.9.9.9/',
  'https://172.32.0.1/',
  'https://100.128.0.1/',
  'https://[2606:4700::1111]/',
  'https://[::ffff:9.9.9.9]/',
];

describe('an address for webhooks', () => {
  it.each([...LOOPBACK, ...PRIVATE, ...NEVER, ...WRONG])('%s is refused', (url) => {
    expect(checkUrl(url, OUTSIDE)).toMatchObject({ ok: false, why: expect.any(String) });
  });

  it.each(RIGHT)('%s is not', (url) => {
    expect(checkUrl(url, OUTSIDE)).toMatchObject({ ok: true });
  });

  it.each([...LOOPBACK, ...PRIVATE, 'http://127.0.0.1:9000/', 'http://10.1.2.3:81/'])(
    '%s is not where private targets are allowed',
    (url) => {
      expect(checkUrl(url, INSIDE)).toMatchObject({ ok: true });
    },
  );

  it.each([
    ...NEVER,
    'http://9.9.9.9/',
    'https://9.9.9.9:8443/',
    'file:///etc/passwd',
    'https://u@10.0.0.1/',
  ])('%s is refused even there', (url) => {
    expect(checkUrl(url, INSIDE)).toMatchObject({ ok: false });
  });
});

describe('a name', () => {
  const request = { url: 'https://shop.example/hook', headers: {}, body: '{}' };
  const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
  let reached = 0;
  const inner = createServer((_request, response) => {
    reached += 1;
    response.end();
  });
  let port = 0;

  beforeAll(async () => {
    await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
    ({ port } = inner.address() as AddressInfo);
  });
  afterAll(() => inner.close());

  it.each([
    [[v4('127.0.0.1')]],
    [[v4('9.9.9.9'), v4('10.0.0.1')]],
    [[v4('169.254.169.254'), v4('9.9.9.9')]],
    [[{ address: '::ffff:192.168.0.1', family: 6 }]],
    [[{ address: 'fe80::1%eth0', family: 6 }]],
  ])('is refused when one of its addresses is: %j', async (found) => {
    const sender = makeWebhookSender({ rules: OUTSIDE, system, resolve: async () => found });
    expect(await sender.refusal(request.url)).toContain('shop.example stands for');
    expect(await sender.send(request)).toMatchObject({
      status: null,
      fault: expect.stringContaining('refused: shop.example stands for'),
    });
    await sender.close();
  });

  it('that cannot be resolved now may be added, and is not reached', async () => {
    const resolve = async (): Promise<ResolvedAddress[]> => {
      throw new Error('getaddrinfo ENOTFOUND shop.example');
    };
    const sender = makeWebhookSender({ rules: OUTSIDE, system, resolve });
    expect(await sender.refusal(request.url)).toBeNull();
    expect(await sender.send(request)).toMatchObject({
      status: null,
      fault: expect.stringContaining('ENOTFOUND'),
    });
    await sender.close();
  });

  it('that changes its mind is judged by what is connected to, each time it is', async () => {
    const answers = [[v4('9.9.9.9')], [v4('127.0.0.1')], [v4('127.0.0.1')]];
    let asked = 0;
    const resolve = async () => answers[asked++] as ResolvedAddress[];
    const sender = makeWebhookSender({ rules: { ...OUTSIDE, ports: [port] }, system, resolve });
    const url = `https://shop.example:${port}/`;
    expect(await sender.refusal(url)).toBeNull();
    expect(await sender.send({ ...request, url })).toMatchObject({
      fault: expect.stringContaining('refused: shop.example stands for 127.0.0.1'),
    });
    expect([asked, reached]).toEqual([2, 0]);
    await sender.close();
  });

  it('is resolved once for a connection, which goes to what was checked', async () => {
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return [v4(asked === 1 ? '127.0.0.1' : '9.9.9.9')];
    };
    const sender = makeWebhookSender({ rules: INSIDE, system, resolve });
    const url = `http://shop.example:${port}/`;
    expect(await sender.send({ ...request, url })).toMatchObject({ status: 200, fault: null });
    expect([asked, reached]).toEqual([1, 1]);
    await sender.close();
  });
});
