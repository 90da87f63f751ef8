import assert from 'node:assert/strict';
import { askedName } from './askedName.ts';

describe('askedName', () => {
  it('writes a host name in lower case', () => {
    assert.equal(askedName('WwW.Shop-1.Test'), 'www.shop-1.test');
    assert.equal(askedName('_http._tcp.shop.test'), '_http._tcp.shop.test');
  });

  it('writes what could end or split a name as bytes', () => {
    assert.equal(askedName('a,b\n.test'), 'a\\044b\\010.test');
    assert.equal(askedName('é\\.test'), '\\195\\169\\092.test');
  });
});
