import assert from 'node:assert/strict';
import { addressLabel } from './addressLabel.ts';

describe('addressLabel', () => {
  const CASES: readonly [address: string, text: string | undefined, isInside?: boolean][] = [
    ['169.254.169.254', 'cloud metadata service', false],
    ['fd00:ec2::254', 'cloud metadata service', false],
    ['169.254.20.10', 'link-local', true],
    ['fe80::1', 'link-local', true],
    ['224.0.0.251', 'multicast (mDNS)', true],
    ['ff02::fb', 'multicast (mDNS)', true],
    ['ff02::1:ff00:53', 'multicast (neighbour discovery)', true],
    ['ff02::1:3', 'multicast (LLMNR)', true],
    ['239.1.2.3', 'multicast', true],
    ['ff0e::7', 'multicast', true],
    ['255.255.255.255', 'broadcast', true],
    ['127.0.0.53', 'loopback', true],
    ['::1', 'loopback', true],
    ['0.0.0.0', 'no address', true],
    ['::', 'no address', true],
    ['192.0.2.7', 'documentation range', false],
    ['2001:db8::7', 'documentation range', false],
    ['3fff:fff::7', 'documentation range', false],
    ['198.19.0.7', 'benchmark range', false],
    ['8.8.8.8', undefined],
    ['10.1.2.3', undefined],
    ['100.64.1.2', undefined],
    ['2606:4700::1', undefined],
    ['64:ff9b::808:808', undefined],
    ['fd12::7', undefined],
    ['', undefined],
  ];
  for (const [address, text, isInside] of CASES) {
    it(`calls ${address || 'nothing'} ${text ?? 'nothing'}`, () => {
      const label = addressLabel(address);
      assert.deepEqual([label?.text, label?.isInside], [text, isInside]);
    });
  }
});
